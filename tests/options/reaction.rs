//! `reconnectOnError`.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use node_red_storage_valkey::connection::{Connection, Hooks, Reaction, ReconnectOnError};
use redis::Value;

use super::common::log::Log;
use super::common::server::Server;
use super::{PATIENCE, connection_id, get, renewed, set, with};

/// Answers always alike, after having done something.
struct Decides {
    reaction: Option<Reaction>,
    first: Box<dyn Fn() + Send + Sync>,
    asked: Mutex<Vec<String>>,
}

impl ReconnectOnError for Decides {
    fn decide(&self, words: String, command: String) -> BoxFuture<'_, Result<Reaction, String>> {
        self.asked.lock().unwrap().push(format!("{command}: {words}"));
        (self.first)();
        match self.reaction {
            Some(reaction) => Box::pin(async move { Ok(reaction) }),
            None => Box::pin(std::future::pending()),
        }
    }
}

/// A connection to a server on which `list` is no string, and the function that decides.
async fn connect(
    server: &Server,
    reaction: Option<Reaction>,
    first: impl Fn() + Send + Sync + 'static,
) -> (Connection, Arc<Decides>) {
    let decides = Arc::new(Decides { reaction, first: Box::new(first), asked: Mutex::default() });
    let hooks = Hooks { reconnect_on_error: Some(decides.clone()), ..Hooks::default() };
    let connection = Connection::open(with(server.port, |_| ()), hooks);
    connection.wait_ready(PATIENCE).await.expect("a connection");
    connection.command(redis::cmd("RPUSH").arg("list").arg("x")).await.expect("a list");
    (connection, decides)
}

fn delete(server: &Server) -> impl Fn() + Send + Sync + 'static {
    let admin = Mutex::new(server.admin());
    move || redis::cmd("DEL").arg("list").exec(&mut admin.lock().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn false_changes_nothing_and_true_connects_anew() {
    let server = Server::start(&[]);
    for (reaction, anew) in [(Reaction::Stay, false), (Reaction::Reconnect, true)] {
        let (connection, decides) = connect(&server, Some(reaction), || ()).await;
        let before = connection_id(&connection).await;
        let error = get(&connection, "list").await.expect_err("a list");
        assert!(error.to_string().contains("WRONGTYPE"), "{error}");
        if anew {
            renewed(&connection, before).await;
        } else {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(connection_id(&connection).await, before);
        }
        let asked = decides.asked.lock().unwrap().clone();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(asked[0].starts_with("GET: WRONGTYPE "), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_connects_anew_and_sends_what_is_safe_again() {
    let server = Server::start(&[]);
    let (connection, _) = connect(&server, Some(Reaction::Resend), delete(&server)).await;
    let before = connection_id(&connection).await;
    assert_eq!(get(&connection, "list").await, Ok(Value::Nil));
    assert_ne!(connection_id(&connection).await, before);

    // The same within a transaction of reads.
    let (connection, _) = connect(&server, Some(Reaction::Resend), delete(&server)).await;
    let results = connection.transaction(redis::pipe().cmd("GET").arg("list")).await;
    assert_eq!(results, Ok(vec![Ok(Value::Nil)]));

    // What writes is not sent again, only the connection is a new one.
    let (connection, _) = connect(&server, Some(Reaction::Resend), delete(&server)).await;
    let before = connection_id(&connection).await;
    let mut append = redis::cmd("APPEND");
    let error = connection.command(append.arg("list").arg("x")).await.expect_err("a list");
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    renewed(&connection, before).await;
    assert_eq!(get(&connection, "list").await, Ok(Value::Nil));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_always_says_two_ends_with_the_command() {
    let server = Server::start(&[]);
    let (connection, decides) = connect(&server, Some(Reaction::Resend), || ()).await;
    let asked = Instant::now();
    let error = get(&connection, "list").await.expect_err("a list for ever");
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    assert!(asked.elapsed() < Duration::from_secs(12), "{:?}", asked.elapsed());
    let times = decides.asked.lock().unwrap().len();
    println!("asked {times} times in {:?}", asked.elapsed());
    assert!((2..=21).contains(&times), "{times}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_hangs_is_taken_for_false_and_said_once() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    let (connection, _) = connect(&server, None, || ()).await;
    let before = connection_id(&connection).await;
    for _ in 0..2 {
        let asked = Instant::now();
        get(&connection, "list").await.expect_err("a list");
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    }
    assert_eq!(connection_id(&connection).await, before);
    assert_eq!(log.count("option 'reconnectOnError' did not answer"), 1, "{:#?}", log.lines());
    set(&connection, "a", b"1").await.expect("goes on");
}
