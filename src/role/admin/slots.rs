//! The kinds of values that are mirrored beside deploys.
//!
//! A further kind is a file in `store/`, an implementation of [`super::slot::Kind`] like that in
//! `sessions.rs`, its slot in here, and a line in `reconcile.rs` that says when it has its turn.

use std::sync::Arc;

use super::packages::Installed;
use super::slot::{Attempts, Slot};

/// One slot a kind.
#[derive(Default)]
pub(super) struct Slots {
    /// The secret, as long as there is no deploy.
    pub(super) first_secret: Slot<Arc<str>>,
    /// Log-in sessions, as JSON text.
    pub(super) sessions: Slot<Arc<String>>,
    /// What is installed in the user directory.
    pub(super) packages: Slot<Installed>,
}

impl Slots {
    /// All of them.
    pub(super) fn all(&self) -> [&dyn Attempts; 3] {
        [&self.first_secret, &self.sessions, &self.packages]
    }
}
