//! Packages for JavaScript: changes of the palette, and who may run npm.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, ToNapiValue};
use napi_derive::napi;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::job::{Job, JobOutcome};
use crate::role::packages;

/// The packages of one instance.
#[napi]
pub struct Packages {
    packages: Arc<packages::Packages>,
    log: Dispatch,
}

/// A package that is installed and could not be loaded.
#[napi(object, object_from_js = false)]
pub struct NotLoaded {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

#[napi]
impl Packages {
    pub(super) fn new(packages: Arc<packages::Packages>, log: Dispatch) -> Self {
        Self { packages, log }
    }

    fn promise<'env, T, F>(
        &self,
        env: &'env Env,
        work: impl FnOnce(Arc<packages::Packages>) -> F,
    ) -> napi::Result<PromiseRaw<'env, T>>
    where
        T: ToNapiValue + Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let work = work(self.packages.clone()).with_subscriber(self.log.clone());
        env.spawn_future(async move { Ok(work.await) })
    }

    /// What is to be done after the event `packages`.
    #[napi]
    pub fn job(&self) -> Option<Job> {
        self.packages.job().map(Job::from)
    }

    /// What came of the job with this number.
    #[napi]
    pub fn job_done(&self, id: u32, outcome: JobOutcome) {
        self.packages.job_done(id, outcome.into());
    }

    /// Waits until npm is free and keeps it for Node-RED's own run: a number for
    /// [`releaseNpm`], or `null` when the wait was in vain.
    #[napi]
    pub fn acquire_npm<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<u32>>> {
        self.promise(env, async |packages| packages.acquire_npm().await)
    }

    /// Node-RED's own run is over.
    #[napi]
    pub fn release_npm(&self, number: u32) {
        self.packages.release_npm(number);
    }

    /// An update that had waited for types runs now: what it stopped using can go.
    #[napi]
    pub fn flows_have_changed(&self) {
        self.packages.flows_have_changed();
    }

    /// Ends our npm run, should one go on, because Node-RED's own has waited too long for it.
    #[napi]
    pub fn end_run(&self) {
        self.packages.end_run();
    }

    /// Whether a package is installed and saved, in a version that `version` (any, when left out)
    /// admits.
    #[napi]
    pub fn is_installed<'env>(
        &self,
        env: &'env Env,
        name: String,
        version: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, bool>> {
        self.promise(env, async move |packages| {
            packages.is_satisfied(&name, version.as_deref()).await
        })
    }

    /// Names on the list that are not installed and loaded; `null` while no list was read.
    #[napi]
    pub fn missing(&self) -> Option<Vec<String>> {
        self.packages.missing()
    }

    /// Whether everything on the stored list is installed and loaded; `null` when the list could
    /// not be read.
    #[napi]
    pub fn is_in_step(&self) -> Option<bool> {
        self.packages.is_in_step()
    }

    /// What is installed and could not be loaded, each with the reason, sorted by name.
    #[napi]
    pub fn not_loaded(&self) -> Vec<NotLoaded> {
        let not_loaded = self.packages.not_loaded().into_iter();
        not_loaded.map(|(name, reason)| NotLoaded { name, reason }).collect()
    }

    /// Ends a running npm at once, because the process ends.
    #[napi]
    pub fn end_npm(&self) {
        self.packages.end();
    }
}
