//! `disconnectTimeout`, and the end that the retry strategy brings about.

use std::sync::Arc;
use std::time::{Duration, Instant};

use node_red_storage_valkey::Error;
use node_red_storage_valkey::connection::{
    Connection, ConnectionState, Hooks, NoRetry, Subscriber,
};
use redis::Value;

use super::common::config_with;
use super::common::log::Log;
use super::common::peer::cutting_proxy;
use super::common::server::Server;
use super::{PATIENCE, get, kill_clients, open_ready, subscribed, with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_may_end_within_disconnect_timeout() {
    let server = Server::start(&[]);
    for (limit, served) in [(5000, true), (200, false)] {
        let limit = Duration::from_millis(limit);
        let config = with(server.port, |supervision| supervision.disconnect_timeout = limit);
        let connection = open_ready(&config).await;
        let under_way = tokio::spawn({
            let connection = connection.clone();
            async move { connection.command(redis::cmd("BLPOP").arg("none").arg(1)).await }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let began = Instant::now();
        let closing = connection.close();
        let refused = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            get(&connection, "a").await
        };
        let ((), refused) = tokio::join!(closing, refused);
        let taken = began.elapsed();
        println!("closed after {taken:?}");
        assert_eq!(refused, Err(Error::Closed), "nothing new is taken on");
        match served {
            true => {
                assert_eq!(under_way.await.unwrap(), Ok(Value::Nil));
                assert!(taken > Duration::from_millis(500), "{taken:?}");
                assert!(taken < Duration::from_secs(3), "{taken:?}");
            }
            false => {
                assert_eq!(under_way.await.unwrap(), Err(Error::Closed));
                assert!(taken >= Duration::from_millis(190), "{taken:?}");
                assert!(taken < Duration::from_millis(800), "{taken:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_close_at_once() {
    let server = Server::start(&[]);
    let config = with(server.port, |_| ());
    let connection = open_ready(&config).await;
    let subscriber = subscribed(&config, "news").await;
    let began = Instant::now();
    subscriber.close().await;
    connection.close().await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_all_attempts_is_said_once_and_nobody_spins() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    let config = config_with(server.port, |_| ());
    let hooks = Hooks::from(Arc::new(NoRetry));
    let connection = Connection::open(config, hooks);
    connection.wait_ready(PATIENCE).await.expect("a connection");
    let subscriber = Subscriber::beside(&connection, vec!["news".to_owned()]);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
    kill_clients(&mut server.admin());
    for mut state in [connection.state(), subscriber.state()] {
        let closed = state.wait_for(|state| matches!(state, ConnectionState::Closed { .. }));
        tokio::time::timeout(PATIENCE, closed).await.expect("closed").unwrap();
    }
    hints.borrow_and_update();
    let woken = tokio::time::timeout(Duration::from_millis(1500), hints.changed()).await;
    assert!(woken.is_err(), "those who wait for hints are not woken for nothing");
    let asked = Instant::now();
    get(&connection, "a").await.expect_err("over");
    assert!(asked.elapsed() < Duration::from_millis(1500));
    assert_eq!(
        log.count("option 'retryStrategy' allows no further attempt"),
        1,
        "{:#?}",
        log.lines()
    );
    assert_eq!(log.count("ERROR"), 1, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_that_ends_alone_says_so() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    let config = config_with(cutting_proxy(server.port, "SUBSCRIBE").await, |_| ());
    let connection = Connection::open(config, Hooks::from(Arc::new(NoRetry)));
    connection.wait_ready(PATIENCE).await.expect("a connection");
    let _subscriber = Subscriber::beside(&connection, vec!["news".to_owned()]);
    super::common::until("said", PATIENCE, async || {
        log.count("option 'retryStrategy' allows no further attempt to subscribe") == 1
    })
    .await;
    get(&connection, "a").await.expect("commands are served");
}
