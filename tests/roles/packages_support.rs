//! What the tests of packages share.

use std::sync::Arc;
use std::time::Duration;

use node_red_storage_valkey::config::{Config, Role};
use node_red_storage_valkey::role::packages::HostInfo;
use node_red_storage_valkey::role::worker::Worker;
use redis::Commands;

use super::common::instance::{self, Events, stored};
use super::common::npm::UserDir;
use super::common::palette::Palette;
use super::common::server::Server;
use super::common::until;

/// For everything that needs a run of npm.
pub(super) const LONG: Duration = Duration::from_secs(60);
pub(super) const KEY: &str = "n:packages";
pub(super) const CHANNEL: &str = "n:packages:updated";

pub(super) fn options(server: &Server, role: Role) -> Config {
    Config { sync_packages: true, ..instance::options(server, role) }
}

/// Stores a list and tells nobody.
pub(super) fn store(server: &Server, list: &str) {
    let _: () = server.admin().set(KEY, list).unwrap();
}

/// Stores a list and announces it.
pub(super) fn publish(server: &Server, list: &str) {
    store(server, list);
    hint(server, list);
}

pub(super) fn hint(server: &Server, message: &str) {
    redis::cmd("PUBLISH").arg(CHANNEL).arg(message).exec(&mut server.admin()).unwrap();
}

pub(super) fn list_in(server: &Server) -> Option<String> {
    stored(&mut server.admin(), KEY)
}

/// A worker whose Node-RED has loaded its nodes.
pub(super) struct Running {
    pub(super) worker: Worker,
    pub(super) events: Arc<Events>,
    pub(super) palette: Palette,
}

/// Starts a worker in this directory.
pub(super) async fn start(server: &Server, dir: &UserDir) -> Running {
    start_as(options(server, Role::Worker), dir, dir.host_info()).await
}

/// The same with options and what JavaScript knows.
pub(super) async fn start_as(config: Config, dir: &UserDir, info: HostInfo) -> Running {
    let (worker, events) = instance::worker(config, Some(&dir.path()));
    worker.packages_at_start(info).await.unwrap();
    let palette = Palette::of(worker.packages().expect("they are synchronised"));
    Running { worker, events, palette }
}

impl Running {
    /// Waits until the stored list is installed and loaded.
    pub(super) async fn settles(&self) {
        assert!(self.worker.wait_for_packages(LONG).await, "not settled: {:?}", self.missing());
    }

    pub(super) fn missing(&self) -> Vec<String> {
        self.worker.packages().unwrap().missing().expect("a list was read")
    }
}

/// Waits until this directory's npm has begun so many runs.
pub(super) async fn until_run(dir: &UserDir, number: usize) {
    let what = format!("npm run {number} begins");
    until(&what, LONG, async || dir.runs().len() >= number).await;
}

/// Waits until exactly these packages are in node_modules, and npm has ended.
pub(super) async fn until_holds(dir: &UserDir, packages: &str) {
    let what = format!("{packages} is what is installed");
    until(&what, LONG, async || dir.holds(packages) && !dir.is_running()).await;
}
