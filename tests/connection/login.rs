//! Log-in, database, protocol, names.

use std::time::Duration;

use node_red_storage_valkey::config::{Endpoint, Secret, Target};
use node_red_storage_valkey::connection::ConnectionState;
use redis::Value;

use super::common::log::Log;
use super::common::server::Server;
use super::common::{config_with, until};
use super::{PATIENCE, clients, failure, get, open, open_ready, set, subscribe};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connects_and_says_so_once() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    let connection = open_ready(&config_with(server.port, |_| ())).await;
    assert!(connection.is_ready());
    let name = format!("127.0.0.1:{}", server.port);
    assert_eq!(*connection.state().borrow(), ConnectionState::Ready { server: name.clone() });
    assert_eq!(set(&connection, "a", b"1").await, Ok(Value::Okay));
    assert_eq!(get(&connection, "a").await, Ok(Value::BulkString(b"1".to_vec())));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(log.lines(), [format!("INFO Connected to {name}")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_alone_is_enough() {
    let server = Server::start(&["--requirepass", "open sesame"]);
    for resp3 in [true, false] {
        let config = config_with(server.port, |config| {
            config.password = Some(Secret::new("open sesame"));
            config.resp3 = resp3;
        });
        let connection = open_ready(&config).await;
        assert_eq!(set(&connection, "a", b"1").await, Ok(Value::Okay));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acl_user_logs_in_with_name_and_password() {
    let server = Server::start(&[]);
    server.add_user("worker on >hunter2 ~nr:* +get");
    server.add_user("free on nopass ~* +get");
    let config = config_with(server.port, |config| {
        config.username = Some("worker".to_owned());
        config.password = Some(Secret::new("hunter2"));
    });
    let connection = open_ready(&config).await;
    assert_eq!(get(&connection, "nr:a").await, Ok(Value::Nil));
    let refused = set(&connection, "nr:a", b"1").await.expect_err("not allowed");
    assert_eq!(refused.code(), "ERR_VALKEY_PERMISSION");
    assert!(refused.to_string().contains("SET"), "{refused}");
    // A user without a password is the user asked for, not `default`.
    let config = config_with(server.port, |config| config.username = Some("free".to_owned()));
    let connection = open_ready(&config).await;
    let refused = set(&connection, "a", b"1").await.expect_err("not allowed");
    assert_eq!(refused.code(), "ERR_VALKEY_PERMISSION");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_said_once_without_the_password_and_retried() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&["--requirepass", "right-one"]);
    for (username, resp3) in [(None, true), (None, false), (Some("nobody"), true)] {
        let connection = open(&config_with(server.port, |config| {
            config.username = username.map(str::to_owned);
            config.password = Some(Secret::new("wrong-one"));
            config.resp3 = resp3;
        }));
        let error = failure(&connection).await;
        assert_eq!(error.code(), "ERR_VALKEY_AUTH");
        assert!(error.to_string().contains("WRONGPASS"), "{error}");
        let attempts = |state: &ConnectionState| match state {
            ConnectionState::Reconnecting { attempt, .. } => *attempt,
            _ => 0,
        };
        until("three attempts", PATIENCE, async || attempts(&connection.state().borrow()) >= 3)
            .await;
        let refused = get(&connection, "a").await.expect_err("not connected");
        assert_eq!(refused.code(), "ERR_VALKEY_UNAVAILABLE");
        assert!(refused.to_string().contains("WRONGPASS"), "{refused}");
        connection.close().await;
    }
    assert_eq!(log.count("ERROR"), 3, "{:#?}", log.lines());
    assert_eq!(log.count("wrong-one"), 0);
    assert_eq!(log.count("WARN"), 0, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_wants_a_password_says_so() {
    let server = Server::start(&["--requirepass", "right-one"]);
    for resp3 in [true, false] {
        let connection = open(&config_with(server.port, |config| config.resp3 = resp3));
        let error = failure(&connection).await;
        assert_eq!(error.code(), "ERR_VALKEY_AUTH");
        assert!(error.to_string().contains("NOAUTH"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_auth_does_not_show_the_password() {
    let server = Server::start(&["--rename-command", "AUTH", ""]);
    let connection = open(&config_with(server.port, |config| {
        config.password = Some(Secret::new("hunter2"));
    }));
    let error = failure(&connection).await.to_string();
    assert!(error.contains("unknown command") && !error.contains("hunter2"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_not_needed_is_a_warning_once() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let config = config_with(server.port, |config| config.password = Some(Secret::new("unused")));
    let connection = open_ready(&config).await;
    let subscriber = subscribe(&config, &["news"]);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
    let _: i64 =
        redis::cmd("CLIENT").arg("KILL").arg("SKIPME").arg("yes").query(&mut admin).unwrap();
    hints.wait_for(|hints| hints.subscribed == 2).await.unwrap();
    connection.wait_ready(PATIENCE).await.expect("back");
    assert_eq!(log.count("has no password"), 1, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_is_selected_or_the_error_names_db() {
    let server = Server::start(&[]);
    let connection = open_ready(&config_with(server.port, |config| config.db = 3)).await;
    set(&connection, "a", b"1").await.expect("set");
    let mut admin = server.admin();
    redis::cmd("SELECT").arg(3).exec(&mut admin).unwrap();
    assert_eq!(redis::cmd("GET").arg("a").query::<String>(&mut admin).unwrap(), "1");

    let connection = open(&config_with(server.port, |config| config.db = 999));
    let error = failure(&connection).await;
    assert_eq!(error.code(), "ERR_VALKEY_OPTION");
    assert!(error.to_string().starts_with("option 'db' is 999"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_hello_is_spoken_to_in_resp2() {
    let server = Server::start(&["--rename-command", "HELLO", ""]);
    let mut admin = server.admin();
    let config = config_with(server.port, |_| ());
    let connection = open_ready(&config).await;
    assert_eq!(get(&connection, "a").await, Ok(Value::Nil));
    let subscriber = subscribe(&config, &["news"]);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
    redis::cmd("PUBLISH").arg("news").arg("x").exec(&mut admin).unwrap();
    hints.wait_for(|hints| hints.messages == [1]).await.unwrap();
    // Heartbeats work in both protocols: nothing was lost meanwhile.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(hints.borrow().subscribed, 1);
    let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut admin).unwrap();
    // Redis 6 does not show it.
    assert!(!list.contains("resp=") || list.contains("resp=2"), "{list}");
    assert!(!list.contains("resp=3"), "{list}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_sees_protocol_and_name() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let config = config_with(server.port, |config| {
        config.connection_name = Some("flows".to_owned());
    });
    let _connection = open_ready(&config).await;
    let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut admin).unwrap();
    let ours = list.lines().find(|line| line.contains(" name=flows ")).expect("named");
    if ours.contains(" resp=") {
        assert!(ours.contains(" resp=3"), "{ours}");
    }
    if ours.contains("lib-name") {
        assert!(ours.contains("lib-name=node-red-storage-valkey"), "{ours}");
    }
    // A name the server refuses is no reason not to connect.
    let config = config_with(server.port, |config| {
        config.connection_name = Some("not a name".to_owned());
    });
    open_ready(&config).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unix_socket_serves_too() {
    let server = Server::start(&["--unixsocket", "s.sock"]);
    let path = server.directory().join("s.sock").to_str().unwrap().to_owned();
    let target = Target::Direct(Endpoint::Unix(path.clone()));
    let config = config_with(server.port, |config| config.target = target);
    let connection = open_ready(&config).await;
    assert_eq!(set(&connection, "a", b"1").await, Ok(Value::Okay));
    assert_eq!(*connection.state().borrow(), ConnectionState::Ready { server: path });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_leaves_no_socket_and_nothing_works_afterwards() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let config = config_with(server.port, |_| ());
    let connection = open_ready(&config).await;
    let subscriber = subscribe(&config, &["news"]);
    subscriber.hints().wait_for(|hints| hints.subscribed == 1).await.unwrap();
    assert_eq!(clients(&mut admin), 2);
    connection.close().await;
    connection.close().await;
    subscriber.close().await;
    until("no sockets", PATIENCE, async || clients(&mut admin) == 0).await;
    assert_eq!(get(&connection, "a").await.expect_err("closed").code(), "ERR_VALKEY_CLOSED");
    let waited = connection.wait_ready(PATIENCE).await;
    assert_eq!(waited.expect_err("closed").code(), "ERR_VALKEY_CLOSED");
    // Without close, the last handle takes the connection with it.
    let connection = open_ready(&config).await;
    let clone = connection.clone();
    drop(connection);
    assert_eq!(clients(&mut admin), 1);
    drop(clone);
    until("no sockets", PATIENCE, async || clients(&mut admin) == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_throws_away_any_key_is_told_of_once() {
    let said = async |args: &[&str]| {
        let (log, _guard) = Log::keep();
        let mut server = Server::start(args);
        let connection = open_ready(&config_with(server.port, |_| ())).await;
        server.restart();
        until("it is back", PATIENCE, async || get(&connection, "a").await.is_ok()).await;
        log.count("throws away any key")
    };
    assert_eq!(said(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]).await, 1);
    assert_eq!(said(&["--maxmemory", "100mb", "--maxmemory-policy", "volatile-ttl"]).await, 0);
    assert_eq!(said(&["--maxmemory-policy", "allkeys-lru"]).await, 0);
}
