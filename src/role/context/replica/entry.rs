//! One key as this instance sees it.

use std::sync::Arc;
use std::time::Instant;

use super::before::Before;
use super::change::{Change, Text};
use super::limits::{LONGEST_KEY, LONGEST_SCOPE};
use crate::store::context::{Digest, Stored};

/// This many texts of our own that may be on the server are told from those of others.
const MOST_BASES: usize = 300;

/// One key.
#[derive(Debug, Default)]
pub(in crate::role::context) struct Entry {
    /// Place in the order of insertion.
    pub(in crate::role::context) order: u64,
    /// What the server was last known to have.
    pub(in crate::role::context) server: Option<Stored>,
    /// What reads see: the server's value with our own changes on top.
    pub(in crate::role::context) local: Text,
    /// On its way to the server.
    pub(in crate::role::context) sent: Option<Sent>,
    /// Not on its way yet.
    pub(in crate::role::context) pending: Option<Pending>,
    /// If what the server has is our own, and new: what it had before.
    pub(super) before: Before,
    /// If the server is found to have what it had before, ours is set again.
    pub(super) asserts: bool,
    /// When it expires, as far as that is known.
    pub(in crate::role::context) expires: Option<Instant>,
}

/// What was before a longer value is not told from others'.
const LONGEST_BEFORE: usize = 256 * 1024;

/// A change that is not on its way yet.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::role::context) struct Pending {
    pub(in crate::role::context) change: Change,
    /// `None`: it counts whatever the server has. Otherwise only if that is `base`, or something of
    /// our own.
    pub(in crate::role::context) guard: Option<Guard>,
}

/// What a change was made upon.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::role::context) struct Guard {
    /// The last value that the server was known to have.
    pub(in crate::role::context) base: Text,
    /// That one and all of our own that may have reached it.
    pub(in crate::role::context) bases: Vec<Digest>,
    /// Nothing new: it was acknowledged before, and if somebody else was first, so be it.
    pub(in crate::role::context) repeats: bool,
}

/// A change on its way.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::role::context) struct Sent {
    pub(in crate::role::context) change: Change,
    pub(in crate::role::context) guard: Option<Guard>,
    /// What comes of it, if it counts.
    pub(in crate::role::context) stored: Option<Stored>,
}

impl Entry {
    /// Nothing is known of such a key, and nothing is to be done.
    pub(in crate::role::context) fn is_empty(&self) -> bool {
        self.server.is_none()
            && self.local.is_none()
            && self.sent.is_none()
            && self.pending.is_none()
            && self.before.is_empty()
    }

    pub(in crate::role::context) fn server_text(&self) -> Text {
        self.server.as_ref().and_then(Stored::text)
    }

    /// The server has a value of our own now, since the pipeline `mark`, in place of the last one it was known to have, or
    /// of one of these.
    pub(super) fn wrote(&mut self, stored: Option<Stored>, mark: Option<u64>, before: &[Digest]) {
        let length = self.server_text().map_or(0, |text| text.len());
        self.asserts = false;
        if self.server == stored {
            return;
        }
        match mark {
            Some(mark) if length <= LONGEST_BEFORE => {
                let last = self.server_digest();
                before.iter().chain([&last]).for_each(|it| self.before.note(it, mark));
            }
            _ => self.before.note_gap(),
        }
        self.server = stored;
    }

    /// The server was found to have this. If it has lost ours, ours is to be sent again.
    pub(super) fn found(&mut self, found: Option<Stored>) {
        let regained = self.regained(&found);
        let asserted = std::mem::take(&mut self.asserts);
        if self.server == found {
            return;
        }
        // It may be given another one of those before the next time.
        if regained.is_none() {
            self.before = Before::default();
        }
        if let Some(guard) = regained.filter(|_| asserted) {
            match &mut self.pending {
                Some(Pending { guard: Some(pending), .. }) => pending.bases.extend(guard.bases),
                Some(Pending { change: Change::Parts(_), guard: pending }) => {
                    *pending = Some(guard)
                }
                Some(_) => (),
                None => {
                    let base = found.as_ref().and_then(Stored::text);
                    let guard = Guard { base, repeats: true, ..guard };
                    let change = Change::Whole(self.server_text());
                    self.pending = Some(Pending { change, guard: Some(guard) });
                }
            }
        }
        self.expires = None;
        self.server = found;
    }

    /// The server has this in place of what was sent: what we had set before, if it was `regained`.
    pub(super) fn missed(&mut self, found: Option<Stored>, regained: bool) {
        self.asserts = false;
        let before = std::mem::take(&mut self.before);
        self.found(found);
        if regained {
            self.before = before;
        }
    }

    /// If the server has lost our value, and has what was there before: what is to be set on ours again is guarded
    /// with this.
    pub(super) fn regained(&self, found: &Option<Stored>) -> Option<Guard> {
        let digest = found.as_ref().map(Stored::digest).unwrap_or_default();
        (self.asserts && self.before.contains(&digest)).then(|| Guard {
            base: self.server_text(),
            bases: vec![digest],
            repeats: false,
        })
    }

    /// The server has lost what came after the pipeline `mark`: our value is set again if what was before it is
    /// found. False if nobody can tell.
    pub(super) fn assert_own(&mut self, mark: u64) -> bool {
        if self.before.has_gap() {
            return false;
        }
        let is_readable = self.server.is_none() || self.server_text().is_some();
        // One that expires may have, and would then be there for good.
        self.asserts = self.expires.is_none()
            && !self.before.is_empty()
            && (self.asserts || self.before.is_after(mark))
            && is_readable;
        true
    }

    fn server_digest(&self) -> Digest {
        self.server.as_ref().map(Stored::digest).unwrap_or_default()
    }

    /// What a change that was made now is guarded with: it comes after what is on its way.
    pub(in crate::role::context) fn guard(&self) -> Guard {
        match &self.sent {
            Some(sent) => Guard {
                base: sent.stored.as_ref().and_then(Stored::text),
                bases: vec![sent.digest()],
                repeats: false,
            },
            None => self.guard_of_server(),
        }
    }

    fn guard_of_server(&self) -> Guard {
        let bases = vec![self.server_digest()];
        Guard { base: self.server_text(), bases, repeats: false }
    }

    /// What reads are to see.
    pub(in crate::role::context) fn view(&self) -> Text {
        let below = match (&self.sent, &self.pending) {
            (Some(sent), _) => sent.stored.as_ref().and_then(Stored::text),
            (None, Some(Pending { guard: Some(guard), .. })) => guard.base.clone(),
            (None, _) => self.server_text(),
        };
        match &self.pending {
            Some(pending) => pending.change.on(&below),
            None => below,
        }
    }

    /// What was sent is to be sent again, with what came later. With `unknown`, it may have reached
    /// the server all the same.
    pub(in crate::role::context) fn take_back(&mut self, unknown: bool) {
        let own_guard = self.guard_of_server();
        let sent = self.sent.take();
        let later = self.pending.take();
        let guard = match (&sent, &later) {
            (None, None) => return,
            (Some(sent), _) => {
                let mut guard = sent.guard.clone().unwrap_or(own_guard);
                guard.bases.push(sent.digest());
                // The first is what the server had before all of these.
                let excess = guard.bases.len().saturating_sub(MOST_BASES);
                guard.bases.drain(1..=excess);
                (unknown || sent.guard.is_some()).then_some(guard)
            }
            (None, Some(later)) if unknown => Some(later.guard.clone().unwrap_or(own_guard)),
            (None, Some(later)) => later.guard.clone(),
        };
        let change = match (sent, later) {
            (Some(sent), Some(later)) => sent.change.then(later.change),
            (Some(sent), None) => sent.change,
            (None, Some(later)) => later.change,
            (None, None) => return,
        };
        self.pending = Some(Pending { change, guard });
    }
}

impl Sent {
    fn digest(&self) -> Digest {
        self.stored.as_ref().map(Stored::digest).unwrap_or_default()
    }
}

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::role::context) struct Name {
    pub(in crate::role::context) scope: Arc<str>,
    pub(in crate::role::context) key: Arc<str>,
}

impl Name {
    pub(in crate::role::context) fn new(scope: &str, key: &str) -> Self {
        Self { scope: scope.into(), key: key.into() }
    }

    /// The same for a name from the server; `None` if it is longer than ours are.
    pub(in crate::role::context) fn checked(scope: &str, key: &str) -> Option<Self> {
        let fits = scope.len() <= LONGEST_SCOPE && key.len() <= LONGEST_KEY;
        fits.then(|| Self::new(scope, key))
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.scope, self.key)
    }
}
