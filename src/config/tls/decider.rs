//! Whoever decides about a name that `rustls` leaves undecided.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

/// A certificate whose chain has been verified, and the name that is to be in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The option that asks, `tls` or `sentinelTLS`.
    pub option: &'static str,
    /// The name that the server is expected to have.
    pub host: String,
    /// The certificates that the server sent, its own first, each as DER.
    pub chain: Vec<Vec<u8>>,
}

/// The user's `checkServerIdentity`, or that of Node.js for a certificate with only a common
/// name.
pub trait ServerIdentity: Send + Sync + 'static {
    /// An error says why the server is not the one that was asked for.
    fn check(&self, identity: Identity) -> BoxFuture<'_, Result<(), String>>;
}

/// A [`ServerIdentity`] that is shared; equal to itself alone.
#[derive(Clone)]
pub struct Decider(pub Arc<dyn ServerIdentity>);

impl fmt::Debug for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decider")
    }
}

impl PartialEq for Decider {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Decider {}
