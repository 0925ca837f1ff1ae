//! The slot of our keys changes its owner while somebody writes and somebody listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use node_red_storage_valkey::connection::{Connection, Script, Subscriber};

use super::common::cluster::{Cluster, PREFIX};
use super::common::log::Log;
use super::common::until;
use super::{PATIENCE, open_ready, server_of, subscribed_beside};

/// Writes as a deploy does: several keys, and a message, in one step.
const DEPLOY: &str = "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SADD', KEYS[2], ARGV[1]) \
    redis.call('PUBLISH', ARGV[2], ARGV[1]) return 'OK'";

fn key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

struct Scene {
    cluster: Cluster,
    connection: Connection,
    subscriber: Subscriber,
    log: Log,
    _guard: tracing::dispatcher::DefaultGuard,
}

impl Scene {
    async fn new() -> Self {
        let (log, guard) = Log::keep();
        let cluster = Cluster::start(&[]);
        let connection = open_ready(&cluster.config(|_| ())).await;
        let subscriber = subscribed_beside(&connection, key("news")).await;
        Self { cluster, connection, subscriber, log, _guard: guard }
    }

    async fn is_heard(&self) -> Duration {
        let hints = self.subscriber.hints();
        let before = hints.borrow().messages[0];
        until("a message", PATIENCE, async || hints.borrow().messages[0] > before).await
    }
}

struct Writer {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<(Vec<u64>, Vec<String>)>,
}

impl Writer {
    /// With `replicas`, a write counts as acknowledged once that many have it.
    fn start(connection: Connection, replicas: Option<i64>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(AtomicU64::new(0));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&acknowledged));
        let task = tokio::spawn(async move {
            let script = Script::new(DEPLOY);
            let (mut safe, mut refusals) = (Vec::new(), Vec::new());
            for number in 1_u64.. {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let args = [number.to_string(), key("news")];
                let mut result =
                    connection.script(&script, &[key("last"), key("all")], &args).await;
                if let (Ok(_), Some(replicas)) = (&result, replicas) {
                    let mut wait = redis::cmd("WAIT");
                    wait.arg(replicas).arg(100);
                    result = connection.command(&wait).await;
                    if matches!(&result, Ok(redis::Value::Int(have)) if *have < replicas) {
                        continue;
                    }
                }
                match result {
                    Ok(_) => {
                        safe.push(number);
                        count.store(safe.len() as u64, Ordering::Relaxed);
                    }
                    Err(error) => {
                        refusals.push(error.to_string());
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
            }
            (safe, refusals)
        });
        Self { stop, acknowledged, task }
    }

    async fn goes_on(&self, more: u64) -> Duration {
        let from = self.acknowledged.load(Ordering::Relaxed);
        until("further writes", PATIENCE, async || {
            self.acknowledged.load(Ordering::Relaxed) >= from + more
        })
        .await
    }

    /// Stops, makes sure that nothing acknowledged is lost, and returns what was refused.
    async fn stop(self, connection: &Connection) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        let (safe, refusals) = self.task.await.expect("the writer ends");
        let members = connection.command(redis::cmd("SMEMBERS").arg(key("all"))).await.unwrap();
        let have: std::collections::HashSet<u64> = redis::from_redis_value(members).unwrap();
        let lost: Vec<_> = safe.iter().filter(|number| !have.contains(number)).collect();
        println!("{} acknowledged, {} refused, {} lost", safe.len(), refusals.len(), lost.len());
        assert!(lost.is_empty(), "{lost:?}");
        refusals
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_of_the_slot_is_killed() {
    let mut scene = Scene::new().await;
    let owner = scene.cluster.owner();
    let connected = format!("INFO Connected to {} (Cluster mode)", scene.cluster.address(owner));
    assert_eq!(scene.log.count(&connected), 1, "{:?}", scene.log.lines());
    let writer = Writer::start(scene.connection.clone(), Some(1));
    writer.goes_on(50).await;
    let killed = Instant::now();
    scene.cluster.nodes[owner].kill();
    let replica = scene.cluster.address(owner + 3).to_string();
    let state = scene.connection.state();
    until("the promoted replica", PATIENCE, async || server_of(&state.borrow()) == replica).await;
    println!("SIGKILL of the owner: at its replica after {:?}", killed.elapsed());
    assert!(scene.connection.command(redis::cmd("GET").arg(key("last"))).await.is_ok());
    // Nobody replicates from the promoted one any more.
    scene.connection.command(redis::cmd("PUBLISH").arg(key("news")).arg("x")).await.unwrap();
    let (reader, hints) = (scene.connection.clone(), scene.subscriber.hints());
    let before = hints.borrow().messages[0];
    until("a message", PATIENCE, async || {
        let _ = reader.command(redis::cmd("PUBLISH").arg(key("news")).arg("x")).await;
        hints.borrow().messages[0] > before
    })
    .await;
    writer.stop(&scene.connection).await;
    assert_eq!(scene.log.count("Connection lost"), 1, "{:?}", scene.log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_of_the_slot_hangs() {
    let scene = Scene::new().await;
    let owner = scene.cluster.owner();
    scene.cluster.nodes[owner].signal("STOP");
    let stopped = Instant::now();
    let replica = scene.cluster.address(owner + 3).to_string();
    let state = scene.connection.state();
    until("the promoted replica", PATIENCE, async || server_of(&state.borrow()) == replica).await;
    println!("SIGSTOP of the owner: at its replica after {:?}", stopped.elapsed());
    let writer = Writer::start(scene.connection.clone(), None);
    scene.is_heard().await;
    scene.cluster.nodes[owner].signal("CONT");
    writer.goes_on(200).await;
    assert_eq!(server_of(&state.borrow()), replica);
    writer.stop(&scene.connection).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slot_moves_to_another_node() {
    let scene = Scene::new().await;
    let from = scene.cluster.owner();
    let to = (from + 1) % 3;
    let writer = Writer::start(scene.connection.clone(), None);
    writer.goes_on(50).await;
    scene
        .cluster
        .move_slot(from, to, async || {
            // What is not there yet is where it is going to, and this asks for both.
            let read = scene.connection.command(redis::cmd("GET").arg(key("last"))).await;
            assert!(read.is_ok(), "{read:?}");
        })
        .await;
    let moved = Instant::now();
    let new = scene.cluster.address(to).to_string();
    let state = scene.connection.state();
    until("the new owner", PATIENCE, async || server_of(&state.borrow()) == new).await;
    println!("resharding: at the new owner {:?} after it was one", moved.elapsed());
    writer.goes_on(50).await;
    scene.is_heard().await;
    let refusals = writer.stop(&scene.connection).await;
    assert_eq!(refusals, [] as [String; 0], "MOVED, ASK and TRYAGAIN are nobody's business");
}

/// `maxRedirections`: with none, the refusal is the caller's, who finds the new owner later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_slot_is_followed_as_often_as_allowed() {
    let cluster = Cluster::start(&[]);
    let from = cluster.owner();
    let none = open_ready(&cluster.config(|cluster| cluster.max_redirections = 0)).await;
    let one = open_ready(&cluster.config(|cluster| cluster.max_redirections = 1)).await;
    cluster.move_slot(from, (from + 1) % 3, async || ()).await;
    let get = redis::cmd("GET").arg(key("last")).to_owned();
    let refusal = none.command(&get).await.expect_err("refused").to_string();
    assert!(refusal.contains("MOVED"), "{refusal}");
    until("the new owner", PATIENCE, async || none.command(&get).await.is_ok()).await;
    one.command(&get).await.expect("followed");
}

/// Pub/sub is at whatever node answers, and moves to another when that one goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_that_is_subscribed_at_goes() {
    let mut scene = Scene::new().await;
    let state = scene.subscriber.state();
    let at = server_of(&state.borrow());
    let node = (0..6).find(|node| scene.cluster.address(*node).to_string() == at).unwrap();
    let writer = Writer::start(scene.connection.clone(), None);
    scene.is_heard().await;
    let subscribed = scene.subscriber.hints().borrow().subscribed;
    scene.cluster.nodes[node].kill();
    let hints = scene.subscriber.hints();
    let took =
        until("another subscription", PATIENCE, async || hints.borrow().subscribed > subscribed);
    println!("resubscribed {:?} after the node went", took.await);
    let other = server_of(&state.borrow());
    assert_ne!(other, at);
    scene.is_heard().await;
    writer.stop(&scene.connection).await;
}
