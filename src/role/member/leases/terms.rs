//! How long a lease is, and what follows from that.

use std::time::Duration;

/// The lengths that everything follows from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// How long a lease lives on the server without being renewed.
    pub(super) ttl: Duration,
    /// Owners go on while the server is away, and not only until their leases end.
    pub(super) keep: bool,
}

impl Terms {
    /// So long before a lease ends its tab is stopped here.
    pub(super) fn margin(&self) -> Duration {
        (self.ttl / 5).min(Duration::from_secs(2))
    }

    pub(super) fn between_renewals(&self) -> Duration {
        self.ttl / 3
    }
}
