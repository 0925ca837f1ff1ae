//! Where to connect, asked anew before each attempt.

mod cluster;
mod dialogue;
mod nat;
mod sentinel;
mod sentinels;
mod slots;
mod stagger;
mod watch;

use std::sync::Arc;

use self::cluster::Cluster;
pub(super) use self::dialogue::{Dialogue, require_master};
use self::sentinel::Sentinel;
use super::hooks::Hooks;
use super::once::Once;
use super::retry::Retry;
use super::state::Voice;
use crate::config::{ConnectionConfig, Endpoint, Target};
use crate::error::{Error, Result};

/// Finds the server for the connections of one instance.
#[derive(Debug)]
pub(super) enum Resolver {
    /// The address that was configured.
    Direct(Endpoint),
    /// The master that the Sentinels name.
    Sentinel(Sentinel),
    /// The node of the cluster that owns the slot of all our keys.
    Cluster(Box<Cluster>),
}

/// A server that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located {
    /// Where this machine reaches it.
    pub(super) endpoint: Endpoint,
    /// What the servers call it, which `natMap` may replace.
    pub(super) announced: Endpoint,
}

impl Resolver {
    /// The resolver for a configuration, on the current runtime.
    pub(super) fn new(config: &ConnectionConfig, hooks: &Hooks, once: &Once) -> Arc<Self> {
        Arc::new(match &config.target {
            Target::Direct(endpoint) => Self::Direct(endpoint.clone()),
            Target::Sentinel(sentinel) => Self::Sentinel(Sentinel::new(config, sentinel, hooks)),
            Target::Cluster(cluster) => {
                Self::Cluster(Box::new(Cluster::new(config, cluster, hooks, once)))
            }
        })
    }

    /// The server to connect to now.
    pub(super) async fn resolve(&self, voice: Voice) -> Result<Located> {
        match self {
            Self::Direct(endpoint) => {
                Ok(Located { endpoint: endpoint.clone(), announced: endpoint.clone() })
            }
            Self::Sentinel(sentinel) => sentinel.resolve().await,
            Self::Cluster(cluster) => cluster.resolve(voice).await,
        }
    }

    /// What a log line calls the server as long as no address is known.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Direct(endpoint) => endpoint.to_string(),
            Self::Sentinel(sentinel) => format!("master '{}' of Sentinel", sentinel.name()),
            Self::Cluster(_) => "the cluster".to_owned(),
        }
    }

    /// What the log adds to the address of a server.
    pub(super) fn mode(&self) -> String {
        match self {
            Self::Direct(_) => String::new(),
            Self::Sentinel(sentinel) => format!(" (Sentinel mode: {})", sentinel.name()),
            Self::Cluster(_) => " (Cluster mode)".to_owned(),
        }
    }

    /// Whether the server must say that it is the master before it is used for this.
    pub(super) fn wants_master(&self, voice: Voice) -> bool {
        match self {
            Self::Direct(_) => false,
            Self::Sentinel(_) => true,
            // Messages reach every node of a cluster.
            Self::Cluster(_) => voice == Voice::Main,
        }
    }

    /// The strategy for when the server could not be found, and the name of its option.
    pub(super) fn retry<'h>(&self, hooks: &'h Hooks) -> (&'h Arc<dyn Retry>, &'static str) {
        match self {
            Self::Direct(_) => (&hooks.retry, "retryStrategy"),
            Self::Sentinel(_) => (&hooks.sentinel_retry, "sentinelRetryStrategy"),
            Self::Cluster(_) => (&hooks.cluster_retry, "clusterRetryStrategy"),
        }
    }

    /// Hears from now on that the server is elsewhere.
    pub(super) fn listen(&self, voice: Voice) -> Announcements<'_> {
        match self {
            Self::Direct(_) => Announcements::Never,
            Self::Sentinel(sentinel) => Announcements::Sentinel(sentinel.announcements()),
            Self::Cluster(cluster) => Announcements::Cluster(cluster, voice),
        }
    }

    /// The connection for commands has found the master here.
    pub(super) fn confirm(&self, located: &Located) {
        if let Self::Sentinel(sentinel) = self {
            sentinel.confirm(located);
        }
    }

    /// Why a connection ended may tell where the server is now.
    pub(super) fn learn(&self, lost: &Error) {
        if let (Self::Cluster(cluster), Error::Unavailable { reason }) = (self, lost) {
            cluster.learn(reason);
        }
    }

    /// Where an answer in these words sends a command on to, as it is reached from here.
    pub(super) async fn sent_on(&self, words: &str) -> Option<Endpoint> {
        match self {
            Self::Cluster(cluster) => cluster.sent_on(words).await,
            Self::Direct(_) | Self::Sentinel(_) => None,
        }
    }
}

/// What is said about where the server is.
pub(super) enum Announcements<'a> {
    /// Nobody says anything.
    Never,
    /// Announced by Sentinels.
    Sentinel(tokio::sync::watch::Receiver<Option<Endpoint>>),
    /// Asked for, because a cluster announces nothing.
    Cluster(&'a Cluster, Voice),
}

impl Announcements<'_> {
    /// Returns when another server than this was announced, and says so.
    pub(super) async fn elsewhere(&mut self, located: &Located) -> Error {
        match self {
            Self::Never => std::future::pending().await,
            Self::Sentinel(announced) => {
                let other = other_than(announced, &located.announced).await;
                Error::Unavailable { reason: format!("the master is now {other}") }
            }
            Self::Cluster(cluster, Voice::Second) => {
                cluster.excluded(&located.endpoint).await;
                Error::Unavailable { reason: "the node has left the cluster".to_owned() }
            }
            // The node itself says when the slot has moved.
            Self::Cluster(_, Voice::Main) => std::future::pending().await,
        }
    }

    /// The same while the server has not answered yet.
    pub(super) async fn elsewhere_meanwhile(&mut self, located: &Located) -> Error {
        match self {
            Self::Cluster(cluster, Voice::Main) => {
                let other = cluster.other_than(&located.announced).await;
                Error::Unavailable { reason: format!("the slot is now at {other}") }
            }
            _ => self.elsewhere(located).await,
        }
    }

    /// Returns when there is news, so that waiting for the next attempt makes no sense.
    pub(super) async fn news(&mut self) {
        match self {
            Self::Sentinel(announced) => {
                if announced.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            _ => std::future::pending().await,
        }
    }
}

async fn other_than(
    announced: &mut tokio::sync::watch::Receiver<Option<Endpoint>>,
    present: &Endpoint,
) -> Endpoint {
    loop {
        if announced.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        let now = announced.borrow_and_update().clone();
        if let Some(now) = now.filter(|now| now != present) {
            return now;
        }
    }
}
