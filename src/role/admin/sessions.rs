//! The editor's log-in sessions.

use std::sync::Arc;
use std::time::Duration;

use super::slot::{Kind, Slot};
use super::{Admin, Inner, Mirrored};
use crate::error::Result;
use crate::store::look::Found;

/// Log-in sessions as JSON text.
pub(super) struct Sessions;

impl Kind for Sessions {
    type Value = Arc<String>;

    fn slot(inner: &Inner) -> &Slot<Arc<String>> {
        &inner.slots.sessions
    }

    async fn converge(
        inner: &Inner,
        text: Arc<String>,
        is_behind: bool,
        _: &Found,
    ) -> Result<Option<String>> {
        if is_behind || !inner.store.has_sessions().await? {
            inner.store.write_sessions(&text, inner.config.session_ttl).await?;
        }
        Ok(None)
    }
}

impl Admin {
    /// Takes the sessions as they are on disk, at the call. Ends as [`Admin::mirror_deploy`] does.
    pub fn mirror_sessions(
        &self,
        text: String,
    ) -> impl Future<Output = Result<Mirrored>> + Send + use<> {
        let generation = self.inner.slots.sessions.put(Arc::new(text));
        self.inner.wake();
        let inner = self.inner.clone();
        async move { inner.slot_mirrored::<Sessions>(generation).await }
    }

    /// Reads the text that Valkey has as sessions, whatever it is, waiting at most `patience` for the connection.
    pub async fn read_sessions(&self, patience: Duration) -> Result<Option<String>> {
        self.inner.store.connection().wait_ready(patience).await?;
        self.inner.store.read_sessions().await
    }
}
