//! Lost connections, and back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use node_red_storage_valkey::connection::{Connection, ConnectionState, NoRetry};
use redis::Value;

use super::common::log::Log;
use super::common::server::Server;
use super::common::{config_with, until};
use super::{PATIENCE, get, open_ready, set, subscribe};

fn kill_clients(admin: &mut redis::Connection) {
    let kill: redis::RedisResult<i64> =
        redis::cmd("CLIENT").arg("KILL").arg("SKIPME").arg("yes").query(admin);
    kill.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_noticed_at_once_and_found_again_without_help() {
    let (log, _guard) = Log::keep();
    let mut server = Server::start(&[]);
    let config = config_with(server.port, |_| ());
    let connection = open_ready(&config).await;
    let subscriber = subscribe(&config, &["news"]);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
    let settled = Duration::from_millis(1200);
    tokio::time::sleep(settled).await;

    // A command under way fails when the connection goes.
    let blocked = tokio::spawn({
        let connection = connection.clone();
        async move { connection.command(redis::cmd("BLPOP").arg("none").arg(0)).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let killed = Instant::now();
    server.kill();
    let error = blocked.await.unwrap().expect_err("lost");
    assert_eq!(error.code(), "ERR_VALKEY_UNAVAILABLE");
    assert!(killed.elapsed() < Duration::from_secs(3), "{:?}", killed.elapsed());
    until("noticed", PATIENCE, async || !connection.is_ready()).await;
    let waited = connection.wait_ready(Duration::from_millis(800)).await.expect_err("away");
    assert!(waited.to_string().contains("refused"), "{waited}");

    server.restart();
    let back = Instant::now();
    connection.wait_ready(PATIENCE).await.expect("back");
    hints.wait_for(|hints| hints.subscribed == 2).await.unwrap();
    assert!(back.elapsed() < Duration::from_secs(8), "{:?}", back.elapsed());
    assert_eq!(get(&connection, "a").await, Ok(Value::Nil));
    assert_eq!(log.count("Connected to"), 2, "{:#?}", log.lines());
    assert_eq!(log.count("Connection lost"), 1, "{:#?}", log.lines());
    assert_eq!(log.lines().len(), 3, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_cuts_are_back_soon() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let config = config_with(server.port, |_| ());
    let connection = open_ready(&config).await;
    let subscriber = subscribe(&config, &["news"]);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
    let mut state = connection.state();
    for round in 2..5 {
        state.mark_unchanged();
        kill_clients(&mut admin);
        let cut = Instant::now();
        // It may be back before anybody looks.
        state.changed().await.unwrap();
        connection.wait_ready(PATIENCE).await.expect("back");
        hints.wait_for(|hints| hints.subscribed == round).await.unwrap();
        assert!(cut.elapsed() < Duration::from_secs(4), "{:?}", cut.elapsed());
        redis::cmd("PUBLISH").arg("news").arg("x").exec(&mut admin).unwrap();
        hints.wait_for(|hints| hints.messages[0] == round - 1).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_server_is_noticed_within_eight_seconds_and_found_again() {
    let server = Server::start(&[]);
    let config = config_with(server.port, |_| ());
    let connection = open_ready(&config).await;
    let subscriber = subscribe(&config, &["news"]);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
    let heard = subscriber.state();
    server.signal("STOP");
    let stopped = Instant::now();
    let hanging = tokio::spawn({
        let connection = connection.clone();
        async move { get(&connection, "a").await }
    });
    let both = async || {
        // By their states: a connection is no longer ready a moment before its state says so, and why.
        let is_ready = |state: &ConnectionState| matches!(state, ConnectionState::Ready { .. });
        !is_ready(&connection.state().borrow()) && !is_ready(&heard.borrow())
    };
    until("noticed", Duration::from_secs(8), both).await;
    let noticed = stopped.elapsed();
    assert!(noticed > Duration::from_secs(3), "too eager: {noticed:?}");
    let error = hanging.await.unwrap().expect_err("lost");
    assert!(error.is_passing(), "{error}");
    let state = connection.state().borrow().clone();
    assert!(state.reason().unwrap_or_default().contains("no sign of life"), "{state:?}");
    server.signal("CONT");
    let back = Instant::now();
    connection.wait_ready(PATIENCE).await.expect("back");
    hints.wait_for(|hints| hints.subscribed == 2).await.unwrap();
    assert!(back.elapsed() < Duration::from_secs(6), "{:?}", back.elapsed());
    assert_eq!(set(&connection, "a", b"1").await, Ok(Value::Okay));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_stop_loses_nothing() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let config = config_with(server.port, |_| ());
    let connection = open_ready(&config).await;
    let before: i64 = connection_id(&connection).await;
    server.signal("STOP");
    let hanging = tokio::spawn({
        let connection = connection.clone();
        async move { set(&connection, "a", b"1").await }
    });
    tokio::time::sleep(Duration::from_millis(2500)).await;
    server.signal("CONT");
    assert_eq!(hanging.await.unwrap(), Ok(Value::Okay));
    assert_eq!(connection_id(&connection).await, before);
    assert_eq!(redis::cmd("GET").arg("a").query::<String>(&mut admin).unwrap(), "1");
}

async fn connection_id(connection: &Connection) -> i64 {
    let id = connection.command(redis::cmd("CLIENT").arg("ID")).await.expect("an id");
    redis::from_redis_value(id).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_turned_replica_makes_a_write_connect_anew() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let connection = open_ready(&config_with(server.port, |_| ())).await;
    let before = connection_id(&connection).await;
    redis::cmd("REPLICAOF").arg("127.0.0.1").arg(1).exec(&mut admin).unwrap();
    let error = set(&connection, "a", b"1").await.expect_err("read-only");
    assert_eq!(error.code(), "ERR_VALKEY_UNAVAILABLE");
    assert!(error.to_string().contains("READONLY"), "{error}");
    redis::cmd("REPLICAOF").arg("NO").arg("ONE").exec(&mut admin).unwrap();
    until("a new connection", PATIENCE, async || {
        set(&connection, "a", b"1").await.is_ok() && connection_id(&connection).await != before
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_set_meanwhile_is_an_error_and_a_reset_heals() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let connection = open_ready(&config_with(server.port, |_| ())).await;
    redis::cmd("CONFIG").arg("SET").arg("requirepass").arg("new-one").exec(&mut admin).unwrap();
    kill_clients(&mut admin);
    until("the error", PATIENCE, async || log.count("ERROR") == 1).await;
    redis::cmd("CONFIG").arg("SET").arg("requirepass").arg("").exec(&mut admin).unwrap();
    connection.wait_ready(PATIENCE).await.expect("back");
    until("announced", PATIENCE, async || log.count("Connected to") == 2).await;
    assert_eq!(log.count("ERROR"), 1, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_is_never() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let config = config_with(server.port, |_| ());
    let connection = Connection::open(config, Arc::new(NoRetry));
    connection.wait_ready(PATIENCE).await.expect("a connection");
    kill_clients(&mut admin);
    let mut state = connection.state();
    state.wait_for(|state| matches!(state, ConnectionState::Closed { .. })).await.unwrap();
    let asked = Instant::now();
    let error = connection.wait_ready(PATIENCE).await.expect_err("over");
    assert_eq!(error.code(), "ERR_VALKEY_UNAVAILABLE");
    assert!(asked.elapsed() < Duration::from_secs(4));
    connection.close().await;
}
