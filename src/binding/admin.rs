//! The admin role for JavaScript.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use napi_derive::napi;
use tokio::sync::OnceCell;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::hooks::Functions;
use super::host::{EventFunction, LogFunction};
use super::log;
use super::snapshot::StoredDeploy;
use super::worker::opening;
use crate::error::{Error, Result};
use crate::role::{Opening, admin};

/// An admin: its disk is the source of truth, and Valkey is kept equal to it.
#[napi]
pub struct Admin {
    opening: Mutex<Option<Opening>>,
    core: OnceCell<Arc<admin::Admin>>,
    log: Dispatch,
}

/// What came of mirroring something that is on disk.
#[napi(object)]
pub struct Mirroring {
    /// Whether Valkey has it.
    pub done: bool,
    /// Why it has not yet.
    pub away: Option<String>,
}

impl From<admin::Mirrored> for Mirroring {
    fn from(mirrored: admin::Mirrored) -> Self {
        match mirrored {
            admin::Mirrored::Away(reason) => Self { done: false, away: Some(reason) },
            admin::Mirrored::Later => Self { done: false, away: None },
            admin::Mirrored::Done | admin::Mirrored::Unchanged => Self { done: true, away: None },
        }
    }
}

#[napi]
impl Admin {
    /// Checks the options; [`Admin::open`] opens the connection.
    #[napi(constructor)]
    pub fn new(
        options: String,
        user_dir: Option<String>,
        log: LogFunction<'_>,
        event: EventFunction<'_>,
        functions: Functions<'_>,
    ) -> napi::Result<Self> {
        let opening = opening(&options, user_dir, &event, &functions)?;
        Ok(Self {
            opening: Mutex::new(Some(opening)),
            core: OnceCell::new(),
            log: log::dispatch(&log)?,
        })
    }

    /// Opens the connection; never fails because the server is away.
    #[napi]
    pub async fn open(&self) -> napi::Result<()> {
        let opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(opening) = opening else { return Ok(()) };
        let core = admin::Admin::open(opening).with_subscriber(self.log.clone()).await;
        let _ = self.core.set(Arc::new(core));
        Ok(())
    }

    /// What Valkey holds, waiting at most `patience` ms for it; `null` when it holds no flows.
    #[napi]
    pub async fn read_for_restore(&self, patience: u32) -> napi::Result<Option<StoredDeploy>> {
        let patience = Duration::from_millis(patience.into());
        let read =
            self.core()?.read_for_restore(patience).with_subscriber(self.log.clone()).await?;
        Ok(read.map(|snapshot| (&snapshot).into()))
    }

    /// The disk has no flows that could be read, and Valkey could not be asked.
    #[napi]
    pub fn disk_is_empty(&self) -> napi::Result<()> {
        self.core()?.disk_is_empty();
        Ok(())
    }

    /// What is to be restored after the event `restore`.
    #[napi]
    pub fn restorable(&self) -> napi::Result<Option<StoredDeploy>> {
        Ok(self.core()?.restorable().map(|snapshot| (&*snapshot).into()))
    }

    /// Takes the settings as they are on disk.
    #[napi]
    pub async fn settings(&self, text: String) -> napi::Result<Mirroring> {
        Ok(self.core()?.settings(&text).with_subscriber(self.log.clone()).await?.into())
    }

    /// Takes flows and credentials as they are on disk.
    #[napi]
    pub async fn deploy(
        &self,
        flows: String,
        credentials: String,
        secret: Option<String>,
        project: Option<String>,
    ) -> napi::Result<Mirroring> {
        let deploy = self.core()?.deploy(flows, credentials, secret, project);
        Ok(deploy.with_subscriber(self.log.clone()).await?.into())
    }

    /// Takes the sessions as they are on disk.
    #[napi]
    pub async fn sessions(&self, text: String) -> napi::Result<Mirroring> {
        Ok(self.core()?.sessions(text).with_subscriber(self.log.clone()).await?.into())
    }

    /// The sessions that Valkey holds, for a disk that has lost them; `null` when there are none.
    #[napi]
    pub async fn read_sessions(&self, patience: u32) -> napi::Result<Option<String>> {
        let patience = Duration::from_millis(patience.into());
        let read = self.core()?.read_sessions(patience);
        Ok(read.with_subscriber(self.log.clone()).await?)
    }

    /// Takes one library entry (`{…meta, fn: body}` as JSON text) as it is on disk.
    #[napi]
    pub async fn library_entry(
        &self,
        kind: String,
        path: String,
        entry: String,
    ) -> napi::Result<Mirroring> {
        let mirror = self.core()?.library_entry(&kind, &path, &entry);
        Ok(mirror.with_subscriber(self.log.clone()).await?.into())
    }

    /// Compares the whole library on disk with Valkey; returns what only Valkey has. Both are
    /// JSON arrays of `{type, path, entry}`.
    #[napi]
    pub async fn library(&self, on_disk: String) -> napi::Result<String> {
        Ok(self.core()?.library(&on_disk).with_subscriber(self.log.clone()).await?)
    }

    /// Ends the connection and tasks; idempotent.
    #[napi]
    pub async fn close(&self) {
        if let Some(core) = self.core.get() {
            core.close().await;
        }
    }

    fn core(&self) -> Result<&admin::Admin> {
        self.core.get().map(|core| &**core).ok_or(Error::Closed)
    }
}
