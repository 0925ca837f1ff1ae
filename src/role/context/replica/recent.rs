//! What we were the last to set, a moment ago: a server that loses its last moments is given it again.

use super::entry::Entry;
use super::{Name, Replica};

/// Of this many keys at most it is known that we were the last to set them.
const MOST_RECENT: usize = 10_000;

impl Replica {
    pub(super) fn note_recent(&mut self, name: &Name) {
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
    pub(in crate::role::context) fn assert_own(&mut self) {
        let names: Vec<Name> = self.recent.union(&self.less_recent).cloned().collect();
        for name in names {
            if self.entry(&name).is_some_and(Entry::assert_own) {
                self.dirty.insert(name);
            }
        }
    }

    /// Time has passed: what was new before the last call is new no longer.
    pub(in crate::role::context) fn age(&mut self) {
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
}
