//! What is read from the server.

use std::sync::Arc;

use super::entry::Pending;
use super::{Change, Found, Name, Replica, cost};
use crate::store::context::Stored;

impl Replica {
    /// A key was read.
    pub(in crate::role::context) fn read(&mut self, name: &Name, found: Found) {
        self.catching_up.remove(name);
        // What can't be read is as good as missing, and costs no memory.
        let found = found.filter(|stored| stored.text().is_some());
        let fits = found.as_ref().is_none_or(|stored| self.fits(name, stored));
        match fits {
            true => self.left_out.remove(name),
            false => self.left_out.insert(name.clone()),
        };
        let found = found.filter(|_| fits);
        if found.is_none() && self.entry(name).is_none() {
            return;
        }
        let keys = self.scopes.entry(name.scope.clone()).or_default();
        let entry = keys.entry(name.key.clone()).or_default();
        entry.found(found);
        if entry.pending.is_some() {
            self.dirty.insert(name.clone());
        }
        self.refresh(name, true);
    }

    /// Whether it can be read. Others may have set more than fits here.
    fn fits(&self, name: &Name, stored: &Stored) -> bool {
        let Some(text) = stored.text() else { return false };
        let before = self.text(&name.scope, &name.key);
        let bytes = (self.bytes + cost(&name.scope, &name.key, &Some(text))).saturating_sub(cost(
            &name.scope,
            &name.key,
            &before,
        ));
        bytes <= self.limits.bearable() || bytes <= self.bytes
    }

    /// Number of keys that the server has, and that don't fit here.
    pub(in crate::role::context) fn left_out(&self) -> usize {
        self.left_out.len()
    }

    /// Has keys read that did not fit, where there is room again.
    pub(in crate::role::context) fn retry_left_out(&mut self) -> bool {
        let retries = !self.left_out.is_empty() && self.bytes <= self.limits.max_total();
        if retries {
            self.stale.extend(self.left_out.drain());
        }
        retries
    }

    /// The key that others have changed is to be read. One with a change of our own that overrides
    /// theirs is not, unless that is on its way already.
    pub(in crate::role::context) fn invalidate(&mut self, name: Name) {
        if let Some(entry) = self.entry(&name) {
            // It may have been set to the same value, to stay.
            entry.expires = None;
        }
        let overridden = self.entry(&name).is_some_and(|entry| {
            entry.sent.is_none()
                && matches!(&entry.pending, Some(Pending { change: Change::Whole(_), guard: None }))
        });
        if !overridden || self.under_way {
            self.stale.insert(name);
        }
    }

    /// Every key that is known is to be read, and these.
    pub(in crate::role::context) fn invalidate_all(
        &mut self,
        others: impl IntoIterator<Item = Name>,
    ) {
        let known = self.scopes.iter().flat_map(|(scope, keys)| {
            keys.keys().map(|key| Name { scope: Arc::clone(scope), key: Arc::clone(key) })
        });
        self.stale.extend(known);
        self.stale.extend(others);
    }

    /// A connection was made: nothing is known of what others did before, until `synced`.
    pub(in crate::role::context) fn begin(&mut self, found: impl IntoIterator<Item = Name>) {
        self.invalidate_all(found);
        self.left_out.clear();
        self.catching_up.clone_from(&self.stale);
        self.settle();
    }

    /// Takes names that are to be read.
    pub(in crate::role::context) fn take_stale(&mut self, most: usize) -> Vec<Name> {
        let names: Vec<Name> = self.stale.iter().take(most).cloned().collect();
        for name in &names {
            self.stale.remove(name);
        }
        names
    }

    /// These are still to be read.
    pub(in crate::role::context) fn put_back(&mut self, names: impl IntoIterator<Item = Name>) {
        self.stale.extend(names);
    }

    /// Commands are on their way, or no longer.
    pub(in crate::role::context) fn under_way(&mut self, under_way: bool) {
        self.under_way = under_way;
        self.settle();
    }

    pub(super) fn settle(&mut self) {
        self.synced |= self.catching_up.is_empty() && !self.under_way;
    }
}
