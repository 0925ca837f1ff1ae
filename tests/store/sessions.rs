//! The editor's log-in sessions.

use std::time::Duration;

use node_red_storage_valkey::Error;
use redis::Commands;

use super::common::server::Server;
use super::common::until;
use super::{PATIENCE, instance, open, options};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_expire_and_each_save_renews_them() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    let ttl = Duration::from_secs(100);
    assert_eq!(store.read_sessions().await, Ok(None));
    assert_eq!(store.has_sessions().await, Ok(false));
    store.write_sessions(r#"{"a":1}"#, ttl).await.unwrap();
    assert_eq!(store.read_sessions().await, Ok(Some(r#"{"a":1}"#.into())));
    let _: () = admin.expire("n:sessions", 10).unwrap();
    store.write_sessions(r#"{"a":2}"#, ttl).await.unwrap();
    let left: i64 = admin.ttl("n:sessions").unwrap();
    assert!((99..=100).contains(&left), "{left} s");
    let _: () = admin.pexpire("n:sessions", 1).unwrap();
    until("they expire", PATIENCE, async || store.has_sessions().await == Ok(false)).await;
    assert_eq!(store.read_sessions().await, Ok(None));
    // Less than a second is no error of the server.
    store.write_sessions("{}", Duration::ZERO).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_any_form_are_read_and_what_is_no_text_is_named() {
    let server = Server::start(&[]);
    let mut config = options(&server);
    config.enable_compression = true;
    let store = instance::store(&config).await;
    let mut admin = server.admin();
    let large = format!(r#"{{"token":"{}"}}"#, "x".repeat(4000));
    store.write_sessions(&large, Duration::from_secs(100)).await.unwrap();
    let size: usize = admin.strlen("n:sessions").unwrap();
    assert!(size < 1000, "{size} bytes");
    assert_eq!(open(&server).await.read_sessions().await, Ok(Some(large)));
    // As it is: it is read where it is used.
    let _: () = admin.set("n:sessions", "[").unwrap();
    assert_eq!(store.read_sessions().await, Ok(Some("[".into())));
    let _: () = admin.set("n:sessions", b"\xff").unwrap();
    let error = store.read_sessions().await.expect_err("no UTF-8");
    assert!(matches!(&error, Error::Value { key, .. } if key == "n:sessions"), "{error}");
    let _: () = admin.del("n:sessions").unwrap();
    let _: () = admin.rpush("n:sessions", "x").unwrap();
    let error = store.read_sessions().await.expect_err("a list");
    assert!(matches!(&error, Error::Value { key, .. } if key == "n:sessions"), "{error}");
    store.write_sessions("{}", Duration::from_secs(100)).await.unwrap();
    assert_eq!(store.read_sessions().await, Ok(Some("{}".into())));
}
