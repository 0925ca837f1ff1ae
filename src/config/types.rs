//! The values that options take.

use std::fmt;

/// A secret that never shows in a log, an error or a debug print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the handshake alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// What an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Has the editor; its disk is the source of truth.
    Admin,
    /// Runs the flows that the admin deployed and writes no shared key.
    Worker,
}

/// How much a worker restarts on an update (Node-RED's deploy types).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// Only changed nodes.
    Nodes,
    /// Changed nodes and what is wired to them.
    Flows,
    /// Everything.
    Full,
}

/// What a worker does with a new version of a module that is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageUpgrade {
    /// Install and report that a restart is needed.
    Report,
    /// Swap in the running process.
    Live,
    /// End the process gracefully so that its supervisor restarts it.
    Restart,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Host name or address, and port.
    Tcp {
        /// Host name, IPv4 or IPv6 address (without brackets).
        host: String,
        /// Port.
        port: u16,
    },
    /// Path of a unix socket.
    Unix(String),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => f.write_str(path),
        }
    }
}

/// Which address family a look-up may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Either.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// The wait before something is tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RetryStrategy {
    /// As ioredis, e.g. `min(times * 50, 2000)` ms.
    #[default]
    Default,
    /// The user's JavaScript function.
    Custom,
    /// `null`: never reconnect.
    Never,
}
