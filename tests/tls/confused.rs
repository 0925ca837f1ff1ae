//! TLS where plain text is spoken, and the other way round.

use std::sync::Arc;
use std::time::Duration;

use node_red_storage_valkey::Error;
use node_red_storage_valkey::config::ConnectionConfig;
use node_red_storage_valkey::connection::ConnectionState;

use super::common::certificates::{Certificates, Wish};
use super::common::config_with;
use super::common::connecting::{failure, open};
use super::server::TlsServer;
use super::trusting;

fn server() -> (Certificates, TlsServer) {
    let made = Certificates::default();
    let server = TlsServer::start(&made.own("server", Wish::server("DNS:localhost")));
    (made, server)
}

async fn reason(config: &Arc<ConnectionConfig>) -> (String, Option<String>) {
    let connection = open(config);
    let Error::Unavailable { reason } = failure(&connection).await else {
        panic!("another error");
    };
    let verdict = connection.verdict();
    connection.close().await;
    (reason, verdict)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_answer_tls_is_told_of_long_before_it_is_given_up() {
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let (_others, server) = server();
    let config = config_with(server.plain.port, |config| {
        config.tls = Some(trusting(&authority));
        config.connect_timeout = Duration::from_secs(3600);
    });
    let connection = open(&config);
    let error = failure(&connection).await;
    assert!(error.to_string().contains("does the server speak TLS on this port?"), "{error}");
    let state = connection.state().borrow().clone();
    assert!(matches!(state, ConnectionState::Reconnecting { attempt: 0, .. }), "{state:?}");
    let verdict = connection.verdict();
    assert_eq!(verdict.as_deref(), Some("does the server speak TLS on this port?"));
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_text_to_a_tls_port_asks_for_tls() {
    let (_made, server) = server();
    let (reason, verdict) = reason(&config_with(server.port, |_| ())).await;
    assert!(reason.ends_with("does it want TLS?"), "{reason}");
    assert_eq!(verdict.as_deref(), Some("does the server want TLS?"));
}
