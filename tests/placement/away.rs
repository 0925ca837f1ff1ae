//! The server goes away, loses what it had, or one worker is cut off from it.

use std::time::{Duration, Instant};

use node_red_storage_valkey::config::{Config, WhenAway};
use redis::Commands;

use super::common::peer::Gate;
use super::common::sentinel::Watched;
use super::common::server::Server;
use super::common::{PATIENCE, until};
use super::workers::{LEASE, Watch, Worker, options, owner, settle, two};

fn keeping(server: &Server) -> Config {
    let mut config = options(server);
    config.placement.once_when_away = WhenAway::Keep;
    config
}

fn through(mut config: Config, gate: &Gate) -> Config {
    config.connection.target = super::common::config(gate.port).target;
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_stop_nobody_runs_it_while_the_server_is_dead() {
    let mut server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(options(&server)).await;
    let watch = Watch::over(&[&first, &second], "a");
    server.kill();
    let killed = Instant::now();
    first.lacks("a").await;
    assert!(killed.elapsed() < LEASE, "{:?}", killed.elapsed());
    server.restart();
    let workers = [first, second];
    let back = Instant::now();
    owner(&workers, "a").await;
    println!("runs again {:?} after the server is back, empty", back.elapsed());
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_stop_an_outage_shorter_than_a_lease_stops_nothing() {
    let mut server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(options(&server)).await;
    let watch = Watch::over(&[&first, &second], "a");
    for round in 0..5 {
        server.restart();
        let mut admin = server.admin();
        until("it is asserted", PATIENCE, async || {
            admin.get::<_, Option<String>>("n:once:a").unwrap().is_some()
        })
        .await;
        assert!(first.holds("a"), "{round}");
        assert_eq!(first.fence("a"), 1);
    }
    tokio::time::sleep(2 * LEASE).await;
    assert!(first.holds("a") && !second.holds("a"));
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_stop_an_emptied_server_changes_nothing() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(options(&server)).await;
    let watch = Watch::over(&[&first, &second], "a");
    let mut admin = server.admin();
    for _ in 0..4 {
        redis::cmd("FLUSHALL").exec(&mut admin).unwrap();
        tokio::time::sleep(LEASE.mul_f64(0.4)).await;
    }
    tokio::time::sleep(2 * LEASE).await;
    assert!(first.holds("a") && !second.holds("a"));
    assert_eq!(first.fence("a"), 1);
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_server_is_emptied_no_fence_is_given_out_twice() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(options(&server)).await;
    let mut admin = server.admin();
    let _: () = admin.set("n:once:a:fence", 40).unwrap();
    until("it has a new fence", PATIENCE, async || first.fence("a") == 41).await;
    // The other has seen it.
    tokio::time::sleep(LEASE).await;
    redis::cmd("FLUSHALL").exec(&mut admin).unwrap();
    first.member.close().await;
    second.has("a").await;
    assert_eq!(second.fence("a"), 42);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_stop_a_server_that_hangs_is_noticed_by_the_clock() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(options(&server)).await;
    let watch = Watch::over(&[&first, &second], "a");
    server.signal("STOP");
    let hung = Instant::now();
    first.lacks("a").await;
    assert!(hung.elapsed() < LEASE, "{:?}", hung.elapsed());
    tokio::time::sleep(LEASE).await;
    server.signal("CONT");
    let back = Instant::now();
    let workers = [first, second];
    owner(&workers, "a").await;
    assert!(back.elapsed() < Duration::from_secs(3), "{:?}", back.elapsed());
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_stop_another_takes_over_from_who_is_cut_off() {
    let server = Server::start(&[]);
    settle(&server);
    let gate = Gate::before(server.port).await;
    let first = Worker::wanting(through(options(&server), &gate), &["a"]);
    first.has("a").await;
    let second = Worker::wanting(options(&server), &["a"]);
    let watch = Watch::over(&[&first, &second], "a");
    gate.shut();
    let cut = Instant::now();
    first.lacks("a").await;
    second.has("a").await;
    assert!(cut.elapsed() < LEASE + Duration::from_secs(1), "{:?}", cut.elapsed());
    gate.open();
    tokio::time::sleep(2 * LEASE).await;
    assert!(!first.holds("a") && second.holds("a"));
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_keep_the_owner_goes_on_while_the_server_is_dead_and_comes_first() {
    let mut server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(keeping(&server)).await;
    let watch = Watch::over(&[&first, &second], "a");
    server.kill();
    let dead = Instant::now();
    while dead.elapsed() < 2 * LEASE {
        assert!(first.holds("a"), "{:?}", dead.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.restart();
    tokio::time::sleep(2 * LEASE).await;
    assert!(first.holds("a") && !second.holds("a"));
    assert_eq!(first.fence("a"), 1);
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_keep_the_owner_goes_on_while_the_server_hangs() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(keeping(&server)).await;
    server.signal("STOP");
    let hung = Instant::now();
    // Long enough for the connection to be given up.
    while hung.elapsed() < Duration::from_secs(9) {
        assert!(first.holds("a"), "{:?}", hung.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.signal("CONT");
    tokio::time::sleep(2 * LEASE).await;
    assert!(first.holds("a") && !second.holds("a"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_keep_what_was_asked_of_a_server_that_hangs_takes_nothing_later() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(keeping(&server)).await;
    for round in 0..6 {
        // Not for so long that the connection is given up: what was sent is done when it goes on.
        server.signal("STOP");
        tokio::time::sleep(LEASE + Duration::from_millis(1000)).await;
        server.signal("CONT");
        let end = Instant::now() + LEASE + LEASE / 2;
        while Instant::now() < end {
            assert!(first.holds("a") && !second.holds("a"), "round {round}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(first.fence("a"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_keep_the_owner_goes_on_while_the_server_refuses_to_write() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(keeping(&server)).await;
    let mut admin = server.admin();
    let fence = first.fence("a");
    redis::cmd("CONFIG").arg("SET").arg("min-replicas-to-write").arg(1).exec(&mut admin).unwrap();
    let end = Instant::now() + 2 * LEASE;
    while Instant::now() < end {
        assert_eq!(first.fence("a"), fence, "it is held all the time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    redis::cmd("CONFIG").arg("SET").arg("min-replicas-to-write").arg(0).exec(&mut admin).unwrap();
    let end = Instant::now() + 2 * LEASE;
    while Instant::now() < end {
        assert_eq!(first.fence("a"), fence, "it is held all the time");
        assert!(!second.holds("a"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(first.member.problem().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_keep_an_emptied_server_changes_nothing() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(keeping(&server)).await;
    let watch = Watch::over(&[&first, &second], "a");
    redis::cmd("FLUSHALL").exec(&mut server.admin()).unwrap();
    tokio::time::sleep(2 * LEASE).await;
    assert!(first.holds("a") && !second.holds("a"));
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_keep_who_is_cut_off_gives_way_when_it_is_back() {
    let server = Server::start(&[]);
    settle(&server);
    let gate = Gate::before(server.port).await;
    let first = Worker::wanting(through(keeping(&server), &gate), &["a"]);
    first.has("a").await;
    let second = Worker::wanting(keeping(&server), &["a"]);
    gate.shut();
    second.has("a").await;
    // That is what it costs.
    assert!(first.holds("a"));
    gate.open();
    first.lacks("a").await;
    assert!(second.holds("a"));
    assert!(second.fence("a") > 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_gives_no_tab_to_two() {
    for when_away in [WhenAway::Stop, WhenAway::Keep] {
        let watched = Watched::start();
        let mut config = options(&watched.servers[0]);
        config.connection = watched.config(|_| ());
        config.placement.once_when_away = when_away;
        let workers = [
            Worker::wanting(config.clone(), &["a", "b"]),
            Worker::wanting(config.clone(), &["a", "b"]),
            Worker::wanting(config, &["a", "b"]),
        ];
        owner(&workers, "a").await;
        let all: Vec<_> = workers.iter().collect();
        let watch = Watch::over(&all, "a");
        let old = watched.master_port();
        watched.fail_over();
        until("a promotion", PATIENCE, async || {
            let now = watched.master_port();
            now != 0 && now != old
        })
        .await;
        owner(&workers, "a").await;
        owner(&workers, "b").await;
        tokio::time::sleep(2 * LEASE).await;
        owner(&workers, "a").await;
        watch.end().await;
    }
}
