//! What this instance does to keys.

use super::change::{Part, apply};
use super::entry::Pending;
use super::{Change, Name, Replica, Segment, Text, cost};
use crate::error::Result;

impl Replica {
    /// Sets whole values, all or none.
    pub(in crate::role::context) fn set(
        &mut self,
        scope: &str,
        changes: Vec<(String, Text)>,
    ) -> Result<()> {
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
    pub(in crate::role::context) fn set_part(
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

    /// Whether a key may become this.
    pub(in crate::role::context) fn check(&self, name: &Name, text: &Text) -> Result<()> {
        let before = cost(&name.scope, &name.key, &self.text(&name.scope, &name.key));
        let bytes = (self.bytes + cost(&name.scope, &name.key, text)).saturating_sub(before);
        self.limits.check(&name.scope, &name.key, text, bytes, self.bytes)
    }

    /// Deletes a scope; JavaScript is told as of others' changes.
    pub(in crate::role::context) fn clear(&mut self, scope: &str) {
        for key in self.names(scope) {
            let name = Name::new(scope, &key);
            self.change(&name, Change::Whole(None));
            self.changed.insert(name);
        }
    }

    pub(super) fn change(&mut self, name: &Name, change: Change) {
        let synced = self.synced;
        let entry = self.scopes.entry(name.scope.clone()).or_default();
        let entry = entry.entry(name.key.clone()).or_default();
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
}
