//! What a worker makes of values that nobody should have stored.

use std::time::Duration;

use node_red_storage_valkey::role::Event;
use redis::Commands;

use super::common::instance::{self, deploy, flows, worker};
use super::common::log::Log;
use super::common::server::Server;
use super::common::until;
use super::{PATIENCE, admin_options, start_flows, worker_options, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_value_is_logged_once_by_its_key_and_what_runs_goes_on() {
    let server = Server::start(&[]);
    let store = instance::store(&admin_options(&server)).await;
    let mut connection = server.admin();
    write(&store, &deploy(1), 1).await;
    let (log, _kept) = Log::keep();
    let (worker, events) = worker(worker_options(&server), None);
    start_flows(&worker).await;
    let mut sequence = 2;
    for key in ["flows", "credentials", "settings"] {
        let key = format!("n:{key}");
        for wrong_type in [false, true] {
            write(&store, &deploy(1), sequence).await;
            let lines = log.lines().len();
            let named = format!("ERROR the value of key '{key}'");
            let before = log.count(&named);
            // Together with the record, or nobody looks; in one step, because a key that is
            // missing for a moment is another deploy.
            let mut record = instance::record(&mut connection).unwrap();
            record.sequence += 1;
            let mut bad = redis::pipe();
            bad.atomic().del(&key).set("n:revision", record.to_text().unwrap());
            if wrong_type {
                bad.rpush(&key, "secret");
            } else {
                bad.set(&key, "[{\"id\":\"secret\"");
            }
            bad.exec(&mut connection).unwrap();
            for _ in 0..3 {
                let _: () = connection.publish("n:flows:updated", "1").unwrap();
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
            let what = format!("{named} is logged; wrong type: {wrong_type}");
            until(&what, PATIENCE, async || log.count(&named) > before).await;
            assert_eq!(log.count(&named), before + 1, "{:#?}", &log.lines()[lines..]);
            assert!(worker.pending().is_none());
            assert_eq!(events.count(&Event::Revision), 0);
            sequence += 2;
            // Mended with what runs: nothing to do, and the next problem is logged again.
            write(&store, &deploy(1), sequence).await;
            tokio::time::sleep(Duration::from_millis(120)).await;
            sequence += 1;
        }
    }
    assert!(!log.lines().join("").contains("secret"), "{:#?}", log.lines());
    write(&store, &deploy(2), sequence).await;
    events.wait(&Event::Revision, 1).await;
    assert_eq!(worker.pending().unwrap().flows, flows(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_record_does_not_keep_a_worker_from_following() {
    let server = Server::start(&[]);
    let store = instance::store(&admin_options(&server)).await;
    let mut connection = server.admin();
    write(&store, &deploy(1), 1).await;
    let (log, _kept) = Log::keep();
    let (worker, events) = worker(worker_options(&server), None);
    start_flows(&worker).await;
    let mut times = 0;
    for record in [None, Some("{"), Some(r#"{"sequence":1}"#)] {
        let _: () = connection.del("n:revision").unwrap();
        match record {
            Some(text) => connection.set::<_, _, ()>("n:revision", text).unwrap(),
            None => connection.rpush::<_, _, ()>("n:revision", "x").unwrap(),
        }
        for number in [5 + times, 6 + times] {
            times += 1;
            let _: () = connection.set("n:flows", flows(number)).unwrap();
            let _: () = connection.publish("n:flows:updated", "1").unwrap();
            events.wait(&Event::Revision, times).await;
            let pending = worker.pending().unwrap();
            assert_eq!(pending.flows, flows(number), "{record:?}");
            worker.applied(&pending.id());
        }
    }
    assert_eq!(log.count("ERROR") + log.count("WARN"), 0, "{:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_text_is_no_sessions() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let (worker, _) = worker(worker_options(&server), None);
    let _: () = connection.rpush("n:sessions", "x").unwrap();
    assert_eq!(worker.read_sessions().await.unwrap(), "{}");
    assert_eq!(log.count("n:sessions"), 1, "{:?}", log.lines());
    let _: () = connection.del("n:sessions").unwrap();
    let _: () = connection.set("n:sessions", r#"{"a":1}"#).unwrap();
    assert_eq!(worker.read_sessions().await.unwrap(), r#"{"a":1}"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_library_entry_spoils_no_listing() {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let (worker, _) = worker(worker_options(&server), None);
    // Written by an earlier module: there is no index.
    let _: () = connection.set("n:library:functions:a.js", r#"{"name":"A","fn":"x"}"#).unwrap();
    let _: () = connection.set("n:library:functions:broken.js", "{").unwrap();
    let _: () = connection.set("n:library:functions:garbage.js", b"\xff\xfe").unwrap();
    let _: () = connection.rpush("n:library:functions:list.js", "x").unwrap();
    let _: () = connection.set("n:library:functions:sub/c.js", r#"{"fn":"y"}"#).unwrap();
    let ready = async || worker.read_settings().await.unwrap();
    ready().await;
    let listing = worker.read_library_entry("functions", "").await.unwrap();
    let expected = r#"["sub",{"name":"A","fn":"a.js"},{"fn":"broken.js"},{"fn":"garbage.js"},{"fn":"list.js"}]"#;
    assert_eq!(listing, expected);
    let error = worker.read_library_entry("functions", "list.js").await.expect_err("a list");
    assert!(error.to_string().contains("n:library:functions:list.js"), "{error}");
    assert_eq!(worker.read_library_entry("functions", "sub/c.js").await.unwrap(), r#""y""#);
    for (kind, path) in [("functions", "../flows"), ("..", "x"), ("functions", "none")] {
        assert!(worker.read_library_entry(kind, path).await.is_err(), "{kind} {path}");
    }
}
