//! The admin role for JavaScript.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::{Either, Either3, PromiseRaw};
use napi_derive::napi;

use super::background::SettleFunction;
use super::callbacks::Callbacks;
use super::health::AdminHealth;
use super::hooks::Functions;
use super::host::EventFunction;
use super::host_info::HostInfo;
use super::instance::{Core, Instance, open_params};
use super::log::LogFunction;
use super::mirroring::Mirroring;
use super::packages::Packages;
use super::prepared_flows::{PreparedFlows, text_of};
use super::snapshot::StoredDeploy;
use super::standing::Standing;
use super::text::LargeText;
use crate::error::Result;
use crate::role::{OpenParams, admin};

/// An admin: its disk is the source of truth, and Valkey is kept equal to it.
///
/// The promises own what they work with: the object itself may be gone before they end.
#[napi]
pub struct Admin {
    params: Mutex<Option<OpenParams>>,
    pub(super) instance: Instance<admin::Admin>,
}

impl Core for admin::Admin {
    async fn close(&self) {
        self.close().await;
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
        let mut callbacks = Callbacks::default();
        let params = open_params(&options, user_dir, &event, &functions, &mut callbacks)?;
        let instance = Instance::new(&env, &log, &settle, callbacks)?;
        Ok(Self { params: Mutex::new(Some(params)), instance })
    }

    /// Opens the connection; never fails because the server is away. `host_name`: by which other
    /// admins name this one.
    #[napi]
    pub fn open<'env>(
        &self,
        env: &'env Env,
        host_name: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let params = self.params.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.instance.open(env, async move {
            match params {
                Some(params) => Some(admin::Admin::open(OpenParams { host_name, ..params }).await),
                None => None,
            }
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
        self.instance.promise(env, async move |core| {
            let read = core.read_for_restore(patience).await?;
            Ok(read.map(|snapshot| (&snapshot).into()))
        })
    }

    /// The disk has lost its flows, or only their credentials, and Valkey could not be asked.
    #[napi]
    pub fn disk_has_lost(&self, flows: bool) -> napi::Result<()> {
        let lost = if flows { admin::Lost::Flows } else { admin::Lost::Credentials };
        self.instance.core()?.disk_has_lost(lost);
        Ok(())
    }

    /// What [`readForRestore`] gave last is on the disk, flows and credentials.
    #[napi]
    pub fn disk_has_restored(&self) -> napi::Result<()> {
        self.instance.core()?.disk_has_restored();
        Ok(())
    }

    /// Gives what is to be restored after the event `restore`; once.
    #[napi]
    pub fn take_restorable(&self) -> napi::Result<Option<StoredDeploy>> {
        Ok(self.instance.core()?.take_restorable().map(|snapshot| (&*snapshot).into()))
    }

    /// What came of restoring: done, or to be tried again.
    #[napi]
    pub fn restored(&self, done: bool) -> napi::Result<()> {
        self.instance.core()?.restored(done);
        Ok(())
    }

    /// Takes the settings as they are on disk.
    #[napi]
    pub fn mirror_settings<'env>(
        &self,
        env: &'env Env,
        text: String,
    ) -> napi::Result<PromiseRaw<'env, Mirroring>> {
        self.instance.promise(env, |core| {
            let work = core.mirror_settings(&text);
            answer(core, work)
        })
    }

    /// Prepares flows that are on their way to the disk for [`mirrorDeploy`]: their JSON text, indented or not.
    #[napi]
    pub fn prepare_flows<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "string")] written: LargeText,
    ) -> napi::Result<PromiseRaw<'env, PreparedFlows>> {
        self.instance.promise(env, |core| {
            let work = core.prepare_flows(written.into());
            async move { Ok(work.await?.into()) }
        })
    }

    /// Takes flows and credentials as they are on disk.
    #[napi]
    pub fn mirror_deploy<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "string | PreparedFlows")] flows: Either<LargeText, &PreparedFlows>,
        credentials: String,
        secret: Option<String>,
        project: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, Mirroring>> {
        let flows = text_of(flows)?;
        self.instance.promise(env, |core| {
            let work = core.mirror_deploy(flows, credentials, secret, project);
            answer(core, work)
        })
    }

    /// The same in the background.
    #[napi]
    pub fn mirror_deploy_in_background(
        &self,
        call: u32,
        #[napi(ts_arg_type = "string | PreparedFlows")] flows: Either<LargeText, &PreparedFlows>,
        credentials: String,
        secret: Option<String>,
        project: Option<String>,
    ) -> napi::Result<()> {
        let flows = text_of(flows)?;
        Ok(self.instance.in_background(call, |core| {
            let work = core.mirror_deploy(flows, credentials, secret, project);
            let answer = answer(core, work);
            async move { Ok(Either3::A(answer.await?)) }
        })?)
    }

    /// The last deploy was refused, and Node-RED does not run it. The event `refused` follows when it
    /// is to be loaded; until then it is not mirrored.
    #[napi]
    pub fn deploy_was_refused(&self) -> napi::Result<()> {
        self.instance.core()?.deploy_was_refused();
        Ok(())
    }

    /// Takes the secret that Node-RED has generated: it is shared before anything is deployed. In
    /// the background.
    #[napi]
    pub fn mirror_secret_in_background(&self, call: u32, secret: String) -> napi::Result<()> {
        Ok(self.instance.in_background(call, |core| {
            let work = core.mirror_secret(secret);
            let answer = answer(core, work);
            async move { Ok(Either3::A(answer.await?)) }
        })?)
    }

    /// Takes the sessions as they are on disk.
    #[napi]
    pub fn mirror_sessions<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "string")] text: LargeText,
    ) -> napi::Result<PromiseRaw<'env, Mirroring>> {
        self.instance.promise(env, |core| {
            let work = core.mirror_sessions(text.into());
            answer(core, work)
        })
    }

    /// The same in the background.
    #[napi]
    pub fn mirror_sessions_in_background(
        &self,
        call: u32,
        #[napi(ts_arg_type = "string")] text: LargeText,
    ) -> napi::Result<()> {
        Ok(self.instance.in_background(call, |core| {
            let work = core.mirror_sessions(text.into());
            let answer = answer(core, work);
            async move { Ok(Either3::A(answer.await?)) }
        })?)
    }

    /// The text that Valkey has as log-in sessions, whatever it is, for a disk that has lost them; `null` when there is
    /// none.
    #[napi(ts_return_type = "Promise<string | undefined | null>")]
    pub fn read_sessions<'env>(
        &self,
        env: &'env Env,
        patience: u32,
    ) -> napi::Result<PromiseRaw<'env, Option<LargeText>>> {
        let patience = Duration::from_millis(patience.into());
        self.instance.promise(env, async move |core| {
            Ok(core.read_sessions(patience).await?.map(LargeText::from))
        })
    }

    /// How it stands; `null` before it is open. Reads nothing and waits for nothing.
    #[napi]
    pub fn health(&self) -> Option<AdminHealth> {
        self.instance.opened().map(|core| core.health().into())
    }

    /// What keeps a deploy from workers, and what has become of one; the event `standing` follows a
    /// change. `null` before it is open. Reads nothing and waits for nothing.
    #[napi]
    pub fn standing(&self) -> Option<Standing> {
        self.instance.opened().map(|core| core.standing().into())
    }

    /// Takes one library entry (`{…meta, fn: body}` as JSON text) as it is on disk.
    #[napi]
    pub fn mirror_library_entry<'env>(
        &self,
        env: &'env Env,
        kind: String,
        path: String,
        entry: String,
    ) -> napi::Result<PromiseRaw<'env, Mirroring>> {
        self.instance.promise(env, async move |core| {
            Ok(core.mirror_library_entry(&kind, &path, &entry).await?.into())
        })
    }

    /// In the background: compares the whole library on disk (`{types, entries}` as JSON text) with
    /// Valkey; returns what only Valkey has and the disk should. Entries are `{type, path, entry}`.
    #[napi]
    pub fn reconcile_library_in_background(&self, call: u32, on_disk: String) -> napi::Result<()> {
        Ok(self.instance.in_background(call, async move |core| {
            Ok(Either3::B(core.reconcile_library(&on_disk).await?))
        })?)
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
        self.instance
            .promise(env, async move |core| core.packages_at_start(host_info.into(), emptied).await)
    }

    /// Something may have changed what is installed.
    #[napi]
    pub fn packages_changed<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.instance.promise(env, |core| {
            let work = core.packages_changed();
            async move {
                let changed = work.await;
                drop(core);
                changed
            }
        })
    }

    /// The packages, once [`packagesAtStart`] was called; `null` when they are not synchronised.
    #[napi]
    pub fn packages(&self) -> Option<Packages> {
        let packages = self.instance.opened().and_then(|core| core.packages())?;
        Some(Packages::new(packages.clone(), self.instance.log()))
    }

    /// Ends the connection and tasks; idempotent.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.instance.close(env)
    }
}

/// What came of work that has taken its values already, at the call: in a future that begins when a
/// thread is free, a later call could overtake an earlier one. The core lives as long as its work.
async fn answer(
    core: Arc<admin::Admin>,
    work: impl Future<Output = Result<admin::Mirrored>> + Send,
) -> Result<Mirroring> {
    let mirrored = work.await;
    drop(core);
    Ok(mirrored?.into())
}
