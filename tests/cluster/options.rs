//! What is configured, and what the servers allow.

use std::sync::Arc;
use std::time::Duration;

use node_red_storage_valkey::config::Secret;
use node_red_storage_valkey::connection::{Connection, ConnectionState, Hooks, NoRetry};
use node_red_storage_valkey::hash_slot::slot_of;

use super::common::cluster::{Cluster, PREFIX, config_of};
use super::common::free_port;
use super::common::peer::mute_after_handshake;
use super::common::sentinel::local;
use super::common::server::Server;
use super::{PATIENCE, failure, open, open_ready};

/// One cluster for what does not change it: it takes seconds to start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_is_found() {
    let cluster = Cluster::start(&[]);
    let owner = cluster.owner();

    // The server agrees on the slots.
    for key in ["{nr}:flows", "abc", "{}x", "a{b}c", "{a", "ü{ö}"] {
        let mut ask = redis::cmd("CLUSTER");
        let slot: u16 = ask.arg("KEYSLOT").arg(key).query(&mut cluster.nodes[0].admin()).unwrap();
        assert_eq!(slot_of(key), slot, "{key}");
    }

    // One node is enough, dead ones delay nothing.
    for at in 0..6 {
        let config = cluster.config(|cluster| {
            cluster.nodes = vec![local(free_port()), cluster.nodes[at].clone()];
        });
        let connection = open_ready(&config).await;
        let state = connection.state().borrow().clone();
        assert_eq!(super::server_of(&state), cluster.address(owner).to_string());
    }

    // A user that may neither ask for the slots nor for its role.
    for node in &cluster.nodes {
        node.add_user(&format!("least on >secret ~{PREFIX}* -@all +get +exists +ping"));
    }
    let mut config = cluster.config(|_| ());
    (config.username, config.password) = (Some("least".into()), Some(Secret::new("secret")));
    let connection = open_ready(&config).await;
    connection.command(redis::cmd("GET").arg(format!("{PREFIX}a"))).await.expect("an answer");

    // What is announced may be reached elsewhere.
    let elsewhere = free_port();
    let config = cluster.config(|options| {
        options.nat_map.insert(cluster.address(owner).to_string(), local(elsewhere));
    });
    let error = failure(&open(&config)).await.to_string();
    assert!(error.contains(&format!("127.0.0.1:{elsewhere}")), "{error}");

    // A database that the cluster does not have.
    let mut config = cluster.config(|_| ());
    config.db = 5;
    let error = failure(&open(&config)).await.to_string();
    assert!(error.starts_with("option 'db' is 5, which the server refused"), "{error}");

    // Nobody there.
    let dead = local(free_port());
    let config = cluster.config(|cluster| cluster.nodes = vec![dead.clone()]);
    let error = failure(&open(&config)).await.to_string();
    assert!(error.contains("no node answers") && error.contains(&dead.to_string()), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cluster_retry_strategy_decides_when_no_node_answers() {
    let config = Arc::new(config_of(vec![local(free_port())], |_| ()));
    let hooks = Hooks { cluster_retry: Arc::new(NoRetry), ..Hooks::default() };
    let connection = Connection::open(Arc::clone(&config), hooks);
    let mut state = connection.state();
    let closed = state.wait_for(|state| matches!(state, ConnectionState::Closed { .. }));
    tokio::time::timeout(PATIENCE, closed).await.expect("closed").expect("watched");

    let hooks = Hooks { retry: Arc::new(NoRetry), ..Hooks::default() };
    let connection = Connection::open(config, hooks);
    let mut state = connection.state();
    let again =
        state.wait_for(|state| matches!(state, ConnectionState::Reconnecting { attempt: 3.., .. }));
    tokio::time::timeout(PATIENCE, again).await.expect("attempts").expect("watched");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_refresh_timeout_limits_one_question() {
    let mute = mute_after_handshake().await;
    let config = config_of(vec![local(mute)], |cluster| {
        cluster.slots_timeout = Duration::from_millis(70);
    });
    let error = failure(&open(&config)).await.to_string();
    assert!(error.contains("no answer within 70 ms"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_cluster_is_named() {
    let server = Server::start(&[]);
    let error = failure(&open(&config_of(vec![local(server.port)], |_| ()))).await;
    assert!(error.to_string().starts_with("option 'cluster' names 127.0.0.1:"), "{error}");
}

/// Valkey 9 has databases in a cluster, when it is told to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_used_where_the_cluster_has_it() {
    let probe = Server::start(&[]);
    let known: redis::RedisResult<Vec<String>> =
        redis::cmd("CONFIG").arg("GET").arg("cluster-databases").query(&mut probe.admin());
    if known.is_ok_and(|found| found.is_empty()) {
        println!("this server has no databases in a cluster");
        return;
    }
    let cluster = Cluster::start(&["--cluster-databases", "16"]);
    let mut config = cluster.config(|_| ());
    config.db = 5;
    let connection = open_ready(&config).await;
    let key = format!("{PREFIX}a");
    connection.command(redis::cmd("SET").arg(&key).arg("x")).await.expect("a write");
    let mut admin = cluster.nodes[cluster.owner()].admin();
    let none: Option<String> = redis::cmd("GET").arg(&key).query(&mut admin).unwrap();
    assert_eq!(none, None);
    redis::cmd("SELECT").arg(5).exec(&mut admin).unwrap();
    let there: Option<String> = redis::cmd("GET").arg(&key).query(&mut admin).unwrap();
    assert_eq!(there.as_deref(), Some("x"));
}
