//! What is wrong on the server is named, hangs nothing, and works again once it is mended.

use std::time::{Duration, Instant};

use node_red_storage_valkey::Error;
use node_red_storage_valkey::config::Secret;
use node_red_storage_valkey::connection::{Connection, Hooks, Subscriber};
use redis::Value;

use super::common::log::Log;
use super::common::server::Server;
use super::common::{config_with, until};
use super::{PATIENCE, connection_id, failure, get, kill_clients, open_ready, set};

/// Fails for the reason that is known, and not for a time that has run out.
async fn refused_soon(connection: &Connection, words: &str) {
    let asked = Instant::now();
    let error = get(connection, "nr:a").await.expect_err("refused");
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    assert!(error.to_string().contains(words), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_was_changed() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    let mut admin = server.admin();
    server.add_user("worker on >right ~nr:* &* +@all");
    let config = config_with(server.port, |config| {
        config.username = Some("worker".to_owned());
        config.password = Some(Secret::new("right"));
    });
    let connection = open_ready(&config).await;
    server.add_user("worker resetpass >other");
    kill_clients(&mut admin);
    until("said", PATIENCE, async || log.count("ERROR") == 1).await;
    let said = log.lines().into_iter().find(|line| line.starts_with("ERROR")).unwrap();
    assert!(said.contains("WRONGPASS") && said.contains("'password'"), "{said}");
    assert!(!said.contains("right"), "{said}");
    refused_soon(&connection, "WRONGPASS").await;
    server.add_user("worker resetpass >right");
    connection.wait_ready(PATIENCE).await.expect("back");
    assert_eq!(set(&connection, "nr:a", b"1").await, Ok(Value::Okay));
    assert_eq!(log.count("ERROR"), 1, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_wanted_and_was_not_given() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&["--requirepass", "secret"]);
    let connection = Connection::open(config_with(server.port, |_| ()), Hooks::default());
    let error = failure(&connection).await;
    assert!(matches!(error, Error::Authentication { .. }), "{error}");
    refused_soon(&connection, "NOAUTH").await;
    let mut admin = server.admin_with(":secret@");
    redis::cmd("CONFIG").arg("SET").arg("requirepass").arg("").exec(&mut admin).unwrap();
    connection.wait_ready(PATIENCE).await.expect("back");
    assert_eq!(set(&connection, "nr:a", b"1").await, Ok(Value::Okay));
    assert_eq!(log.count("ERROR"), 1, "{:#?}", log.lines());
    assert_eq!(log.count("NOAUTH"), 1, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_not_permitted() {
    let server = Server::start(&[]);
    server.add_user("worker on nopass ~nr:* &* +@all -get");
    let config = config_with(server.port, |config| config.username = Some("worker".to_owned()));
    let connection = open_ready(&config).await;
    let before = connection_id(&connection).await;
    refused_soon(&connection, "lacks a permission for GET").await;
    server.add_user("worker +get");
    assert_eq!(get(&connection, "nr:a").await, Ok(Value::Nil));
    assert_eq!(connection_id(&connection).await, before, "no new connection is needed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_taken_away() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    server.add_user("worker on nopass ~nr:* resetchannels &nr:* +@all");
    let config = config_with(server.port, |config| config.username = Some("worker".to_owned()));
    let connection = open_ready(&config).await;
    let subscriber = Subscriber::beside(&connection, vec!["nr:news".to_owned()]);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
    // The server cuts off whoever is subscribed to what is no longer his.
    server.add_user("worker resetchannels &other");
    until("said", PATIENCE, async || log.count("channel 'nr:news'") == 1).await;
    assert_eq!(subscriber.unheard(), ["nr:news"]);
    connection.wait_ready(PATIENCE).await.expect("commands are served");
    assert_eq!(set(&connection, "nr:a", b"1").await, Ok(Value::Okay));
    server.add_user("worker &nr:*");
    let again = hints.wait_for(|hints| hints.subscribed == 2);
    tokio::time::timeout(PATIENCE, again).await.expect("subscribed again").unwrap();
    assert_eq!(log.count("add &nr:news to its rules"), 1, "{:#?}", log.lines());
    assert_eq!(log.count("ERROR"), 0, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_exist() {
    let (log, _guard) = Log::keep();
    let mut server = Server::start(&["--databases", "2"]);
    let config = config_with(server.port, |config| config.db = 5);
    let connection = Connection::open(config, Hooks::default());
    let error = failure(&connection).await;
    assert!(error.to_string().starts_with("option 'db' is 5"), "{error}");
    refused_soon(&connection, "'db' is 5").await;
    server.restart_with(&["--databases", "16"]);
    connection.wait_ready(PATIENCE).await.expect("back");
    assert_eq!(set(&connection, "nr:a", b"1").await, Ok(Value::Okay));
    assert_eq!(log.count("option 'db' is 5"), 1, "{:#?}", log.lines());
}
