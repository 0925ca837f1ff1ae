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
mod kinds;
mod login;
mod loss;
mod peer;
mod subscriptions;

use std::sync::Arc;

use node_red_storage_valkey::config::ConnectionConfig;
use node_red_storage_valkey::connection::{DefaultRetry, Subscriber};

use self::common::PATIENCE;
use self::common::connecting::{failure, get, open, open_ready, set};

fn subscribe(config: &Arc<ConnectionConfig>, channels: &[&str]) -> Subscriber {
    let channels = channels.iter().map(|name| (*name).to_owned()).collect();
    Subscriber::open(Arc::clone(config), Arc::new(DefaultRetry), channels)
}

/// How many clients the server has that are not the one asking.
fn clients(admin: &mut redis::Connection) -> usize {
    let list: String = redis::cmd("CLIENT").arg("LIST").query(admin).unwrap();
    list.lines().count() - 1
}
