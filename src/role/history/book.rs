//! The history as an admin keeps it: the index in memory, the rest on its disk.

use std::sync::Arc;

use super::Taken;
use super::dir::Dir;
use crate::content::history::{
    Bounds, CHECKPOINT_EVERY, Chain, Entry, Index, Origin, Payload, State, summary, to_drop,
};
use crate::content::sha256_hex;
use crate::error::{Error, Result};
use crate::store::deploy_text::DeployText;

/// A deploy of the history, and what of what it is made of is damaged on this disk, also where it could be
/// made without.
pub(super) struct Found {
    pub(super) state: Result<State>,
    pub(super) damage: Vec<(u64, Error)>,
}

/// Index and disk. Its methods read and write files: nothing for the threads of the runtime.
pub(super) struct Book {
    pub(super) dir: Dir,
    bounds: Bounds,
    pub(super) index: Index,
    /// The newest entry, as long as it is known without the disk.
    newest: Option<(u64, DeployText, Arc<str>)>,
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
    pub(super) fn state(&self, sequence: u64) -> Found {
        if let Some((newest, flows, credentials)) = &self.newest
            && *newest == sequence
        {
            let (flows, credentials) = (flows.to_string(), credentials.to_string());
            let state = State { flows, credentials, secret: None };
            return Found { state: Ok(state), damage: Vec::new() };
        }
        let mut chain = match Chain::new(&self.index, sequence) {
            Ok(chain) => self.read(chain),
            Err(error) => return Found { state: Err(error), damage: Vec::new() },
        };
        let (state, damage) = (chain.state(), chain.take_damage());
        if state.is_err()
            // An index that was put back from its copy may be older than the files.
            && let Ok(chain) = Chain::lenient(&self.index, sequence)
            && let Ok(state) = self.read(chain).state()
        {
            return Found { state: Ok(state), damage: Vec::new() };
        }
        Found { state, damage }
    }

    fn read<'i>(&self, mut chain: Chain<'i>) -> Chain<'i> {
        while let Some(entry) = chain.wants() {
            chain.give(&self.dir.name_of(entry.sequence), self.dir.read_bytes(entry.sequence));
        }
        chain
    }

    /// What is kept of an entry, as it was written and if it still is that.
    pub(super) fn sound_bytes(&self, entry: &Entry) -> Result<Vec<u8>> {
        let bytes = self.dir.read_bytes(entry.sequence)?;
        if !entry.has_payload(&bytes) {
            Payload::of(entry, &self.dir.name_of(entry.sequence), &bytes)?;
        }
        Ok(bytes)
    }

    /// Puts what is stored of an entry elsewhere in the place of what is damaged here; `false`: it is not that.
    pub(super) fn mend(&mut self, sequence: u64, bytes: &[u8]) -> Result<bool> {
        let entry = self.index.place(sequence).and_then(|place| self.index.entries.get(place));
        let is_right = entry.is_some_and(|entry| Payload::of(entry, "Valkey", bytes).is_ok());
        if is_right {
            self.dir.write_bytes(sequence, bytes)?;
        }
        Ok(is_right)
    }

    /// Keeps a deploy; of one that was found and is what runs, nothing. A kill at any step leaves the
    /// history as it was, or as it is to be.
    pub(super) fn record(&mut self, taken: &Taken) -> Result<bool> {
        let Some(mut entry) = self.entry(taken) else {
            self.mend_of(taken)?;
            return Ok(false);
        };
        let secret = taken.secret.as_deref();
        let bytes = Payload::whole(&taken.flows, &taken.credentials, secret).encode()?;
        Payload::of(&entry, "the history", &bytes)?;
        entry.set_payload(&bytes);
        let sequence = entry.sequence;
        let mut entries = self.index.entries.clone();
        let thinner = match entries.as_mut_slice() {
            [.., last, newer] => self.thinner(last, newer.sequence, taken),
            _ => None,
        };
        entries.push(entry);
        let kept = entries.split_off(to_drop(&entries, self.bounds));
        let (dropped, index) = (entries, self.index.with(kept));
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
        let flows = taken.flows.digest().to_owned();
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
        let before = current.and_then(|current| self.state(current.sequence).state.ok());
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

    /// What is to be kept of an entry when two others follow, if that is less: the two newest are whole, so that
    /// no one of them is needed by others alone. Notes it in the entry.
    fn thinner(&self, entry: &mut Entry, newer: u64, beyond: &Taken) -> Option<(u64, Vec<u8>)> {
        if entry.sequence.is_multiple_of(CHECKPOINT_EVERY) {
            return None;
        }
        let State { flows, credentials, secret } = self.state(entry.sequence).state.ok()?;
        let newer = self.state(newer).state.ok()?;
        let whole = Payload::whole(&flows, &credentials, secret.as_deref());
        let beyond = (&*beyond.flows, &*beyond.credentials);
        let thinner = whole.before((&newer.flows, &newer.credentials), beyond)?;
        let bytes = thinner.encode().ok()?;
        if bytes.len() as u64 >= entry.bytes {
            return None;
        }
        entry.set_payload(&bytes);
        Some((entry.sequence, bytes))
    }

    /// What runs is that of the last entry: where its file is damaged, it is written again.
    fn mend_of(&mut self, taken: &Taken) -> Result<()> {
        let Some(entry) = self.index.current() else { return Ok(()) };
        let Err(damage) = self.sound_bytes(entry) else { return Ok(()) };
        let whole = Payload::whole(&taken.flows, &taken.credentials, taken.secret.as_deref());
        let (sequence, bytes) = (entry.sequence, whole.encode()?);
        if self.mend(sequence, &bytes)? {
            tracing::warn!("{damage}; it was written again from what runs");
        }
        Ok(())
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
                // One that can't be read is none the better for it.
                let Ok(bytes) = self.dir.read_bytes(was.sequence) else { continue };
                self.dir.write_bytes(entry.sequence, &bytes)?;
            }
        }
        self.newest = None;
        // What is under the former numbers is written over from here on.
        self.keep(self.index.with(own.to_vec()))?;
        for (sequence, bytes) in payloads {
            self.dir.write_bytes(*sequence, bytes)?;
        }
        let kept = both.entries.iter().skip(to_drop(&both.entries, self.bounds)).cloned().collect();
        self.keep(both.with(kept))?;
        self.dir.tidy(&self.index);
        Ok(())
    }

    /// Whether another entry of so many bytes costs none that is there.
    pub(super) fn has_room(&self, entries: usize, bytes: u64) -> bool {
        let used: u64 = self.index.entries.iter().map(|entry| entry.bytes).sum();
        self.index.entries.len() + entries <= self.bounds.entries
            && used.saturating_add(bytes) <= self.bounds.bytes
    }

    /// Notes that backup keys up to this one are entries.
    pub(super) fn note_backups(&mut self, time: u64) -> Result<()> {
        let mut index = self.index.clone();
        index.backups = index.backups.max(time);
        self.keep(index)
    }

    fn keep(&mut self, index: Index) -> Result<()> {
        self.dir.write_index(&index)?;
        self.index = index;
        Ok(())
    }
}
