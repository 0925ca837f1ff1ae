//! Servers found by Sentinels, of a cluster, and older ones.

use node_red_storage_valkey::role::context::{Operation, Outcome, Segment};

use super::common::cluster::{Cluster, PREFIX};
use super::common::instance::with_prefix;
use super::common::sentinel::Watched;
use super::common::server::Server;
use super::{PATIENCE, open, options, reads, reads_from_server, sent, set, text, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_context_follows_a_failover() {
    let watched = Watched::start();
    let mut config = options(&watched.servers[0]);
    config.connection = watched.config(|_| ());
    let contexts = [open(config.clone(), None).0, open(config, None).0];
    for context in &contexts {
        reads_from_server(context).await;
    }
    let old = watched.master_port();
    let mut number = 0;
    watched.fail_over();
    until("a promotion", PATIENCE, async || {
        number += 1;
        set(&contexts[0], "mine", &number.to_string());
        set(&contexts[1], "yours", &number.to_string());
        let now = watched.master_port();
        now != 0 && now != old
    })
    .await;
    set(&contexts[0], "mine", "\"last\"");
    for context in &contexts {
        sent(context).await;
        reads(context, "mine", Some("\"last\"")).await;
        reads(context, "yours", Some(&number.to_string())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_context_follows_its_slot() {
    let cluster = Cluster::start(&[]);
    let mut config = with_prefix(options(&cluster.nodes[0]), PREFIX);
    config.connection = cluster.config(|_| ());
    let contexts = [open(config.clone(), None).0, open(config, None).0];
    for context in &contexts {
        reads_from_server(context).await;
    }
    for number in 0..50 {
        set(&contexts[0], &format!("k{number}"), &number.to_string());
    }
    reads(&contexts[1], "k49", Some("49")).await;
    sent(&contexts[0]).await;
    let from = cluster.owner();
    cluster
        .move_slot(from, (from + 1) % 3, async || {
            set(&contexts[0], "k1", "\"new\"");
        })
        .await;
    set(&contexts[1], "k2", "\"new\"");
    for context in &contexts {
        reads(context, "k1", Some("\"new\"")).await;
        reads(context, "k2", Some("\"new\"")).await;
        sent(context).await;
        until("in step", PATIENCE, async || context.health().in_step).await;
        assert_eq!(context.health().keys, 50);
        assert_eq!(context.health().conflicts, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_servers_can_do_it_as_well() {
    for flavour in ["redis-6", "valkey-8"] {
        let server = Server::start_flavour(flavour, &[]);
        let (one, _) = open(options(&server), None);
        let (two, _) = open(options(&server), None);
        reads_from_server(&one).await;
        reads_from_server(&two).await;
        set(&one, "a", "{}");
        one.set_part("global", "a", vec![Segment::Name("x".into())], Some("1".into())).unwrap();
        reads(&two, "a", Some(r#"{"x":1}"#)).await;
        two.set_part("global", "a", vec![Segment::Name("y".into())], Some("2".into())).unwrap();
        reads(&one, "a", Some(r#"{"x":1,"y":2}"#)).await;
        let sum = two.operate("global", "n", Operation::Increment(2.0)).await;
        assert_eq!(sum, Ok(Outcome::Text("2".into())));
        assert_eq!(text(&two, "n").as_deref(), Some("2"));
        reads(&one, "n", Some("2")).await;
    }
}
