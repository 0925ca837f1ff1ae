//! The context's files in the state directory: a copy to start from while the server is away, changes
//! that it has not got, and those of ours that did not count.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::replica::{Change, Conflict, Guard, Name, Text};
use crate::clock::now;
use crate::error::Error;
use crate::state_dir::StateDir;
use crate::store::context::Digest;

/// Of the changes that did not count, the latest are kept: so many, and of so many bytes at most.
const CONFLICTS_KEPT: usize = 200;
const CONFLICT_BYTES: usize = 4 * 1024 * 1024;

/// The files of one store.
#[derive(Debug)]
pub(super) struct Disk {
    state_dir: Option<StateDir>,
    name: String,
    prefix: String,
    complained: AtomicBool,
}

/// What the server was known to have.
#[derive(Debug, Serialize, Deserialize)]
struct StoredCopy {
    /// The key prefix that it was read from.
    prefix: String,
    /// ms since 1970.
    saved: u64,
    epoch: String,
    /// Scope, key and JSON text.
    keys: Vec<(String, String, String)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredChanges {
    prefix: String,
    changes: Vec<StoredChange>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredChange {
    scope: String,
    key: String,
    change: Change,
    base: Text,
    bases: Vec<Digest>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredConflict {
    /// ms since 1970.
    time: u64,
    scope: String,
    key: String,
    ours: Change,
}

/// What the copy held.
pub(super) struct Copy {
    pub(super) epoch: String,
    pub(super) keys: Vec<(Name, Arc<str>)>,
}

impl Disk {
    pub(super) fn new(user_dir: Option<&Path>, name: &str, prefix: &str) -> Self {
        // It comes from settings.js, and becomes a part of a file's name.
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' })
            .take(60)
            .collect();
        Self {
            state_dir: user_dir.map(StateDir::in_user_dir),
            name,
            prefix: prefix.to_owned(),
            complained: AtomicBool::new(false),
        }
    }

    fn file(&self, kind: &str) -> String {
        format!("context-{}{kind}.json", self.name)
    }

    /// Where changes are kept that did not count.
    pub(super) fn conflicts_file(&self) -> String {
        match &self.state_dir {
            Some(_) => format!(".node-red-storage-valkey/{}", self.file(".conflicts")),
            None => "no file, because nothing may be written here".to_owned(),
        }
    }

    pub(super) async fn read_copy(&self) -> Option<Copy> {
        let stored: StoredCopy = self.read("").await?;
        if stored.prefix != self.prefix {
            return None;
        }
        let keys = stored.keys.into_iter();
        let keys = keys.map(|(scope, key, text)| (Name::new(&scope, &key), text.into()));
        Some(Copy { epoch: stored.epoch, keys: keys.collect() })
    }

    pub(super) async fn write_copy(&self, epoch: String, keys: Vec<(Name, Arc<str>)>) {
        let prefix = self.prefix.clone();
        let copy = move || {
            let keys = keys.into_iter();
            let keys =
                keys.map(|(it, text)| (it.scope.to_string(), it.key.to_string(), text.to_string()));
            StoredCopy { prefix, saved: now(), epoch, keys: keys.collect() }
        };
        self.write("", copy).await;
    }

    pub(super) async fn read_unsaved(&self) -> Vec<(Name, Change, Guard)> {
        let Some(stored) = self.read::<StoredChanges>(".unsaved").await else { return Vec::new() };
        if stored.prefix != self.prefix {
            return Vec::new();
        }
        let changes = stored.changes.into_iter();
        let changes = changes.map(|StoredChange { scope, key, change, base, bases }| {
            (Name::new(&scope, &key), change, Guard { base, bases, repeats: false })
        });
        changes.collect()
    }

    /// Keeps changes; none at all remove the file.
    pub(super) async fn write_unsaved(&self, unsaved: Vec<(Name, Change, Guard)>) {
        let Some(state_dir) = &self.state_dir else { return };
        if unsaved.is_empty() {
            if let Err(error) = state_dir.remove(&self.file(".unsaved")).await {
                self.complain(&error);
            }
            return;
        }
        let prefix = self.prefix.clone();
        let stored = move || {
            let changes = unsaved.into_iter().map(|(name, change, guard)| StoredChange {
                scope: name.scope.to_string(),
                key: name.key.to_string(),
                change,
                base: guard.base,
                bases: guard.bases,
            });
            StoredChanges { prefix, changes: changes.collect() }
        };
        self.write(".unsaved", stored).await;
    }

    /// Keeps changes of ours that did not count, behind those that are kept already.
    pub(super) async fn add_conflicts(&self, conflicts: Vec<Conflict>) {
        let mut all: Vec<StoredConflict> = self.read(".conflicts").await.unwrap_or_default();
        let time = now();
        all.extend(conflicts.into_iter().map(|Conflict { name, ours }| StoredConflict {
            time,
            scope: name.scope.to_string(),
            key: name.key.to_string(),
            ours,
        }));
        let mut bytes = 0;
        let kept = all.iter().rev().take(CONFLICTS_KEPT).take_while(|it| {
            bytes += serde_json::to_string(it).map_or(0, |text| text.len());
            bytes <= CONFLICT_BYTES
        });
        let kept = kept.count().max(1).min(all.len());
        all.drain(..all.len() - kept);
        self.write(".conflicts", move || all).await;
    }

    async fn read<T: for<'de> Deserialize<'de>>(&self, kind: &str) -> Option<T> {
        let file = self.file(kind);
        let text = match self.state_dir.as_ref()?.read(&file).await {
            Ok(text) => text?,
            Err(error) => {
                self.complain(&error);
                return None;
            }
        };
        match serde_json::from_str(&text) {
            Ok(read) => Some(read),
            Err(error) => {
                tracing::warn!("shared context: {file} is no use and is left out: {error}");
                None
            }
        }
    }

    async fn write<T: Serialize>(&self, kind: &str, make: impl FnOnce() -> T + Send + 'static) {
        let Some(state_dir) = &self.state_dir else { return };
        let text = tokio::task::spawn_blocking(move || serde_json::to_string(&make())).await;
        let Ok(Ok(text)) = text else { return };
        match state_dir.write(&self.file(kind), &text).await {
            Ok(()) => self.complained.store(false, Ordering::Relaxed),
            Err(error) => self.complain(&error),
        }
    }

    fn complain(&self, error: &Error) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "{error}; what is set in the shared context while Valkey is away is lost with this process"
            );
        }
    }
}

/// A change on the disk is read as it was written.
#[cfg(test)]
mod tests {
    use super::super::replica::{Part, Segment};
    use super::*;

    fn disk(dir: &Path, prefix: &str) -> Disk {
        Disk::new(Some(dir), "de/fault", prefix)
    }

    #[tokio::test]
    async fn files_are_read_back_under_the_same_prefix_only() {
        let dir = tempfile::tempdir().unwrap();
        let ours = disk(dir.path(), "n:");
        assert!(ours.read_copy().await.is_none() && ours.read_unsaved().await.is_empty());
        let name = Name::new("global", "a:b");
        ours.write_copy("e1".into(), vec![(name.clone(), "\"x\"".into())]).await;
        let copy = ours.read_copy().await.unwrap();
        assert_eq!((copy.epoch.as_str(), copy.keys), ("e1", vec![(name.clone(), "\"x\"".into())]));
        let path = vec![Segment::Name("a".into()), Segment::Index(3)];
        let part = Part { path, text: Some("5".into()) };
        let guard = Guard { base: None, bases: vec![None, Some([7; 20])], repeats: false };
        let whole = (Name::new("global", "c"), Change::Whole(None), guard.clone());
        let unsaved = vec![(name, Change::Parts(vec![part]), guard), whole];
        ours.write_unsaved(unsaved.clone()).await;
        assert_eq!(ours.read_unsaved().await, unsaved);
        let others = disk(dir.path(), "m:");
        assert!(others.read_copy().await.is_none() && others.read_unsaved().await.is_empty());
        ours.write_unsaved(Vec::new()).await;
        assert_eq!(ours.read_unsaved().await, []);
    }

    #[tokio::test]
    async fn the_latest_conflicts_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let disk = disk(dir.path(), "n:");
        let conflict = |number: usize| Conflict {
            name: Name::new("global", &number.to_string()),
            ours: Change::Whole(Some("1".into())),
        };
        disk.add_conflicts(vec![conflict(0)]).await;
        disk.add_conflicts((1..300).map(conflict).collect()).await;
        let all: Vec<StoredConflict> = disk.read(".conflicts").await.unwrap();
        assert_eq!((all.len(), all.last().unwrap().key.as_str()), (CONFLICTS_KEPT, "299"));
    }

    #[tokio::test]
    async fn what_is_no_use_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let disk = disk(dir.path(), "n:");
        disk.write("", || "text").await;
        disk.write(".unsaved", || 5).await;
        assert!(disk.read_copy().await.is_none() && disk.read_unsaved().await.is_empty());
    }
}
