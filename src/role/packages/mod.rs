//! Package synchronisation: makes what npm has installed in a user directory what the stored list
//! says, and has Node-RED load it. A worker does so always, an admin when its disk was emptied.

mod follow;
mod heard;
mod host_info;
mod jobs;
mod loaded;
mod npm_lock;
mod preempt;
mod record;
mod synchronise;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, watch};

pub(super) use self::follow::Follow;
pub(super) use self::heard::Heard;
pub use self::host_info::{HostInfo, NpmCommand};
use self::jobs::Jobs;
pub use self::jobs::{Failed, Job, Load, Outcome, Task};
use self::npm_lock::NpmLock;
use self::preempt::GRACE;
use self::record::Record;
use super::Host;
use crate::config::Config;
use crate::error::Result;
use crate::npm::Npm;
use crate::packages::{PackageList, Policy, satisfies};
use crate::store::Store;

/// The packages of one user directory.
pub struct Packages {
    store: Store,
    host: Arc<dyn Host>,
    npm: Npm,
    policy: Policy,
    excluded: BTreeSet<String>,
    record: AsyncMutex<Record>,
    npm_lock: NpmLock,
    jobs: Jobs,
    /// How long npm may hold up a start, and a deploy may wait for its packages.
    patience: Duration,
    /// How long npm may work on a list that is no longer the stored one.
    grace: Duration,
    state: Mutex<PackagesState>,
    progress: watch::Sender<Progress>,
    /// Counts what calls for another look.
    calls: watch::Sender<u64>,
}

/// What is to be done with what is on disk, and what was said of it.
#[derive(Default)]
struct PackagesState {
    /// Node-RED has looked for nodes, or is about to: from here on it has to be told.
    loaded: bool,
    /// Name → version of what Node-RED has found by itself or was told of, loaded or not.
    known: BTreeMap<String, String>,
    /// Installed on disk; Node-RED has not been told yet, or could not load it. The latter is tried
    /// again, where that is of use, and no deploy waits for it.
    unloaded: BTreeMap<String, Load>,
    /// Why what is `unloaded` could not be loaded, by name.
    faults: BTreeMap<String, String>,
    /// Node-RED has let go of them, and npm has not removed them yet.
    let_go: BTreeSet<String>,
    /// The npm run that goes on is ended for one of Node-RED's.
    gives_way: bool,
    /// To be removed, but the running flows use them.
    in_use: BTreeSet<String>,
    /// What was logged and need not be logged again.
    denied: BTreeSet<String>,
    problem: Option<String>,
    /// The stored list can't be used, and the log says so.
    unusable: bool,
    /// What the disk refused at the last attempt.
    disk_fault: Option<String>,
    /// A deploy has begun to wait.
    awaited: bool,
}

/// How far the synchronisation has come.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// The number of calls that had been heard when the list was last read.
    heard: u64,
    /// The list has been read since the start, or could not be.
    looked: bool,
    /// Everything on the list is installed and loaded.
    in_step: bool,
    /// Why not, for a probe.
    missing: Vec<String>,
    /// The last attempt to read the list has said what is on it.
    known: bool,
}

impl Packages {
    /// Prepares the synchronisation; nothing is read or started.
    pub(super) fn new(
        config: &Config,
        store: Store,
        host: Arc<dyn Host>,
        user_dir: PathBuf,
        host_info: HostInfo,
    ) -> Self {
        let record = Record::in_user_dir(&user_dir, &config.key_prefix);
        let HostInfo { npm, allow_list, deny_list, excluded, run_grace } = host_info;
        Self {
            store,
            host,
            npm: Npm::new(user_dir, npm.program, npm.args, config.package_install_scripts),
            policy: Policy::new(allow_list.as_deref(), deny_list.as_deref()),
            excluded,
            record: AsyncMutex::new(record),
            npm_lock: NpmLock::default(),
            jobs: Jobs::default(),
            patience: config.package_sync_timeout,
            grace: run_grace.unwrap_or(GRACE),
            state: Mutex::default(),
            progress: watch::Sender::default(),
            calls: watch::Sender::new(0),
        }
    }

    /// npm and what it has installed here.
    pub(super) fn npm(&self) -> &Npm {
        &self.npm
    }

    /// Names that never are on a list.
    pub(super) fn excluded(&self) -> &BTreeSet<String> {
        &self.excluded
    }

    /// Waits until the first synchronisation is over, at most as long as npm may hold up a start.
    /// Returns whether it is.
    pub(super) async fn wait_for_first(&self) -> bool {
        let mut progress = self.progress.subscribe();
        let over = progress.wait_for(|progress| progress.looked);
        matches!(tokio::time::timeout(self.patience, over).await, Ok(Ok(_)))
    }

    /// Has the list read that is stored now, and waits until it is installed and loaded, at most
    /// `patience`. Returns whether it is. An attempt that waits for its time comes sooner.
    pub(super) async fn wait_until_settled(&self, patience: Duration) -> bool {
        self.state().awaited = true;
        let call = self.call();
        let mut progress = self.progress.subscribe();
        let settled = progress.wait_for(|progress| progress.heard >= call && progress.in_step);
        matches!(tokio::time::timeout(patience, settled).await, Ok(Ok(_)))
    }

    /// Names on the list that are not installed and loaded; `None` while no list was read.
    pub fn missing(&self) -> Option<Vec<String>> {
        let progress = self.progress.borrow();
        (progress.looked || !progress.missing.is_empty()).then(|| progress.missing.clone())
    }

    /// What is installed and could not be loaded: name → reason.
    pub fn not_loaded(&self) -> BTreeMap<String, String> {
        self.state().faults.clone()
    }

    /// Whether everything on the stored list is installed and loaded; `None` when nobody can say,
    /// because the list could not be read.
    pub fn is_in_step(&self) -> Option<bool> {
        let progress = self.progress.borrow();
        if !progress.missing.is_empty() || (progress.looked && !progress.in_step) {
            return Some(false);
        }
        (progress.looked && progress.known).then_some(true)
    }

    /// Ends the npm run that goes on, if any, because Node-RED's own has waited too long for it:
    /// flows must not stand still for a registry that hangs. It is begun anew after a pause.
    pub fn end_run(&self) {
        self.state().gives_way = true;
        self.npm.stop();
    }

    /// A deploy has been applied: what it stopped using can go.
    pub fn flows_have_changed(&self) {
        if !self.state().in_use.is_empty() {
            self.call();
        }
    }

    /// What JavaScript has to do after [`super::Event::Packages`].
    pub fn job(&self) -> Option<Job> {
        self.jobs.current()
    }

    /// What came of the job with this number.
    pub fn job_done(&self, id: u32, outcome: Outcome) {
        self.jobs.done(id, outcome);
    }

    /// Waits until no npm run of ours is under way, and keeps ours off until [`Self::release_npm`].
    /// Waits no longer than a deploy may wait; `None` then.
    pub async fn acquire_npm(&self) -> Option<u32> {
        self.npm_lock.acquire(self.patience).await
    }

    /// Ends what [`Self::acquire_npm`] began.
    pub fn release_npm(&self, number: u32) {
        self.npm_lock.release(number);
    }

    /// Whether `name` is installed and saved in a version that `version` (any, if `None`) admits.
    pub async fn is_satisfied(&self, name: &str, version: Option<&str>) -> bool {
        let names = BTreeSet::from([name.to_owned()]);
        let Ok(installed) = self.npm.installed(&names).await else { return false };
        installed.declared.contains_key(name)
            && installed
                .version(name)
                .is_some_and(|found| version.is_none_or(|range| satisfies(found, range)))
    }

    /// Begins to bring back the packages that this admin's disk has lost; returns whether it has. It
    /// was `emptied`, or an earlier process had begun to bring them back, or nothing is installed
    /// here and this admin has never published a list, or the last one it has published had packages
    /// and not even npm's own record is left of them. Written down before anything else is done: a
    /// process that is killed meanwhile must not take the directory for one whose packages were
    /// removed.
    pub(super) async fn begin_restoring(&self, emptied: bool) -> Result<bool> {
        let mut record = self.record.lock().await;
        record.read().await;
        let lost = emptied || record.is_restoring() || self.has_lost_all(&record).await?;
        if lost {
            record.set_restoring().await;
        }
        Ok(lost)
    }

    async fn has_lost_all(&self, record: &Record) -> Result<bool> {
        let found = self.npm.dependencies(&self.excluded).await?;
        if !found.versions.is_empty() || !found.unknown.is_empty() {
            return Ok(false);
        }
        match record.published() {
            None => Ok(true),
            Some(list) if list.is_empty() => Ok(false),
            Some(_) => self.npm.is_bare().await,
        }
    }

    /// This admin has published this list: its disk is the source from here on.
    pub(super) async fn note_published(&self, list: &PackageList) {
        self.record.lock().await.set_published(list).await;
    }

    /// Name → version of the list that this admin has published last.
    pub(super) async fn published(&self) -> BTreeMap<String, String> {
        self.record.lock().await.published().cloned().unwrap_or_default()
    }

    /// Name → version of what an emptied disk did not get back because the registry does not have
    /// it, less what is `settled`: an ordinary dependency again.
    pub(super) async fn settle_refused(
        &self,
        settled: &BTreeSet<String>,
    ) -> BTreeMap<String, String> {
        let mut record = self.record.lock().await;
        record.settle_refused(settled).await;
        record.refused().clone()
    }

    /// Ends a running npm.
    pub fn end(&self) {
        self.npm.end();
    }

    fn state(&self) -> MutexGuard<'_, PackagesState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the list read again; returns the number of this call.
    fn call(&self) -> u64 {
        let mut number = 0;
        self.calls.send_modify(|calls| {
            *calls += 1;
            number = *calls;
        });
        number
    }
}
