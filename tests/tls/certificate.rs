//! Which certificates of servers are accepted, and what is said of the others.

use std::time::Duration;

use redis::Value;

use super::common::certificates::{Certificates, Wish, der};
use super::common::log::Log;
use super::common::until;
use super::server::TlsServer;
use super::{
    PATIENCE, attempts, config, failure, get, open, problem, refused, set, trusting, works,
};
use node_red_storage_valkey::config::TlsConfig;
use node_red_storage_valkey::connection::{DefaultRetry, Subscriber};
use std::sync::Arc;

const NAMES: &str = "DNS:localhost,DNS:*.example.test,IP:127.0.0.1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_values_and_messages_pass() {
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let server = TlsServer::start(&made.issue(&authority, "server", Wish::server(NAMES)));
    let connection = works("127.0.0.1", server.port, trusting(&authority)).await;
    let large = vec![b'x'; 5_000_000];
    assert_eq!(set(&connection, "large", &large).await, Ok(Value::Okay));
    assert_eq!(get(&connection, "large").await, Ok(Value::BulkString(large)));

    let config = config("localhost", server.port, trusting(&authority));
    let subscriber = Subscriber::open(config, Arc::new(DefaultRetry), vec!["news".to_owned()]);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
    redis::cmd("PUBLISH").arg("news").arg("x").exec(&mut server.plain.admin()).unwrap();
    hints.wait_for(|hints| hints.messages == [1]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_back_is_found_again() {
    let (log, _guard) = Log::keep();
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let mut server = TlsServer::start(&made.issue(&authority, "server", Wish::server(NAMES)));
    let connection = works("localhost", server.port, trusting(&authority)).await;
    server.plain.kill();
    until("lost", PATIENCE, async || !connection.is_ready()).await;
    server.plain.restart();
    connection.wait_ready(PATIENCE).await.expect("back");
    assert_eq!(log.count("the server closed the connection"), 1, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_issuer_is_named_once_and_mended_without_a_restart() {
    let (log, _guard) = Log::keep();
    let made = Certificates::default();
    let (authority, other) = (made.authority("ca", "Test CA"), made.authority("other", "Other CA"));
    let server = TlsServer::start(&made.issue(&other, "wrong", Wish::server(NAMES)));
    let connection = open(&config("localhost", server.port, trusting(&authority)));
    let problem = problem(&connection).await;
    assert!(problem.contains("'CN=Other CA', which is not in 'tls.ca'"), "{problem}");
    attempts(&connection, 4).await;
    assert_eq!(log.count("ERROR"), 1, "{:#?}", log.lines());
    assert_eq!(log.count("WARN"), 0, "{:#?}", log.lines());
    server.use_certificate(&made.issue(&authority, "right", Wish::server(NAMES)));
    connection.wait_ready(PATIENCE).await.expect("mended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_goes_bad_later_is_an_error_at_once() {
    let (log, _guard) = Log::keep();
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let server = TlsServer::start(&made.issue(&authority, "server", Wish::server(NAMES)));
    let connection = works("localhost", server.port, trusting(&authority)).await;
    let expired = Wish { days: -1, ..Wish::server(NAMES) };
    server.use_certificate(&made.issue(&authority, "expired", expired));
    // The server ends the connection, and the next one sees the new certificate.
    let _ = connection.command(&redis::cmd("QUIT")).await;
    until("the error", PATIENCE, async || log.count("ERROR") == 1).await;
    assert_eq!(log.count("the server's certificate expired on 20"), 1, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_certificate_is_said() {
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let namesake = made.authority("namesake", "Test CA");
    let server = TlsServer::start(&made.issue(&authority, "server", Wish::server(NAMES)));
    let good = Wish::server(NAMES);
    for (pair, host, said) in [
        (
            made.issue(&authority, "expired", Wish { days: -1, ..good }),
            "localhost",
            vec!["the server's certificate expired on 20", " UTC"],
        ),
        (
            made.issue(&authority, "named", Wish::server("DNS:valkey.example,IP:10.1.2.3")),
            "localhost",
            vec!["is for 'valkey.example', '10.1.2.3', and not for the name 'localhost'"],
        ),
        (
            made.issue(&authority, "no-ip", Wish::server("DNS:localhost")),
            "127.0.0.1",
            vec!["is for 'localhost', and not for the IP address '127.0.0.1'"],
        ),
        (
            made.issue(&authority, "v1", Wish { name: "localhost", extensions: None, days: 30 }),
            "localhost",
            vec!["X.509 v1", "subjectAltName"],
        ),
        (
            made.own("itself", good),
            "localhost",
            vec!["self-signed ('CN=a server')", "give it as 'tls.ca'"],
        ),
        (
            made.authority("as-server", "localhost"),
            "localhost",
            vec!["self-signed ('CN=localhost')"],
        ),
        (
            made.issue(
                &authority,
                "is-ca",
                Wish {
                    extensions: Some("subjectAltName=DNS:localhost\nbasicConstraints=CA:TRUE"),
                    ..good
                },
            ),
            "localhost",
            vec!["is that of an authority"],
        ),
        (
            made.issue(&namesake, "forged", good),
            "localhost",
            vec!["not signed by the key of its issuer 'CN=Test CA'"],
        ),
        (
            made.issue(
                &authority,
                "for-clients",
                Wish {
                    extensions: Some("subjectAltName=DNS:localhost\nextendedKeyUsage=clientAuth"),
                    ..good
                },
            ),
            "localhost",
            vec!["not one for servers"],
        ),
    ] {
        server.use_certificate(&pair);
        let problem = refused(host, server.port, trusting(&authority)).await;
        for part in said {
            assert!(problem.contains(part), "{problem}\n does not hold {part}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_its_own_authority_when_it_is_given_as_one() {
    let made = Certificates::default();
    let good = Wish::server(NAMES);
    let own = made.own("own", good);
    let server = TlsServer::start(&own);
    works("localhost", server.port, trusting(&own)).await;
    // As `openssl req -x509` makes them.
    let authority = made.own(
        "authority",
        Wish { extensions: Some("subjectAltName=DNS:localhost\nbasicConstraints=CA:TRUE"), ..good },
    );
    server.use_certificate(&authority);
    works("localhost", server.port, trusting(&authority)).await;
    // Names and dates count all the same.
    let named = made.own("named", Wish::server("DNS:valkey.example"));
    server.use_certificate(&named);
    let problem = refused("localhost", server.port, trusting(&named)).await;
    assert!(problem.contains("'valkey.example', and not for the name 'localhost'"), "{problem}");
    let expired = made.own("expired", Wish { days: -1, ..good });
    server.use_certificate(&expired);
    let problem = refused("localhost", server.port, trusting(&expired)).await;
    assert!(problem.contains("expired on"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_may_have_a_link_and_the_missing_one_is_named() {
    let made = Certificates::default();
    let root = made.authority("root", "Root CA");
    let link =
        Wish { name: "Link CA", extensions: Some("basicConstraints=critical,CA:TRUE"), days: 30 };
    let link = made.issue(&root, "link", link);
    let mut own = made.issue(&link, "server", Wish::server(NAMES));
    let server = TlsServer::start(&own);
    let problem = refused("localhost", server.port, trusting(&root)).await;
    assert!(problem.contains("leads to the issuer 'CN=Link CA'"), "{problem}");
    // The link alone is trusted, as it is what was given.
    works("localhost", server.port, trusting(&link)).await;
    let chain = made.path("chain.pem");
    let both = [&own.certificate, &link.certificate].map(|file| std::fs::read(file).unwrap());
    std::fs::write(&chain, both.concat()).unwrap();
    own.certificate = chain;
    server.use_certificate(&own);
    works("localhost", server.port, trusting(&root)).await;
    let other = made.authority("other", "Other CA");
    let problem = refused("localhost", server.port, trusting(&other)).await;
    assert!(problem.contains("leads to the issuer 'CN=Root CA'"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_has_expired_vouches_for_nobody() {
    let made = Certificates::default();
    let lines = Some("basicConstraints=critical,CA:TRUE");
    let old = made.own("old", Wish { name: "Old CA", extensions: lines, days: -1 });
    let server = TlsServer::start(&made.issue(&old, "server", Wish::server(NAMES)));
    let problem = refused("localhost", server.port, trusting(&old)).await;
    assert!(problem.contains("'CN=Old CA' in 'tls.ca' is valid"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_name_may_be_another_than_the_host() {
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let pair = made.issue(&authority, "server", Wish::server("DNS:*.example.test"));
    let server = TlsServer::start(&pair);
    let mut tls = trusting(&authority);
    tls.server_name = Some("a.example.test".to_owned());
    works("127.0.0.1", server.port, tls.clone()).await;
    tls.server_name = Some("example.test".to_owned());
    let problem = refused("127.0.0.1", server.port, tls).await;
    assert!(problem.contains("'*.example.test', and not for the name 'example.test'"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_authorities_are_all_trusted_and_no_check_is_no_check() {
    let made = Certificates::default();
    let (one, two) = (made.authority("one", "One CA"), made.authority("two", "Two CA"));
    let server = TlsServer::start(&made.issue(&two, "server", Wish::server(NAMES)));
    let both = [der(&one.certificate), der(&two.certificate)].concat();
    works("localhost", server.port, TlsConfig::new("tls", both)).await;
    let expired = Wish { days: -1, ..Wish::server("DNS:valkey.example") };
    server.use_certificate(&made.own("expired", expired));
    let mut unchecked = TlsConfig::new("tls", Vec::new());
    unchecked.verify = false;
    works("localhost", server.port, unchecked).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_speak_tls_is_told_apart_from_what_is_silent() {
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let server = TlsServer::start(&made.issue(&authority, "server", Wish::server(NAMES)));
    // A plain server may answer, or wait for the end of a line.
    let config = config("localhost", server.plain.port, trusting(&authority));
    let mut config = (*config).clone();
    config.connect_timeout = Duration::from_secs(2);
    let error = failure(&open(&config)).await.to_string();
    let told = error.contains("does not speak TLS") || error.contains("does the server speak TLS");
    assert!(told, "{error}");
}
