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
pub mod connecting;
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

/// Long enough for everything but a fault.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The configuration for a server on this machine.
pub fn config(port: u16) -> ConnectionConfig {
    ConnectionConfig {
        key_prefix: "n:".to_owned(),
        writes: true,
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

/// A port that nobody listens on. On Linux it is kept from outgoing connections until the tests of
/// this file end, and a server may listen on it as often as it starts: it is enough that no other
/// socket of that port listens.
pub fn free_port() -> u16 {
    use socket2::{Domain, Socket, Type};
    let holder = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    holder.set_reuse_address(cfg!(target_os = "linux")).unwrap();
    holder.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = holder.local_addr().unwrap().as_socket().unwrap().port();
    if cfg!(target_os = "linux") {
        std::mem::forget(holder);
    }
    port
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
