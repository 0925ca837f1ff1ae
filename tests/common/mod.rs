//! What tests with a real server share.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

pub mod announcements;
pub mod certificates;
pub mod cluster;
pub mod instance;
pub mod log;
pub mod monitor;
pub mod npm;
pub mod palette;
pub mod peer;
pub mod sentinel;
pub mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use node_red_storage_valkey::config::{
    ConnectionConfig, Endpoint, Family, RetryStrategy, Supervision, Target,
};

/// The configuration for a server on this machine.
pub fn config(port: u16) -> ConnectionConfig {
    ConnectionConfig {
        target: Target::Direct(Endpoint::Tcp { host: "127.0.0.1".to_owned(), port }),
        family: Family::Any,
        username: None,
        password: None,
        db: 0,
        resp3: true,
        connect_timeout: Duration::from_secs(10),
        command_timeout: None,
        connection_name: None,
        retry_strategy: RetryStrategy::Default,
        tls: None,
        supervision: Supervision::default(),
    }
}

/// A shared configuration with changes.
pub fn config_with(port: u16, change: impl FnOnce(&mut ConnectionConfig)) -> Arc<ConnectionConfig> {
    let mut config = config(port);
    change(&mut config);
    Arc::new(config)
}

/// A folder that is removed when it is dropped. One that a killed test leaves behind is removed by
/// the next Node test, which tells it by the process in its name.
pub fn temp_dir() -> tempfile::TempDir {
    let prefix = format!("nrsv-{}-rust-", std::process::id());
    tempfile::Builder::new().prefix(&prefix).tempdir().unwrap()
}

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until a condition holds and returns how long it took.
pub async fn until(
    what: &str,
    within: Duration,
    mut condition: impl AsyncFnMut() -> bool,
) -> Duration {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}
