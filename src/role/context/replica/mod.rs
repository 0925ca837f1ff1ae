//! All of the shared context as this instance sees it: a state machine without connection or clock.
//!
//! Every key has what the server was last known to have, and our own changes on top: those on their
//! way, and those that are not yet. What the server tells of others' changes leads to a read, and
//! only the answers of reads and writes, in the order of the server, change what it is known to have.

mod before;
mod change;
mod entry;
mod keeping;
mod limits;
mod own;
mod path;
mod reading;
mod recent;
mod sending;
#[cfg(test)]
mod simulation;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

#[cfg(test)]
pub(in crate::role::context) use self::change::Part;
pub(in crate::role::context) use self::change::{Change, Text};
use self::entry::Entry;
pub(in crate::role::context) use self::entry::{Guard, Name};
pub(in crate::role::context) use self::limits::Limits;
pub use self::path::Segment;
use crate::store::context::Stored;

/// The replica of one instance.
#[derive(Debug)]
pub(in crate::role::context) struct Replica {
    scopes: HashMap<Arc<str>, HashMap<Arc<str>, Entry>>,
    /// Keys with changes that are not on their way.
    dirty: HashSet<Name>,
    /// Keys to be read.
    stale: HashSet<Name>,
    /// Of these, those that were not read since the connection was made.
    catching_up: HashSet<Name>,
    /// Keys that the server has, and that don't fit here.
    left_out: HashSet<Name>,
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
    /// Values before our own that were remembered since the last call of `age`.
    noted: usize,
    /// There were more such keys.
    forgot: bool,
    /// The last pipeline with changes, and the last one that was acknowledged.
    mark: u64,
    heard_mark: u64,
    /// Keys that others have changed, not told yet.
    changed: HashSet<Name>,
    conflicts: Vec<Conflict>,
    /// Grows with every change.
    version: u64,
}

/// A change of our own that does not count, because somebody else was first while we were away.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::role::context) struct Conflict {
    pub(in crate::role::context) name: Name,
    pub(in crate::role::context) ours: Change,
}

/// What was found on the server.
pub(in crate::role::context) type Found = Option<Stored>;

impl Replica {
    pub(in crate::role::context) fn new(limits: Limits, compress: bool) -> Self {
        Self {
            scopes: HashMap::new(),
            dirty: HashSet::new(),
            stale: HashSet::new(),
            catching_up: HashSet::new(),
            left_out: HashSet::new(),
            synced: false,
            under_way: false,
            last_order: 0,
            bytes: 0,
            keys: 0,
            limits,
            compress,
            recent: HashSet::new(),
            less_recent: HashSet::new(),
            noted: 0,
            forgot: false,
            mark: 0,
            heard_mark: 0,
            changed: HashSet::new(),
            conflicts: Vec::new(),
            version: 0,
        }
    }

    /// What reads see.
    pub(in crate::role::context) fn text(&self, scope: &str, key: &str) -> Text {
        self.scopes.get(scope)?.get(key)?.local.clone()
    }

    /// The keys of a scope in the order of insertion.
    pub(in crate::role::context) fn names(&self, scope: &str) -> Vec<String> {
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
    pub(in crate::role::context) fn scopes(&self) -> Vec<Arc<str>> {
        let holds = |keys: &HashMap<Arc<str>, Entry>| keys.values().any(|it| it.local.is_some());
        let scopes = self.scopes.iter().filter(|(_, keys)| holds(keys));
        scopes.map(|(scope, _)| Arc::clone(scope)).collect()
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

    /// Whether large values are written as gzip.
    pub(in crate::role::context) fn compresses(&self) -> bool {
        self.compress
    }

    /// Everything was read since the connection was made.
    pub(in crate::role::context) fn is_synced(&self) -> bool {
        self.synced
    }

    /// Whether there is something to send or to read.
    pub(in crate::role::context) fn has_work(&self) -> bool {
        !self.dirty.is_empty() || !self.stale.is_empty()
    }

    /// Number of changes that the server was not heard to have.
    pub(in crate::role::context) fn unsent(&self) -> usize {
        // Exact only as far as nobody needs more: those on their way count while they are.
        self.dirty.len() + if self.under_way { self.sent_count() } else { 0 }
    }

    fn sent_count(&self) -> usize {
        self.scopes.values().flat_map(HashMap::values).filter(|it| it.sent.is_some()).count()
    }

    pub(in crate::role::context) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(in crate::role::context) fn keys(&self) -> usize {
        self.keys
    }

    pub(in crate::role::context) fn version(&self) -> u64 {
        self.version
    }

    /// Takes the keys that others have changed.
    pub(in crate::role::context) fn take_changed(&mut self) -> HashSet<Name> {
        std::mem::take(&mut self.changed)
    }

    pub(in crate::role::context) fn take_conflicts(&mut self) -> Vec<Conflict> {
        std::mem::take(&mut self.conflicts)
    }
}

/// What a key costs.
fn cost(scope: &str, key: &str, text: &Text) -> usize {
    text.as_ref().map_or(0, |text| scope.len() + key.len() + text.len() + Limits::PER_KEY)
}
