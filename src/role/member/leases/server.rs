//! What is known of the server. Where owners go on without it, it matters whether it has kept them from renewing:
//! then they come first.

use std::time::Instant;

use super::terms::Terms;
use crate::store::once::Caution;

/// The server, as the answers of one connection show it.
#[derive(Debug)]
pub(super) struct Server {
    terms: Terms,
    /// When the connection was made, or the server may have begun to write again; `None` without a connection.
    connected: Option<Instant>,
    /// Its clock, and when that was read, on this connection.
    clock: Option<(u64, Instant)>,
    /// It has refused something, and nothing was written since.
    was_refused: bool,
}

impl Server {
    /// Without a connection.
    pub(super) fn new(terms: Terms) -> Self {
        Self { terms, connected: None, clock: None, was_refused: false }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected.is_some()
    }

    /// There is a connection, another than before.
    pub(super) fn connected(&mut self, now: Instant) {
        self.connected = Some(now);
        self.clock = None;
    }

    /// It is lost.
    pub(super) fn disconnected(&mut self) {
        self.connected = None;
    }

    /// It has answered, with its clock in ms.
    pub(super) fn answered(&mut self, clock: u64, now: Instant) {
        self.clock = Some((clock, now));
    }

    /// What was asked of it has failed. Owners that went on meanwhile come first, as after an outage.
    pub(super) fn failed(&mut self, now: Instant) {
        self.connected = self.connected.map(|_| now);
        self.was_refused = self.terms.keep;
    }

    /// It was written to, which was in doubt: from here on owners can renew again.
    pub(super) fn takes_writes(&mut self, now: Instant) {
        self.was_refused = false;
        self.connected = self.connected.map(|_| now);
    }

    /// Whether a tab that is free there may be taken.
    pub(super) fn lets_take(&self, now: Instant) -> bool {
        !self.was_refused && self.owners_first().is_none_or(|until| until <= now)
    }

    /// Until when owners come first, where they have gone on without it.
    pub(super) fn owners_first(&self) -> Option<Instant> {
        self.connected.filter(|_| self.terms.keep).map(|connected| connected + self.terms.ttl)
    }

    /// What is asked of one that stands still or refuses to write must not take from owners what they could not renew
    /// meanwhile.
    pub(super) fn caution(&self, now: Instant) -> Caution {
        let on_time = |(clock, at): (u64, Instant)| {
            let by = now.saturating_duration_since(at) + self.terms.ttl / 2;
            clock.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX))
        };
        Caution {
            latest: self.clock.filter(|_| self.terms.keep).map(on_time),
            tries_to_write: self.was_refused,
        }
    }
}
