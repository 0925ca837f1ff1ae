//! How the context stands, for whoever asks and for itself.

use std::time::Instant;

use super::{Context, Inner};
use crate::error::Error;
use crate::store::context::Epoch;

/// Where what is in memory comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Neither the server nor a copy was read yet.
    Nothing,
    /// The copy on the disk.
    Copy,
    /// The server.
    Server,
}

/// How the context stands at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// `connecting`, `ready`, `reconnecting` or `closed`.
    pub connection: &'static str,
    /// Where what is in memory comes from.
    pub origin: Origin,
    /// Everything was read since the connection was made.
    pub in_step: bool,
    /// Number of keys.
    pub keys: usize,
    /// Bytes of all names and values.
    pub bytes: usize,
    /// Number of changes that the server was not heard to have.
    pub unsent: usize,
    /// Number of own changes that did not count since the start.
    pub conflicts: u64,
    /// What keeps it from reading or writing, besides the connection.
    pub problem: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) conflicts: u64,
    pub(super) problem: Option<String>,
    /// When the server last answered, or there was nothing to ask.
    pub(super) progress: Option<Instant>,
    /// The epoch that the replica belongs to.
    pub(super) epoch: Option<String>,
    /// The epoch that the server was found to have, or was given, on this connection.
    pub(super) server_epoch: Epoch,
    /// It has another one now.
    pub(super) lost_data: bool,
    /// Everything was read once; until then there are a copy of the disk and a part of the server's.
    pub(super) was_in_step: bool,
    /// Since when it is not in step.
    pub(super) lost: Option<Instant>,
    /// The server answers, and refuses what is written.
    pub(super) refuses: bool,
    /// News that the listener did not take.
    pub(super) missed: bool,
    /// Other stores' keys are taken over.
    pub(super) imported: bool,
    pub(super) closed: bool,
}

impl Context {
    /// How it stands.
    pub fn health(&self) -> Health {
        let replica = self.inner.replica();
        let (keys, bytes, unsent) = (replica.keys(), replica.bytes(), replica.unsent());
        let in_step = replica.is_synced();
        let left_out = replica.left_out();
        drop(replica);
        let left_out = (left_out > 0).then(|| left_out_problem(left_out));
        let standing = self.inner.standing();
        Health {
            connection: self.inner.store.connection().state().borrow().word(),
            origin: *self.inner.origin.borrow(),
            in_step,
            keys,
            bytes,
            unsent,
            conflicts: standing.conflicts,
            problem: standing.problem.clone().or(left_out),
        }
    }
}

impl Inner {
    /// Logs a problem once until another one comes, or it has passed.
    pub(super) fn log_problem(&self, error: &Error) {
        let text = error.to_string();
        let mut standing = self.standing();
        if standing.problem.as_deref() == Some(text.as_str()) {
            return;
        }
        if error.is_passing() {
            tracing::debug!("shared context: {text}");
        } else {
            tracing::error!("shared context: {text}; it goes on from memory, and tries again");
        }
        standing.problem = Some(text);
    }
}

pub(super) fn left_out_problem(count: usize) -> String {
    format!(
        "{count} keys are not read, because with them there would be more than 'context.maxTotal'"
    )
}
