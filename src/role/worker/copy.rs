//! The last good copy of what a worker ran, to start from while Valkey is away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::store::revision::Revision;
use crate::store::snapshot::Snapshot;

const FILE: &str = "last-good-copy.json";

#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    /// The key prefix that it was read from: a worker that was moved to another must not start
    /// from it.
    prefix: std::borrow::Cow<'a, str>,
    /// ms since 1970.
    saved: u64,
    revision: Option<Revision>,
    flows: std::borrow::Cow<'a, str>,
    credentials: std::borrow::Cow<'a, str>,
    settings: std::borrow::Cow<'a, str>,
}

/// The copy on disk; without a folder (read-only user directory) there is none.
pub(super) struct LastGoodCopy {
    folder: Option<Folder>,
    prefix: String,
    complained: AtomicBool,
}

impl LastGoodCopy {
    pub(super) fn new(folder: Option<Folder>, prefix: &str) -> Self {
        Self { folder, prefix: prefix.into(), complained: AtomicBool::new(false) }
    }

    /// Keeps a copy. A user directory that can't be written is no error: one warning.
    pub(super) async fn write(&self, snapshot: &Snapshot) {
        let Some(folder) = &self.folder else { return };
        if let Err(error) = self.write_to(folder, snapshot).await
            && !self.complained.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "{error}; this worker keeps no copy of its flows and can't start while Valkey is away"
            );
        }
    }

    async fn write_to(&self, folder: &Folder, snapshot: &Snapshot) -> Result<()> {
        let stored = Stored {
            prefix: self.prefix.as_str().into(),
            saved: now(),
            revision: snapshot.revision.clone(),
            flows: snapshot.flows.as_str().into(),
            credentials: snapshot.credentials.as_str().into(),
            settings: snapshot.settings.as_str().into(),
        };
        let text =
            serde_json::to_string(&stored).map_err(|error| Error::Internal(error.to_string()))?;
        folder.write(FILE, &text).await
    }

    /// The copy and its age; `None` when there is none that can be used.
    pub(super) async fn read(&self) -> Option<(Snapshot, Duration)> {
        let text = match self.folder.as_ref()?.read(FILE).await {
            Ok(text) => text?,
            Err(error) => {
                tracing::warn!("{error}");
                return None;
            }
        };
        let Ok(stored) = serde_json::from_str::<Stored<'_>>(&text) else {
            tracing::warn!("the last good copy on this disk can't be read and is not used");
            return None;
        };
        if stored.prefix != self.prefix {
            tracing::warn!(
                "the last good copy on this disk is of another key prefix ('{}') and is not used",
                stored.prefix
            );
            return None;
        }
        let snapshot = Snapshot {
            flows: stored.flows.into_owned(),
            credentials: stored.credentials.into_owned(),
            settings: stored.settings.into_owned(),
            revision: stored.revision,
        };
        Some((snapshot, Duration::from_millis(now().saturating_sub(stored.saved))))
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        Snapshot {
            flows: r#"[{"id":"a","type":"tab"}]"#.into(),
            credentials: "{}".into(),
            settings: "{}".into(),
            revision: None,
        }
    }

    #[tokio::test]
    async fn a_copy_comes_back_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let copy = LastGoodCopy::new(Some(Folder::in_user_dir(dir.path())), "n:");
        assert!(copy.read().await.is_none());
        copy.write(&snapshot()).await;
        let (read, age) = copy.read().await.unwrap();
        assert_eq!(read, snapshot());
        assert!(age < Duration::from_secs(60));
        let moved = LastGoodCopy::new(Some(Folder::in_user_dir(dir.path())), "other:");
        assert!(moved.read().await.is_none());
    }

    #[tokio::test]
    async fn a_broken_copy_is_none_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::in_user_dir(dir.path());
        folder.write(FILE, "{\"saved\":1,").await.unwrap();
        assert!(LastGoodCopy::new(Some(folder), "n:").read().await.is_none());
        assert!(LastGoodCopy::new(None, "n:").read().await.is_none());
    }
}
