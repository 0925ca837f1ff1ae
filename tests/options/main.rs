//! The options of time and life: each does what it says, on a real server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "figures for those who look")]

#[path = "../common/mod.rs"]
mod common;

mod address;
mod client_info;
mod closing;
mod line;
mod loading;
mod mending;
mod queue;
mod reaction;
mod silence;

use std::sync::Arc;

use node_red_storage_valkey::config::{ConnectionConfig, Supervision};
use node_red_storage_valkey::connection::{Connection, ConnectionState, Hooks, Subscriber};

use self::common::PATIENCE;
use self::common::connecting::{failure, get, open_ready, set};

/// A configuration with these options.
fn with(port: u16, change: impl FnOnce(&mut Supervision)) -> Arc<ConnectionConfig> {
    common::config_with(port, |config| change(&mut config.supervision))
}

async fn subscribed(config: &Arc<ConnectionConfig>, channel: &str) -> Subscriber {
    let subscriber =
        Subscriber::open(Arc::clone(config), Hooks::default(), vec![channel.to_owned()]);
    let mut hints = subscriber.hints();
    let confirmed = hints.wait_for(|hints| hints.subscribed == 1);
    tokio::time::timeout(PATIENCE, confirmed).await.expect("subscribed").unwrap();
    // Said a moment later.
    subscriber.state().wait_for(is_ready).await.unwrap();
    subscriber
}

fn is_ready(state: &ConnectionState) -> bool {
    matches!(state, ConnectionState::Ready { .. })
}

/// The number that the server gives each connection.
async fn connection_id(connection: &Connection) -> i64 {
    try_connection_id(connection).await.expect("an id")
}

/// The same, or none when the connection is lost this very moment.
async fn try_connection_id(connection: &Connection) -> Option<i64> {
    let id = connection.command(redis::cmd("CLIENT").arg("ID")).await.ok()?;
    redis::from_redis_value(id).ok()
}

/// Waits until this is another connection than before.
async fn renewed(connection: &Connection, before: i64) {
    common::until("a new connection", PATIENCE, async || {
        try_connection_id(connection).await.is_some_and(|id| id != before)
    })
    .await;
}

/// Cuts every connection but the one that asks.
fn kill_clients(admin: &mut redis::Connection) {
    let _: i64 = redis::cmd("CLIENT").arg("KILL").arg("SKIPME").arg("yes").query(admin).unwrap();
}
