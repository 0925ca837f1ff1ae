//! How a worker starts.

use std::time::{Duration, Instant};

use node_red_storage_valkey::Error;
use node_red_storage_valkey::config::TlsConfig;
use node_red_storage_valkey::role::worker::Worker;
use redis::Commands;

use super::common::instance::{self, deploy, flows, worker};
use super::common::log::Log;
use super::common::server::Server;
use super::common::until;
use super::common::{self, temp_dir};
use super::{PATIENCE, admin_options, start_flows, worker_options, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_server_is_waited_for_until_the_first_deploy() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let store = instance::store(&admin_options(&server)).await;
    let (worker, _) = worker(worker_options(&server), None);
    assert_eq!(worker.read_settings().await.unwrap(), "{}");
    assert_eq!(worker.read_sessions().await.unwrap(), "{}");
    let mut waiting = Box::pin(worker.snapshot());
    until("it says that it waits", PATIENCE, async || {
        let ended = tokio::time::timeout(Duration::from_millis(5), &mut waiting).await;
        assert!(ended.is_err(), "{ended:?}");
        log.count("first deploy") == 1
    })
    .await;
    write(&store, &deploy(1), 1).await;
    let snapshot =
        tokio::time::timeout(Duration::from_secs(1), waiting).await.expect("soon").unwrap();
    assert_eq!(snapshot.flows, flows(1));
    assert_eq!(*snapshot.credentials, *deploy(1).credentials);
    assert_eq!(worker.read_settings().await.unwrap(), *deploy(1).settings);
    assert_eq!(log.count("ERROR") + log.count("WARN"), 0, "{:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_without_a_copy_waits_for_the_server() {
    let (log, _kept) = Log::keep();
    let mut server = Server::start(&[]);
    server.kill();
    let dir = temp_dir();
    let (worker, _) = worker(worker_options(&server), Some(dir.path()));
    let starting = start_flows(&worker);
    let coming = async {
        until("it says that it waits", PATIENCE, async || log.count("waiting for it") == 1).await;
        server.restart();
        let store = instance::store(&admin_options(&server)).await;
        write(&store, &deploy(1), 1).await;
    };
    let (found, ()) = tokio::join!(starting, coming);
    assert_eq!(found, flows(1));
    assert_eq!(log.count("waiting for it"), 1, "{:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_there_is_no_connection_is_said_before_that_there_is_none() {
    // Accepts, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server::start(&[]);
    let mut plain = worker_options(&server);
    plain.connection = common::config(silent.local_addr().unwrap().port());
    // Longer than a start waits for the connection.
    plain.connection.connect_timeout = Duration::from_secs(4);
    let mut secured = worker_options(&server);
    secured.connection.tls = Some(TlsConfig { verify: false, ..TlsConfig::new("tls", Vec::new()) });
    secured.connection.connect_timeout = Duration::from_secs(10);
    for (options, first, in_probe) in [
        (plain, "no answer within 4000 ms", "no answer"),
        (
            secured,
            "does the server speak TLS on this port?",
            "does the server speak TLS on this port?",
        ),
    ] {
        let (log, _kept) = Log::keep();
        let (worker, _) = worker(options, None);
        let mut starting = Box::pin(start_flows(&worker));
        until("it says that it waits", PATIENCE, async || {
            let ended = tokio::time::timeout(Duration::from_millis(5), &mut starting).await;
            assert!(ended.is_err(), "it has nothing to start from");
            log.count("waiting for it") == 1
        })
        .await;
        let lines = log.lines();
        let warning = lines.iter().find(|line| line.starts_with("WARN")).unwrap();
        assert!(warning.contains(first), "{lines:?}");
        assert_eq!(worker.health().reason.as_deref(), Some(in_probe));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_copy_on_disk_is_used_while_the_server_is_away_and_left_when_it_is_back() {
    let mut server = Server::start(&[]);
    let dir = temp_dir();
    let store = instance::store(&admin_options(&server)).await;
    write(&store, &deploy(1), 1).await;
    let (first, _) = worker(worker_options(&server), Some(dir.path()));
    assert_eq!(start_flows(&first).await, flows(1));
    first.close().await;
    server.kill();

    let (log, _kept) = Log::keep();
    let (second, events) = worker(worker_options(&server), Some(dir.path()));
    let began = Instant::now();
    assert_eq!(second.read_settings().await.unwrap(), *deploy(1).settings);
    assert_eq!(second.read_sessions().await.unwrap(), "{}");
    assert_eq!(start_flows(&second).await, flows(1));
    assert!(began.elapsed() < Duration::from_millis(3500), "{:?}", began.elapsed());
    assert_eq!(log.count("last good copy"), 1, "{:?}", log.lines());
    server.restart();
    write(&instance::store(&admin_options(&server)).await, &deploy(2), 1).await;
    events.wait(&node_red_storage_valkey::role::Event::Revision, 1).await;
    assert_eq!(second.pending().unwrap().flows, flows(2));
    second.close().await;
    server.kill();

    // Not the copy of another cluster, whose flows this worker no longer runs.
    let moved = instance::with_prefix(worker_options(&server), "other:");
    let (third, _) = worker(moved, Some(dir.path()));
    let starting = tokio::time::timeout(PATIENCE, third.snapshot());
    let closing = async {
        until("it waits", PATIENCE, async || log.count("waiting for it") == 1).await;
        third.close().await;
    };
    let (ended, ()) = tokio::join!(starting, closing);
    assert_eq!(ended.expect("ends"), Err(Error::Closed));
    assert_eq!(log.count("another key prefix"), 1, "{:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_came_back_empty_is_no_reason_to_wait_for_a_worker_with_a_copy() {
    let mut server = Server::start(&[]);
    let dir = temp_dir();
    write(&instance::store(&admin_options(&server)).await, &deploy(1), 1).await;
    let (first, _) = worker(worker_options(&server), Some(dir.path()));
    assert_eq!(start_flows(&first).await, flows(1));
    first.close().await;
    server.kill();
    server.restart();

    let (log, _kept) = Log::keep();
    let (second, events) = worker(worker_options(&server), Some(dir.path()));
    assert_eq!(second.read_settings().await.unwrap(), *deploy(1).settings);
    assert_eq!(start_flows(&second).await, flows(1));
    assert_eq!(log.count("Valkey holds no flows"), 1, "{:?}", log.lines());
    write(&instance::store(&admin_options(&server)).await, &deploy(2), 1).await;
    events.wait(&node_red_storage_valkey::role::Event::Revision, 1).await;
    assert_eq!(second.pending().unwrap().flows, flows(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_deploy_that_cant_be_used_is_no_reason_not_to_start_from_the_copy() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = temp_dir();
    let store = instance::store(&admin_options(&server)).await;
    write(&store, &deploy(1), 1).await;
    let (first, _) = worker(worker_options(&server), Some(dir.path()));
    start_flows(&first).await;
    first.close().await;
    let _: () = server.admin().set("n:flows", "[{").unwrap();
    let (second, _) = worker(worker_options(&server), Some(dir.path()));
    assert_eq!(start_flows(&second).await, flows(1));
    assert_eq!(log.count("ERROR the value of key 'n:flows'"), 1, "{:?}", log.lines());
    second.close().await;

    // Nor is one that Node-RED can't use.
    write(&store, &deploy(2), 2).await;
    let (third, events) = worker(worker_options(&server), Some(dir.path()));
    let refused = third.snapshot().await.unwrap();
    assert_eq!(refused.flows, flows(2));
    third.refused(&refused.id(), "why");
    assert_eq!(start_flows(&third).await, flows(1));
    redis::cmd("PUBLISH").arg("n:flows:updated").arg("1").exec(&mut server.admin()).unwrap();
    write(&store, &deploy(3), 3).await;
    events.wait(&node_red_storage_valkey::role::Event::Revision, 1).await;
    assert_eq!(third.pending().unwrap().flows, flows(3), "what was refused is not offered again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_can_use_neither_the_stored_nor_the_copy_waits_and_is_not_busy() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = temp_dir();
    let store = instance::store(&admin_options(&server)).await;
    write(&store, &deploy(1), 1).await;
    let (first, _) = worker(worker_options(&server), Some(dir.path()));
    start_flows(&first).await;
    first.close().await;
    write(&store, &deploy(2), 2).await;
    let (second, _) = worker(worker_options(&server), Some(dir.path()));
    for expected in [flows(2), flows(1)] {
        let found = second.snapshot().await.unwrap();
        assert_eq!(found.flows, expected);
        second.refused(&found.id(), "why");
    }
    let coming = async {
        until("it says so", PATIENCE, async || log.count("waiting for a deploy that can") == 1)
            .await;
        write(&store, &deploy(3), 3).await;
    };
    let (found, ()) = tokio::join!(tokio::time::timeout(PATIENCE, second.snapshot()), coming);
    assert_eq!(found.expect("in time").unwrap().flows, flows(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_to_make_no_further_attempt_is_not_busy_waiting() {
    let mut server = Server::start(&[]);
    server.kill();
    let params = node_red_storage_valkey::role::OpenParams {
        config: std::sync::Arc::new(worker_options(&server)),
        user_dir: None,
        host: std::sync::Arc::new(Silent),
        hooks: std::sync::Arc::new(node_red_storage_valkey::connection::NoRetry).into(),
        host_name: None,
    };
    let worker = Worker::open(params);
    // A future that is busy is polled again and again.
    let mut polls = 0_u32;
    let mut waiting = Box::pin(worker.snapshot());
    let counted = std::future::poll_fn(|context| {
        polls += 1;
        std::future::Future::poll(waiting.as_mut(), context)
    });
    let waited = tokio::time::timeout(Duration::from_millis(700), counted).await;
    assert!(waited.is_err(), "{waited:?}");
    assert!(polls < 20, "looked at {polls} times within 0.7 s");
    drop(waiting);
    worker.close().await;
    assert_eq!(worker.snapshot().await, Err(Error::Closed));
}

struct Silent;

impl node_red_storage_valkey::role::Host for Silent {
    fn event(&self, _event: node_red_storage_valkey::role::Event) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_ends_the_waiting_and_leaves_no_connection() {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let mut clients = || {
        let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut connection).unwrap();
        list.lines().count() - 1
    };
    let (worker, _) = worker(worker_options(&server), None);
    let closing = async {
        until("both connections are up", PATIENCE, async || clients() == 2).await;
        worker.close().await;
        worker.close().await;
    };
    let (ended, ()) = tokio::join!(worker.snapshot(), closing);
    assert_eq!(ended, Err(Error::Closed));
    until("no connection is left", PATIENCE, async || clients() == 0).await;
    assert_eq!(worker.read_settings().await, Err(Error::Closed));
    assert_eq!(worker.read_library_entry("flows", "").await, Err(Error::Closed));
}
