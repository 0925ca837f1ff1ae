//! What goes to the disk, and comes from it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

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

    /// When keys expire, as far as that is known.
    pub(in crate::role::context) fn expiring(&self) -> HashMap<Name, Instant> {
        let all = self.scopes.iter().flat_map(|(scope, keys)| {
            keys.iter().filter_map(|(key, entry)| {
                let name = Name { scope: Arc::clone(scope), key: Arc::clone(key) };
                Some((name, entry.expires?))
            })
        });
        all.collect()
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Limits, Part, Segment, Text};
    use super::*;
    use crate::config::ContextConfig;

    fn replica() -> Replica {
        Replica::new(Limits::new(&ContextConfig::default()), true)
    }

    fn text(text: &str) -> Text {
        Some(text.into())
    }

    #[test]
    fn a_copy_of_what_is_compressed_is_the_same() {
        let name = Name::new("global", "a");
        let old: Arc<str> = format!("[{}1]", "1,".repeat(5000)).into();
        let part = Part { path: vec![Segment::Index(0)], text: text("2") };
        let some = [Change::Whole(text("2")), Change::Parts(vec![part])];
        for change in some {
            for later in [None, text("3")] {
                let mut replica = replica();
                replica.restore(vec![(name.clone(), Arc::clone(&old))]);
                replica.change(&name, change.clone());
                replica.begin([name.clone()]);
                replica.take_writes(1000);
                if let Some(later) = &later {
                    replica.set("global", vec![("a".into(), text(later))]).unwrap();
                }
                let (server, _) = Stored::encode(&old, true);
                replica.was_first(&name, Some(server.clone()));
                assert_eq!(replica.take_conflicts(), []);
                let writes = replica.take_writes(1000);
                let (_, write) = writes.first().unwrap();
                assert!(write.bases.as_ref().unwrap().contains(&server.digest()));
                replica.written(&name);
                let expected = change.on(&Some(Arc::clone(&old)));
                assert_eq!(replica.text("global", "a"), later.or(expected));
            }
        }
    }

    #[test]
    fn what_is_repeated_expires_as_before() {
        let (stays, expires) = (Name::new("global", "a"), Name::new("global", "b"));
        let mut replica = replica();
        replica.begin([]);
        for name in [&stays, &expires] {
            replica.change(name, Change::Whole(text("1")));
        }
        assert!(replica.take_writes(1000).iter().all(|(_, write)| !write.keep_expiry));
        replica.next_mark();
        replica.written(&stays);
        replica.written(&expires);
        replica.expires(&expires, Instant::now() + Duration::from_secs(9));
        assert!(replica.assert_own(0));
        // The server has neither.
        replica.read(&stays, None);
        let known = replica.expiring();
        replica.read(&expires, None);
        let repeated = replica.take_writes(1000);
        let repeated: Vec<_> = repeated.iter().map(|(name, it)| (name, it.keep_expiry)).collect();
        assert_eq!(repeated, [(&stays, true)]);
        assert_eq!(known.into_keys().collect::<Vec<_>>(), [expires]);
    }
}
