//! The admin role for JavaScript.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::{Either3, PromiseRaw, ToNapiValue, spawn};
use napi_derive::napi;
use tokio::sync::OnceCell;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::background::{Background, SettleFunction, Value};
use super::gate::Gates;
use super::health::AdminHealth;
use super::hooks::Functions;
use super::host::EventFunction;
use super::log::{self, LogFunction};
use super::palette::{HostInfo, Palette};
use super::snapshot::StoredDeploy;
use super::worker::opening;
use crate::error::{Error, Result};
use crate::role::{Opening, admin};

/// An admin: its disk is the source of truth, and Valkey is kept equal to it.
///
/// The promises own what they work with: the object itself may be gone before they end.
#[napi]
pub struct Admin {
    opening: Mutex<Option<Opening>>,
    core: Arc<OnceCell<Arc<admin::Admin>>>,
    log: Dispatch,
    background: Background,
    gates: Gates,
}

/// What came of mirroring something that is on disk.
#[napi(object)]
pub struct Mirroring {
    /// Whether Valkey has it.
    pub done: bool,
    /// Why it has not yet.
    pub away: Option<String>,
    /// What is lacking of the replicas that were to confirm it.
    pub unconfirmed: Option<String>,
}

impl From<admin::Mirrored> for Mirroring {
    fn from(mirrored: admin::Mirrored) -> Self {
        let (done, away, unconfirmed) = match mirrored {
            admin::Mirrored::Away(reason) => (false, Some(reason), None),
            admin::Mirrored::Later => (false, None, None),
            admin::Mirrored::Done | admin::Mirrored::Unchanged => (true, None, None),
            admin::Mirrored::Unconfirmed(missing) => (true, None, Some(missing)),
        };
        Self { done, away, unconfirmed }
    }
}

#[napi]
impl Admin {
    /// Checks the options; [`Admin::open`] opens the connection. `settle` is given the answers of
    /// the methods that take the number of a call.
    #[napi(constructor)]
    pub fn new(
        env: Env,
        options: String,
        user_dir: Option<String>,
        log: LogFunction<'_>,
        event: EventFunction<'_>,
        functions: Functions<'_>,
        settle: SettleFunction<'_>,
    ) -> napi::Result<Self> {
        let mut gates = Gates::default();
        let opening = opening(&options, user_dir, &event, &functions, &mut gates)?;
        let log = log::dispatch(&log, &mut gates)?;
        let background = Background::new(&settle, &mut gates)?;
        let core: Arc<OnceCell<Arc<admin::Admin>>> = Arc::default();
        let remaining = Arc::downgrade(&core);
        gates.shut_with(&env, move || {
            if let Some(core) = remaining.upgrade().and_then(|cell| cell.get().cloned()) {
                spawn(async move { core.close().await });
            }
        })?;
        Ok(Self { opening: Mutex::new(Some(opening)), core, log, background, gates })
    }

    fn promise<'env, T, F>(
        &self,
        env: &'env Env,
        work: impl FnOnce(Arc<admin::Admin>) -> F,
    ) -> napi::Result<PromiseRaw<'env, T>>
    where
        T: ToNapiValue + Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let work = work(self.core()?.clone()).with_subscriber(self.log.clone());
        env.spawn_future(async move { Ok(work.await?) })
    }

    /// The same for work that nobody waits for: it keeps no process alive.
    fn in_background<F>(&self, call: u32, work: impl FnOnce(Arc<admin::Admin>) -> F) -> Result<()>
    where
        F: Future<Output = Result<Value>> + Send + 'static,
    {
        let work = work(self.core()?.clone()).with_subscriber(self.log.clone());
        self.background.run(call, work);
        Ok(())
    }

    /// Opens the connection; never fails because the server is away.
    #[napi]
    pub fn open<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (cell, log) = (self.core.clone(), self.log.clone());
        env.spawn_future(async move {
            if let Some(opening) = opening {
                let core = admin::Admin::open(opening).with_subscriber(log).await;
                let _ = cell.set(Arc::new(core));
            }
            Ok(())
        })
    }

    /// What Valkey holds, waiting at most `patience` ms for it; `null` when it holds no flows.
    #[napi]
    pub fn read_for_restore<'env>(
        &self,
        env: &'env Env,
        patience: u32,
    ) -> napi::Result<PromiseRaw<'env, Option<StoredDeploy>>> {
        let patience = Duration::from_millis(patience.into());
        self.promise(env, async move |core| {
            let read = core.read_for_restore(patience).await?;
            Ok(read.map(|snapshot| (&snapshot).into()))
        })
    }

    /// The disk has lost its flows, or only their credentials, and Valkey could not be asked.
    #[napi]
    pub fn disk_has_lost(&self, flows: bool) -> napi::Result<()> {
        let lost = if flows { admin::Lost::Flows } else { admin::Lost::Credentials };
        self.core()?.disk_has_lost(lost);
        Ok(())
    }

    /// What is to be restored after the event `restore`.
    #[napi]
    pub fn restorable(&self) -> napi::Result<Option<StoredDeploy>> {
        Ok(self.core()?.restorable().map(|snapshot| (&*snapshot).into()))
    }

    /// What came of restoring: done, or to be tried again.
    #[napi]
    pub fn restored(&self, done: bool) -> napi::Result<()> {
        self.core()?.restored(done);
        Ok(())
    }

    /// Takes the settings as they are on disk.
    #[napi]
    pub fn settings<'env>(
        &self,
        env: &'env Env,
        text: String,
    ) -> napi::Result<PromiseRaw<'env, Mirroring>> {
        self.promise(env, async move |core| Ok(core.settings(&text).await?.into()))
    }

    /// Takes flows and credentials as they are on disk.
    #[napi]
    pub fn deploy<'env>(
        &self,
        env: &'env Env,
        flows: String,
        credentials: String,
        secret: Option<String>,
        project: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, Mirroring>> {
        self.promise(env, async move |core| {
            Ok(core.deploy(flows, credentials, secret, project).await?.into())
        })
    }

    /// The same in the background.
    #[napi]
    pub fn deploy_in_background(
        &self,
        call: u32,
        flows: String,
        credentials: String,
        secret: Option<String>,
        project: Option<String>,
    ) -> napi::Result<()> {
        Ok(self.in_background(call, async move |core| {
            let mirrored = core.deploy(flows, credentials, secret, project).await?;
            Ok(Either3::A(mirrored.into()))
        })?)
    }

    /// The last deploy was refused, and Node-RED does not run it. The event `refused` follows when it
    /// is to be loaded; until then it is not mirrored.
    #[napi]
    pub fn deploy_was_refused(&self) -> napi::Result<()> {
        self.core()?.deploy_was_refused();
        Ok(())
    }

    /// Takes the sessions as they are on disk.
    #[napi]
    pub fn sessions<'env>(
        &self,
        env: &'env Env,
        text: String,
    ) -> napi::Result<PromiseRaw<'env, Mirroring>> {
        self.promise(env, async move |core| Ok(core.sessions(text).await?.into()))
    }

    /// The same in the background.
    #[napi]
    pub fn sessions_in_background(&self, call: u32, text: String) -> napi::Result<()> {
        Ok(self.in_background(call, async move |core| {
            Ok(Either3::A(core.sessions(text).await?.into()))
        })?)
    }

    /// The sessions that Valkey holds, for a disk that has lost them; `null` when there are none.
    #[napi]
    pub fn read_sessions<'env>(
        &self,
        env: &'env Env,
        patience: u32,
    ) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let patience = Duration::from_millis(patience.into());
        self.promise(env, async move |core| core.read_sessions(patience).await)
    }

    /// How it stands; `null` before it is open. Reads nothing and waits for nothing.
    #[napi]
    pub fn health(&self) -> Option<AdminHealth> {
        self.core.get().map(|core| core.health().into())
    }

    /// Takes one library entry (`{…meta, fn: body}` as JSON text) as it is on disk.
    #[napi]
    pub fn library_entry<'env>(
        &self,
        env: &'env Env,
        kind: String,
        path: String,
        entry: String,
    ) -> napi::Result<PromiseRaw<'env, Mirroring>> {
        self.promise(env, async move |core| {
            Ok(core.library_entry(&kind, &path, &entry).await?.into())
        })
    }

    /// In the background: compares the whole library on disk (`{types, entries}` as JSON text) with
    /// Valkey; returns what only Valkey has and the disk should. Entries are `{type, path, entry}`.
    #[napi]
    pub fn library_in_background(&self, call: u32, on_disk: String) -> napi::Result<()> {
        Ok(self
            .in_background(call, async move |core| Ok(Either3::B(core.library(&on_disk).await?)))?)
    }

    /// Prepares the packages; an `emptied` user directory gets back what Valkey lists, within
    /// limits.
    #[napi]
    pub fn packages_at_start<'env>(
        &self,
        env: &'env Env,
        host_info: HostInfo,
        emptied: bool,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        self.promise(env, async move |core| core.packages_at_start(host_info.into(), emptied).await)
    }

    /// Something may have changed what is installed.
    #[napi]
    pub fn packages_changed<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.promise(env, async |core| core.packages_changed().await)
    }

    /// The packages, once [`packagesAtStart`] was called; `null` when they are not synchronised.
    #[napi]
    pub fn palette(&self) -> Option<Palette> {
        let packages = self.core.get().and_then(|core| core.packages())?;
        Some(Palette::new(packages.clone(), self.log.clone()))
    }

    /// Ends the connection and tasks; idempotent.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let (core, gates) = (self.core.get().cloned(), self.gates.clone());
        let work = async move {
            if let Some(core) = core {
                core.close().await;
            }
            Ok(())
        };
        env.spawn_future_with_callback(work, move |_, ()| {
            gates.shut();
            Ok(())
        })
    }

    fn core(&self) -> Result<&Arc<admin::Admin>> {
        self.core.get().ok_or(Error::Closed)
    }
}
