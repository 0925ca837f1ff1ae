//! All of the shared context as this instance sees it: a state machine without connection or clock.
//!
//! Every key has what the server was last known to have, and our own changes on top: those on their
//! way, and those that are not yet. What the server tells of others' changes leads to a read, and
//! only the answers of reads and writes, in the order of the server, change what it is known to have.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::change::{Change, Part, Text, apply, merge};
use super::entry::{Entry, Guard, Name, Pending, Sent};
use super::limits::Limits;
use super::path::Segment;
use crate::error::Result;
use crate::store::context::{Stored, Write};

/// Of this many keys at most it is known that we were the last to set them.
const MOST_RECENT: usize = 10_000;

/// The replica of one instance.
#[derive(Debug)]
pub(super) struct Replica {
    scopes: HashMap<Arc<str>, HashMap<Arc<str>, Entry>>,
    /// Keys with changes that are not on their way.
    dirty: HashSet<Name>,
    /// Keys to be read.
    stale: HashSet<Name>,
    /// Of these, those that were not read since the connection was made.
    catching_up: HashSet<Name>,
    /// Everything was read since the connection was made.
    synced: bool,
    /// Commands are on their way.
    under_way: bool,
    last_order: u64,
    /// Bytes of all names and of what reads see.
    bytes: usize,
    /// Number of keys that reads see.
    keys: usize,
    limits: Limits,
    compress: bool,
    /// Keys with a value of our own that is new, and those of the time before.
    recent: HashSet<Name>,
    less_recent: HashSet<Name>,
    /// Keys that others have changed, not told yet.
    changed: HashSet<Name>,
    conflicts: Vec<Conflict>,
    /// Grows with every change.
    version: u64,
}

/// A change of our own that does not count, because somebody else was first while we were away.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Conflict {
    pub(super) name: Name,
    pub(super) ours: Change,
}

/// What was found on the server.
pub(super) type Found = Option<Stored>;

impl Replica {
    pub(super) fn new(limits: Limits, compress: bool) -> Self {
        Self {
            scopes: HashMap::new(),
            dirty: HashSet::new(),
            stale: HashSet::new(),
            catching_up: HashSet::new(),
            synced: false,
            under_way: false,
            last_order: 0,
            bytes: 0,
            keys: 0,
            limits,
            compress,
            recent: HashSet::new(),
            less_recent: HashSet::new(),
            changed: HashSet::new(),
            conflicts: Vec::new(),
            version: 0,
        }
    }

    /// What reads see.
    pub(super) fn text(&self, scope: &str, key: &str) -> Text {
        self.scopes.get(scope)?.get(key)?.local.clone()
    }

    /// The keys of a scope in the order of insertion.
    pub(super) fn names(&self, scope: &str) -> Vec<String> {
        let mut keys: Vec<(u64, &Arc<str>)> = self
            .scopes
            .get(scope)
            .into_iter()
            .flatten()
            .filter(|(_, entry)| entry.local.is_some())
            .map(|(key, entry)| (entry.order, key))
            .collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, key)| key.to_string()).collect()
    }

    /// All scopes that hold something.
    pub(super) fn scopes(&self) -> Vec<Arc<str>> {
        let holds = |keys: &HashMap<Arc<str>, Entry>| keys.values().any(|it| it.local.is_some());
        let scopes = self.scopes.iter().filter(|(_, keys)| holds(keys));
        scopes.map(|(scope, _)| Arc::clone(scope)).collect()
    }

    /// Sets whole values, all or none.
    pub(super) fn set(&mut self, scope: &str, changes: Vec<(String, Text)>) -> Result<()> {
        let mut bytes = self.bytes;
        for (key, text) in &changes {
            let before = cost(scope, key, &self.text(scope, key));
            bytes = (bytes + cost(scope, key, text)).saturating_sub(before);
            if text.is_some() {
                self.limits.check(scope, key, text, bytes, self.bytes)?;
            }
        }
        for (key, text) in changes {
            self.change(&Name::new(scope, &key), Change::Whole(text));
        }
        Ok(())
    }

    /// Sets a part of a value, or takes it away.
    pub(super) fn set_part(
        &mut self,
        scope: &str,
        key: &str,
        path: Vec<Segment>,
        text: Text,
    ) -> Result<()> {
        let before = self.text(scope, key);
        let part = Part { path, text };
        let Some(after) = apply(std::slice::from_ref(&part), &before) else { return Ok(()) };
        let grown = cost(scope, key, &after);
        let bytes = (self.bytes + grown).saturating_sub(cost(scope, key, &before));
        if part.text.is_some() {
            self.limits.check(scope, key, &after, bytes, self.bytes)?;
        }
        self.change(&Name::new(scope, key), Change::Parts(vec![part]));
        Ok(())
    }

    fn change(&mut self, name: &Name, change: Change) {
        let synced = self.synced;
        let entry = self.scopes.entry(name.scope.clone()).or_default();
        let entry = entry.entry(name.key.clone()).or_default();
        let removes = matches!(change, Change::Whole(None));
        if removes && entry.is_empty() && synced {
            self.tidy(name);
            return;
        }
        let pending = match entry.pending.take() {
            Some(Pending { change: before, mut guard }) => {
                if let Some(guard) = &mut guard {
                    guard.repeats = false;
                }
                Pending { change: before.then(change), guard }
            }
            None => Pending { change, guard: (!synced).then(|| entry.guard()) },
        };
        entry.pending = Some(pending);
        self.dirty.insert(name.clone());
        self.refresh(name, false);
    }

    /// Computes again what reads see. `by_others` tells JavaScript of it.
    fn refresh(&mut self, name: &Name, by_others: bool) {
        let Some(entry) = self.scopes.get_mut(&name.scope).and_then(|keys| keys.get_mut(&name.key))
        else {
            return;
        };
        let view = entry.view();
        if view != entry.local {
            self.version += 1;
            let before = cost(&name.scope, &name.key, &entry.local);
            self.bytes = (self.bytes + cost(&name.scope, &name.key, &view)).saturating_sub(before);
            self.keys = (self.keys + usize::from(view.is_some()))
                .saturating_sub(usize::from(entry.local.is_some()));
            if entry.local.is_none() {
                self.last_order += 1;
                entry.order = self.last_order;
            }
            entry.local = view;
            if by_others {
                self.changed.insert(name.clone());
            }
        }
        self.tidy(name);
    }

    fn tidy(&mut self, name: &Name) {
        let Some(keys) = self.scopes.get_mut(&name.scope) else { return };
        if keys.get(&name.key).is_some_and(Entry::is_empty) {
            keys.remove(&name.key);
            if keys.is_empty() {
                self.scopes.remove(&name.scope);
            }
        }
    }

    fn entry(&mut self, name: &Name) -> Option<&mut Entry> {
        self.scopes.get_mut(&name.scope)?.get_mut(&name.key)
    }

    /// Takes what is to be written, of about `bytes` at most; the outcome of each is to be reported.
    pub(super) fn take_writes(&mut self, bytes: usize) -> Vec<(Name, Write)> {
        let mut writes = Vec::new();
        let mut taken = 0;
        let names: Vec<Name> = self.dirty.iter().cloned().collect();
        for name in names {
            if taken >= bytes {
                break;
            }
            self.dirty.remove(&name);
            let compress = self.compress;
            let Some(entry) = self.entry(&name) else { continue };
            if entry.sent.is_some() {
                continue;
            }
            let Some(Pending { change, guard }) = entry.pending.take() else { continue };
            let base = guard.as_ref().map_or_else(|| entry.server_text(), |it| it.base.clone());
            let text = match &change {
                Change::Whole(text) => text.clone(),
                Change::Parts(parts) => match apply(parts, &base) {
                    Some(text) => text,
                    None => {
                        // Somebody else has made something of it that has no such parts.
                        self.conflicts.push(Conflict { name: name.clone(), ours: change });
                        self.refresh(&name, true);
                        continue;
                    }
                },
            };
            let is_part = matches!(change, Change::Parts(_));
            let bases = match (&guard, is_part) {
                (Some(guard), _) => Some(guard.bases.clone()),
                (None, true) => Some(entry.guard().bases),
                (None, false) => None,
            };
            let (stored, value) = match &text {
                Some(text) => {
                    let (stored, bytes) = Stored::encode(text, compress);
                    (Some(stored), Some(bytes))
                }
                None => (None, None),
            };
            taken += name.scope.len() + name.key.len() + value.as_ref().map_or(0, Vec::len);
            entry.sent = Some(Sent { change, guard, stored });
            writes.push((name, Write { value, bases, keep_expiry: is_part }));
        }
        writes
    }

    /// The server has what was sent.
    pub(super) fn written(&mut self, name: &Name) {
        let Some(entry) = self.entry(name) else { return };
        if let Some(sent) = entry.sent.take() {
            entry.wrote(sent.stored);
            self.note_recent(name);
        }
        self.refresh(name, true);
    }

    /// What was sent did not count: the server has this.
    pub(super) fn was_first(&mut self, name: &Name, found: Found) {
        let Some(entry) = self.entry(name) else { return };
        let Some(sent) = entry.sent.take() else { return };
        entry.found(found);
        let now = entry.server_text();
        let unreadable = entry.server.is_some() && now.is_none();
        let ours = sent.stored.as_ref().and_then(Stored::text);
        let (kept, lost) = match (sent.change, sent.guard) {
            _ if ours == now && !unreadable => (None, None),
            (_, Some(Guard { repeats: true, .. })) => (None, None),
            (change, None) if !unreadable => (Some(change), None),
            (Change::Parts(parts), Some(Guard { base, .. })) if !unreadable => {
                let (kept, lost) = merge(parts, &base, &now);
                let some = |parts: Vec<Part>| (!parts.is_empty()).then_some(Change::Parts(parts));
                (some(kept), some(lost))
            }
            (change, _) => (None, Some(change)),
        };
        if let Some(change) = kept {
            entry.pending = Some(match entry.pending.take() {
                // Parts that came later are set on what is there now, like those before.
                Some(Pending { change: later @ Change::Parts(_), .. }) => {
                    Pending { change: change.then(later), guard: None }
                }
                Some(whole) => whole,
                None => Pending { change, guard: None },
            });
        }
        let is_dirty = entry.pending.is_some();
        if let Some(ours) = lost {
            self.conflicts.push(Conflict { name: name.clone(), ours });
        }
        if is_dirty {
            self.dirty.insert(name.clone());
        }
        self.refresh(name, true);
    }

    /// The server has refused what was sent: it is sent again later.
    pub(super) fn not_written(&mut self, name: &Name) {
        let Some(entry) = self.entry(name) else { return };
        entry.take_back(false);
        self.dirty.insert(name.clone());
        self.refresh(name, true);
    }

    /// An operation of our own has left this.
    pub(super) fn operated(&mut self, name: &Name, stored: Found) {
        let keys = self.scopes.entry(name.scope.clone()).or_default();
        keys.entry(name.key.clone()).or_default().wrote(stored);
        self.note_recent(name);
        self.refresh(name, true);
    }

    fn note_recent(&mut self, name: &Name) {
        if self.recent.len() < MOST_RECENT {
            self.recent.insert(name.clone());
        } else if !self.recent.contains(name)
            && let Some(entry) = self.entry(name)
        {
            entry.before_own = Vec::new();
        }
    }

    /// The server may have lost its last moments, or was refilled by somebody who had not heard of them
    /// yet: new values of our own are set again, unless others were set since.
    pub(super) fn assert_own(&mut self) {
        let names: Vec<Name> = self.recent.union(&self.less_recent).cloned().collect();
        for name in names {
            if self.entry(&name).is_some_and(Entry::assert_own) {
                self.dirty.insert(name);
            }
        }
    }

    /// Time has passed: what was new before the last call is new no longer.
    pub(super) fn age(&mut self) {
        let recent = std::mem::take(&mut self.recent);
        let old = std::mem::replace(&mut self.less_recent, recent);
        for name in old {
            if self.less_recent.contains(&name) {
                continue;
            }
            if let Some(entry) = self.entry(&name) {
                entry.before_own = Vec::new();
            }
            self.tidy(&name);
        }
    }

    /// A key was read.
    pub(super) fn read(&mut self, name: &Name, found: Found) {
        self.catching_up.remove(name);
        let found = found.map(|stored| self.within_limits(name, stored));
        if found.is_none() && self.entry(name).is_none() {
            return;
        }
        let keys = self.scopes.entry(name.scope.clone()).or_default();
        keys.entry(name.key.clone()).or_default().found(found);
        self.refresh(name, true);
    }

    /// Others may have set more than fits here: what is too much can't be read.
    fn within_limits(&self, name: &Name, stored: Stored) -> Stored {
        let before = self.text(&name.scope, &name.key);
        let text = stored.text();
        let bytes = (self.bytes + cost(&name.scope, &name.key, &text)).saturating_sub(cost(
            &name.scope,
            &name.key,
            &before,
        ));
        if bytes > self.limits.bearable() && bytes > self.bytes {
            return Stored::unreadable(None);
        }
        stored
    }

    /// The key that others have changed is to be read. One with a change of our own that overrides
    /// theirs is not, unless that is on its way already.
    pub(super) fn invalidate(&mut self, name: Name) {
        let overridden = self.entry(&name).is_some_and(|entry| {
            entry.sent.is_none()
                && matches!(&entry.pending, Some(Pending { change: Change::Whole(_), guard: None }))
        });
        if !overridden || self.under_way {
            self.stale.insert(name);
        }
    }

    /// Every key that is known is to be read, and these.
    pub(super) fn invalidate_all(&mut self, others: impl IntoIterator<Item = Name>) {
        let known = self.scopes.iter().flat_map(|(scope, keys)| {
            keys.keys().map(|key| Name { scope: Arc::clone(scope), key: Arc::clone(key) })
        });
        self.stale.extend(known);
        self.stale.extend(others);
    }

    /// A connection was made: nothing is known of what others did before, until `synced`.
    pub(super) fn begin(&mut self, found: impl IntoIterator<Item = Name>) {
        self.invalidate_all(found);
        self.catching_up.clone_from(&self.stale);
        self.settle();
    }

    /// Takes names that are to be read.
    pub(super) fn take_stale(&mut self, most: usize) -> Vec<Name> {
        let names: Vec<Name> = self.stale.iter().take(most).cloned().collect();
        for name in &names {
            self.stale.remove(name);
        }
        names
    }

    /// Commands are on their way, or no longer.
    pub(super) fn under_way(&mut self, under_way: bool) {
        self.under_way = under_way;
        self.settle();
    }

    fn settle(&mut self) {
        self.synced |= self.catching_up.is_empty() && !self.under_way;
    }

    /// The connection is lost: what was sent may or may not have been run, and what is to be sent
    /// counts only if nobody else was first.
    pub(super) fn lost(&mut self) {
        self.synced = false;
        self.under_way = false;
        self.stale.clear();
        self.catching_up.clear();
        for (scope, keys) in &mut self.scopes {
            for (key, entry) in keys {
                entry.take_back(true);
                if entry.pending.is_some() {
                    self.dirty.insert(Name { scope: Arc::clone(scope), key: Arc::clone(key) });
                }
            }
        }
    }

    /// These are still to be read.
    pub(super) fn put_back(&mut self, names: impl IntoIterator<Item = Name>) {
        self.stale.extend(names);
    }

    /// Deletes a scope; JavaScript is told as of others' changes.
    pub(super) fn clear(&mut self, scope: &str) {
        for key in self.names(scope) {
            let name = Name::new(scope, &key);
            self.change(&name, Change::Whole(None));
            self.changed.insert(name);
        }
    }

    /// Whether a key has a change that is not on its way.
    pub(super) fn is_pending(&self, name: &Name) -> bool {
        let entry = self.scopes.get(&name.scope).and_then(|keys| keys.get(&name.key));
        entry.is_some_and(|entry| entry.pending.is_some())
    }

    /// What the server has once what is on its way has arrived.
    pub(super) fn latest(&self, name: &Name) -> Option<Stored> {
        let entry = self.scopes.get(&name.scope)?.get(&name.key)?;
        match &entry.sent {
            Some(sent) => sent.stored.clone(),
            None => entry.server.clone(),
        }
    }

    /// Whether a key may become this.
    pub(super) fn check(&self, name: &Name, text: &Text) -> Result<()> {
        let before = cost(&name.scope, &name.key, &self.text(&name.scope, &name.key));
        let bytes = (self.bytes + cost(&name.scope, &name.key, text)).saturating_sub(before);
        self.limits.check(&name.scope, &name.key, text, bytes, self.bytes)
    }

    /// Whether large values are written as gzip.
    pub(super) fn compresses(&self) -> bool {
        self.compress
    }

    /// Everything was read since the connection was made.
    pub(super) fn is_synced(&self) -> bool {
        self.synced
    }

    /// Whether there is something to send or to read.
    pub(super) fn has_work(&self) -> bool {
        !self.dirty.is_empty() || !self.stale.is_empty()
    }

    /// Number of changes that the server was not heard to have.
    pub(super) fn unsent(&self) -> usize {
        // Exact only as far as nobody needs more: those on their way count while they are.
        self.dirty.len() + if self.under_way { self.sent_count() } else { 0 }
    }

    fn sent_count(&self) -> usize {
        self.scopes.values().flat_map(HashMap::values).filter(|it| it.sent.is_some()).count()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn keys(&self) -> usize {
        self.keys
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Takes the keys that others have changed.
    pub(super) fn take_changed(&mut self) -> HashSet<Name> {
        std::mem::take(&mut self.changed)
    }

    pub(super) fn take_conflicts(&mut self) -> Vec<Conflict> {
        std::mem::take(&mut self.conflicts)
    }

    /// All that the server is known to have.
    pub(super) fn known(&self) -> Vec<(Name, Arc<str>)> {
        let all = self.scopes.iter().flat_map(|(scope, keys)| {
            keys.iter().filter_map(|(key, entry)| {
                let name = Name { scope: Arc::clone(scope), key: Arc::clone(key) };
                Some((entry.order, name, entry.server_text()?))
            })
        });
        let mut all: Vec<_> = all.collect();
        all.sort_unstable_by_key(|(order, ..)| *order);
        all.into_iter().map(|(_, name, text)| (name, text)).collect()
    }

    /// All changes that the server was not heard to have, guarded as after a lost connection.
    pub(super) fn unsaved(&self) -> Vec<(Name, Change, Guard)> {
        let mut unsaved = Vec::new();
        for (scope, keys) in &self.scopes {
            for (key, entry) in keys {
                if entry.pending.is_none() && entry.sent.is_none() {
                    continue;
                }
                let mut copy = Entry {
                    server: entry.server.clone(),
                    sent: entry.sent.clone(),
                    pending: entry.pending.clone(),
                    ..Entry::default()
                };
                copy.take_back(true);
                if let Some(Pending { change, guard: Some(guard) }) = copy.pending {
                    let name = Name { scope: Arc::clone(scope), key: Arc::clone(key) };
                    unsaved.push((name, change, guard));
                }
            }
        }
        unsaved
    }

    /// Takes in a copy from the disk, before anything is known of the server.
    pub(super) fn restore(&mut self, known: Vec<(Name, Arc<str>)>) {
        for (name, text) in known {
            let keys = self.scopes.entry(name.scope.clone()).or_default();
            keys.entry(name.key.clone()).or_default().server = Some(Stored::encode(&text, false).0);
            self.refresh(&name, false);
        }
    }

    /// The same for changes that were not sent.
    pub(super) fn restore_unsaved(&mut self, unsaved: Vec<(Name, Change, Guard)>) {
        for (name, change, guard) in unsaved {
            let keys = self.scopes.entry(name.scope.clone()).or_default();
            let entry = keys.entry(name.key.clone()).or_default();
            if entry.pending.is_none() {
                entry.pending = Some(Pending { change, guard: Some(guard) });
                self.dirty.insert(name.clone());
                self.refresh(&name, false);
            }
        }
    }
}

/// What a key costs.
fn cost(scope: &str, key: &str, text: &Text) -> usize {
    text.as_ref().map_or(0, |text| scope.len() + key.len() + text.len() + Limits::PER_KEY)
}
