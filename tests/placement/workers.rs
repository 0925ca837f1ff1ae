//! Workers as JavaScript makes them: a tick by a timer, and what runs is what the core says at each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use node_red_storage_valkey::config::{Config, Role};
use node_red_storage_valkey::role::member::{HeldTab, Member};
use tokio::task::JoinHandle;

use super::common::server::Server;
use super::common::{PATIENCE, instance, until};

/// A short lease, in which all takes a fifth of the time.
pub(crate) const LEASE: Duration = Duration::from_secs(2);

/// From the end of a lease until another worker has the tab.
pub(crate) const MOST: Duration = Duration::from_secs(3);

/// The options of a worker.
pub(crate) fn options(server: &Server) -> Config {
    let mut config = instance::options(server, Role::Worker);
    config.placement.once_lease = LEASE;
    config
}

/// As if the server had kept leases for long: nothing is waited for.
pub(crate) fn settle(server: &Server) {
    settle_under(server, instance::PREFIX);
}

/// The same under another prefix.
pub(crate) fn settle_under(server: &Server, prefix: &str) {
    let mut admin = server.admin();
    let info: String = redis::cmd("INFO").arg("server").query(&mut admin).unwrap();
    let process = info.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap().trim();
    let key = format!("{prefix}once::epoch");
    redis::cmd("SET").arg(key).arg(format!("{process}:1")).exec(&mut admin).unwrap();
}

/// A member that ticks.
pub(crate) struct Worker {
    pub(crate) member: Arc<Member>,
    blocked: Arc<AtomicBool>,
    ticking: JoinHandle<()>,
}

impl Worker {
    pub(crate) fn open(config: Config) -> Self {
        let (member, _) = instance::member(config);
        let member = Arc::new(member);
        let blocked = Arc::new(AtomicBool::new(false));
        let (ticked, is_blocked) = (Arc::clone(&member), Arc::clone(&blocked));
        let ticking = tokio::spawn(async move {
            loop {
                if !is_blocked.load(Ordering::Relaxed) {
                    ticked.still_alive();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Self { member, blocked, ticking }
    }

    /// The same, and it wants these tabs.
    pub(crate) fn wanting(config: Config, tabs: &[&str]) -> Self {
        let worker = Self::open(config);
        worker.want(tabs);
        worker
    }

    pub(crate) fn want(&self, tabs: &[&str]) {
        self.member.hold_tabs(tabs.iter().map(|tab| (*tab).to_owned()).collect()).unwrap();
    }

    /// Stops or lets go on what stands for JavaScript.
    pub(crate) fn block(&self, blocked: bool) {
        self.blocked.store(blocked, Ordering::Relaxed);
    }

    pub(crate) fn held(&self, tab: &str) -> Option<HeldTab> {
        self.member.held_tabs().into_iter().find(|held| &*held.tab == tab)
    }

    pub(crate) fn holds(&self, tab: &str) -> bool {
        self.held(tab).is_some()
    }

    pub(crate) fn fence(&self, tab: &str) -> u64 {
        self.held(tab).map_or(0, |held| held.fence)
    }

    /// Waits until it has a tab; how long that took.
    pub(crate) async fn has(&self, tab: &str) -> Duration {
        until(&format!("it has {tab}"), PATIENCE, async || self.holds(tab)).await
    }

    /// Waits until it no longer has it.
    pub(crate) async fn lacks(&self, tab: &str) -> Duration {
        until(&format!("it lacks {tab}"), PATIENCE, async || !self.holds(tab)).await
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.ticking.abort();
    }
}

/// One that has tab `a`, and another that wants it, too.
pub(crate) async fn two(config: Config) -> (Worker, Worker) {
    let first = Worker::wanting(config.clone(), &["a"]);
    first.has("a").await;
    (first, Worker::wanting(config, &["a"]))
}

/// Waits until one of them has the tab; which.
pub(crate) async fn owner(workers: &[Worker], tab: &str) -> usize {
    let find = || workers.iter().position(|worker| worker.holds(tab));
    until(&format!("one has {tab}"), PATIENCE, async || find().is_some()).await;
    find().unwrap()
}

/// Looks all the time whether a tab ever runs twice.
pub(crate) struct Watch(JoinHandle<()>);

impl Watch {
    pub(crate) fn over(workers: &[&Worker], tab: &'static str) -> Self {
        let members: Vec<_> = workers.iter().map(|worker| Arc::clone(&worker.member)).collect();
        Self(tokio::spawn(async move {
            loop {
                let holds =
                    |member: &Arc<Member>| member.held_tabs().iter().any(|held| &*held.tab == tab);
                let owners = members.iter().filter(|member| holds(member)).count();
                assert!(owners < 2, "{tab} runs twice");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }))
    }

    /// Fails if it ever did.
    pub(crate) async fn end(self) {
        self.0.abort();
        assert!(self.0.await.unwrap_err().is_cancelled());
    }
}
