//! The shared context of flows: a replica in memory, kept in step with the server.
//!
//! Reads and writes are answered from the replica at once. `follow` is the one task that talks with the
//! server: it sends what is dirty, reads what is stale, and runs operations, one pipeline at a time.

mod begin;
mod clean;
mod disk;
mod follow;
mod import;
mod operations;
mod replica;
mod saved;
mod standing;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rand::Rng;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tracing::instrument::WithSubscriber;

use self::disk::Disk;
use self::operations::Queued;
pub use self::operations::{Operation, Outcome};
pub use self::replica::Segment;
use self::replica::{Conflict, Limits, Replica};
use self::standing::Standing;
pub use self::standing::{Health, Origin};
use crate::config::{Config, Role};
use crate::connection::{Connection, Hooks, Tracking};
use crate::error::{Error, Result};
use crate::keyspace::Keyspace;
use crate::store::context::ContextStore;

/// How long an opening waits for the server.
const OPEN_LIMIT: Duration = Duration::from_millis(1800);
/// How long an end waits for what is on its way.
const LAST_FLUSH: Duration = Duration::from_millis(500);
/// How long it waits for the disk, and for the connection to end.
const LAST_WRITE: Duration = Duration::from_millis(700);

/// Takes news from the core. Called on a runtime thread; must not block.
pub trait Listener: Send + Sync + 'static {
    /// These keys read differently now, because of others: a scope and a key each. None at all means
    /// that any may. Whether it was taken; if not, it is told again later.
    fn changed(&self, keys: &[(String, String)]) -> bool;
}

/// What the context is opened with.
pub struct ContextParams {
    /// The options.
    pub config: Arc<Config>,
    /// Node-RED's user directory; `None` when nothing may be written there.
    pub user_dir: Option<PathBuf>,
    /// The user's functions of the connection.
    pub hooks: Hooks,
    /// Takes news.
    pub listener: Arc<dyn Listener>,
    /// Name of the store in Node-RED's settings, for files.
    pub name: String,
}

/// The shared context of one instance. Dropping it, or [`Context::close`], ends its connection and
/// tasks.
pub struct Context {
    inner: Arc<Inner>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

struct Inner {
    role: Role,
    store: ContextStore,
    replica: Mutex<Replica>,
    /// More keys are not asked for.
    most_keys: usize,
    /// Where the server has the mark of our changes.
    mark_key: String,
    /// What the names of other stores' keys begin with.
    import_from: Vec<String>,
    operations: Mutex<VecDeque<Queued>>,
    /// What the admin knows of flows, to be compared with the scopes.
    known: Mutex<Option<Vec<String>>>,
    /// Something is to be done.
    work: Notify,
    /// The last is being written.
    ending: Notify,
    listener: Arc<dyn Listener>,
    disk: Disk,
    origin: watch::Sender<Origin>,
    /// Conflicts that are not on the disk yet.
    conflicts: Mutex<Vec<Conflict>>,
    standing: Mutex<Standing>,
    opened: Instant,
}

impl Context {
    /// Opens the connection. Must be called inside a tokio runtime; never fails because the server is
    /// away.
    pub fn open(params: ContextParams) -> Self {
        let ContextParams { config, user_dir, hooks, listener, name } = params;
        let mut connection = config.connection.clone();
        // Workers write here, too, and pushes are of the newer protocol.
        connection.writes = true;
        connection.resp3 = true;
        if let Some(user) = &config.state {
            connection.username.clone_from(&user.username);
            connection.password.clone_from(&user.password);
        }
        let keys = Keyspace::new(&config.key_prefix);
        let mark_key = keys.context_mark(&format!("{:016x}", rand::rng().random::<u64>()));
        let tracking = Tracking::new(keys.context_prefix());
        let connection =
            Connection::open_tracking(Arc::new(connection), hooks, Arc::clone(&tracking));
        let limits = Limits::new(&config.context);
        let inner = Arc::new(Inner {
            role: config.role,
            store: ContextStore::new(connection, tracking, keys, limits.max_value()),
            most_keys: limits.most_keys(),
            mark_key,
            import_from: config.context.import_from.clone(),
            replica: Mutex::new(Replica::new(limits, config.enable_compression)),
            operations: Mutex::default(),
            known: Mutex::default(),
            work: Notify::new(),
            ending: Notify::new(),
            listener,
            disk: Disk::new(user_dir.as_deref(), &name, &config.key_prefix),
            origin: watch::Sender::new(Origin::Nothing),
            conflicts: Mutex::default(),
            standing: Mutex::default(),
            opened: Instant::now(),
        });
        let following = Arc::clone(&inner);
        let follow = async move {
            following.restore().await;
            let saving = following.save_again_and_again();
            tokio::select! {
                () = following.follow() => (),
                () = saving => (),
            }
        };
        let task = tokio::spawn(follow.with_current_subscriber());
        Self { inner, tasks: Mutex::new(vec![task]) }
    }

    /// Waits until the context was read from the server, within limits; where it comes from.
    pub async fn opened(&self) -> Origin {
        let mut origin = self.inner.origin.subscribe();
        let left = OPEN_LIMIT.saturating_sub(self.inner.opened.elapsed());
        let read = origin.wait_for(|origin| *origin == Origin::Server);
        let _ = tokio::time::timeout(left, read).await;
        *self.inner.origin.borrow()
    }

    /// Waits until there is something to read from: what the server has, or a copy of it.
    pub async fn loaded(&self) {
        let mut origin = self.inner.origin.subscribe();
        let _ = origin.wait_for(|origin| *origin != Origin::Nothing).await;
    }

    /// The JSON text of a key, own changes included; `None` when there is none.
    pub fn text(&self, scope: &str, key: &str) -> Option<Arc<str>> {
        self.inner.replica().text(scope, key)
    }

    /// The keys of a scope in the order of insertion.
    pub fn names(&self, scope: &str) -> Vec<String> {
        self.inner.replica().names(scope)
    }

    /// Sets whole values (JSON text each; `None` deletes), all or none. They are sent in one command.
    pub fn set(&self, scope: &str, changes: Vec<(String, Option<String>)>) -> Result<()> {
        self.inner.check_open()?;
        let changes = changes.into_iter().map(|(key, text)| (key, text.map(Into::into)));
        self.inner.replica().set(scope, changes.collect())?;
        self.inner.work.notify_one();
        Ok(())
    }

    /// Sets a part of a value, as Node-RED's `setObjectProperty` does; `None` takes it away. Somebody
    /// else's change of another part at the same time survives. False if nothing was done, because the value can't be
    /// taken apart here: it is to be set as a whole.
    pub fn set_part(
        &self,
        scope: &str,
        key: &str,
        path: Vec<Segment>,
        text: Option<String>,
    ) -> Result<bool> {
        self.inner.check_open()?;
        let done = self.inner.replica().set_part(scope, key, path, text.map(Into::into))?;
        self.inner.work.notify_one();
        Ok(done)
    }

    /// Runs an operation on the server. Fails at once while that is away.
    pub async fn operate(&self, scope: &str, key: &str, operation: Operation) -> Result<Outcome> {
        self.inner.operate(scope, key, operation).await
    }

    /// The flows are those with these ids: what belongs to others is removed after a day. Nothing
    /// on a worker. Only for who is in charge of the flows, and has them mirrored.
    pub fn clean(&self, known: Vec<String>) {
        self.inner.clean(known);
    }

    /// Deletes a scope. Nothing on a worker.
    pub fn delete_scope(&self, scope: &str) {
        if self.inner.role == Role::Admin {
            self.inner.replica().clear(scope);
            self.inner.work.notify_one();
        }
    }

    /// Sends what can be sent within a moment, keeps the rest on the disk, and ends; idempotent.
    pub async fn close(&self) {
        if std::mem::replace(&mut self.inner.standing().closed, true) {
            return;
        }
        let flushed = async {
            while self.inner.store.connection().is_ready() && self.inner.replica().unsent() > 0 {
                self.inner.work.notify_one();
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let _ = tokio::time::timeout(LAST_FLUSH, flushed).await;
        self.inner.ending.notify_one();
        let tasks: Vec<_> = self.tasks().drain(..).collect();
        let aborts: Vec<_> = tasks.iter().map(JoinHandle::abort_handle).collect();
        let last = async {
            for task in tasks {
                let _ = task.await;
            }
            self.inner.fail_operations(&Error::Closed);
            self.inner.save_last().await;
            self.inner.store.connection().close().await;
        };
        let _ = tokio::time::timeout(LAST_WRITE, last).await;
        for task in aborts {
            task.abort();
        }
        self.inner.fail_operations(&Error::Closed);
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        for task in self.tasks().drain(..) {
            task.abort();
        }
    }
}

impl Inner {
    fn replica(&self) -> MutexGuard<'_, Replica> {
        self.replica.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_open(&self) -> Result<()> {
        if self.standing().closed { Err(Error::Closed) } else { Ok(()) }
    }
}
