//! How an admin stands, for probes.

use super::Admin;

/// How an admin stands at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// `connecting`, `ready`, `reconnecting` or `closed`.
    pub connection: &'static str,
    /// Why there is no connection, as far as it is known: without address and the server's words.
    pub reason: Option<String>,
    /// The revision that Valkey was last seen to hold, as logs name it; `None` before the first.
    pub revision: Option<String>,
    /// Whether Valkey was seen to have what is on the disk since the connection was made.
    pub mirrored: bool,
    /// Whether another admin holds the key prefix, as far as is known.
    pub other_admin: bool,
}

impl Admin {
    /// How it stands. Reads nothing and waits for nothing.
    pub fn health(&self) -> Health {
        let connection = self.inner.store.connection().state().borrow().word();
        let generation = self.inner.disk().generation;
        let progress = self.inner.progress.borrow();
        Health {
            connection,
            reason: self.inner.store.connection().verdict(),
            revision: progress.sequence.map(|sequence| sequence.to_string()),
            mirrored: connection == "ready" && progress.compared && progress.mirrored >= generation,
            other_admin: progress.other.is_some(),
        }
    }
}
