//! What we show of ourselves.

use node_red_storage_valkey::config::{ClientCertificate, PrivateKey, TlsConfig};

use super::common::certificates::{Certificates, Pair, Wish, der, key_der};
use super::common::log::Log;
use super::server::TlsServer;
use super::{attempts, config, open, refused, trusting, works};

const NAMES: &str = "DNS:localhost";

fn showing(tls: TlsConfig, own: &Pair) -> TlsConfig {
    let key = PrivateKey::new(key_der(&own.key));
    let client = ClientCertificate { chain: der(&own.certificate), key };
    TlsConfig { client: Some(client), ..tls }
}

fn client(name: &str) -> Wish<'_> {
    Wish { name, extensions: Some("extendedKeyUsage=clientAuth"), days: 30 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_the_right_authority_opens_the_door() {
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let pair = made.issue(&authority, "server", Wish::server(NAMES));
    let own = made.issue(&authority, "client", client("a client"));
    // As old scripts make them.
    let v1 = Wish { name: "an old client", extensions: None, days: 30 };
    let v1 = made.issue(&authority, "v1", v1);
    for version in ["TLSv1.2", "TLSv1.3"] {
        let server = TlsServer::mutual(&pair, &authority, &["--tls-protocols", version]);
        works("localhost", server.port, showing(trusting(&authority), &own)).await;
        works("localhost", server.port, showing(trusting(&authority), &v1)).await;
        let mut unchecked = TlsConfig::new("tls", Vec::new());
        unchecked.verify = false;
        works("localhost", server.port, showing(unchecked, &own)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_wants_a_certificate_says_so_once() {
    let (log, _guard) = Log::keep();
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let pair = made.issue(&authority, "server", Wish::server(NAMES));
    for version in ["TLSv1.2", "TLSv1.3"] {
        let server = TlsServer::mutual(&pair, &authority, &["--tls-protocols", version]);
        let connection = open(&config("localhost", server.port, trusting(&authority)));
        let problem = super::problem(&connection).await;
        assert!(problem.contains("'tls.cert' and 'tls.key'"), "{version}: {problem}");
        attempts(&connection, 3).await;
        connection.close().await;
    }
    assert_eq!(log.count("ERROR"), 2, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_the_server_does_not_take_is_named() {
    let made = Certificates::default();
    let (authority, other) = (made.authority("ca", "Test CA"), made.authority("other", "Other CA"));
    let pair = made.issue(&authority, "server", Wish::server(NAMES));
    let foreign = made.issue(&other, "foreign", client("a client"));
    let expired = made.issue(&authority, "expired", Wish { days: -1, ..client("late") });
    for version in ["TLSv1.2", "TLSv1.3"] {
        let server = TlsServer::mutual(&pair, &authority, &["--tls-protocols", version]);
        let tls = showing(trusting(&authority), &foreign);
        let problem = refused("localhost", server.port, tls).await;
        assert!(problem.contains("refused our certificate ('tls.cert')"), "{version}: {problem}");
        assert!(problem.contains("unknown CA"), "{version}: {problem}");
        let tls = showing(trusting(&authority), &expired);
        let problem = refused("localhost", server.port, tls).await;
        assert!(problem.contains("it has expired"), "{version}: {problem}");
    }
}

#[test]
fn a_key_never_shows() {
    let key = PrivateKey::new(b"secret key".to_vec());
    let client = ClientCertificate { chain: Vec::new(), key };
    let tls = TlsConfig { client: Some(client), ..TlsConfig::new("tls", Vec::new()) };
    let shown = format!("{tls:?}");
    assert!(shown.contains("<secret>") && !shown.contains("115"), "{shown}");
    // What is no key is refused without being shown.
    let error = node_red_storage_valkey::connection::check_tls(&tls).expect_err("no key");
    assert!(error.to_string().starts_with("option 'tls.key' is of a kind"), "{error}");
    assert!(!error.to_string().contains("secret key"), "{error}");
}
