//! TLS against a real server that speaks it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod certificate;
mod client;
mod confused;
mod found;
mod identity;
mod offer;
mod server;

use std::sync::Arc;

use node_red_storage_valkey::Error;
use node_red_storage_valkey::config::{ConnectionConfig, Endpoint, Target, TlsConfig};
use node_red_storage_valkey::connection::{Connection, ConnectionState};
use redis::Value;

use self::common::PATIENCE;
use self::common::certificates::{Pair, der};
use self::common::connecting::{failure, get, open, open_ready, set};

/// What trusts a certificate.
fn trusting(authority: &Pair) -> TlsConfig {
    TlsConfig::new("tls", der(&authority.certificate))
}

/// The configuration for a server on this machine that is known as `host`.
fn config(host: &str, port: u16, tls: TlsConfig) -> Arc<ConnectionConfig> {
    common::config_with(port, |config| {
        config.target = Target::Direct(Endpoint::Tcp { host: host.to_owned(), port });
        config.tls = Some(tls);
    })
}

/// Connects and makes sure that commands are served.
async fn works(host: &str, port: u16, tls: TlsConfig) -> Connection {
    let connection = open_ready(&config(host, port, tls)).await;
    assert_eq!(set(&connection, "a", b"1").await, Ok(Value::Okay));
    connection
}

/// The problem with TLS because of which there is no connection.
async fn refused(host: &str, port: u16, tls: TlsConfig) -> String {
    let connection = open(&config(host, port, tls));
    let problem = problem(&connection).await;
    connection.close().await;
    problem
}

/// Waits for an attempt to have failed and returns what is wrong with TLS.
async fn problem(connection: &Connection) -> String {
    match failure(connection).await {
        Error::Tls { problem } => problem,
        other => panic!("not a problem of TLS: {other:?}"),
    }
}

/// Waits for so many failed attempts.
async fn attempts(connection: &Connection, count: u32) {
    let state = connection.state();
    common::until("attempts", PATIENCE, async || match *state.borrow() {
        ConnectionState::Reconnecting { attempt, .. } => attempt >= count,
        _ => false,
    })
    .await;
}
