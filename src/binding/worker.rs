//! The worker role for JavaScript.

use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::{Either, Either3, PromiseRaw, block_on};
use napi_derive::napi;

use super::background::SettleFunction;
use super::callbacks::Callbacks;
use super::health::WorkerHealth;
use super::hooks::Functions;
use super::host::EventFunction;
use super::host_info::HostInfo;
use super::instance::{Core, Instance, open_params};
use super::log::LogFunction;
use super::packages::Packages;
use super::snapshot::{PendingDeploy, StoredDeploy};
use super::text::LargeText;
use crate::role::worker::{self, Beginning};

/// A worker: reads everything from Valkey, writes nothing there.
///
/// The promises own what they work with: the object itself may be gone before they end.
#[napi]
pub struct Worker {
    instance: Instance<worker::Worker>,
}

impl Core for worker::Worker {
    async fn close(&self) {
        self.close().await;
    }
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
        let mut callbacks = Callbacks::default();
        let params = open_params(&options, user_dir, &event, &functions, &mut callbacks)?;
        let instance = Instance::new(&env, &log, &settle, callbacks)?;
        instance.open_now(|| worker::Worker::open(params));
        Ok(Self { instance })
    }

    /// The shared settings as JSON text.
    #[napi]
    pub fn read_settings<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, String>> {
        self.instance.promise(env, async |core| core.read_settings().await)
    }

    /// The text that Valkey has as log-in sessions, whatever it is; `{}` when there is none, or Valkey is away.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn read_sessions<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, LargeText>> {
        self.instance.promise(env, async |core| core.read_sessions().await.map(LargeText::from))
    }

    /// What this worker is to run; waits until there is something. Report the outcome.
    #[napi]
    pub fn snapshot<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, StoredDeploy>> {
        self.instance.promise(env, async |core| Ok((&*core.snapshot().await?).into()))
    }

    /// What waits to be applied after the event `revision`; it is in hand from here on. Report the
    /// outcome. `base` is the id of the deploy that was handed over before, where its flows are there as
    /// objects, unchanged: then only what differs may be handed over. A promise where that is still to be
    /// found out.
    #[napi]
    pub fn begin_pending<'env>(
        &self,
        env: &'env Env,
        base: Option<String>,
    ) -> napi::Result<Either<Option<PendingDeploy>, PromiseRaw<'env, PendingDeploy>>> {
        Ok(match self.instance.core()?.begin_pending_after(base) {
            Beginning::Now(offer) => Either::A(offer.map(Into::into)),
            Beginning::Comparing(offer) => {
                Either::B(self.instance.promise(env, async |_| Ok(offer.await.into()))?)
            }
        })
    }

    /// The process ends: the only method that waits, for a moment at most, because nothing else
    /// runs any more.
    #[napi]
    pub fn ends(&self) -> napi::Result<()> {
        block_on(self.instance.core()?.ends());
        Ok(())
    }

    /// It runs now.
    #[napi]
    pub fn applied<'env>(&self, env: &'env Env, id: String) -> napi::Result<PromiseRaw<'env, ()>> {
        self.instance.promise(env, async move |core| {
            core.applied(&id);
            Ok(())
        })
    }

    /// It can't be used here, for this reason, and is not to be offered again.
    #[napi]
    pub fn refused(&self, id: String, why: String) -> napi::Result<()> {
        self.instance.core()?.refused(&id, &why);
        Ok(())
    }

    /// Applying it failed; it is to be offered again.
    #[napi]
    pub fn failed(&self, id: String) -> napi::Result<()> {
        self.instance.core()?.failed(&id);
        Ok(())
    }

    /// It waits for its packages.
    #[napi]
    pub fn waiting(&self, id: String) -> napi::Result<()> {
        self.instance.core()?.waiting(&id);
        Ok(())
    }

    /// Starts the synchronisation of packages and waits for the first, within limits.
    #[napi]
    pub fn packages_at_start<'env>(
        &self,
        env: &'env Env,
        host_info: HostInfo,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        self.instance.promise(env, async move |core| core.packages_at_start(host_info.into()).await)
    }

    /// In the background: waits at most `patience` ms until the stored package list is installed
    /// and loaded; whether it is.
    #[napi]
    pub fn packages_settled_in_background(&self, call: u32, patience: u32) -> napi::Result<()> {
        let patience = Duration::from_millis(patience.into());
        Ok(self.instance.in_background(call, async move |core| {
            Ok(Either3::C(core.wait_for_packages(patience).await))
        })?)
    }

    /// The packages, once [`packagesAtStart`] was called; `null` when they are not synchronised.
    #[napi]
    pub fn packages(&self) -> Option<Packages> {
        let packages = self.instance.opened().and_then(|core| core.packages())?;
        Some(Packages::new(packages.clone(), self.instance.log()))
    }

    /// How it stands. Reads nothing and waits for nothing.
    #[napi]
    pub fn health(&self) -> napi::Result<WorkerHealth> {
        Ok(self.instance.core()?.health().into())
    }

    /// A library entry: JSON text of a string (a file) or an array (a folder).
    #[napi]
    pub fn read_library_entry<'env>(
        &self,
        env: &'env Env,
        kind: String,
        path: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        self.instance.promise(env, async move |core| core.read_library_entry(&kind, &path).await)
    }

    /// Ends connections and tasks; idempotent.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.instance.close(env)
    }
}
