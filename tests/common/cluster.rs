//! A cluster of three masters with one replica each.

use std::time::{Duration, Instant};

use node_red_storage_valkey::config::{
    ClusterConfig, ConnectionConfig, Endpoint, NatTable, RetryStrategy, Target,
};
use node_red_storage_valkey::hash_slot::slot_of;

use super::free_port;
use super::sentinel::local;
use super::server::Server;

/// The prefix of the tests' keys.
pub const PREFIX: &str = "{nr}:";

/// The nodes; they end with this value.
pub struct Cluster {
    /// Three masters, then the replica of each.
    pub nodes: Vec<Server>,
    ids: Vec<String>,
}

impl Cluster {
    /// Starts the nodes, with these further options, and waits until the cluster serves.
    pub fn start(args: &[&str]) -> Self {
        let nodes: Vec<Server> = (0..6)
            .map(|_| {
                let bus = free_port().to_string();
                let own = ["--cluster-enabled", "yes", "--cluster-port", &bus];
                let quick = ["--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0"];
                Server::start(&[&own[..], &quick, args].concat())
            })
            .collect();
        let ids = nodes
            .iter()
            .map(|node| redis::cmd("CLUSTER").arg("MYID").query(&mut node.admin()).unwrap())
            .collect();
        let cluster = Self { nodes, ids };
        cluster.join();
        cluster
    }

    fn join(&self) {
        for (at, range) in [(0, [0, 5460]), (1, [5461, 10_922]), (2, [10_923, 16_383])] {
            let mut add = redis::cmd("CLUSTER");
            add.arg("ADDSLOTSRANGE").arg(&range);
            add.exec(&mut self.nodes[at].admin()).unwrap();
            let mut epoch = redis::cmd("CLUSTER");
            epoch.arg("SET-CONFIG-EPOCH").arg(at + 1);
            epoch.exec(&mut self.nodes[at].admin()).unwrap();
        }
        let first = &self.nodes[0];
        for node in &self.nodes[1..] {
            let bus: u16 = node.argument("--cluster-port").parse().unwrap();
            let mut meet = redis::cmd("CLUSTER");
            meet.arg("MEET").arg("127.0.0.1").arg(node.port).arg(bus);
            meet.exec(&mut first.admin()).unwrap();
        }
        self.wait("all nodes known", |nodes, _| nodes.lines().count() == 6);
        for at in 3..6 {
            let mut follow = redis::cmd("CLUSTER");
            follow.arg("REPLICATE").arg(&self.ids[at - 3]);
            follow.exec(&mut self.nodes[at].admin()).unwrap();
        }
        self.wait("a working cluster", |nodes, info| {
            info.contains("cluster_state:ok")
                && nodes.lines().filter(|line| line.contains("slave ")).count() == 3
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.nodes[3..].iter().all(|node| {
            let info: String =
                redis::cmd("INFO").arg("replication").query(&mut node.admin()).unwrap();
            info.contains("master_link_status:up")
        }) {
            assert!(Instant::now() < deadline, "replicas in step");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until what every running node says of the nodes and of itself is as wanted.
    pub fn wait(&self, what: &str, wanted: impl Fn(&str, &str) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let fits = |node: &Server| {
            let ask = |about: &str| -> String {
                redis::cmd("CLUSTER").arg(about).query(&mut node.admin()).unwrap_or_default()
            };
            wanted(&ask("NODES"), &ask("INFO"))
        };
        while !self.nodes.iter().filter(|node| node.is_running()).all(fits) {
            assert!(Instant::now() < deadline, "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The configuration of a client that knows these nodes.
    pub fn config(&self, change: impl FnOnce(&mut ClusterConfig)) -> ConnectionConfig {
        let nodes = self.nodes.iter().map(|node| local(node.port)).collect();
        config_of(nodes, change)
    }

    /// Number of the node that owns the slot of our keys, as a node other than that says.
    pub fn owner(&self) -> usize {
        let slot = slot_of(PREFIX);
        let port = self
            .nodes
            .iter()
            .filter(|node| node.is_running())
            .find_map(|node| {
                let reply: redis::RedisResult<redis::Value> =
                    redis::cmd("GET").arg(format!("{PREFIX}probe")).query(&mut node.admin());
                match reply {
                    Ok(_) => Some(node.port),
                    Err(_) => None,
                }
            })
            .unwrap_or_else(|| panic!("nobody owns slot {slot}"));
        self.nodes.iter().position(|node| node.port == port).expect("one of ours")
    }

    /// Address of a node.
    pub fn address(&self, at: usize) -> Endpoint {
        local(self.nodes[at].port)
    }

    /// Moves the slot of our keys from one master to another, key by key as `--cluster reshard`
    /// does; `meanwhile` runs while it is open.
    pub async fn move_slot(&self, from: usize, to: usize, meanwhile: impl AsyncFnOnce()) {
        self.open_slot(from, to);
        meanwhile().await;
        for key in self.keys_in_slot(from) {
            self.move_key(from, to, &key);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.close_slot(from, to);
    }

    /// From now on keys of the slot can be moved.
    pub fn open_slot(&self, from: usize, to: usize) {
        self.set_slot(to, "IMPORTING", from);
        self.set_slot(from, "MIGRATING", to);
    }

    /// The slot has moved.
    pub fn close_slot(&self, from: usize, to: usize) {
        self.set_slot(to, "NODE", to);
        self.set_slot(from, "NODE", to);
    }

    fn set_slot(&self, at: usize, state: &str, node: usize) {
        let mut command = redis::cmd("CLUSTER");
        command.arg("SETSLOT").arg(slot_of(PREFIX)).arg(state).arg(&self.ids[node]);
        command.exec(&mut self.nodes[at].admin()).unwrap();
    }

    /// The keys of our slot that this master has.
    pub fn keys_in_slot(&self, at: usize) -> Vec<String> {
        let mut list = redis::cmd("CLUSTER");
        list.arg("GETKEYSINSLOT").arg(slot_of(PREFIX)).arg(1000);
        list.query(&mut self.nodes[at].admin()).unwrap()
    }

    /// Moves one key.
    pub fn move_key(&self, from: usize, to: usize, key: &str) {
        let mut migrate = redis::cmd("MIGRATE");
        migrate.arg("127.0.0.1").arg(self.nodes[to].port).arg(key).arg(0).arg(5000);
        migrate.exec(&mut self.nodes[from].admin()).unwrap();
    }
}

/// The configuration of a client that knows these nodes.
pub fn config_of(
    nodes: Vec<Endpoint>,
    change: impl FnOnce(&mut ClusterConfig),
) -> ConnectionConfig {
    let ms = Duration::from_millis;
    let mut cluster = ClusterConfig {
        nodes,
        slot: slot_of(PREFIX),
        probe: format!("{PREFIX}revision"),
        retry_strategy: RetryStrategy::Default,
        max_redirections: 16,
        delay_on_moved: ms(0),
        delay_on_failover: ms(100),
        delay_on_cluster_down: ms(100),
        delay_on_try_again: ms(100),
        slots_timeout: ms(1000),
        nat_map: NatTable::new(),
    };
    change(&mut cluster);
    ConnectionConfig { target: Target::Cluster(cluster), ..super::config(0) }
}
