//! What is asked for while the slot of our keys is being moved: the owner no longer has them all.

use std::time::Duration;

use node_red_storage_valkey::config::{ConnectionConfig, Secret};
use node_red_storage_valkey::connection::{Connection, Script};
use redis::Value;
use tracing::instrument::WithSubscriber;

use super::common::cluster::{Cluster, PREFIX};
use super::common::log::Log;
use super::common::until;
use super::{PATIENCE, open_ready, server_of};

const NAMES: [&str; 2] = ["a", "b"];

/// Says what both keys hold, and swaps them.
const SWAP: &str = "local a, b = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]) \
    redis.call('SET', KEYS[1], b) redis.call('SET', KEYS[2], a) return a .. b";

fn key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

struct Scene {
    cluster: Cluster,
    from: usize,
    to: usize,
}

impl Scene {
    /// Two keys in a slot that can be moved.
    fn new() -> Self {
        let cluster = Cluster::start(&[]);
        let from = cluster.owner();
        let to = (from + 1) % 3;
        for name in NAMES {
            let mut set = redis::cmd("SET");
            set.arg(key(name)).arg(name).exec(&mut cluster.nodes[from].admin()).unwrap();
        }
        cluster.open_slot(from, to);
        Self { cluster, from, to }
    }

    fn config(&self) -> ConnectionConfig {
        self.cluster.config(|cluster| cluster.delay_on_try_again = Duration::from_millis(20))
    }

    fn move_key(&self, name: &str) {
        self.cluster.move_key(self.from, self.to, &key(name));
    }

    /// How often the node that the slot is being moved to was asked for the keys.
    fn asked(&self) -> u64 {
        let stats: String =
            redis::cmd("INFO").arg("commandstats").query(&mut self.target()).unwrap();
        let calls = stats.lines().find_map(|line| line.strip_prefix("cmdstat_asking:calls="));
        calls.map_or(0, |calls| calls.split(',').next().unwrap().parse().unwrap())
    }

    fn target(&self) -> redis::Connection {
        self.cluster.nodes[self.to].admin()
    }
}

fn text(value: Value) -> String {
    redis::from_redis_value(value).unwrap()
}

async fn get(connection: &Connection, name: &str) -> String {
    text(connection.command(redis::cmd("GET").arg(key(name))).await.expect("an answer"))
}

async fn get_both(connection: &Connection) -> String {
    let mut pipe = redis::pipe();
    pipe.cmd("GET").arg(key("a")).cmd("GET").arg(key("b"));
    let replies = connection.transaction(&pipe).await.expect("answers");
    replies.into_iter().map(|reply| text(reply.expect("a value"))).collect()
}

async fn swap(connection: &Connection) -> (String, i64) {
    let keys = NAMES.map(key);
    let mut wait = redis::cmd("WAIT");
    wait.arg(1).arg(5000);
    let none: [&str; 0] = [];
    let swapped = connection.script_then(&Script::new(SWAP), &keys, &none, &wait).await;
    let (value, replicas) = swapped.expect("an answer");
    (text(value), redis::from_redis_value(replicas.expect("an answer")).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_owner_no_longer_has_is_asked_for_where_it_is() {
    let scene = Scene::new();
    let connection = open_ready(&scene.config()).await;
    assert_eq!(get_both(&connection).await, "ab");
    assert_eq!(scene.asked(), 0);

    // One here, one there: what needs both waits until they are together again.
    scene.move_key("a");
    assert_eq!([get(&connection, "a").await, get(&connection, "b").await].concat(), "ab");
    assert!(scene.asked() > 0);
    let (reader, writer) = (connection.clone(), connection.clone());
    let reading = tokio::spawn(async move { get_both(&reader).await });
    let writing = tokio::spawn(async move { swap(&writer).await });
    assert_eq!(get(&connection, "b").await, "b");
    assert!(!reading.is_finished() && !writing.is_finished());

    // The slot stays open: all is there, and nothing of it is the owner's.
    scene.move_key("b");
    assert_eq!(writing.await.unwrap(), ("ab".into(), 1), "by the replica of the node that ran it");
    assert!(["ab", "ba"].contains(&&*reading.await.unwrap()));
    assert_eq!(get_both(&connection).await, "ba");
    assert_eq!(swap(&connection).await, ("ba".into(), 1));
    assert_eq!(get_both(&connection).await, "ab");
    // Nothing was left for it.
    let state = connection.state();
    assert_eq!(server_of(&state.borrow()), scene.cluster.address(scene.from).to_string());

    scene.cluster.close_slot(scene.from, scene.to);
    assert_eq!(get_both(&connection).await, "ab");
    let new = scene.cluster.address(scene.to).to_string();
    until("the new owner", PATIENCE, async || server_of(&state.borrow()) == new).await;
}

/// The user of a server may lack `+asking`, and a node may not know yet that it gets the slot.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_asked_for_waits_until_the_slot_has_moved() {
    let (log, _guard) = Log::keep();
    let scene = Scene::new();
    for node in &scene.cluster.nodes {
        node.add_user(&format!("deaf on >secret ~{PREFIX}* +@all -asking"));
    }
    let mut config = scene.config();
    (config.username, config.password) = (Some("deaf".into()), Some(Secret::new("secret")));
    let deaf = open_ready(&config).await;
    let able = open_ready(&scene.config()).await;
    NAMES.iter().for_each(|name| scene.move_key(name));
    let told = || log.lines().iter().filter(|line| line.contains("+asking")).count();
    let reading = tokio::spawn(async move { get_both(&deaf).await }.with_current_subscriber());
    until("a warning", PATIENCE, async || told() == 1).await;
    assert!(!reading.is_finished());

    let mut stable = redis::cmd("CLUSTER");
    let slot = node_red_storage_valkey::hash_slot::slot_of(PREFIX);
    stable.arg("SETSLOT").arg(slot).arg("STABLE").exec(&mut scene.target()).unwrap();
    let asked = scene.asked();
    let early = tokio::spawn(async move { get_both(&able).await });
    until("a question", PATIENCE, async || scene.asked() > asked).await;
    scene.cluster.close_slot(scene.from, scene.to);
    assert_eq!(early.await.unwrap(), "ab");
    assert_eq!(reading.await.unwrap(), "ab");
    assert_eq!(told(), 1);
}
