//! Where the server is found: at an address, through Sentinel, or in a cluster.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::{Endpoint, RetryStrategy, Secret, TlsConfig};

/// Where the server is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// At an address.
    Direct(Endpoint),
    /// Wherever Sentinel says that the master is.
    Sentinel(SentinelConfig),
    /// Wherever the slot of our keys is.
    Cluster(ClusterConfig),
}

/// How the master is found through Sentinel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentinelConfig {
    /// The Sentinels to begin with; at least one.
    pub sentinels: Vec<Endpoint>,
    /// What the Sentinels call the master.
    pub name: String,
    /// ACL user on the Sentinels.
    pub username: Option<String>,
    /// Password on the Sentinels.
    pub password: Option<Secret>,
    /// TLS to the Sentinels, when it is spoken with them.
    pub tls: Option<TlsConfig>,
    /// The wait after no Sentinel could tell the master.
    pub retry_strategy: RetryStrategy,
    /// The wait before a Sentinel is listened to again.
    pub reconnect_strategy: RetryStrategy,
    /// Limit for one command to a Sentinel, as the user set it.
    pub command_timeout: Option<Duration>,
    /// Whether the list of Sentinels is kept up to date.
    pub update_sentinels: bool,
    /// How many Sentinels are listened to at most.
    pub max_connections: usize,
    /// Whether the Sentinels are listened to, so that a failover is known at once.
    pub failover_detector: bool,
    /// Addresses that are reached under another.
    pub nat_map: NatTable,
}

/// How the owner of our slot is found in a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterConfig {
    /// The nodes to begin with; at least one.
    pub nodes: Vec<Endpoint>,
    /// The slot of all our keys.
    pub slot: u16,
    /// A key in that slot that may be read, to learn of its owner without further rights.
    pub probe: String,
    /// The wait after no node could tell the owner.
    pub retry_strategy: RetryStrategy,
    /// How often one command is sent anew at most.
    pub max_redirections: u32,
    /// The wait before a command is sent anew because its slot has moved.
    pub delay_on_moved: Duration,
    /// The same because the node is gone.
    pub delay_on_failover: Duration,
    /// The same because the cluster is down.
    pub delay_on_cluster_down: Duration,
    /// The same because the slot is being moved.
    pub delay_on_try_again: Duration,
    /// Limit for the question of who owns which slot.
    pub slots_timeout: Duration,
    /// Addresses that are reached under another.
    pub nat_map: NatTable,
}

/// `natMap` as an object, by the announced `host:port`.
pub type NatTable = BTreeMap<String, Endpoint>;

/// As it is written in settings.js, without anything secret.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(endpoint) => write!(f, "{endpoint}"),
            Self::Sentinel(SentinelConfig { name, sentinels, .. }) => {
                write!(f, "'{name}' of the Sentinels {}", list(sentinels))
            }
            Self::Cluster(ClusterConfig { nodes, .. }) => {
                write!(f, "the cluster of {}", list(nodes))
            }
        }
    }
}

fn list(endpoints: &[Endpoint]) -> String {
    endpoints.iter().map(Endpoint::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
