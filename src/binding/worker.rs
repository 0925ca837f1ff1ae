//! The worker role for JavaScript.

use std::sync::Arc;
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::{Either3, PromiseRaw, ToNapiValue, block_on, spawn};
use napi_derive::napi;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::background::{Background, SettleFunction};
use super::gate::Gates;
use super::health::WorkerHealth;
use super::hooks::Functions;
use super::host::{EventFunction, JsHost};
use super::log::{self, LogFunction};
use super::options;
use super::palette::{HostInfo, Palette};
use super::snapshot::StoredDeploy;
use crate::connection::Hooks;
use crate::error::Result;
use crate::role::{Host, Opening, worker};

/// A worker: reads everything from Valkey, writes nothing there.
///
/// The promises own what they work with: the object itself may be gone before they end.
#[napi]
pub struct Worker {
    core: Arc<worker::Worker>,
    log: Dispatch,
    background: Background,
    gates: Gates,
}

#[napi]
impl Worker {
    /// Opens the connections; never fails because the server is away. `userDir` is left out when
    /// nothing may be written there. `settle` is given the answers of the methods that take the
    /// number of a call.
    #[napi(constructor, async_runtime)]
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
        let log = log::dispatch(&log, &mut gates)?;
        let background = Background::new(&settle, &mut gates)?;
        let opening = opening(&options, user_dir, &event, &functions, &mut gates)?;
        let core = tracing::dispatcher::with_default(&log, || worker::Worker::open(opening));
        let core = Arc::new(core);
        let remaining = Arc::downgrade(&core);
        gates.shut_with(&env, move || {
            if let Some(core) = remaining.upgrade() {
                spawn(async move { core.close().await });
            }
        })?;
        Ok(Self { core, log, background, gates })
    }

    fn promise<'env, T, F>(
        &self,
        env: &'env Env,
        work: impl FnOnce(Arc<worker::Worker>) -> F,
    ) -> napi::Result<PromiseRaw<'env, T>>
    where
        T: ToNapiValue + Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let work = work(self.core.clone()).with_subscriber(self.log.clone());
        env.spawn_future(async move { Ok(work.await?) })
    }

    /// The shared settings as JSON text.
    #[napi]
    pub fn settings<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, String>> {
        self.promise(env, async |core| core.settings().await)
    }

    /// The log-in sessions as JSON text.
    #[napi]
    pub fn sessions<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, String>> {
        self.promise(env, async |core| core.sessions().await)
    }

    /// What this worker is to run; waits until there is something. Report the outcome.
    #[napi]
    pub fn snapshot<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, StoredDeploy>> {
        self.promise(env, async |core| Ok((&*core.snapshot().await?).into()))
    }

    /// What waits to be applied after the event `revision`.
    #[napi]
    pub fn pending(&self) -> Option<StoredDeploy> {
        self.core.take().map(|snapshot| (&*snapshot).into())
    }

    /// The process ends: the only method that waits, for a moment at most, because nothing else
    /// runs any more.
    #[napi]
    pub fn ends(&self) {
        block_on(self.core.ends());
    }

    /// It runs now.
    #[napi]
    pub fn applied<'env>(&self, env: &'env Env, id: String) -> napi::Result<PromiseRaw<'env, ()>> {
        self.promise(env, async move |core| {
            core.applied(&id).await;
            Ok(())
        })
    }

    /// It can't be used here, for this reason, and is not to be offered again.
    #[napi]
    pub fn refused(&self, id: String, why: String) {
        self.core.refused(&id, &why);
    }

    /// Applying it failed; it is to be offered again.
    #[napi]
    pub fn failed(&self, id: String) {
        self.core.failed(&id);
    }

    /// It waits for its packages.
    #[napi]
    pub fn waiting(&self, id: String) {
        self.core.waiting(&id);
    }

    /// Starts the synchronisation of packages and waits for the first, within limits.
    #[napi]
    pub fn packages_at_start<'env>(
        &self,
        env: &'env Env,
        host_info: HostInfo,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        self.promise(env, async move |core| core.packages_at_start(host_info.into()).await)
    }

    /// In the background: waits at most `patience` ms until the stored package list is installed
    /// and loaded; whether it is.
    #[napi]
    pub fn packages_settled_in_background(&self, call: u32, patience: u32) {
        let core = self.core.clone();
        let patience = Duration::from_millis(patience.into());
        let work = async move { Ok(Either3::C(core.packages_settled(patience).await)) };
        self.background.run(call, work.with_subscriber(self.log.clone()));
    }

    /// The packages, once [`packagesAtStart`] was called; `null` when they are not synchronised.
    #[napi]
    pub fn palette(&self) -> Option<Palette> {
        let packages = self.core.packages()?;
        Some(Palette::new(packages.clone(), self.log.clone()))
    }

    /// How it stands. Reads nothing and waits for nothing.
    #[napi]
    pub fn health(&self) -> WorkerHealth {
        self.core.health().into()
    }

    /// A library entry: JSON text of a string (a file) or an array (a folder).
    #[napi]
    pub fn library_entry<'env>(
        &self,
        env: &'env Env,
        kind: String,
        path: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        self.promise(env, async move |core| core.library_entry(&kind, &path).await)
    }

    /// Ends connections and tasks; idempotent.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let (core, gates) = (self.core.clone(), self.gates.clone());
        let work = async move {
            core.close().await;
            Ok(())
        };
        env.spawn_future_with_callback(work, move |_, ()| {
            gates.shut();
            Ok(())
        })
    }
}

/// What both roles are opened with.
pub(super) fn opening(
    options: &str,
    user_dir: Option<String>,
    event: &EventFunction<'_>,
    functions: &Functions<'_>,
    gates: &mut Gates,
) -> napi::Result<Opening> {
    let (mut config, _) = options::parse(options)?;
    functions.identify(&mut config.connection, gates)?;
    let host: Arc<dyn Host> = Arc::new(JsHost::new(event, gates)?);
    let hooks = Hooks::new(&config.connection, functions.for_core(gates)?);
    Ok(Opening { config: Arc::new(config), user_dir: user_dir.map(Into::into), host, hooks })
}
