//! The options of `settings.valkey`, checked once at start.
//!
//! `raw` collects what settings.js and the URL hold, and `readers` reads it as numbers, times and words. `table` has
//! every name and what becomes of it, `support` says so. `parse` turns the honoured ones into a [`Config`], with
//! `connection` and the files that it calls.

mod addresses;
mod cluster;
mod connection;
mod context;
mod health;
mod history;
mod members;
mod notice;
mod parse;
mod placement;
mod raw;
mod readers;
mod sentinel;
mod suggest;
mod supervision;
mod support;
mod table;
mod target;
mod tls;
mod types;
mod url;
mod value;

use std::time::Duration;

pub use context::{ContextConfig, StateUser};
pub use health::HealthConfig;
pub use history::HistoryConfig;
pub use notice::{Level, Notice};
pub use placement::{LONGEST_LEASE, PlacementConfig, WhenAway};
pub use supervision::Supervision;
pub use target::{ClusterConfig, NatTable, SentinelConfig, Target};
pub use tls::{ClientCertificate, Decider, Identity, PrivateKey, ServerIdentity, TlsConfig};
pub use types::{Endpoint, Family, PackageUpgrade, Reload, RetryStrategy, Role, Secret};

/// How the server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionConfig {
    /// Every key begins with it, and so do the channels unless they have names of their own.
    pub key_prefix: String,
    /// Whether this instance writes there, as an admin does.
    pub writes: bool,
    /// Where the server is found.
    pub target: Target,
    /// Address family of look-ups.
    pub family: Family,
    /// ACL user.
    pub username: Option<String>,
    /// Password.
    pub password: Option<Secret>,
    /// Database number.
    pub db: u32,
    /// Whether RESP3 is tried first.
    pub resp3: bool,
    /// Limit for DNS, TCP and handshake together.
    pub connect_timeout: Duration,
    /// Limit for one command, as the user set it; the connection has one of its own otherwise.
    pub command_timeout: Option<Duration>,
    /// Name for `CLIENT SETNAME`.
    pub connection_name: Option<String>,
    /// The wait before a reconnect.
    pub retry_strategy: RetryStrategy,
    /// TLS, when it is spoken.
    pub tls: Option<TlsConfig>,
    /// How a connection is kept up.
    pub supervision: Supervision,
}

/// All options of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Admin or worker.
    pub role: Role,
    /// Every key begins with it.
    pub key_prefix: String,
    /// Channel that announces a new revision.
    pub update_channel: String,
    /// Channel that announces a new package list.
    pub package_channel: String,
    /// Whether values over 1 KiB are written as gzip.
    pub enable_compression: bool,
    /// Expiry of the sessions key.
    pub session_ttl: Duration,
    /// Whether packages are synchronised.
    pub sync_packages: bool,
    /// How long npm may hold up a start, and a revision may wait for its packages.
    pub package_sync_timeout: Duration,
    /// What happens with a new version of a loaded module.
    pub package_upgrade: PackageUpgrade,
    /// `None`: npm's own default.
    pub package_install_scripts: Option<bool>,
    /// How much a worker restarts on an update.
    pub reload: Reload,
    /// Whether the secret that decrypts credentials is stored in Valkey.
    pub share_credential_secret: bool,
    /// How many replicas have to confirm a deploy before it is answered without a warning.
    pub wait_replicas: u32,
    /// Where probes are answered; `None`: nowhere.
    pub health: Option<HealthConfig>,
    /// How much the shared context may hold.
    pub context: ContextConfig,
    /// Which tabs run here.
    pub placement: PlacementConfig,
    /// Whether this instance tells the others how it stands.
    pub report: bool,
    /// How many deploys an admin keeps; `None`: none.
    pub history: Option<HistoryConfig>,
    /// Who writes what every instance writes, workers included; `None`: the user of the other connections.
    pub state: Option<StateUser>,
    /// How the server is reached.
    pub connection: ConnectionConfig,
}
