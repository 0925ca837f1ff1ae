//! Connections of the crate's own, as tests open them and ask them.

use std::sync::Arc;

use node_red_storage_valkey::config::ConnectionConfig;
use node_red_storage_valkey::connection::{Connection, ConnectionState, Hooks, Subscriber};
use node_red_storage_valkey::{Error, Result};
use redis::Value;

use super::{PATIENCE, until};

/// A connection that is being made.
pub fn open(config: &ConnectionConfig) -> Connection {
    Connection::open(Arc::new(config.clone()), Hooks::default())
}

/// A connection that is up.
pub async fn open_ready(config: &ConnectionConfig) -> Connection {
    let connection = open(config);
    connection.wait_ready(PATIENCE).await.expect("a connection");
    connection
}

/// A subscriber of one channel beside a connection; the channel is confirmed.
pub async fn subscribed_beside(connection: &Connection, channel: String) -> Subscriber {
    let subscriber = Subscriber::beside(connection, vec![channel]);
    let hints = subscriber.hints();
    until("a subscription", PATIENCE, async || hints.borrow().subscribed > 0).await;
    subscriber
}

pub async fn get(connection: &Connection, key: &str) -> Result<Value> {
    connection.command(redis::cmd("GET").arg(key)).await
}

pub async fn set(connection: &Connection, key: &str, value: &[u8]) -> Result<Value> {
    connection.command(redis::cmd("SET").arg(key).arg(value)).await
}

/// Waits for an attempt to have failed and returns why.
pub async fn failure(connection: &Connection) -> Error {
    until("a failed attempt", PATIENCE, async || connection.last_error().is_some()).await;
    connection.last_error().expect("just seen")
}

/// The server that commands are sent to, e.g. `127.0.0.1:6379`; empty as long as there is none.
pub fn server_of(state: &ConnectionState) -> String {
    match state {
        ConnectionState::Ready { server } => server.clone(),
        _ => String::new(),
    }
}
