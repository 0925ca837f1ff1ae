//! A deploy made of what is stored of it and of newer ones, and around one of these that is damaged.

use super::delta::{Delta, array, entries};
use super::payload::{Body, Payload};
use super::{Entry, Index};
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

/// The entries from the wanted one on, by rising sequence, up to the first that is whole.
///
/// Whoever has them reads what [`Chain::wants`] until that is nothing, and then takes [`Chain::state`].
#[derive(Debug)]
pub struct Chain<'i> {
    entries: &'i [Entry],
    /// What was read; `None`: it is damaged.
    payloads: Vec<Option<Payload>>,
    /// Takes also what is another than was stored, which the deploy that it makes shows.
    is_lenient: bool,
    damage: Vec<(u64, Error)>,
}

impl<'i> Chain<'i> {
    /// Begins with nothing read.
    pub fn new(index: &'i Index, sequence: u64) -> Result<Self> {
        let entries = index.place(sequence).and_then(|place| index.entries.get(place..));
        let entries = entries.ok_or_else(|| Error::history(sequence, "is not there"))?;
        Ok(Self { entries, payloads: Vec::new(), is_lenient: false, damage: Vec::new() })
    }

    /// The same, of an index that may be older than what is stored.
    pub fn lenient(index: &'i Index, sequence: u64) -> Result<Self> {
        Ok(Self { is_lenient: true, ..Self::new(index, sequence)? })
    }

    /// What is to be read next; `None`: there is all that is needed, or nothing can help.
    pub fn wants(&self) -> Option<&'i Entry> {
        let place = self.payloads.len();
        let is_whole = |payload: &Payload| payload.is_whole();
        let is_done = self.read(place.wrapping_sub(1)).is_some_and(is_whole);
        if is_done || place > 0 && self.parent(place).is_none() {
            return None;
        }
        self.entries.get(place)
    }

    /// Takes what is stored of the entry that it wants; `name` is that of the file or key.
    pub fn give(&mut self, name: &str, read: Result<Vec<u8>>) {
        let Some(entry) = self.entries.get(self.payloads.len()) else { return };
        let payload = read.and_then(|bytes| match self.is_lenient {
            true => Payload::decode(name, &bytes),
            false => Payload::of(entry, name, &bytes),
        });
        self.payloads.push(match payload {
            Ok(payload) => Some(payload),
            Err(error) => {
                self.damage.push((entry.sequence, error));
                None
            }
        });
    }

    /// Entries that were wanted and are damaged, and how; also where the deploy can be made without them.
    pub fn take_damage(&mut self) -> Vec<(u64, Error)> {
        std::mem::take(&mut self.damage)
    }

    fn read(&self, place: usize) -> Option<&Payload> {
        self.payloads.get(place).and_then(Option::as_ref)
    }

    /// The place of the older entry that is made of the one at `place`.
    fn parent(&self, place: usize) -> Option<usize> {
        let next = place.checked_sub(1).filter(|&older| self.read(older).is_some());
        next.or_else(|| {
            let older = place.checked_sub(2)?;
            self.read(older)?.beyond.as_ref().map(|_| older)
        })
    }

    /// The places that lead from the wanted one to one that is whole.
    fn path(&self) -> Option<Vec<usize>> {
        let mut place = self.payloads.len().checked_sub(1)?;
        self.read(place).filter(|payload| payload.is_whole())?;
        let mut path = vec![place];
        while place > 0 {
            place = self.parent(place)?;
            path.push(place);
        }
        path.reverse();
        Some(path)
    }

    /// The wanted deploy; an error where what was read does not make it.
    pub fn state(&self) -> Result<State> {
        let Some(entry) = self.entries.first() else {
            return Err(Error::history(0, "is not there"));
        };
        let lacking = || match self.damage.first() {
            Some((damaged, error)) if *damaged != entry.sequence => Error::history(
                entry.sequence,
                format!("can't be had without entry {damaged}: {error}"),
            ),
            Some((_, error)) => Error::history(entry.sequence, format!("is damaged: {error}")),
            None => Error::history(entry.sequence, "lacks newer ones that it needs"),
        };
        let (flows, credentials) = self.make().ok_or_else(lacking)?;
        let is_right = sha256_hex(&[flows.as_bytes()]) == entry.flows
            && sha256_hex(&[credentials.as_bytes()]) == entry.credentials;
        if !is_right {
            let problem = "is damaged, or a newer one that it needs is";
            return Err(Error::history(entry.sequence, problem));
        }
        let secret = self.read(0).and_then(|payload| payload.secret.clone());
        Ok(State { flows, credentials, secret })
    }

    /// Flows and credentials.
    fn make(&self) -> Option<(String, String)> {
        let path = self.path()?;
        let mut steps = Vec::new();
        for (&older, &newer) in path.iter().zip(path.iter().skip(1)) {
            steps.push(step(self.read(older)?, newer - older)?);
        }
        let whole = self.read(*path.last()?)?;
        let Body::Whole(flows) = &whole.body else { return None };
        let told = steps.iter().find_map(|(_, credentials)| *credentials);
        let credentials = told.or(whole.credentials.as_deref())?.to_owned();
        if steps.is_empty() {
            return Some((flows.clone(), credentials));
        }
        let mut texts = entries(flows)?;
        for (delta, _) in steps.iter().rev() {
            texts = delta.apply(&texts)?;
        }
        Some((array(&texts), credentials))
    }
}

/// How an entry is made of the one that is so many places newer.
fn step(payload: &Payload, places: usize) -> Option<(&Delta, Option<&str>)> {
    match (&payload.body, &payload.beyond) {
        (Body::Delta(delta), _) if places == 1 => Some((delta, payload.credentials.as_deref())),
        (_, Some(beyond)) if places == 2 => Some((&beyond.flows, beyond.credentials.as_deref())),
        _ => None,
    }
}
