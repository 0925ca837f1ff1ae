//! A worker: reads everything from Valkey, writes nothing there.

mod copy;
mod follow;
mod handed;
mod health;
mod last_read;
mod library;
mod packages;
mod refusals;
mod start;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tracing::instrument::WithSubscriber;

use self::copy::LastGoodCopy;
use self::follow::Failed;
use self::handed::Handed;
pub use self::handed::{Beginning, Offer};
pub use self::health::Health;
use self::health::{Running, Standing};
use self::last_read::LastRead;
use self::refusals::Refusals;
use super::packages::Packages;
use super::{Event, Host, OpenParams};
use crate::config::Config;
use crate::connection::{Connection, Subscriber};
use crate::error::{Error, Result};
use crate::state_dir::StateDir;
use crate::store::Store;
use crate::store::snapshot::Snapshot;

/// A worker instance. Dropping it, or [`Worker::close`], ends its connections and tasks.
pub struct Worker {
    inner: Arc<Inner>,
    follower: Mutex<Option<JoinHandle<()>>>,
    synchroniser: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    config: Arc<Config>,
    store: Store,
    subscriber: Subscriber,
    host: Arc<dyn Host>,
    user_dir: Option<PathBuf>,
    copy: Arc<LastGoodCopy>,
    packages: OnceLock<Arc<Packages>>,
    state: Mutex<WorkerState>,
    handed: Handed,
    /// Counts the outcomes that JavaScript reported.
    outcomes: watch::Sender<u64>,
    closed: Notify,
    library: library::Fallback,
    opened: Instant,
}

/// What runs in this process, and what waits to.
#[derive(Default)]
struct WorkerState {
    /// Id of the snapshot that runs.
    applied: Option<String>,
    /// What probes are told of it.
    running: Running,
    /// What is stored and need not be read again.
    last_read: LastRead,
    /// Handed over or about to be; until JavaScript reports an outcome.
    pending: Option<Arc<Snapshot>>,
    /// Id of the pending snapshot, while it waits for its packages and is not in hand.
    waiting: Option<String>,
    refused: Refusals,
    /// The snapshot that could not be applied although it should have worked.
    failed: Option<Failed>,
    /// The last problem that was logged, so that it is logged once.
    problem: Option<String>,
    closed: bool,
}

impl Worker {
    /// Opens the connections. Must be called inside a tokio runtime; never fails because the
    /// server is away.
    pub fn open(params: OpenParams) -> Self {
        let OpenParams { config, user_dir, host, hooks, host_name: _ } = params;
        let connection = Connection::open(Arc::new(config.connection.clone()), hooks);
        let mut channels = vec![config.update_channel.clone()];
        if config.sync_packages {
            channels.push(config.package_channel.clone());
        }
        let subscriber = Subscriber::beside(&connection, channels);
        let store = Store::new(&config, connection);
        let state_dir = user_dir.as_deref().map(StateDir::in_user_dir);
        let copy = Arc::new(LastGoodCopy::new(state_dir, &config.key_prefix));
        let inner = Arc::new(Inner {
            config,
            store,
            subscriber,
            host,
            user_dir,
            copy,
            packages: OnceLock::new(),
            state: Mutex::default(),
            handed: Handed::default(),
            outcomes: watch::Sender::new(0),
            closed: Notify::new(),
            library: library::Fallback::default(),
            opened: Instant::now(),
        });
        Self { inner, follower: Mutex::default(), synchroniser: Mutex::default() }
    }

    /// The snapshot that waits to be applied, after [`Event::Revision`].
    pub fn pending(&self) -> Option<Arc<Snapshot>> {
        self.inner.state().pending.clone()
    }

    /// The same, in hand from here on, until its outcome is reported, or that it waits for its
    /// packages.
    pub fn begin_pending(&self) -> Option<Arc<Snapshot>> {
        let mut state = self.inner.state();
        state.waiting = None;
        state.pending.clone()
    }

    /// The snapshot with this id runs now: keeps the last good copy, in the background, and follows every later
    /// revision from here on.
    pub fn applied(&self, id: &str) {
        let snapshot = {
            let mut state = self.inner.state();
            let offered = state.pending.take_if(|pending| pending.id() == id);
            // Something newer may have been offered while it was in hand: it runs all the same.
            state.last_read.settle(offered.as_deref().and_then(Snapshot::head));
            state.applied = Some(id.into());
            state.failed = None;
            // What comes from the copy is in it, and is not to look newer there.
            offered.filter(|snapshot| state.running.begins(snapshot.label()))
        };
        self.inner.report();
        self.follow();
        if let Some(packages) = self.inner.packages.get() {
            packages.flows_have_changed();
        }
        if let Some(snapshot) = snapshot {
            self.inner.copy.keep(snapshot);
        }
    }

    /// The snapshot with this id can't be used here, for this reason. What runs goes on, and the
    /// snapshot is not offered again until something in it changes.
    pub fn refused(&self, id: &str, why: &str) {
        {
            let mut state = self.inner.state();
            let offered = state.pending.take_if(|pending| pending.id() == id);
            if let Some(snapshot) = offered {
                let why = format!("revision {} can't be used here: {why}", snapshot.label());
                state.last_read.settle(snapshot.head());
                state.running.cant_use(why.clone());
                state.refused.add(id, why);
            } else {
                state.refused.add(id, why.into());
            }
        }
        self.inner.report();
    }

    /// Applying the snapshot with this id failed for a reason that may pass: it is offered again.
    pub fn failed(&self, id: &str) {
        {
            let mut state = self.inner.state();
            let offered = state.pending.take_if(|pending| pending.id() == id);
            let name = offered.as_ref().map_or_else(String::new, |it| format!(" {}", it.label()));
            state
                .running
                .cant_use(format!("revision{name} could not be applied, and is tried again"));
            let head = offered.and_then(|snapshot| snapshot.head());
            state.waiting = None;
            state.failed = Some(Failed::again(state.failed.take(), id, head));
            // It may have ended in the middle: what ran before is to be applied again as well.
            state.applied = None;
            state.last_read.settle(None);
        }
        self.inner.report();
    }

    /// The snapshot with this id is taken later, when its packages are there: it stays in
    /// [`Worker::pending`] until something newer is stored, or what runs here.
    pub fn waiting(&self, id: &str) {
        {
            let mut state = self.inner.state();
            let WorkerState { pending, waiting, last_read, running, .. } = &mut *state;
            if let Some(snapshot) = pending.as_ref().filter(|pending| pending.id() == id) {
                last_read.settle(snapshot.head());
                running.looks(Standing::Coming);
                *waiting = Some(id.into());
            }
        }
        self.inner.report();
    }

    /// Resolves when the last good copy is of what was applied last, or could not be written.
    pub async fn is_kept(&self) {
        self.inner.copy.is_kept().await;
    }

    /// The process ends: finishes the copy, and notes beside it when what runs was last seen in Valkey. Takes a
    /// moment at most.
    pub async fn ends(&self) {
        let in_step = self.inner.state().running.in_step();
        self.inner.copy.note_seen_last(in_step).await;
    }

    /// Ends connections and tasks; idempotent.
    pub async fn close(&self) {
        self.inner.state().closed = true;
        self.inner.closed.notify_waiters();
        self.end();
        self.ends().await;
        self.inner.subscriber.close().await;
        self.inner.store.connection().close().await;
    }

    fn follow(&self) {
        let mut follower = self.follower();
        if follower.is_none() && !self.inner.state().closed {
            let inner = self.inner.clone();
            let task = async move { inner.follow().await };
            *follower = Some(tokio::spawn(task.with_current_subscriber()));
        }
    }

    fn end(&self) {
        for task in [self.follower().take(), self.synchroniser().take()].into_iter().flatten() {
            task.abort();
        }
        if let Some(packages) = self.inner.packages.get() {
            packages.end();
        }
    }

    fn synchroniser(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.synchroniser.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follower(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.follower.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, WorkerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self) {
        self.outcomes.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn ready(&self) -> bool {
        self.store.connection().is_ready()
    }

    fn offer(&self, snapshot: Arc<Snapshot>) {
        self.state().pending = Some(snapshot);
    }

    fn announce(&self) {
        self.host.event(Event::Revision);
    }

    /// Logs a problem, at error level unless it passes by itself, once until another one comes.
    fn log_problem(&self, error: &Error) {
        let text = error.to_string();
        let mut state = self.state();
        if state.problem.as_deref() == Some(text.as_str()) {
            return;
        }
        if error.is_passing() {
            tracing::debug!("{text}");
        } else {
            tracing::error!("{text}; what runs here goes on");
        }
        state.problem = Some(text);
    }

    fn clear_problem(&self) {
        self.state().problem = None;
    }

    fn check_open(&self) -> Result<()> {
        if self.state().closed { Err(Error::Closed) } else { Ok(()) }
    }
}
