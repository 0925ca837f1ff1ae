//! A server of another kind than the options mean: it is recognised, and named once with what to set.

use std::time::Duration;

use node_red_storage_valkey::config::{ConnectionConfig, NatTable, SentinelConfig, Target};
use node_red_storage_valkey::connection::ConnectionState;

use super::common::cluster::config_of;
use super::common::connecting::{get, open, open_ready, set};
use super::common::log::Log;
use super::common::peer::cutting_proxy;
use super::common::sentinel::local;
use super::common::server::Server;
use super::common::{config, config_with, free_port, until};
use super::{PATIENCE, subscribe};

fn attempts(state: &ConnectionState) -> u32 {
    match state {
        ConnectionState::Reconnecting { attempt, .. } => *attempt,
        _ => 0,
    }
}

/// The lines of the log after several attempts, but those that tell of what goes well.
async fn lines_of(config: &ConnectionConfig) -> Vec<String> {
    let (log, _guard) = Log::keep();
    let connection = open(config);
    until("several attempts", PATIENCE, async || attempts(&connection.state().borrow()) >= 4).await;
    connection.close().await;
    log.lines()
}

/// One line that holds all this.
#[track_caller]
fn assert_one(lines: &[String], texts: &[&str]) {
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for text in texts {
        assert!(lines[0].contains(text), "{text} in {lines:#?}");
    }
}

fn cluster_node() -> Server {
    let bus = free_port().to_string();
    Server::start(&["--cluster-enabled", "yes", "--cluster-port", &bus])
}

fn sentinel() -> Server {
    Server::start_configured("sentinel monitor mymaster 127.0.0.1 1 1\n", &["--sentinel"])
}

fn with_sentinels(ports: &[u16]) -> ConnectionConfig {
    let sentinel = SentinelConfig {
        sentinels: ports.iter().map(|port| local(*port)).collect(),
        name: "mymaster".into(),
        username: None,
        password: None,
        tls: None,
        retry_strategy: node_red_storage_valkey::config::RetryStrategy::Default,
        reconnect_strategy: node_red_storage_valkey::config::RetryStrategy::Default,
        command_timeout: None,
        update_sentinels: true,
        max_connections: 10,
        failover_detector: false,
        nat_map: NatTable::new(),
    };
    ConnectionConfig { target: Target::Sentinel(sentinel), ..config(0) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentinel_in_place_of_a_server() {
    let sentinel = sentinel();
    let use_this = format!("use sentinels: [{{ host: '127.0.0.1', port: {} }}]", sentinel.port);
    for resp3 in [true, false] {
        let config = config_with(sentinel.port, |config| {
            config.resp3 = resp3;
            config.db = if resp3 { 3 } else { 0 };
        });
        let lines = lines_of(&config).await;
        assert_one(&lines, &["ERROR", "option 'host' leads to a Sentinel", &use_this, "and name,"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_a_cluster_in_place_of_a_server() {
    let node = cluster_node();
    let use_this =
        format!("part of a cluster: use cluster: [{{ host: '127.0.0.1', port: {} }}]", node.port);
    for (resp3, db) in [(true, 0), (true, 3), (false, 0)] {
        let config = config_with(node.port, |config| (config.resp3, config.db) = (resp3, db));
        assert_one(&lines_of(&config).await, &["ERROR", "option 'host' is not enough", &use_this]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_has_all_keys_of_a_prefix_with_a_hash_tag_serves_alone() {
    let node = cluster_node();
    let mut admin = node.admin();
    redis::cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(0).arg(16_383).exec(&mut admin).unwrap();
    until("a working cluster", PATIENCE, async || {
        let info: String = redis::cmd("CLUSTER").arg("INFO").query(&mut admin).unwrap();
        info.contains("cluster_state:ok")
    })
    .await;
    let (log, _guard) = Log::keep();
    let config = config_with(node.port, |config| config.key_prefix = "{nr}:".into());
    let connection = open_ready(&config).await;
    assert!(set(&connection, "{nr}:a", b"1").await.is_ok());
    assert_eq!(log.lines().len(), 1, "{:#?}", log.lines());
    // Until it has not: the slot goes elsewhere.
    let mut away = redis::cmd("CLUSTER");
    away.arg("DELSLOTSRANGE").arg(0).arg(16_383).exec(&mut admin).unwrap();
    until("a refusal", PATIENCE, async || get(&connection, "{nr}:a").await.is_err()).await;
    until("several attempts", PATIENCE, async || {
        let _ = get(&connection, "{nr}:a").await;
        log.count("this server is part of a cluster (CLUSTERDOWN") > 0
    })
    .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(log.count("is part of a cluster"), 1, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_in_place_of_its_master() {
    let master = Server::start(&[]);
    let port = master.port.to_string();
    let replica = Server::start(&["--replicaof", "127.0.0.1", &port]);
    for resp3 in [true, false] {
        let config = config_with(replica.port, |config| config.resp3 = resp3);
        let lines = lines_of(&config).await;
        assert_one(
            &lines,
            &["ERROR", "option 'host' leads to a replica", "the address of its master"],
        );

        // Who only reads can do so.
        let (log, _guard) = Log::keep();
        let reading = config_with(replica.port, |config| {
            config.resp3 = resp3;
            config.writes = false;
        });
        let connection = open_ready(&reading).await;
        assert!(get(&connection, "a").await.is_ok());
        let mut kill = redis::cmd("CLIENT");
        kill.arg("KILL").arg("TYPE").arg("normal").arg("SKIPME").arg("yes");
        kill.exec(&mut replica.admin()).unwrap();
        until("connected anew", PATIENCE, async || get(&connection, "a").await.is_ok()).await;
        assert_eq!(log.count("is a replica: what is deployed comes later here"), 1);
        connection.close().await;
    }
    // Nothing was asked: the first write tells.
    let (log, _guard) = Log::keep();
    let config = config_with(replica.port, |config| {
        config.resp3 = false;
        config.supervision.ready_check = false;
    });
    let connection = open_ready(&config).await;
    let mut states = connection.state();
    let writing = async {
        loop {
            set(&connection, "a", b"1").await.expect_err("a replica");
        }
    };
    // An attempt shows until the next one begins, and a write may come to its end before or after.
    tokio::select! {
        () = writing => {}
        _ = states.wait_for(|state| attempts(state) >= 3) => {}
        () = tokio::time::sleep(PATIENCE) => panic!("fewer than 3 attempts within {PATIENCE:?}"),
    }
    assert_eq!(log.count("ERROR"), 1, "{:#?}", log.lines());
    assert_eq!(log.count("option 'host' leads to a replica"), 1, "{:#?}", log.lines());
    // It becomes one.
    redis::cmd("REPLICAOF").arg("NO").arg("ONE").exec(&mut replica.admin()).unwrap();
    until("a master", PATIENCE, async || set(&connection, "a", b"1").await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn single_servers_in_place_of_a_cluster() {
    let servers = [Server::start(&[]), Server::start(&[])];
    let nodes = servers.iter().map(|server| local(server.port)).collect();
    let lines = lines_of(&config_of(nodes, |_| ())).await;
    // Always the same one, whichever was asked first.
    let port = servers.iter().map(|server| server.port.to_string()).min().unwrap();
    let use_this = format!("use host: '127.0.0.1' and port: {port} in its place");
    assert_one(
        &lines,
        &["ERROR", "option 'cluster' names 127.0.0.1:", "no node of a cluster", &use_this],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentinel_in_place_of_a_cluster() {
    let sentinel = sentinel();
    let lines = lines_of(&config_of(vec![local(sentinel.port)], |_| ())).await;
    assert_one(
        &lines,
        &["ERROR", "option 'cluster' names", "of a Sentinel, use sentinels and name"],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_in_place_of_sentinels() {
    let (one, other) = (Server::start(&[]), cluster_node());
    let lines = lines_of(&with_sentinels(&[one.port, other.port])).await;
    assert_one(
        &lines,
        &["ERROR", "option 'sentinels' names", "no Sentinel", "use 'host' and 'port'"],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_a_password_in_place_of_a_sentinel() {
    let server = Server::start(&["--requirepass", "pw"]);
    let lines = lines_of(&with_sentinels(&[server.port])).await;
    assert_one(&lines, &["ERROR", "'sentinelPassword'", "if that is a server, name the Sentinels"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_does_not_know_subscribe_is_named_once_and_the_rest_goes_on() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&["--rename-command", "SUBSCRIBE", ""]);
    let config = config_with(server.port, |_| ());
    let subscriber = subscribe(&config, &["n:flows", "n:packages"]);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.refused == [0, 1]).await.unwrap();
    // It is asked again and again.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let lines = log.lines();
    assert_one(
        &lines,
        &["WARN", "SUBSCRIBE failed", "a proxy", "connect to the Valkey server itself"],
    );
    assert_eq!(subscriber.unheard(), ["n:flows", "n:packages"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_cuts_subscribers_off_is_named_once() {
    let server = Server::start(&[]);
    let port = cutting_proxy(server.port, "SUBSCRIBE").await;
    let (log, _guard) = Log::keep();
    let subscriber = subscribe(&config_with(port, |_| ()), &["n:flows"]);
    until("many attempts", PATIENCE, async || attempts(&subscriber.state().borrow()) >= 8).await;
    assert_one(&log.lines(), &["WARN", "ends at SUBSCRIBE each time", "a proxy without pub/sub"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_without_transactions_is_named() {
    let server = Server::start(&["--rename-command", "MULTI", ""]);
    let connection = open_ready(&config_with(server.port, |_| ())).await;
    let mut pipe = redis::pipe();
    pipe.cmd("GET").arg("a");
    let error = connection.transaction(&pipe).await.expect_err("no MULTI").to_string();
    assert!(error.starts_with("MULTI failed: ERR unknown command"), "{error}");
    assert!(error.contains("a proxy, or a server without this command"), "{error}");
}
