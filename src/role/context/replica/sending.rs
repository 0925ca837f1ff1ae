//! What goes to the server, and what comes of it.

use std::sync::Arc;
use std::time::Instant;

use super::change::{Part, apply, merge};
use super::entry::{Pending, Sent};
use super::{Change, Conflict, Found, Guard, Name, Replica};
use crate::store::context::{Stored, Write};

impl Replica {
    /// Takes what is to be written, of about `bytes` of text at most; the outcome of each is to be reported.
    pub(in crate::role::context) fn take_writes(&mut self, bytes: usize) -> Vec<(Name, Write)> {
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
            taken += name.scope.len() + name.key.len() + text.as_ref().map_or(0, |text| text.len());
            // What is only repeated is no new value.
            let keep_expiry = is_part || guard.as_ref().is_some_and(|guard| guard.repeats);
            if !keep_expiry {
                entry.expires = None;
            }
            entry.sent = Some(Sent { change, guard, stored });
            writes.push((name, Write { value, bases, keep_expiry }));
        }
        writes
    }

    /// The server has what was sent.
    pub(in crate::role::context) fn written(&mut self, name: &Name) {
        self.left_out.remove(name);
        let Some(entry) = self.entry(name) else { return };
        if let Some(Sent { stored, guard, .. }) = entry.sent.take() {
            // It may have been any of these.
            let before = guard.map(|guard| guard.bases).unwrap_or_default();
            self.wrote(name, stored, &before);
        }
        self.refresh(name, true);
    }

    /// What was sent did not count: the server has this.
    pub(in crate::role::context) fn was_first(&mut self, name: &Name, found: Found) {
        let Some(entry) = self.entry(name) else { return };
        let Some(sent) = entry.sent.take() else { return };
        let mut regained = entry.regained(&found);
        if let (Some(regained), Some(Guard { bases, .. })) = (&mut regained, &sent.guard) {
            regained.bases.extend(bases);
        }
        entry.missed(found, regained.is_some());
        let now = entry.server_text();
        let unreadable = entry.server.is_some() && now.is_none();
        let ours = sent.stored.as_ref().and_then(Stored::text);
        let mut again = None;
        let (kept, lost) = match (sent.change, sent.guard) {
            _ if ours == now && !unreadable => (None, None),
            (_, Some(Guard { repeats: true, .. })) => (None, None),
            // What was before our own is no change of somebody else.
            (change, _) if regained.is_some() && !unreadable => {
                if let Some(Pending { guard: Some(later), .. }) = &mut entry.pending {
                    later.bases.extend(regained.iter().flat_map(|it| &it.bases));
                }
                again = regained;
                (Some(change), None)
            }
            (change, None) if !unreadable => (Some(change), None),
            // The same text in other bytes: nobody has changed it.
            (change, Some(Guard { base, .. })) if base == now && !unreadable => {
                let guard = entry.guard();
                if let Some(Pending { guard: Some(later), .. }) = &mut entry.pending {
                    *later = guard.clone();
                }
                again = Some(guard);
                (Some(change), None)
            }
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
                    Pending { change: change.then(later), guard: again }
                }
                Some(whole) => whole,
                None => Pending { change, guard: again },
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
    pub(in crate::role::context) fn not_written(&mut self, name: &Name) {
        let Some(entry) = self.entry(name) else { return };
        entry.take_back(false);
        self.dirty.insert(name.clone());
        self.refresh(name, true);
    }

    /// An operation of our own has left this.
    pub(in crate::role::context) fn operated(&mut self, name: &Name, stored: Found) {
        self.wrote(name, stored, &[]);
        self.refresh(name, true);
    }

    /// A key was given a time to expire.
    pub(in crate::role::context) fn expires(&mut self, name: &Name, at: Instant) {
        if let Some(entry) = self.entry(name) {
            entry.expires = Some(at);
        }
    }

    /// Whether a key has a change that is not on its way.
    pub(in crate::role::context) fn is_pending(&self, name: &Name) -> bool {
        let entry = self.scopes.get(&name.scope).and_then(|keys| keys.get(&name.key));
        entry.is_some_and(|entry| entry.pending.is_some())
    }

    /// Whether the server has not said yet what it has since the connection began.
    pub(in crate::role::context) fn is_unread(&self, name: &Name) -> bool {
        self.catching_up.contains(name)
    }

    /// What the server has once what is on its way has arrived.
    pub(in crate::role::context) fn latest(&self, name: &Name) -> Option<Stored> {
        let entry = self.scopes.get(&name.scope)?.get(&name.key)?;
        match &entry.sent {
            Some(sent) => sent.stored.clone(),
            None => entry.server.clone(),
        }
    }

    /// The connection is lost: what was sent may or may not have been run, and what is to be sent
    /// counts only if nobody else was first.
    pub(in crate::role::context) fn lost(&mut self) {
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
}
