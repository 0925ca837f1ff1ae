//! What reconciling remembers from round to round, and when it looks how closely.

use std::time::Duration;

use tokio::time::Instant;

use super::drift::Depth;
use crate::error::Error;
use crate::store::look::Seen;
use crate::store::revision::Revision;

/// How often what Valkey holds is compared although nothing has changed here.
const COMPARE: Duration = Duration::from_secs(30);
/// How often the values are read for it: one that was replaced by another of its length shows in
/// nothing else.
const READ: Duration = Duration::from_secs(60);
/// How long they are trusted after that: a round may be late.
const TRUSTED: Duration = Duration::from_secs(70);

/// What the task remembers from round to round.
#[derive(Default)]
pub(super) struct ReconcileState {
    /// The lease was ours at least once in this process.
    pub(super) held_before: bool,
    /// The other admin that was logged.
    pub(super) other: Option<String>,
    pub(super) compared: Option<Instant>,
    /// When the stored values themselves were read for it.
    pub(super) read: Option<Instant>,
    /// The record and the sizes as they were stored after that.
    pub(super) seen: Option<Seen>,
    /// A write has failed of which nobody knows whether it was done: what was seen no longer counts.
    pub(super) unsure: bool,
    /// The connection is a new one: nothing that was known of the server counts.
    pub(super) reconnected: bool,
    pub(super) library_asked: bool,
    /// Whether there is a package list that this admin does not keep up.
    pub(super) old_list_asked: bool,
    pub(super) problem: Option<String>,
    /// Why the package list was not mirrored.
    pub(super) packages_problem: Option<String>,
}

impl ReconcileState {
    /// The connection is a new one.
    pub(super) fn forget(&mut self) {
        self.compared = None;
        self.seen = None;
        self.library_asked = false;
    }

    /// This is what is stored now.
    pub(super) fn sees(&mut self, seen: Seen) {
        self.seen = Some(seen);
        self.unsure = false;
    }

    /// Whether this is what was seen last; notes when the record has gone. A server that was emptied
    /// without a loss of the connection, and a value that somebody has cut off, show in nothing else
    /// that is as cheap to look at.
    pub(super) fn stands(&mut self, found: &Seen) -> bool {
        let had_record = self.seen.as_ref().is_some_and(|seen| !seen.record.is_empty());
        if found.record.is_empty() && had_record {
            self.note_emptied();
        }
        !self.unsure && !found.record.is_empty() && self.seen.as_ref() == Some(found)
    }

    /// What is stored, where it is known well enough to be written over without another look.
    pub(super) fn trusted(&self) -> Option<(Seen, Revision)> {
        let is_fresh = self.read.is_some_and(|read| read.elapsed() < TRUSTED);
        let counts = is_fresh
            && self.held_before
            && self.other.is_none()
            && self.compared.is_some()
            && !self.reconnected
            && !self.unsure;
        let seen = self.seen.clone().filter(|_| counts)?;
        let record = parse(&seen)?;
        Some((seen, record))
    }

    /// Whether what Valkey holds is to be compared although nothing has changed.
    pub(super) fn is_late(&self) -> bool {
        self.compared.is_none_or(|at| at.elapsed() >= COMPARE)
    }

    /// How closely the stored values are to be looked at now, if at all. `stands`: what is stored looks
    /// as it did last; `deployed`: there is something newer here.
    pub(super) fn depth(&self, stands: bool, deployed: bool) -> Option<Depth> {
        let is_read = self.read.is_some_and(|at| at.elapsed() < READ);
        if stands && !deployed && is_read && !self.is_late() {
            return None;
        }
        Some(match stands && is_read {
            false => Depth::Content,
            true if deployed => Depth::Same,
            true => Depth::Sizes,
        })
    }

    /// The record is gone: library and sessions may be as well, as on a server that has come anew.
    fn note_emptied(&mut self) {
        self.reconnected = true;
        self.seen = None;
        self.library_asked = false;
    }

    /// The sequence in the record that was seen last.
    pub(super) fn stored_sequence(&self) -> Option<u64> {
        Some(parse(self.seen.as_ref()?)?.sequence)
    }

    pub(super) fn lose_to(&mut self, owner: String) {
        if self.other.as_ref() != Some(&owner) {
            let error = Error::OtherAdmin { owner: owner.clone() };
            tracing::error!("{error}");
        }
        self.other = Some(owner);
    }

    pub(super) fn log_packages(&mut self, error: &Error) {
        let text = error.to_string();
        if self.packages_problem.as_deref() != Some(text.as_str()) {
            tracing::error!("the package list is not mirrored: {text}; trying again");
            self.packages_problem = Some(text);
        }
    }

    pub(super) fn log(&mut self, error: &Error) {
        let text = error.to_string();
        if self.problem.as_deref() == Some(text.as_str()) {
            return;
        }
        if error.is_passing() {
            tracing::debug!("mirroring is not done: {text}");
        } else {
            tracing::error!("mirroring is not done: {text}; trying again");
        }
        self.problem = Some(text);
    }
}

/// The record that was seen, if it is one.
fn parse(seen: &Seen) -> Option<Revision> {
    serde_json::from_slice(&seen.record).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a task looks at that compared and read the values so many seconds ago.
    fn depth(compared: u64, read: u64, stands: bool, deployed: bool) -> Option<Depth> {
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds));
        let known = ReconcileState {
            compared: ago(compared),
            read: ago(read),
            ..ReconcileState::default()
        };
        known.depth(stands, deployed)
    }

    #[test]
    fn values_are_read_every_minute_although_the_record_stands_and_nothing_was_deployed() {
        assert_eq!(depth(29, 59, true, false), None);
        assert_eq!(depth(31, 59, true, false), Some(Depth::Sizes));
        assert_eq!(depth(29, 61, true, false), Some(Depth::Content));
        assert_eq!(depth(31, 61, true, false), Some(Depth::Content));
    }

    #[test]
    fn a_deploy_looks_at_least_whether_it_is_there_already() {
        assert_eq!(depth(1, 59, true, true), Some(Depth::Same));
        assert_eq!(depth(1, 61, true, true), Some(Depth::Content));
    }

    #[test]
    fn values_are_read_when_the_record_is_another_or_was_never_seen() {
        assert_eq!(depth(1, 1, false, false), Some(Depth::Content));
        assert_eq!(depth(1, 1, false, true), Some(Depth::Content));
        assert_eq!(ReconcileState::default().depth(false, false), Some(Depth::Content));
        assert_eq!(ReconcileState::default().depth(true, true), Some(Depth::Content));
    }
}
