//! The user's own functions, as far as some were given.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::backoff::{DefaultRetry, GrowingRetry, Retry};
use super::reaction::ReconnectOnError;
use crate::config::Endpoint;

/// Gives the address under which this machine reaches a server that is announced under another,
/// as ioredis' `natMap` when it is a function.
pub trait NatMap: Send + Sync + 'static {
    /// The address for `announced` (`host:port`); `None` leaves it as it is.
    fn reach(&self, announced: String) -> BoxFuture<'_, Option<Endpoint>>;
}

/// The user's functions, and what stands in for those that were not given.
#[derive(Clone)]
pub struct Hooks {
    /// The wait after a connection was lost or refused.
    pub retry: Arc<dyn Retry>,
    /// The wait after no Sentinel could tell the master.
    pub sentinel_retry: Arc<dyn Retry>,
    /// The wait before a Sentinel is listened to again.
    pub sentinel_reconnect: Arc<dyn Retry>,
    /// The wait after no node of the cluster could tell the owner of the slot.
    pub cluster_retry: Arc<dyn Retry>,
    /// `natMap`, when it is a function.
    pub nat: Option<Arc<dyn NatMap>>,
    /// `reconnectOnError`.
    pub reconnect_on_error: Option<Arc<dyn ReconnectOnError>>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            retry: Arc::new(DefaultRetry),
            sentinel_retry: Arc::new(GrowingRetry::SENTINEL),
            sentinel_reconnect: Arc::new(GrowingRetry::SENTINEL_RECONNECT),
            cluster_retry: Arc::new(GrowingRetry::CLUSTER),
            nat: None,
            reconnect_on_error: None,
        }
    }
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hooks")
    }
}

/// A `retryStrategy` alone.
impl<R: Retry> From<Arc<R>> for Hooks {
    fn from(retry: Arc<R>) -> Self {
        Self { retry, ..Self::default() }
    }
}

/// A `retryStrategy` alone.
impl From<Arc<dyn Retry>> for Hooks {
    fn from(retry: Arc<dyn Retry>) -> Self {
        Self { retry, ..Self::default() }
    }
}
