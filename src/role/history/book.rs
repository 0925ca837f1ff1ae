//! The history as an admin keeps it: the index in memory, the rest on its disk.

use std::sync::Arc;

use super::Taken;
use super::dir::Dir;
use crate::content::history::{
    Bounds, CHECKPOINT_EVERY, Entry, Index, Origin, Payload, State, rebuild, summary, to_drop,
};
use crate::content::sha256_hex;
use crate::error::{Error, Result};

/// Index and disk. Its methods read and write files: nothing for the threads of the runtime.
pub(super) struct Book {
    pub(super) dir: Dir,
    bounds: Bounds,
    pub(super) index: Index,
    /// The newest entry, as long as it is known without the disk.
    newest: Option<(u64, Arc<str>, Arc<str>)>,
}

impl Book {
    pub(super) fn new(dir: Dir, bounds: Bounds) -> Self {
        Self { dir, bounds, index: Index::default(), newest: None }
    }

    /// Reads the index. One that is damaged is told of, and another begun.
    pub(super) fn load(&mut self) {
        match self.dir.read_index() {
            Ok(Some(index)) => {
                self.dir.tidy(&index);
                self.index = index;
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!("{error}: the history on this disk begins anew");
                if let Err(error) = self.dir.set_aside() {
                    tracing::warn!("{error}");
                }
            }
        }
    }

    /// The deploy of an entry.
    pub(super) fn state(&self, sequence: u64) -> Result<State> {
        if let Some((newest, flows, credentials)) = &self.newest
            && *newest == sequence
        {
            let (flows, credentials) = (flows.to_string(), credentials.to_string());
            return Ok(State { flows, credentials, secret: None });
        }
        let place = self.index.place(sequence);
        let place = place.ok_or_else(|| Error::history(sequence, "is not there"))?;
        let mut payloads = Vec::new();
        for entry in self.index.entries.iter().skip(place) {
            let payload = self.dir.read_payload(entry.sequence)?;
            let is_whole = payload.is_whole();
            payloads.push(payload);
            if is_whole {
                break;
            }
        }
        let entry = self.index.entries.get(place);
        rebuild(entry.ok_or_else(|| Error::history(sequence, "is not there"))?, &payloads)
    }

    /// Keeps a deploy; of one that was found and is what runs, nothing. A kill at any step leaves the
    /// history as it was, or as it is to be.
    pub(super) fn record(&mut self, taken: &Taken) -> Result<bool> {
        let Some(mut entry) = self.entry(taken) else { return Ok(false) };
        let secret = taken.secret.as_deref();
        let bytes = Payload::whole(&taken.flows, &taken.credentials, secret).encode()?;
        rebuild(&entry, &[Payload::decode("the history", &bytes)?])?;
        entry.set_payload(&bytes);
        let sequence = entry.sequence;
        let mut entries = self.index.entries.clone();
        let thinner = entries.last_mut().and_then(|last| self.thinner(last, taken));
        entries.push(entry);
        let kept = entries.split_off(to_drop(&entries, self.bounds));
        let (dropped, index) = (entries, Index::of(kept));
        let written =
            self.dir.write_bytes(sequence, &bytes).and_then(|()| self.dir.write_index(&index));
        if let Err(error) = written {
            self.dir.remove(sequence);
            return Err(error);
        }
        self.index = index;
        self.newest = match secret {
            None => Some((sequence, taken.flows.clone(), taken.credentials.clone())),
            Some(_) => None,
        };
        if let Some((sequence, bytes)) = thinner
            && self.index.place(sequence).is_some()
        {
            self.dir.write_bytes(sequence, &bytes)?;
        }
        for entry in dropped {
            self.dir.remove(entry.sequence);
        }
        Ok(true)
    }

    /// The entry of a deploy; `None`: there is one that tells of it.
    fn entry(&self, taken: &Taken) -> Option<Entry> {
        let mut note = taken.note.clone().within_bounds();
        let flows = sha256_hex(&[taken.flows.as_bytes()]);
        let credentials = sha256_hex(&[taken.credentials.as_bytes()]);
        let is_known = |entry: &Entry| entry.flows == flows && entry.credentials == credentials;
        if note.origin == Origin::Replaced && self.index.entries.iter().any(is_known) {
            return None;
        }
        let current = self.index.current();
        if let Some(current) = current
            && current.flows == flows
        {
            let is_pressed = matches!(note.origin, Origin::Deploy | Origin::Rollback);
            if current.credentials == credentials && !is_pressed {
                return None;
            }
            if note.origin == Origin::Load {
                note.origin = Origin::Credentials;
            }
        }
        let before = current.and_then(|current| self.state(current.sequence).ok());
        let before = before.as_ref().map_or("[]", |state| state.flows.as_str());
        let summary = summary(before, &taken.flows);
        Some(Entry {
            sequence: self.index.next_sequence(),
            time: taken.time,
            note,
            project: taken.project.clone(),
            added: summary.added,
            changed: summary.changed,
            removed: summary.removed,
            tabs: summary.tabs,
            flows,
            credentials,
            bytes: 0,
            payload: String::new(),
        })
    }

    /// What is to be kept of the newest entry when this one follows, if that is less. Notes it in the entry.
    fn thinner(&self, last: &mut Entry, next: &Taken) -> Option<(u64, Vec<u8>)> {
        if last.sequence.is_multiple_of(CHECKPOINT_EVERY) {
            return None;
        }
        let State { flows, credentials, secret } = self.state(last.sequence).ok()?;
        let whole = Payload::whole(&flows, &credentials, secret.as_deref());
        let bytes = whole.before((&next.flows, &next.credentials))?.encode().ok()?;
        if bytes.len() as u64 >= last.bytes {
            return None;
        }
        last.set_payload(&bytes);
        Some((last.sequence, bytes))
    }

    /// Notes what somebody has to say of an entry; `false`: there is none.
    pub(super) fn annotate(&mut self, sequence: u64, message: &str) -> Result<bool> {
        let mut index = self.index.clone();
        let place = index.place(sequence);
        let Some(entry) = place.and_then(|place| index.entries.get_mut(place)) else {
            return Ok(false);
        };
        entry.note.message = Some(message.to_owned()).filter(|text| !text.trim().is_empty());
        entry.note = std::mem::take(&mut entry.note).within_bounds();
        self.dir.write_index(&index)?;
        self.index = index;
        Ok(true)
    }

    /// Puts what Valkey has before what is here; `payloads`: those of `stored` that are not.
    pub(super) fn adopt(&mut self, stored: &Index, payloads: &[(u64, Vec<u8>)]) -> Result<()> {
        let (both, taken) = stored.followed_by(&self.index);
        let own = both.entries.get(both.entries.len() - taken..).unwrap_or_default();
        let before = self.index.entries.get(self.index.entries.len() - taken..).unwrap_or_default();
        for (entry, was) in own.iter().zip(before) {
            if entry.sequence != was.sequence {
                let bytes = self.dir.read_bytes(was.sequence)?;
                self.dir.write_bytes(entry.sequence, &bytes)?;
            }
        }
        self.newest = None;
        // What is under the former numbers is written over from here on.
        self.keep(Index::of(own.to_vec()))?;
        for (sequence, bytes) in payloads {
            self.dir.write_bytes(*sequence, bytes)?;
        }
        let mut entries = both.entries;
        let kept = entries.split_off(to_drop(&entries, self.bounds));
        self.keep(Index::of(kept))?;
        self.dir.tidy(&self.index);
        Ok(())
    }

    fn keep(&mut self, index: Index) -> Result<()> {
        self.dir.write_index(&index)?;
        self.index = index;
        Ok(())
    }
}
