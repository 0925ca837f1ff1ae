//! What a worker does about its leases next, and what it asks of the server for that.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::store::once::{Caution, Renewal, Wish};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Renew(Renewals),
    Take(Wishes),
    /// Tabs and their fences.
    Release(Vec<(Arc<str>, u64)>),
    /// Nothing before this time, or before something happens.
    Wait(Option<Instant>),
}

/// What is asked of the server, and from when it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renewals {
    pub(super) leases: Vec<Renewal>,
    /// How long it is asked for.
    pub(super) ms: Duration,
    pub(super) from: Instant,
}

/// The same for tabs that are not held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) tabs: Vec<Wish>,
    pub(super) ms: Duration,
    pub(super) caution: Caution,
    pub(super) from: Instant,
}
