//! IPv6.

use node_red_storage_valkey::config::{Endpoint, Family, Target};
use node_red_storage_valkey::connection::ConnectionState;
use redis::Value;

use super::common::config_with;
use super::common::server::Server;
use super::{open_ready, set, subscribed};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ipv6_address_serves_too() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("SKIPPED: this machine has no [::1]");
        return;
    }
    let server = Server::start(&["--bind", "127.0.0.1", "::1"]);
    for family in [Family::Any, Family::V6] {
        let config = config_with(server.port, |config| {
            let host = "::1".to_owned();
            config.target = Target::Direct(Endpoint::Tcp { host, port: server.port });
            config.family = family;
        });
        let connection = open_ready(&config).await;
        assert_eq!(set(&connection, "a", b"1").await, Ok(Value::Okay));
        let name = format!("[::1]:{}", server.port);
        assert_eq!(*connection.state().borrow(), ConnectionState::Ready { server: name });
        subscribed(&config, "news").await.close().await;
    }
}
