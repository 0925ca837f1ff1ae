//! Names that are judged in JavaScript; here somebody else stands in for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use node_red_storage_valkey::config::{Decider, Identity, Secret, ServerIdentity, TlsConfig};

use super::common::certificates::{Certificates, Wish, der};
use super::server::TlsServer;
use super::{config, open, problem, refused, trusting, works};

/// Answers as it is told, and keeps what it was asked.
struct Judge {
    answer: Result<(), &'static str>,
    asked: Mutex<Vec<Identity>>,
}

impl Judge {
    fn saying(answer: Result<(), &'static str>) -> Arc<Self> {
        Arc::new(Self { answer, asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<Identity> {
        self.asked.lock().unwrap().clone()
    }
}

impl ServerIdentity for Judge {
    fn check(&self, identity: Identity) -> BoxFuture<'_, Result<(), String>> {
        self.asked.lock().unwrap().push(identity);
        Box::pin(std::future::ready(self.answer.map_err(str::to_owned)))
    }
}

struct Silent;

impl ServerIdentity for Silent {
    fn check(&self, _: Identity) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::pending())
    }
}

struct Broken;

impl ServerIdentity for Broken {
    fn check(&self, _: Identity) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { panic!("a fault of the decider") })
    }
}

fn judged(tls: TlsConfig, by: Arc<dyn ServerIdentity>, custom: bool) -> TlsConfig {
    TlsConfig { decider: Some(Decider(by)), custom_identity: custom, ..tls }
}

const COMMON_NAME_ONLY: Wish<'_> = Wish { name: "localhost", extensions: Some(""), days: 30 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_common_name_alone_is_judged_outside() {
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let pair = made.issue(&authority, "server", COMMON_NAME_ONLY);
    let server = TlsServer::start(&pair);
    let yes = Judge::saying(Ok(()));
    works("localhost", server.port, judged(trusting(&authority), yes.clone(), false)).await;
    let identity =
        Identity { option: "tls", host: "localhost".to_owned(), chain: der(&pair.certificate) };
    assert_eq!(yes.asked(), [identity]);
    let no = Judge::saying(Err("it is somebody else"));
    let problem = refused("localhost", server.port, judged(trusting(&authority), no, false)).await;
    assert!(problem.ends_with("refused for 'localhost': it is somebody else"), "{problem}");
    let problem = refused("localhost", server.port, trusting(&authority)).await;
    assert!(problem.contains("a common name only"), "{problem}");
    // A common name says nothing of an address, as in Node.js.
    let yes = Judge::saying(Ok(()));
    let tls = judged(trusting(&authority), yes.clone(), false);
    let problem = refused("127.0.0.1", server.port, tls).await;
    assert!(problem.contains("no IP address at all"), "{problem}");
    assert_eq!(yes.asked(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_in_their_place_are_judged_here() {
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let server = TlsServer::start(&made.issue(&authority, "server", Wish::server("DNS:localhost")));
    let yes = Judge::saying(Ok(()));
    works("localhost", server.port, judged(trusting(&authority), yes.clone(), false)).await;
    let other =
        made.issue(&authority, "other", Wish { name: "localhost", ..Wish::server("DNS:b") });
    server.use_certificate(&other);
    let tls = judged(trusting(&authority), yes.clone(), false);
    let problem = refused("localhost", server.port, tls).await;
    assert!(problem.contains("is for 'b', and not for the name 'localhost'"), "{problem}");
    assert_eq!(yes.asked(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_users_own_check_comes_after_the_chain_and_before_the_password() {
    let made = Certificates::default();
    let (authority, other) = (made.authority("ca", "Test CA"), made.authority("other", "Other CA"));
    let pair = made.issue(&authority, "server", Wish::server("DNS:valkey.example"));
    let server = TlsServer::start(&pair);
    let mut admin = server.plain.admin();
    // It replaces the check of names.
    let yes = Judge::saying(Ok(()));
    works("localhost", server.port, judged(trusting(&authority), yes.clone(), true)).await;
    assert_eq!(yes.asked().len(), 1);
    // It is not asked when nobody vouches for the certificate.
    let tls = judged(trusting(&other), yes.clone(), true);
    refused("localhost", server.port, tls).await;
    assert_eq!(yes.asked().len(), 1);
    // A wrong password is in the server's own log once it was sent.
    let no = Judge::saying(Err("not pinned"));
    let tls = judged(trusting(&authority), no.clone(), true);
    let mut config = (*config("localhost", server.port, tls)).clone();
    config.username = Some("nobody".to_owned());
    config.password = Some(Secret::new("not to be sent"));
    let connection = open(&config);
    let problem = problem(&connection).await;
    assert!(problem.ends_with("not pinned"), "{problem}");
    connection.close().await;
    let logged = |admin: &mut redis::Connection| -> usize {
        redis::cmd("ACL").arg("LOG").query::<Vec<redis::Value>>(admin).unwrap().len()
    };
    assert_eq!(logged(&mut admin), 0);
    config.tls = Some(judged(trusting(&authority), Judge::saying(Ok(())), true));
    let connection = open(&config);
    super::attempts(&connection, 1).await;
    assert_eq!(logged(&mut admin), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_a_refusal() {
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let server = TlsServer::start(&made.issue(&authority, "server", Wish::server("DNS:localhost")));
    let tls = judged(trusting(&authority), Arc::new(Broken), true);
    let problem = refused("localhost", server.port, tls).await;
    assert!(problem.ends_with("checkServerIdentity failed"), "{problem}");
    let tls = judged(trusting(&authority), Arc::new(Silent), true);
    let begun = std::time::Instant::now();
    let problem = refused("localhost", server.port, tls).await;
    assert!(problem.ends_with("checkServerIdentity did not answer within 5000 ms"), "{problem}");
    assert!(begun.elapsed() < Duration::from_secs(8));
}
