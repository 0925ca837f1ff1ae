//! An admin: its disk is the source of truth, and Valkey is kept equal to it.

mod deploy_write;
mod drift;
mod first_secret;
mod health;
mod identity;
mod library;
mod old_list;
mod packages;
mod progress;
mod reconcile;
mod reconcile_state;
mod refused;
mod restore;
mod sessions;
mod slot;
mod slots;
mod standing;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::instrument::WithSubscriber;

pub use self::health::Health;
use self::identity::Identity;
use self::packages::PackageNotes;
pub use self::progress::Mirrored;
use self::progress::Progress;
use self::refused::Refused;
use self::restore::{Asking, Restored};
use self::slots::Slots;
pub use self::standing::Standing;
use super::history::History;
use super::packages::Packages;
use super::{Host, OpenParams};
use crate::config::Config;
use crate::connection::Connection;
use crate::content::{compact, shared_settings};
use crate::error::{Error, Result};
use crate::state_dir::StateDir;
use crate::store::Store;
use crate::store::deploy::Deploy;
use crate::store::deploy_text::DeployText;
use crate::store::lease::Holder;
use crate::store::snapshot::{Check, Snapshot};

/// An admin instance. Dropping it, or [`Admin::close`], ends its connection and tasks.
///
/// It holds what the disk has; one task makes Valkey equal to that whenever there is a
/// connection, so a save that finds Valkey away, emptied or slow needs nothing of its own.
pub struct Admin {
    inner: Arc<Inner>,
    task: JoinHandle<()>,
    /// Gives an emptied disk its packages back.
    restoring: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    config: Arc<Config>,
    store: Store,
    host: Arc<dyn Host>,
    user_dir: Option<PathBuf>,
    state_dir: Option<StateDir>,
    packages: OnceLock<Arc<Packages>>,
    /// `None`: none is wanted, or there is no disk for it.
    history: Option<Arc<History>>,
    /// How many readings of the installed packages are under way.
    reading: watch::Sender<u32>,
    holder: Holder,
    disk: Mutex<Disk>,
    slots: Slots,
    changed: watch::Sender<u64>,
    progress: watch::Sender<Progress>,
}

/// What is on the admin's disk, as far as it is to be mirrored.
struct Disk {
    /// The whole settings as JSON text.
    settings: String,
    /// The secret that decrypts the credentials of `deploy`.
    secret: Option<String>,
    /// The last flows and credentials that were really read or written.
    deploy: Option<Arc<Deploy>>,
    /// Rises with every change of `deploy`.
    generation: u64,
    /// When `deploy` changed last.
    changed_at: Instant,
    packages: PackageNotes,
    /// The disk had lost something at start and Valkey was away: what Valkey holds has neither
    /// been put back nor replaced.
    unseen: Option<Lost>,
    asking: Asking,
    restored: Restored,
    /// `deploy` is not what Node-RED runs.
    refused: Refused,
    identity: Identity,
}

/// What a disk could not give at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Flows, or flows and credentials.
    Flows,
    /// Only the credentials, or what decrypts them.
    Credentials,
}

impl Admin {
    /// Opens the connection. Must be called inside a tokio runtime; never fails because the
    /// server is away. A user directory that can't be written is a warning: the admin is then a
    /// new one at each start.
    pub async fn open(params: OpenParams) -> Self {
        let OpenParams { config, user_dir, host, hooks, host_name } = params;
        let state_dir = user_dir.as_deref().map(StateDir::in_user_dir);
        let identity = Identity::load(state_dir.as_ref()).await;
        let holder = Holder::new(identity.id.clone(), identity::fresh());
        let holder = match host_name {
            Some(host_name) => holder.at(&host_name, std::process::id()),
            None => holder,
        };
        let connection = Connection::open(Arc::new(config.connection.clone()), hooks);
        let store = Store::new(&config, connection);
        let history = config.history.zip(state_dir.as_ref()).map(|(wanted, state_dir)| {
            let shares_secret = config.share_credential_secret;
            let (store, holder) = (store.clone(), holder.clone());
            Arc::new(History::open(wanted, state_dir, store, holder, shares_secret))
        });
        let inner = Arc::new(Inner {
            config,
            store,
            host,
            user_dir,
            state_dir,
            packages: OnceLock::new(),
            history,
            reading: watch::Sender::new(0),
            holder,
            disk: Mutex::new(Disk {
                settings: "{}".into(),
                secret: None,
                deploy: None,
                generation: 0,
                changed_at: Instant::now(),
                packages: PackageNotes::default(),
                unseen: None,
                asking: Asking::default(),
                restored: Restored::default(),
                refused: Refused::default(),
                identity,
            }),
            slots: Slots::default(),
            changed: watch::Sender::new(0),
            progress: watch::Sender::default(),
        });
        let reconciling = inner.clone();
        let work = async move {
            tokio::join!(reconciling.reconcile(), reconciling.tell_standing());
        };
        let task = tokio::spawn(work.with_current_subscriber());
        Self { inner, task, restoring: Mutex::default() }
    }

    /// Reads what Valkey holds, for a disk that has lost it, waiting at most `patience` for the
    /// connection. `None`: Valkey holds no flows.
    pub async fn read_for_restore(&self, patience: Duration) -> Result<Option<Snapshot>> {
        let connection = self.inner.store.connection();
        connection.wait_ready(patience).await?;
        let read = self.inner.store.read_snapshot(Check::Form);
        let read = tokio::time::timeout(patience, read)
            .await
            .unwrap_or_else(|_| Err(Error::Timeout { command: "GET".into(), limit: patience }))?;
        if let Some(snapshot) = &read {
            self.inner.disk().restored.give(snapshot);
        }
        Ok(read)
    }

    /// Takes the settings as they are on disk (an object as JSON text). They reach Valkey with
    /// the next deploy, or at once when there was one.
    ///
    /// They are taken at the call, before the future is first polled: of two calls the later counts.
    pub fn mirror_settings(
        &self,
        text: &str,
    ) -> impl Future<Output = Result<Mirrored>> + Send + use<> {
        let taken = self.inner.take_settings(text);
        let inner = self.inner.clone();
        async move {
            match taken? {
                Taken::Settled(mirrored) => Ok(mirrored),
                Taken::ToMirror(generation) => inner.mirrored(generation).await,
            }
        }
    }

    /// Prepares flows that are on their way to the disk for [`Admin::mirror_deploy`], beside the event loop: `written`
    /// is their JSON text, indented or not.
    pub fn prepare_flows(
        &self,
        written: String,
    ) -> impl Future<Output = Result<DeployText>> + Send + use<> {
        let compress = self.inner.config.enable_compression;
        let (sender, prepared) = oneshot::channel();
        let work = move || {
            let text = DeployText::from(compact(written));
            // Nobody has to wait for the rest; it is done when it is needed, or nearly.
            let _ = sender.send(text.clone());
            text.digest();
            text.stored(compress);
        };
        async move {
            tokio::task::spawn_blocking(work);
            prepared.await.map_err(|error| Error::Internal(error.to_string()))
        }
    }

    /// Takes flows and credentials as they are on disk, and the secret that decrypts these
    /// credentials. The future ends when Valkey has them, when it is known to be away, or after 4 s.
    ///
    /// They are taken at the call, before the future is first polled: of two calls the later counts,
    /// on whatever thread their futures run.
    ///
    /// # Errors
    /// [`Error::OtherAdmin`] when another living admin has the prefix.
    pub fn mirror_deploy<Flows: Into<DeployText>>(
        &self,
        flows: Flows,
        credentials: String,
        secret: Option<String>,
        project: Option<String>,
    ) -> impl Future<Output = Result<Mirrored>> + Send + use<Flows> {
        let taken = self.inner.take_deploy(flows.into(), credentials, secret, project);
        let inner = self.inner.clone();
        async move {
            let mirrored = match taken {
                Ok(generation) => inner.mirrored(generation).await,
                Err(error) => Err(error),
            };
            if let Some(history) = &inner.history {
                history.deploy_is_through();
            }
            mirrored
        }
    }

    /// The history of deploys; `None`: none is kept.
    pub fn history(&self) -> Option<&Arc<History>> {
        self.inner.history.as_ref()
    }

    /// Ends connection and tasks; idempotent.
    pub async fn close(&self) {
        if let Some(history) = &self.inner.history {
            history.close().await;
        }
        self.end();
        self.inner.store.connection().close().await;
    }

    fn end(&self) {
        self.task.abort();
        if let Some(task) = self.restoring().take() {
            task.abort();
        }
        if let Some(packages) = self.inner.packages.get() {
            packages.end();
        }
    }

    fn restoring(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.restoring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.end();
    }
}

/// What settings come to that have been taken.
enum Taken {
    /// There is nothing to wait for.
    Settled(Mirrored),
    /// They are part of the deploy of this generation.
    ToMirror(u64),
}

impl Disk {
    fn replace(&mut self, deploy: Deploy) -> u64 {
        self.deploy = Some(Arc::new(deploy));
        self.generation += 1;
        self.changed_at = Instant::now();
        self.generation
    }
}

impl Inner {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Returns the generation of a deploy that differs from the last in nothing but these.
    fn take_settings(&self, text: &str) -> Result<Taken> {
        let generation = {
            let mut disk = self.disk();
            let shared = self.shared(text, disk.secret.as_deref())?;
            disk.settings = text.into();
            let Some(deploy) = disk.deploy.clone() else {
                return Ok(Taken::Settled(Mirrored::Later));
            };
            if *deploy.settings == *shared {
                return Ok(Taken::Settled(Mirrored::Unchanged));
            }
            let generation = disk.replace(Deploy { settings: shared.into(), ..(*deploy).clone() });
            if disk.refused.waits() && self.progress.borrow().other.is_none() {
                return Ok(Taken::Settled(Mirrored::Later));
            }
            generation
        };
        self.wake();
        Ok(Taken::ToMirror(generation))
    }

    /// Returns its generation.
    fn take_deploy(
        &self,
        flows: DeployText,
        credentials: String,
        secret: Option<String>,
        project: Option<String>,
    ) -> Result<u64> {
        let generation = {
            let mut disk = self.disk();
            let shared = self.shared(&disk.settings, secret.as_deref())?;
            disk.secret = secret;
            disk.refused = Refused::default();
            let credentials: Arc<str> = credentials.into();
            let is_restored = disk.restored.take_news();
            if let Some(history) = &self.history {
                history.take(&flows, &credentials, project.clone(), is_restored);
            }
            disk.replace(Deploy { flows, credentials, settings: shared.into(), project })
        };
        self.wake();
        Ok(generation)
    }

    fn shared(&self, settings: &str, secret: Option<&str>) -> Result<String> {
        shared_settings(settings, secret.filter(|_| self.config.share_credential_secret))
    }
}
