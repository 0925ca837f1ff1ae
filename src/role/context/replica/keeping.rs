//! What goes to the disk, and comes from it.

use std::sync::Arc;

use super::entry::{Entry, Pending};
use super::{Change, Guard, Name, Replica};
use crate::store::context::Stored;

impl Replica {
    /// All that the server is known to have.
    pub(in crate::role::context) fn known(&self) -> Vec<(Name, Arc<str>)> {
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
    pub(in crate::role::context) fn unsaved(&self) -> Vec<(Name, Change, Guard)> {
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
    pub(in crate::role::context) fn restore(&mut self, known: Vec<(Name, Arc<str>)>) {
        for (name, text) in known {
            let keys = self.scopes.entry(name.scope.clone()).or_default();
            keys.entry(name.key.clone()).or_default().server = Some(Stored::encode(&text, false).0);
            self.refresh(&name, false);
        }
    }

    /// The same for changes that were not sent.
    pub(in crate::role::context) fn restore_unsaved(
        &mut self,
        unsaved: Vec<(Name, Change, Guard)>,
    ) {
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
