//! What is stored of one entry: its flows whole or as what differs from the next newer one.

use serde::{Deserialize, Serialize};

use super::delta::{Delta, Run, array, delta, entries};
use crate::codec::{self, MAX_VALUE_BYTES};
use crate::error::{Error, Result};

/// Flows and credentials of an entry, as far as the next newer one does not tell them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The flows.
    pub body: Body,
    /// The credentials; `None`: those of the next newer entry.
    pub credentials: Option<String>,
    /// A secret that decrypts the credentials and is not this admin's.
    pub secret: Option<String>,
}

/// The flows of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The flow array.
    Whole(String),
    /// How to make it of that of the next newer entry.
    Delta(Delta),
}

/// The first line of a payload; the rest is the array.
#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    runs: Option<Vec<Run>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    credentials: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    secret: Option<String>,
}

impl Payload {
    /// The whole of a deploy.
    pub fn whole(flows: &str, credentials: &str, secret: Option<&str>) -> Self {
        Self {
            body: Body::Whole(flows.to_owned()),
            credentials: Some(credentials.to_owned()),
            secret: secret.map(str::to_owned),
        }
    }

    /// The same as what differs from the next newer deploy, `(flows, credentials)`; `None` where that does
    /// not make it again, byte for byte.
    pub fn before(self, newer: (&str, &str)) -> Option<Self> {
        let Body::Whole(flows) = &self.body else { return None };
        let delta = delta(newer.0, flows)?;
        let made = delta.apply(&entries(newer.0)?).map(|texts| array(&texts));
        made.filter(|made| made == flows)?;
        Some(Self {
            body: Body::Delta(delta),
            credentials: self.credentials.filter(|text| text != newer.1),
            secret: self.secret,
        })
    }

    /// Whether nothing newer is needed to read it.
    pub fn is_whole(&self) -> bool {
        matches!(self.body, Body::Whole(_)) && self.credentials.is_some()
    }

    /// As it is stored, compressed.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let (runs, array) = match &self.body {
            Body::Whole(flows) => (None, flows),
            Body::Delta(delta) => (Some(delta.runs.clone()), &delta.nodes),
        };
        let head =
            Head { runs, credentials: self.credentials.clone(), secret: self.secret.clone() };
        let head = serde_json::to_string(&head).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(codec::encode(&format!("{head}\n{array}"), true))
    }

    /// Reads what is stored; `name` is that of the file or key, for the error.
    pub fn decode(name: &str, bytes: &[u8]) -> Result<Self> {
        let text = codec::decode(name, bytes, 2 * MAX_VALUE_BYTES)?;
        let parts = text.split_once('\n');
        let (head, array) = parts.ok_or_else(|| Error::value(name, "it is cut off"))?;
        let head: Head =
            serde_json::from_str(head).map_err(|error| crate::content::broken(name, &error))?;
        let body = match head.runs {
            None => Body::Whole(array.to_owned()),
            Some(runs) => Body::Delta(Delta { runs, nodes: array.to_owned() }),
        };
        Ok(Self { body, credentials: head.credentials, secret: head.secret })
    }
}
