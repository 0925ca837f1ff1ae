//! An instance as a member of its cluster: what it tells the others of itself, and what it agrees on with
//! them. All of it goes over one connection, of the user `state`, because workers write here too.

mod fleet;
mod hearing;
mod leases;
mod report;
mod watch;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::Rng;

pub use self::fleet::{Fleet, Instance, State, View};
pub use self::hearing::Heard;
use self::hearing::Hearing;
pub use self::leases::HeldTab;
use self::leases::Leases;
use self::watch::Watch;
pub use self::watch::Watched;
use super::{Host, OpenParams};
use crate::backoff::Backoff;
use crate::config::{Config, ConnectionConfig, Role};
use crate::connection::{Connection, Speech, Tracking};
use crate::keyspace::Keyspace;
use crate::store::Store;
use crate::store::fleet::FleetStore;

/// What the server has refused is tried again: the right may come without a restart. Ever more seldom,
/// as each time is an entry in the server's log of breaches.
const AFTER_REFUSAL: Backoff = Backoff::new(Duration::from_secs(60), Duration::from_secs(3600));

/// One member. Dropping it, or [`Member::close`], ends its connection and tasks.
pub struct Member {
    inner: Arc<Inner>,
}

// The rooms of what a member does are handed this.
#[allow(dead_code, reason = "read by what a member does")]
struct Inner {
    /// Tells this process from every other one: neither a host name nor a process number does.
    id: String,
    config: Arc<Config>,
    connection: Connection,
    keys: Keyspace,
    host: Arc<dyn Host>,
    fleet: FleetStore,
    limits: fleet::Limits,
    /// The fleet as text, for who takes it.
    seen: Mutex<Vec<u8>>,
    reports: report::Reports,
    leases: Leases,
    watch: Watch,
    hearing: Hearing,
}

impl Member {
    /// Opens the connection. Must be called inside a tokio runtime; never fails because the server is
    /// away.
    pub fn open(params: OpenParams) -> Self {
        let OpenParams { config, user_dir: _, host, hooks, host_name: _ } = params;
        // The role's own connections tell of outages.
        let speech = if config.state.is_some() { Speech::OwnUser } else { Speech::Silent };
        let keys = Keyspace::new(&config.key_prefix);
        let tracking = Tracking::optional(keys.fleet_watch());
        let way = Arc::new(of_state_user(&config));
        let followed = is_watched(&config).then(|| Arc::clone(&tracking));
        let connection = Connection::open_further(way, hooks, speech, followed);
        let id = format!("{:016x}", rand::rng().random::<u64>());
        let store = Store::new(&config, connection.clone());
        let inner = Inner {
            fleet: FleetStore::new(connection.clone(), keys.clone()),
            leases: Leases::new(&id, store, Arc::clone(&host), &config.placement),
            limits: fleet::Limits::default(),
            seen: Mutex::default(),
            reports: report::Reports::default(),
            id,
            keys,
            config,
            connection,
            watch: Watch::new(tracking),
            hearing: Hearing::new(Arc::clone(&host)),
            host,
        };
        let inner = Arc::new(inner);
        Leases::start(&inner);
        Self { inner }
    }

    /// Tells this process from every other one.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// How the connection stands: `connecting`, `ready`, `reconnecting` or `closed`.
    pub fn connection(&self) -> &'static str {
        self.inner.connection.state().borrow().word()
    }

    /// Ends connection and tasks; idempotent. Gives no tab back: see [`Member::give_back_tabs`].
    pub async fn close(&self) {
        self.leave().await;
        self.inner.reports.end();
        self.inner.leases.close();
        self.inner.watch.end();
        self.inner.hearing.close().await;
        self.inner.connection.close().await;
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.inner.reports.end();
        self.inner.leases.close();
        self.inner.watch.end();
    }
}

/// Whether others can look at this instance: a worker that they know of.
fn is_watched(config: &Config) -> bool {
    config.role == Role::Worker && config.report
}

/// How the server is reached by who writes what every instance writes.
fn of_state_user(config: &Config) -> ConnectionConfig {
    let mut connection = config.connection.clone();
    connection.writes = true;
    if let Some(user) = &config.state {
        connection.username.clone_from(&user.username);
        connection.password.clone_from(&user.password);
    }
    connection
}
