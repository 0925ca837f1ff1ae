//! Where to connect.

use crate::config::Endpoint;
use crate::error::Result;

/// Finds the address of the server, anew before each attempt.
#[derive(Debug, Clone)]
pub(super) enum Resolver {
    /// The address that was configured.
    Direct(Endpoint),
}

impl Resolver {
    /// The address to connect to now.
    pub(super) async fn resolve(&self) -> Result<Endpoint> {
        match self {
            Self::Direct(endpoint) => Ok(endpoint.clone()),
        }
    }

    /// What a log line calls the server as long as no address is known.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Direct(endpoint) => endpoint.to_string(),
        }
    }
}
