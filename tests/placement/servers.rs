//! Servers of other kinds.

use super::common::cluster::{Cluster, PREFIX};
use super::common::instance::with_prefix;
use super::common::server::Server;
use super::workers::{Worker, options, owner, settle};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leases_follow_their_slot() {
    let cluster = Cluster::start(&[]);
    let mut config = with_prefix(options(&cluster.nodes[0]), PREFIX);
    config.connection = cluster.config(|_| ());
    let mut workers =
        vec![Worker::wanting(config.clone(), &["a", "b"]), Worker::wanting(config, &["a", "b"])];
    owner(&workers, "a").await;
    owner(&workers, "b").await;
    let from = cluster.owner();
    cluster.move_slot(from, (from + 1) % 3, async || ()).await;
    let first = owner(&workers, "a").await;
    let first = workers.remove(first);
    first.member.give_back_tabs().await;
    workers[0].has("a").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_servers_can_do_it_as_well() {
    for flavour in ["redis-6", "redis-7", "valkey-8"] {
        let server = Server::start_flavour(flavour, &[]);
        settle(&server);
        let first = Worker::wanting(options(&server), &["a"]);
        first.has("a").await;
        let second = Worker::wanting(options(&server), &["a"]);
        first.member.give_back_tabs().await;
        second.has("a").await;
        assert_eq!(second.fence("a"), 2, "{flavour}");
    }
}
