//! The worker role for JavaScript.

use std::sync::Arc;

use napi_derive::napi;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::hooks::Functions;
use super::host::{EventFunction, JsHost, LogFunction};
use super::snapshot::StoredDeploy;
use super::{log, options};
use crate::role::{Host, Opening, worker};

/// A worker: reads everything from Valkey, writes nothing there.
#[napi]
pub struct Worker {
    core: Arc<worker::Worker>,
    log: Dispatch,
}

#[napi]
impl Worker {
    /// Opens the connections; never fails because the server is away. `userDir` is left out when
    /// nothing may be written there.
    #[napi(constructor, async_runtime)]
    pub fn new(
        options: String,
        user_dir: Option<String>,
        log: LogFunction<'_>,
        event: EventFunction<'_>,
        functions: Functions<'_>,
    ) -> napi::Result<Self> {
        let log = log::dispatch(&log)?;
        let opening = opening(&options, user_dir, &event, &functions)?;
        let core = tracing::dispatcher::with_default(&log, || worker::Worker::open(opening));
        Ok(Self { core: Arc::new(core), log })
    }

    /// The shared settings as JSON text.
    #[napi]
    pub async fn settings(&self) -> napi::Result<String> {
        Ok(self.core.settings().with_subscriber(self.log.clone()).await?)
    }

    /// The log-in sessions as JSON text.
    #[napi]
    pub async fn sessions(&self) -> napi::Result<String> {
        Ok(self.core.sessions().with_subscriber(self.log.clone()).await?)
    }

    /// What this worker is to run; waits until there is something. Report the outcome.
    #[napi]
    pub async fn snapshot(&self) -> napi::Result<StoredDeploy> {
        let snapshot = self.core.snapshot().with_subscriber(self.log.clone()).await?;
        Ok((&*snapshot).into())
    }

    /// What waits to be applied after the event `revision`.
    #[napi]
    pub fn pending(&self) -> Option<StoredDeploy> {
        self.core.pending().map(|snapshot| (&*snapshot).into())
    }

    /// It runs now.
    #[napi]
    pub async fn applied(&self, id: String) {
        self.core.applied(&id).with_subscriber(self.log.clone()).await;
    }

    /// It can't be used here and is not to be offered again.
    #[napi]
    pub fn refused(&self, id: String) {
        self.core.refused(&id);
    }

    /// Applying it failed; it is to be offered again.
    #[napi]
    pub fn failed(&self, id: String) {
        self.core.failed(&id);
    }

    /// A library entry: JSON text of a string (a file) or an array (a folder).
    #[napi]
    pub async fn library_entry(&self, kind: String, path: String) -> napi::Result<String> {
        Ok(self.core.library_entry(&kind, &path).with_subscriber(self.log.clone()).await?)
    }

    /// Ends connections and tasks; idempotent.
    #[napi]
    pub async fn close(&self) {
        self.core.close().await;
    }
}

/// What both roles are opened with.
pub(super) fn opening(
    options: &str,
    user_dir: Option<String>,
    event: &EventFunction<'_>,
    functions: &Functions<'_>,
) -> napi::Result<Opening> {
    let (mut config, _) = options::parse(options)?;
    functions.identify(&mut config.connection)?;
    let host: Arc<dyn Host> = Arc::new(JsHost::new(event)?);
    let hooks = functions.hooks(&config.connection)?;
    Ok(Opening { config: Arc::new(config), user_dir: user_dir.map(Into::into), host, hooks })
}
