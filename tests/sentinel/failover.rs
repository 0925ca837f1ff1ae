//! The master changes while somebody writes and somebody listens.

use std::time::{Duration, Instant};

use node_red_storage_valkey::connection::{Connection, Subscriber};

use super::common::log::Log;
use super::common::sentinel::{PASSWORD, Watched};
use super::common::until;
use super::writer::{Writer, missing};
use super::{PATIENCE, open_ready, server_of, subscribed_beside};

/// From the promotion until both connections are at the new master and work there.
const AT_ONCE: Duration = Duration::from_secs(1);

struct Scene {
    watched: Watched,
    connection: Connection,
    subscriber: Subscriber,
    log: Log,
    _guard: tracing::dispatcher::DefaultGuard,
}

impl Scene {
    async fn new() -> Self {
        let (log, guard) = Log::keep();
        let watched = Watched::start();
        let connection = open_ready(&watched.config(|_| ())).await;
        let subscriber = subscribed_beside(&connection, "news".into()).await;
        Self { watched, connection, subscriber, log, _guard: guard }
    }

    /// Waits for another master and returns how long both connections took to be there.
    async fn follow(&self, old: u16) -> Duration {
        until("a promotion", PATIENCE, async || {
            let now = self.watched.master_port();
            now != 0 && now != old
        })
        .await;
        let promoted = Instant::now();
        let new = format!("127.0.0.1:{}", self.watched.master_port());
        until("both connections at the new master", PATIENCE, async || {
            server_of(&self.connection.state().borrow()) == new
                && server_of(&self.subscriber.state().borrow()) == new
        })
        .await;
        let took = promoted.elapsed();
        println!("both connections followed {took:?} after most Sentinels knew");
        took
    }

    /// Waits until what is written is heard.
    async fn is_heard(&self) {
        let hints = self.subscriber.hints();
        let before = hints.borrow().messages[0];
        until("a message", PATIENCE, async || hints.borrow().messages[0] > before).await;
    }

    async fn nothing_is_lost(&self, writer: Writer) {
        self.is_heard().await;
        let (safe, refused) = writer.stop().await;
        let lost = missing(&self.connection, &safe).await;
        println!("{} acknowledged, {refused} refused, {} lost", safe.len(), lost.len());
        assert_eq!(lost, [] as [u64; 0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_master_is_killed() {
    let mut scene = Scene::new().await;
    let first = scene.watched.master_port();
    let connected = format!("INFO Connected to 127.0.0.1:{first} (Sentinel mode: mymaster)");
    assert_eq!(scene.log.count(&connected), 1, "{:?}", scene.log.lines());
    let writer = Writer::start(scene.connection.clone(), 1);
    writer.goes_on(50).await;
    scene.watched.server(first).kill();
    assert!(scene.follow(first).await < AT_ONCE);
    writer.goes_on(50).await;
    scene.nothing_is_lost(writer).await;
    assert_eq!(scene.log.count("Connection lost"), 1, "{:?}", scene.log.lines());
    until("one more line", PATIENCE, async || scene.log.count("Connected to") == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_is_asked_for() {
    let scene = Scene::new().await;
    let first = scene.watched.master_port();
    // With both replicas: either may be promoted.
    let writer = Writer::start(scene.connection.clone(), 2);
    writer.goes_on(50).await;
    scene.watched.fail_over();
    assert!(scene.follow(first).await < AT_ONCE);
    writer.goes_on(50).await;
    scene.nothing_is_lost(writer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_master_hangs_and_comes_back() {
    let mut scene = Scene::new().await;
    let first = scene.watched.master_port();
    let writer = Writer::start(scene.connection.clone(), 1);
    writer.goes_on(50).await;
    scene.watched.server(first).signal("STOP");
    // The Sentinels say so; nobody waits for the heartbeat.
    assert!(scene.follow(first).await < AT_ONCE);
    writer.goes_on(50).await;
    scene.watched.server(first).signal("CONT");
    scene.watched.wait_until_settled();
    writer.goes_on(50).await;
    scene.nothing_is_lost(writer).await;
}

/// Without anybody who listens to the Sentinels, and without a word of the server itself (which
/// ends all connections only when a Sentinel demotes it), the connection asks what it leads to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demoted_master_is_left_without_being_told() {
    let mut watched = Watched::start();
    let connection =
        open_ready(&watched.config(|sentinel| sentinel.failover_detector = false)).await;
    let first = watched.master_port();
    let other = watched.servers.iter().find(|server| server.port != first).expect("three").port;
    let mut old = watched.server(first).admin_with(&format!(":{PASSWORD}@"));
    let mut demote = redis::cmd("REPLICAOF");
    demote.arg("127.0.0.1").arg(other).exec(&mut old).unwrap();
    let state = connection.state();
    let mut reason = None;
    let took = until("the connection to leave", Duration::from_secs(3), async || {
        reason = state.borrow().reason();
        reason.is_some()
    })
    .await;
    let reason = reason.unwrap();
    println!("a demoted master was left after {took:?}: {reason}");
    assert!(reason.contains("the master"), "{reason}");
    redis::cmd("REPLICAOF").arg("NO").arg("ONE").exec(&mut old).unwrap();
    until("the master again", PATIENCE, async || connection.is_ready()).await;
}
