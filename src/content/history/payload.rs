//! What is stored of one entry: its flows whole, or as what differs from each of the next two newer ones, so that
//! one that is damaged costs no other.

use serde::{Deserialize, Serialize};

use super::Entry;
use super::delta::{Delta, Run, array, delta, entries};
use crate::codec::{self, MAX_VALUE_BYTES};
use crate::content::sha256_hex;
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
    /// Of flows that are not whole: the same once more, without the next newer entry.
    pub beyond: Option<Beyond>,
}

/// Flows and credentials of an entry, as far as the one after the next newer one does not tell them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beyond {
    /// How to make the flows of those of that entry.
    pub flows: Delta,
    /// The credentials; `None`: those of that entry.
    pub credentials: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none", default)]
    beyond: Option<BeyondHead>,
}

#[derive(Serialize, Deserialize)]
struct BeyondHead {
    runs: Vec<Run>,
    /// An array, as text.
    nodes: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    credentials: Option<String>,
}

impl Payload {
    /// The whole of a deploy.
    pub fn whole(flows: &str, credentials: &str, secret: Option<&str>) -> Self {
        Self {
            body: Body::Whole(flows.to_owned()),
            credentials: Some(credentials.to_owned()),
            secret: secret.map(str::to_owned),
            beyond: None,
        }
    }

    /// The same as what differs from the next newer deploy, `(flows, credentials)`, and from the one after that;
    /// `None` where that does not make it again, byte for byte.
    pub fn before(self, newer: (&str, &str), beyond: (&str, &str)) -> Option<Self> {
        let Body::Whole(flows) = &self.body else { return None };
        let wanted = entries(flows)?;
        if array(&wanted) != *flows {
            return None;
        }
        let of = |base: &str| {
            let base = entries(base)?;
            let delta = delta(&base, &wanted)?;
            (delta.apply(&base)? == wanted).then_some(delta)
        };
        let credentials = |other: &str| self.credentials.clone().filter(|text| text != other);
        let beyond = Beyond { flows: of(beyond.0)?, credentials: credentials(beyond.1) };
        Some(Self {
            body: Body::Delta(of(newer.0)?),
            credentials: credentials(newer.1),
            secret: self.secret.clone(),
            beyond: Some(beyond),
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
        let beyond = self.beyond.as_ref().map(|beyond| BeyondHead {
            runs: beyond.flows.runs.clone(),
            nodes: beyond.flows.nodes.clone(),
            credentials: beyond.credentials.clone(),
        });
        let (credentials, secret) = (self.credentials.clone(), self.secret.clone());
        let head = Head { runs, credentials, secret, beyond };
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
        let beyond = head.beyond.map(|BeyondHead { runs, nodes, credentials }| Beyond {
            flows: Delta { runs, nodes },
            credentials,
        });
        Ok(Self { body, credentials: head.credentials, secret: head.secret, beyond })
    }

    /// Reads what is stored of `entry`, unless it is not what was stored.
    pub fn of(entry: &Entry, name: &str, bytes: &[u8]) -> Result<Self> {
        let payload = Self::decode(name, bytes)?;
        if entry.has_payload(bytes) || payload.is_whole_of(entry) {
            return Ok(payload);
        }
        Err(Error::value(name, "it is not what was written"))
    }

    /// After a kill one is still whole of which the index says that it is not.
    fn is_whole_of(&self, entry: &Entry) -> bool {
        let (Body::Whole(flows), Some(credentials)) = (&self.body, &self.credentials) else {
            return false;
        };
        sha256_hex(&[flows.as_bytes()]) == entry.flows
            && sha256_hex(&[credentials.as_bytes()]) == entry.credentials
    }
}
