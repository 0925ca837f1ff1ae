//! A deploy made of what is stored of it and of newer ones.

use super::Entry;
use super::delta::{array, entries};
use super::payload::{Body, Payload};
use crate::content::sha256_hex;
use crate::error::{Error, Result};

/// What was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The flow array as JSON text.
    pub flows: String,
    /// The credentials as JSON text, as they were encrypted.
    pub credentials: String,
    /// A secret that decrypts them and is not this admin's.
    pub secret: Option<String>,
}

/// Makes the deploy of `entry` of its payload and of those of newer entries, one after the other up to
/// the first that is whole. An error where they make another.
pub fn rebuild(entry: &Entry, payloads: &[Payload]) -> Result<State> {
    let lacking = || Error::history(entry.sequence, "lacks newer ones that it needs");
    let own = payloads.first().ok_or_else(lacking)?;
    let credentials = payloads.iter().find_map(|payload| payload.credentials.as_deref());
    let credentials = credentials.ok_or_else(lacking)?.to_owned();
    let whole = payloads.iter().enumerate().find_map(|(place, payload)| match &payload.body {
        Body::Whole(flows) => Some((place, flows)),
        Body::Delta(_) => None,
    });
    let (place, flows) = whole.ok_or_else(lacking)?;
    let flows = if place == 0 {
        flows.clone()
    } else {
        let mut texts = entries(flows).ok_or_else(lacking)?;
        for payload in payloads.iter().take(place).rev() {
            if let Body::Delta(delta) = &payload.body {
                texts = delta.apply(&texts).ok_or_else(lacking)?;
            }
        }
        array(&texts)
    };
    let is_right = sha256_hex(&[flows.as_bytes()]) == entry.flows
        && sha256_hex(&[credentials.as_bytes()]) == entry.credentials;
    if !is_right {
        return Err(Error::history(entry.sequence, "is damaged, or a newer one that it needs is"));
    }
    Ok(State { flows, credentials, secret: own.secret.clone() })
}
