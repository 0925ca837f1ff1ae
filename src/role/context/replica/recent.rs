//! What we were the last to set, a moment ago: a server that loses its last moments is given it again.

use super::{Name, Replica};
use crate::store::context::Digest;

/// Of this many keys at most it is known that we were the last to set them.
const MOST_RECENT: usize = 10_000;
/// Values before our own that are remembered between two calls of `age`.
const MOST_BEFORE: usize = 500_000;

impl Replica {
    /// The number of a pipeline with changes. On the server it stands behind them: while it is there, so are they.
    pub(in crate::role::context) fn next_mark(&mut self) -> u64 {
        self.mark += 1;
        self.mark
    }

    /// The last one was acknowledged.
    pub(in crate::role::context) fn heard_mark(&mut self) {
        self.heard_mark = self.mark;
    }

    /// Whether a server with this mark has lost something that was acknowledged.
    pub(in crate::role::context) fn has_lost(&self, mark: u64) -> bool {
        mark < self.heard_mark
    }

    /// The server has a value of our own, in place of the last one it was known to have, or of one of these.
    pub(super) fn wrote(&mut self, name: &Name, stored: super::Found, before: &[Digest]) {
        let is_noted = self.recent.contains(name) || self.recent.len() < MOST_RECENT;
        let has_room = self.noted < MOST_BEFORE;
        let mark = (is_noted && has_room).then_some(self.mark);
        let keys = self.scopes.entry(name.scope.clone()).or_default();
        keys.entry(name.key.clone()).or_default().wrote(stored, mark, before);
        self.noted += 1 + before.len();
        match is_noted {
            true => drop(self.recent.insert(name.clone())),
            false => self.forgot = true,
        }
    }

    /// The server has lost what came after the pipeline `mark`, or was refilled by somebody who had not heard of it
    /// yet: new values of our own are set again, unless others were set since. They have to be read first. False if
    /// there are some that nobody can tell from others'.
    pub(in crate::role::context) fn assert_own(&mut self, mark: u64) -> bool {
        let names: Vec<Name> = self.recent.union(&self.less_recent).cloned().collect();
        let mut all = !self.forgot;
        for name in names {
            all &= self.entry(&name).is_none_or(|entry| entry.assert_own(mark));
        }
        all
    }

    /// Time has passed: what was new before the last call is new no longer.
    pub(in crate::role::context) fn age(&mut self) {
        self.noted = 0;
        self.forgot = false;
        let recent = std::mem::take(&mut self.recent);
        let old = std::mem::take(&mut self.less_recent);
        for name in old.iter().filter(|name| !recent.contains(*name)) {
            if let Some(entry) = self.entry(name) {
                entry.before.age();
            }
            self.tidy(name);
        }
        for name in &recent {
            if let Some(entry) = self.entry(name) {
                entry.before.age();
            }
        }
        self.less_recent = recent;
    }
}
