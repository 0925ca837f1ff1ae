//! `enableOfflineQueue`, `maxRetriesPerRequest`, `autoResendUnfulfilledCommands`.

use std::time::{Duration, Instant};

use node_red_storage_valkey::connection::{Connection, Hooks, Script};
use redis::Value;

use super::common::server::Server;
use super::common::{free_port, until};
use super::line::Line;
use super::{PATIENCE, get, open_ready, set, with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_waits_for_a_connection_that_was_lost_a_moment_ago() {
    let mut server = Server::start(&[]);
    let connection = open_ready(&with(server.port, |_| ())).await;
    server.kill();
    until("lost", PATIENCE, async || !connection.is_ready()).await;
    let waiting = tokio::spawn({
        let connection = connection.clone();
        async move { set(&connection, "a", b"1").await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    server.restart();
    assert_eq!(waiting.await.unwrap(), Ok(Value::Okay));
    assert_eq!(get(&connection, "a").await, Ok(Value::BulkString(b"1".to_vec())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_queue_a_command_fails_at_once() {
    let mut server = Server::start(&[]);
    let config = with(server.port, |supervision| supervision.offline_queue = false);
    let connection = open_ready(&config).await;
    server.kill();
    until("lost", PATIENCE, async || !connection.is_ready()).await;
    let asked = Instant::now();
    let error = get(&connection, "a").await.expect_err("not connected");
    assert_eq!(error.code(), "ERR_VALKEY_UNAVAILABLE");
    assert!(asked.elapsed() < Duration::from_millis(1500), "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_waits_in_a_long_outage_nor_beyond_its_own_limit() {
    let config = with(free_port(), |_| ());
    let connection = Connection::open(config, Hooks::default());
    let asked = Instant::now();
    get(&connection, "a").await.expect_err("nobody there");
    let first = asked.elapsed();
    assert!(first > Duration::from_secs(2) && first < Duration::from_secs(6), "{first:?}");
    let asked = Instant::now();
    get(&connection, "a").await.expect_err("nobody there");
    assert!(asked.elapsed() < Duration::from_millis(1500), "{:?}", asked.elapsed());

    let config = super::common::config_with(free_port(), |config| {
        config.command_timeout = Some(Duration::from_millis(200));
    });
    let connection = Connection::open(config, Hooks::default());
    let asked = Instant::now();
    get(&connection, "a").await.expect_err("nobody there");
    let taken = asked.elapsed();
    assert!(taken >= Duration::from_millis(150) && taken < Duration::from_secs(1), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_fails_with_every_n_plus_first_attempt() {
    let port = free_port();
    for (most, least, longest) in [(Some(0), 0, 500), (Some(3), 150, 1500), (None, 1500, 2500)] {
        let config = with(port, |supervision| supervision.max_retries_per_request = most);
        let connection = Connection::open(config, Hooks::default());
        let asked = Instant::now();
        let error = connection.wait_ready(Duration::from_millis(2000)).await.expect_err("nobody");
        let taken = asked.elapsed();
        println!("{most:?}: {taken:?}");
        assert_eq!(error.code(), "ERR_VALKEY_UNAVAILABLE");
        assert!(error.to_string().contains("refused"), "{error}");
        assert!(taken >= Duration::from_millis(least), "{most:?}: {taken:?}");
        assert!(taken < Duration::from_millis(longest), "{most:?}: {taken:?}");
        connection.close().await;
    }
    let config = with(port, |supervision| supervision.max_retries_per_request = Some(1));
    let connection = Connection::open(config, Hooks::default());
    let asked = Instant::now();
    get(&connection, "a").await.expect_err("nobody there");
    assert!(asked.elapsed() < Duration::from_secs(2), "a command: {:?}", asked.elapsed());
}

/// Asks while the server stands still, and cuts the line before it can answer.
async fn cut_before_the_answer<T>(resend: bool, ask: impl AsyncFnOnce(Connection) -> T) -> T {
    let server = Server::start(&[]);
    let line = Line::to(server.port, 1 << 30).await;
    let config = with(line.port, |supervision| supervision.resend_unfulfilled = resend);
    let connection = open_ready(&config).await;
    set(&connection, "a", b"1").await.expect("set");
    server.signal("STOP");
    let before = line.passed();
    let asking = ask(connection.clone());
    let cutting = async {
        until("sent", PATIENCE, async || line.passed() > before).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        line.cut();
        until("lost", PATIENCE, async || !connection.is_ready()).await;
        server.signal("CONT");
    };
    let (answer, ()) = tokio::join!(asking, cutting);
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_had_no_answer_is_sent_again_when_that_is_safe() {
    let read = cut_before_the_answer(true, async |connection| get(&connection, "a").await);
    assert_eq!(read.await, Ok(Value::BulkString(b"1".to_vec())));

    let reads = async |connection: Connection| {
        connection.transaction(redis::pipe().cmd("GET").arg("a").cmd("STRLEN").arg("a")).await
    };
    let results = cut_before_the_answer(true, reads).await.expect("run");
    assert_eq!(results[1], Ok(Value::Int(1)));

    let guarded = async |connection: Connection| {
        let script = Script::guarded("return redis.call('APPEND', KEYS[1], 'x')");
        connection.script::<&str, &str>(&script, &["n"], &[]).await
    };
    let appended = cut_before_the_answer(true, guarded).await;
    assert!(matches!(appended, Ok(Value::Int(1 | 2))), "{appended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_do_harm_twice_is_not_sent_again() {
    let write = cut_before_the_answer(true, async |connection| set(&connection, "a", b"2").await);
    assert_eq!(write.await.expect_err("lost").code(), "ERR_VALKEY_UNAVAILABLE");

    let unguarded = async |connection: Connection| {
        let script = Script::new("return redis.call('APPEND', KEYS[1], 'x')");
        connection.script::<&str, &str>(&script, &["n"], &[]).await
    };
    let appended = cut_before_the_answer(true, unguarded).await;
    assert_eq!(appended.expect_err("lost").code(), "ERR_VALKEY_UNAVAILABLE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_auto_resend_nothing_is_sent_again() {
    let read = cut_before_the_answer(false, async |connection| get(&connection, "a").await);
    assert_eq!(read.await.expect_err("lost").code(), "ERR_VALKEY_UNAVAILABLE");
}
