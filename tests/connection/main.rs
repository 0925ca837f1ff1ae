//! The connection layer against a real server.

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

mod commands;
mod login;
mod loss;
mod peer;
mod subscriptions;

use std::sync::Arc;
use std::time::Duration;

use node_red_storage_valkey::config::ConnectionConfig;
use node_red_storage_valkey::connection::{Connection, DefaultRetry, Subscriber};
use node_red_storage_valkey::{Error, Result};
use redis::Value;

/// Long enough for everything but a fault.
const PATIENCE: Duration = Duration::from_secs(10);

fn open(config: &Arc<ConnectionConfig>) -> Connection {
    Connection::open(Arc::clone(config), Arc::new(DefaultRetry))
}

async fn open_ready(config: &Arc<ConnectionConfig>) -> Connection {
    let connection = open(config);
    connection.wait_ready(PATIENCE).await.expect("a connection");
    connection
}

fn subscribe(config: &Arc<ConnectionConfig>, channels: &[&str]) -> Subscriber {
    let channels = channels.iter().map(|name| (*name).to_owned()).collect();
    Subscriber::open(Arc::clone(config), Arc::new(DefaultRetry), channels)
}

async fn get(connection: &Connection, key: &str) -> Result<Value> {
    connection.command(redis::cmd("GET").arg(key)).await
}

async fn set(connection: &Connection, key: &str, value: &[u8]) -> Result<Value> {
    connection.command(redis::cmd("SET").arg(key).arg(value)).await
}

/// Waits for an attempt to have failed and returns why.
async fn failure(connection: &Connection) -> Error {
    common::until("a failed attempt", PATIENCE, async || connection.last_error().is_some()).await;
    connection.last_error().expect("just seen")
}

/// How many clients the server has that are not the one asking.
fn clients(admin: &mut redis::Connection) -> usize {
    let list: String = redis::cmd("CLIENT").arg("LIST").query(admin).unwrap();
    list.lines().count() - 1
}
