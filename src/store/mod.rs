//! What is read and written under which key, atomically.
//!
//! Nothing here decides when; that is the role's part.

pub mod backups;
pub(crate) mod context;
pub mod deploy;
pub mod deploy_text;
mod fetch;
mod first_settings;
pub mod fleet;
pub mod head;
pub mod history;
pub mod lease;
pub mod library;
pub mod look;
pub(crate) mod once;
pub mod packages;
mod replicas;
mod reply;
pub mod revision;
mod rights;
mod scan;
mod script_prelude;
pub mod sessions;
pub mod snapshot;
pub mod watch;

use std::sync::Arc;

use crate::config::Config;
use crate::connection::Connection;
use crate::keyspace::Keyspace;

/// One key prefix on one server.
#[derive(Clone)]
pub struct Store {
    connection: Connection,
    keys: Arc<Keyspace>,
    update_channel: Arc<str>,
    package_channel: Arc<str>,
    compress: bool,
    share_secret: bool,
    wait_replicas: u32,
}

impl Store {
    /// The store that `config` describes, reached over `connection`.
    pub fn new(config: &Config, connection: Connection) -> Self {
        Self {
            connection,
            keys: Arc::new(Keyspace::new(&config.key_prefix)),
            update_channel: config.update_channel.as_str().into(),
            package_channel: config.package_channel.as_str().into(),
            compress: config.enable_compression,
            share_secret: config.share_credential_secret,
            wait_replicas: config.wait_replicas,
        }
    }

    /// The connection underneath.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The names of all keys.
    pub fn keys(&self) -> &Keyspace {
        &self.keys
    }
}
