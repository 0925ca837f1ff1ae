//! Stores, admins and workers on a server of the test's own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use node_red_storage_valkey::config::{
    Config, ContextConfig, PackageUpgrade, PlacementConfig, Reload, Role,
};
use node_red_storage_valkey::connection::{Connection, Retry};
use node_red_storage_valkey::role::admin::Admin;
use node_red_storage_valkey::role::member::Member;
use node_red_storage_valkey::role::worker::Worker;
use node_red_storage_valkey::role::{Event, Host, OpenParams};
use node_red_storage_valkey::store::Store;
use node_red_storage_valkey::store::deploy::Deploy;
use node_red_storage_valkey::store::revision::Revision;
use redis::Commands;
use tokio::sync::watch;

use super::PATIENCE;
use super::server::Server;

/// The prefix of most tests.
pub const PREFIX: &str = "n:";

/// Tries again soon, however long the server is away.
pub struct Soon;

impl Retry for Soon {
    fn delay(&self, _times: u32) -> BoxFuture<'_, Option<Duration>> {
        Box::pin(std::future::ready(Some(Duration::from_millis(30))))
    }
}

/// All options, with defaults but for these.
pub fn options(server: &Server, role: Role) -> Config {
    options_at(server.port, role)
}

/// The same for the server of another process, by its port.
pub fn options_at(port: u16, role: Role) -> Config {
    Config {
        role,
        key_prefix: PREFIX.into(),
        update_channel: format!("{PREFIX}flows:updated"),
        package_channel: format!("{PREFIX}packages:updated"),
        enable_compression: false,
        session_ttl: Duration::from_secs(86_400),
        sync_packages: false,
        package_sync_timeout: Duration::from_secs(120),
        package_upgrade: PackageUpgrade::Report,
        package_install_scripts: None,
        reload: Reload::Nodes,
        share_credential_secret: true,
        wait_replicas: 0,
        health: None,
        context: ContextConfig::default(),
        placement: PlacementConfig::default(),
        report: true,
        history: None,
        state: None,
        connection: super::config(port),
    }
}

/// The same under another prefix.
pub fn with_prefix(mut config: Config, prefix: &str) -> Config {
    config.key_prefix = prefix.into();
    config.update_channel = format!("{prefix}flows:updated");
    config
}

/// A store whose connection is up.
pub async fn store(config: &Config) -> Store {
    let connection = Connection::open(Arc::new(config.connection.clone()), Arc::new(Soon));
    connection.wait_ready(PATIENCE).await.expect("a connection");
    Store::new(config, connection)
}

/// Keeps every event.
pub struct Events(watch::Sender<Vec<Event>>);

impl Host for Events {
    fn event(&self, event: Event) {
        self.0.send_modify(|events| events.push(event));
    }
}

impl Events {
    fn new() -> Arc<Self> {
        Arc::new(Self(watch::Sender::default()))
    }

    /// How often this event has come.
    pub fn count(&self, event: &Event) -> usize {
        self.0.borrow().iter().filter(|seen| *seen == event).count()
    }

    /// Waits until this event has come so many times in all.
    pub async fn wait(&self, event: &Event, times: usize) {
        let mut events = self.0.subscribe();
        let enough =
            events.wait_for(|events| events.iter().filter(|seen| *seen == event).count() >= times);
        let waited = tokio::time::timeout(PATIENCE, enough).await;
        assert!(waited.is_ok(), "{event:?} did not come {times} times: {:?}", self.0.borrow());
    }
}

fn params(config: Config, user_dir: Option<&Path>) -> (OpenParams, Arc<Events>) {
    let events = Events::new();
    let params = OpenParams {
        config: Arc::new(config),
        user_dir: user_dir.map(Path::to_path_buf),
        host: events.clone(),
        hooks: Arc::new(Soon).into(),
        host_name: None,
    };
    (params, events)
}

/// An admin with this user directory.
pub async fn admin(config: Config, user_dir: Option<&Path>) -> (Admin, Arc<Events>) {
    let (params, events) = params(config, user_dir);
    (Admin::open(params).await, events)
}

/// The same on a machine of this name.
pub async fn admin_on(
    config: Config,
    user_dir: Option<&Path>,
    host_name: &str,
) -> (Admin, Arc<Events>) {
    let (params, events) = params(config, user_dir);
    (Admin::open(OpenParams { host_name: Some(host_name.into()), ..params }).await, events)
}

/// A worker with this user directory.
pub fn worker(config: Config, user_dir: Option<&Path>) -> (Worker, Arc<Events>) {
    let (params, events) = params(config, user_dir);
    (Worker::open(params), events)
}

/// A member of the cluster.
pub fn member(config: Config) -> (Member, Arc<Events>) {
    let (params, events) = params(config, None);
    (Member::open(params), events)
}

/// A flow array that differs by its number.
pub fn flows(number: usize) -> String {
    format!(r#"[{{"id":"n{number}","type":"tab","label":"{number}"}}]"#)
}

/// Credentials that belong to these flows.
pub fn credentials(number: usize) -> String {
    format!(r#"{{"$":"{number}"}}"#)
}

/// The deploy with this number.
pub fn deploy(number: usize) -> Deploy {
    Deploy {
        flows: flows(number).into(),
        credentials: credentials(number).into(),
        settings: format!(r#"{{"_credentialSecret":"s{number}"}}"#).into(),
        project: None,
    }
}

/// The stored value, as it is; `None` when the key is missing.
pub fn stored(connection: &mut redis::Connection, key: &str) -> Option<String> {
    connection.get(key).unwrap()
}

/// The stored record.
pub fn record(connection: &mut redis::Connection) -> Option<Revision> {
    let text = stored(connection, "n:revision")?;
    Some(Revision::parse("n:revision", &text).expect("a record"))
}

/// How often the server has run a command since its start.
pub fn calls(connection: &mut redis::Connection, command: &str) -> u64 {
    let info: String = redis::cmd("INFO").arg("commandstats").query(connection).unwrap();
    let name = format!("cmdstat_{command}:calls=");
    let line = info.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or("0,");
    line.split(',').next().unwrap().parse().unwrap()
}
