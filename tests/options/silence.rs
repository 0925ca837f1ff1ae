//! Peers that vanish without a word, and `socketTimeout`.

use std::time::{Duration, Instant};

use super::common::log::Log;
use super::common::server::Server;
use super::common::until;
use super::line::Line;
use super::{PATIENCE, get, is_ready, open_ready, set, subscribed, with};

/// What the issue allows with default options.
const NOTICED: Duration = Duration::from_secs(8);
const FAST: usize = 1 << 30;
const SLOW: usize = 8 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_line_is_noticed_on_both_connections_and_each_state_is_said_once() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    let line = Line::to(server.port, FAST).await;
    let config = with(line.port, |_| ());
    let connection = open_ready(&config).await;
    let subscriber = subscribed(&config, "news").await;
    let heard = subscriber.state();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    line.die();
    let died = Instant::now();
    until("noticed", NOTICED, async || !connection.is_ready() && !is_ready(&heard.borrow())).await;
    println!("a dead line was noticed after {:?}", died.elapsed());
    line.revive();
    connection.wait_ready(PATIENCE).await.expect("back");
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.subscribed == 2).await.unwrap();
    set(&connection, "a", b"1").await.expect("served");
    until("announced", PATIENCE, async || log.count("Connected to") == 2).await;
    assert_eq!(log.count("Connection lost: no sign of life"), 1, "{:#?}", log.lines());
    assert_eq!(log.lines().len(), 3, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_dies_in_the_middle_of_a_value_is_noticed() {
    let server = Server::start(&[]);
    let value = vec![b'x'; 64 * 1024 * 1024];
    for upload in [true, false] {
        let line = Line::to(server.port, SLOW).await;
        let connection = open_ready(&with(line.port, |_| ())).await;
        if !upload {
            set(&open_ready(&with(server.port, |_| ())).await, "a", &value).await.expect("set");
        }
        let under_way = tokio::spawn({
            let (connection, value) = (connection.clone(), value.clone());
            async move {
                match upload {
                    true => set(&connection, "b", &value).await,
                    // No read, so that it is not asked for once more.
                    false => connection.command(redis::cmd("GETSET").arg("a").arg("y")).await,
                }
            }
        });
        until("megabytes", PATIENCE, async || line.passed() > 4 * 1024 * 1024).await;
        assert!(connection.is_ready());
        line.die();
        let died = Instant::now();
        until("noticed", NOTICED, async || !connection.is_ready()).await;
        println!("upload {upload}: noticed after {:?}", died.elapsed());
        let error = under_way.await.unwrap().expect_err("lost");
        assert!(error.is_passing(), "{error}");
        line.revive();
        connection.wait_ready(PATIENCE).await.expect("back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_in_the_middle_of_a_value_is_noticed() {
    let server = Server::start(&[]);
    let line = Line::to(server.port, SLOW).await;
    let connection = open_ready(&with(line.port, |_| ())).await;
    let under_way = tokio::spawn({
        let connection = connection.clone();
        async move { set(&connection, "b", &vec![b'x'; 64 * 1024 * 1024]).await }
    });
    until("megabytes", PATIENCE, async || line.passed() > 4 * 1024 * 1024).await;
    server.signal("STOP");
    let stopped = Instant::now();
    until("noticed", NOTICED, async || !connection.is_ready()).await;
    println!("noticed after {:?}", stopped.elapsed());
    under_way.await.unwrap().expect_err("lost");
    server.signal("CONT");
    connection.wait_ready(PATIENCE).await.expect("back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_dies_in_the_middle_of_a_message_is_noticed() {
    let server = Server::start(&[]);
    let line = Line::to(server.port, SLOW).await;
    let subscriber = subscribed(&with(line.port, |_| ()), "news").await;
    let heard = subscriber.state();
    let message = vec![b'x'; 24 * 1024 * 1024];
    redis::cmd("PUBLISH").arg("news").arg(message).exec(&mut server.admin()).unwrap();
    until("megabytes", PATIENCE, async || line.passed() > 2 * 1024 * 1024).await;
    assert_eq!(subscriber.hints().borrow().messages, [0]);
    line.die();
    let died = Instant::now();
    until("noticed", NOTICED, async || !is_ready(&heard.borrow())).await;
    println!("noticed after {:?}", died.elapsed());
    line.revive();
    let mut hints = subscriber.hints();
    let again = hints.wait_for(|hints| hints.subscribed == 2);
    tokio::time::timeout(PATIENCE, again).await.expect("subscribed again").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn socket_timeout_gives_a_silent_server_up_and_not_an_idle_connection() {
    let server = Server::start(&[]);
    let config = with(server.port, |supervision| {
        supervision.socket_timeout = Some(Duration::from_secs(2));
    });
    let connection = open_ready(&config).await;
    let subscriber = subscribed(&config, "news").await;
    let (mut spoken, mut heard) = (connection.state(), subscriber.state());
    spoken.mark_unchanged();
    heard.mark_unchanged();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!spoken.has_changed().unwrap() && !heard.has_changed().unwrap(), "idle, not silent");
    server.signal("STOP");
    let stopped = Instant::now();
    // By their states: a connection is no longer ready a moment before its state says so, and why.
    let mut seen = None;
    until("noticed", NOTICED, async || {
        let state = spoken.borrow().clone();
        if !is_ready(&state) {
            seen = Some(state);
        }
        seen.is_some() && !is_ready(&heard.borrow())
    })
    .await;
    println!("noticed after {:?}", stopped.elapsed());
    let state = seen.unwrap();
    assert!(state.reason().unwrap_or_default().contains("2000 ms ('socketTimeout')"), "{state:?}");
    server.signal("CONT");
    connection.wait_ready(PATIENCE).await.expect("back");
    get(&connection, "a").await.expect("served");
}
