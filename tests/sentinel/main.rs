//! The connection layer with real Sentinels, a master and two replicas.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]
#![allow(clippy::print_stdout, reason = "figures for those who look")]

#[path = "../common/mod.rs"]
mod common;

mod failover;
mod look_up;
mod options;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use node_red_storage_valkey::config::ConnectionConfig;
use node_red_storage_valkey::connection::{Connection, ConnectionState, Hooks};

/// Long enough for everything but a fault.
const PATIENCE: Duration = Duration::from_secs(20);

fn open(config: ConnectionConfig) -> Connection {
    Connection::open(Arc::new(config), Hooks::default())
}

async fn open_ready(config: ConnectionConfig) -> Connection {
    let connection = open(config);
    connection.wait_ready(PATIENCE).await.expect("a connection");
    connection
}

/// The server that commands are sent to, e.g. `127.0.0.1:6379`.
fn server_of(state: &ConnectionState) -> String {
    match state {
        ConnectionState::Ready { server } => server.clone(),
        _ => String::new(),
    }
}
