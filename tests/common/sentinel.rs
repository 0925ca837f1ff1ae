//! A master with two replicas, watched by three Sentinels; passwords on all of them.

use std::time::{Duration, Instant};

use node_red_storage_valkey::config::{
    ConnectionConfig, Endpoint, NatTable, RetryStrategy, Secret, SentinelConfig, Target,
};

use super::server::Server;

/// What the Sentinels call the master.
pub const NAME: &str = "mymaster";
/// Password of the servers.
pub const PASSWORD: &str = "server-secret";
/// Password of the Sentinels.
pub const SENTINEL_PASSWORD: &str = "sentinel-secret";

/// The servers and their Sentinels; they end with this value.
pub struct Watched {
    /// The first one is the master to begin with.
    pub servers: Vec<Server>,
    /// Three of them.
    pub sentinels: Vec<Server>,
}

impl Watched {
    /// Starts all of them and waits until everybody knows everybody.
    pub fn start() -> Self {
        let login = ["--requirepass", PASSWORD, "--masterauth", PASSWORD];
        let quick = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"];
        let master = Server::start(&[login, quick].concat());
        let port = master.port.to_string();
        let follow = ["--replicaof", "127.0.0.1", &port];
        let mut servers = vec![master];
        for _ in 0..2 {
            servers.push(Server::start(&[&login[..], &quick, &follow].concat()));
        }
        let watched = Self { sentinels: (0..3).map(|_| sentinel(&port)).collect(), servers };
        watched.wait_until_settled();
        watched
    }

    /// The configuration of a client that knows the Sentinels.
    pub fn config(&self, change: impl FnOnce(&mut SentinelConfig)) -> ConnectionConfig {
        let mut sentinel = SentinelConfig {
            sentinels: self.sentinels.iter().map(|sentinel| local(sentinel.port)).collect(),
            name: NAME.into(),
            username: None,
            password: Some(Secret::new(SENTINEL_PASSWORD)),
            tls: None,
            retry_strategy: RetryStrategy::Default,
            reconnect_strategy: RetryStrategy::Default,
            command_timeout: None,
            update_sentinels: true,
            max_connections: 10,
            failover_detector: true,
            nat_map: NatTable::new(),
        };
        change(&mut sentinel);
        ConnectionConfig {
            target: Target::Sentinel(sentinel),
            password: Some(Secret::new(PASSWORD)),
            ..super::config(0)
        }
    }

    /// Port of the master, as most Sentinels see it.
    pub fn master_port(&self) -> u16 {
        let mut ports: Vec<u16> = self.sentinels.iter().filter_map(master_of).collect();
        ports.sort_unstable();
        ports.get(ports.len() / 2).copied().unwrap_or(0)
    }

    /// The server on this port.
    pub fn server(&mut self, port: u16) -> &mut Server {
        self.servers.iter_mut().find(|server| server.port == port).expect("one of ours")
    }

    /// Waits until every Sentinel knows two more, and two replicas that are in step.
    pub fn wait_until_settled(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.sentinels.iter().all(is_settled) {
            assert!(Instant::now() < deadline, "the Sentinels did not find each other");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks the first Sentinel that answers for a failover.
    pub fn fail_over(&self) {
        let mut last = None;
        for sentinel in &self.sentinels {
            let asked: redis::RedisResult<String> =
                redis::cmd("SENTINEL").arg("FAILOVER").arg(NAME).query(&mut admin(sentinel));
            match asked {
                Ok(_) => return,
                Err(error) => last = Some(error),
            }
        }
        panic!("no failover: {last:?}");
    }
}

/// An address on this machine.
pub fn local(port: u16) -> Endpoint {
    Endpoint::Tcp { host: "127.0.0.1".into(), port }
}

fn sentinel(port: &str) -> Server {
    Server::start_configured(
        &format!(
            "sentinel monitor {NAME} 127.0.0.1 {port} 2\n\
             sentinel auth-pass {NAME} {PASSWORD}\n\
             sentinel down-after-milliseconds {NAME} 1000\n\
             sentinel failover-timeout {NAME} 6000\n\
             sentinel sentinel-pass {SENTINEL_PASSWORD}\n\
             requirepass {SENTINEL_PASSWORD}\n"
        ),
        &["--sentinel"],
    )
}

/// A connection of the crate's own to a Sentinel.
pub fn admin(sentinel: &Server) -> redis::Connection {
    sentinel.admin_with(&format!(":{SENTINEL_PASSWORD}@"))
}

fn master_of(sentinel: &Server) -> Option<u16> {
    if !sentinel.is_running() {
        return None;
    }
    let mut about = redis::cmd("SENTINEL");
    about.arg("get-master-addr-by-name").arg(NAME);
    let found: Option<(String, u16)> = about.query(&mut admin(sentinel)).ok()?;
    found.map(|(_, port)| port)
}

fn is_settled(sentinel: &Server) -> bool {
    let mut connection = admin(sentinel);
    let mut ask = |about: &str| -> Vec<Vec<String>> {
        redis::cmd("SENTINEL").arg(about).arg(NAME).query(&mut connection).unwrap_or_default()
    };
    let others = ask("sentinels").len();
    let replicas = ask("replicas");
    let in_step = |replica: &Vec<String>| {
        let value =
            |name: &str| replica.chunks(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
        value("master-link-status").as_deref() == Some("ok")
            && value("flags").as_deref() == Some("slave")
    };
    others == 2 && replicas.len() == 2 && replicas.iter().all(in_step)
}
