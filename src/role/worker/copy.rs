//! The last good copy of what a worker ran, to start from while Valkey is away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::health::Seen;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::state_dir::StateDir;
use crate::store::revision::Revision;
use crate::store::snapshot::Snapshot;

const FILE: &str = "last-good-copy.json";
/// Beside it, and small: when what is in the copy was last seen in Valkey.
const SIGHTING: &str = "last-good-copy.seen.json";
/// The shortest time between two notes of a sighting.
const NOTE_AGAIN: Duration = Duration::from_secs(60);
/// How long an end waits for the disk: an end is to take no longer than Node-RED's own.
const LAST_NOTE: Duration = Duration::from_millis(300);

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

#[derive(Serialize, Deserialize)]
struct Sighting {
    /// [`Stored::saved`] of the copy that it is about: with another one, it says nothing.
    saved: u64,
    /// ms since 1970.
    seen: u64,
}

/// The copy on disk; without a folder (read-only user directory) there is none.
pub(super) struct LastGoodCopy {
    state_dir: Option<StateDir>,
    prefix: String,
    complained: AtomicBool,
    kept: Mutex<Kept>,
    /// A sighting is being noted.
    noting: Arc<AtomicBool>,
}

/// The copy that is on disk.
#[derive(Default)]
struct Kept {
    /// [`Stored::saved`]; `None` when there is none, or nobody knows which.
    saved: Option<u64>,
    /// When it was last noted that it is what is stored.
    noted: Option<Instant>,
}

impl LastGoodCopy {
    pub(super) fn new(state_dir: Option<StateDir>, prefix: &str) -> Self {
        Self {
            state_dir,
            prefix: prefix.into(),
            complained: AtomicBool::new(false),
            kept: Mutex::default(),
            noting: Arc::default(),
        }
    }

    /// Keeps a copy. A user directory that can't be written is no error: one warning.
    pub(super) async fn write(&self, snapshot: &Snapshot) {
        let Some(state_dir) = &self.state_dir else { return };
        *self.kept() = Kept::default();
        match self.write_to(state_dir, snapshot).await {
            Ok(saved) => *self.kept() = Kept { saved: Some(saved), noted: Some(Instant::now()) },
            Err(error) if !self.complained.swap(true, Ordering::Relaxed) => tracing::warn!(
                "{error}; this worker keeps no copy of its flows and can't start while Valkey is away"
            ),
            Err(_) => {}
        }
    }

    /// What is in the copy was `seen` in Valkey: noted beside it from time to time, so that after a
    /// restart its age is told from then, and not from when it was written. Does not wait for the
    /// disk, and says nothing of one that can't be written.
    pub(super) fn note_seen(&self, seen: Option<Seen>) {
        let is_due = self.kept().noted.is_none_or(|noted| noted.elapsed() >= NOTE_AGAIN);
        if is_due && let Some(note) = self.note(seen) {
            tokio::spawn(note);
        }
    }

    /// The same at the end, without a pause, and for at most a moment.
    pub(super) async fn note_seen_last(&self, seen: Option<Seen>) {
        if let Some(note) = self.note(seen) {
            let _ = tokio::time::timeout(LAST_NOTE, note).await;
        }
    }

    fn note(&self, seen: Option<Seen>) -> Option<impl Future<Output = ()> + Send + 'static> {
        let (seen, state_dir) = (seen?, self.state_dir.clone()?);
        let mut kept = self.kept();
        let saved = kept.saved?;
        if self.noting.swap(true, Ordering::AcqRel) {
            return None;
        }
        kept.noted = Some(Instant::now());
        let age = u64::try_from(seen.age().as_millis()).unwrap_or(u64::MAX);
        let sighting = Sighting { saved, seen: now().saturating_sub(age) };
        let noting = self.noting.clone();
        Some(async move {
            if let Ok(text) = serde_json::to_string(&sighting) {
                let _ = state_dir.write(SIGHTING, &text).await;
            }
            noting.store(false, Ordering::Release);
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write_to(&self, state_dir: &StateDir, snapshot: &Snapshot) -> Result<u64> {
        let saved = now();
        let stored = Stored {
            prefix: self.prefix.as_str().into(),
            saved,
            revision: snapshot.revision.clone(),
            flows: snapshot.flows.as_str().into(),
            credentials: snapshot.credentials.as_str().into(),
            settings: snapshot.settings.as_str().into(),
        };
        let text =
            serde_json::to_string(&stored).map_err(|error| Error::Internal(error.to_string()))?;
        state_dir.write(FILE, &text).await?;
        Ok(saved)
    }

    /// The copy and its age; `None` when there is none that can be used.
    pub(super) async fn read(&self) -> Option<(Snapshot, Duration)> {
        let state_dir = self.state_dir.as_ref()?;
        let text = match state_dir.read(FILE).await {
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
        let snapshot = Snapshot::new(
            stored.flows.into_owned(),
            stored.credentials.into_owned(),
            stored.settings.into_owned(),
            stored.revision,
        );
        *self.kept() = Kept { saved: Some(stored.saved), noted: None };
        let seen = last_seen(state_dir, stored.saved).await;
        Some((snapshot, Duration::from_millis(now().saturating_sub(seen))))
    }
}

/// When the copy that was `saved` then was last seen in Valkey.
async fn last_seen(state_dir: &StateDir, saved: u64) -> u64 {
    let text = state_dir.read(SIGHTING).await.ok().flatten().unwrap_or_default();
    match serde_json::from_str::<Sighting>(&text) {
        Ok(sighting) if sighting.saved == saved => sighting.seen.max(saved),
        _ => saved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        Snapshot::new(r#"[{"id":"a","type":"tab"}]"#.into(), "{}".into(), "{}".into(), None)
    }

    #[tokio::test]
    async fn a_copy_comes_back_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let copy = LastGoodCopy::new(Some(StateDir::in_user_dir(dir.path())), "n:");
        assert!(copy.read().await.is_none());
        copy.write(&snapshot()).await;
        let (read, age) = copy.read().await.unwrap();
        assert_eq!(read, snapshot());
        assert!(age < Duration::from_secs(60));
        let moved = LastGoodCopy::new(Some(StateDir::in_user_dir(dir.path())), "other:");
        assert!(moved.read().await.is_none());
    }

    /// A copy in this directory that looks as if it had been written an hour ago, read by a process
    /// of its own.
    async fn copy_of_an_hour_ago(dir: &std::path::Path) -> (LastGoodCopy, StateDir) {
        let state_dir = StateDir::in_user_dir(dir);
        LastGoodCopy::new(Some(state_dir.clone()), "n:").write(&snapshot()).await;
        let mut stored: serde_json::Value =
            serde_json::from_str(&state_dir.read(FILE).await.unwrap().unwrap()).unwrap();
        stored["saved"] = (now() - 3_600_000).into();
        state_dir.write(FILE, &stored.to_string()).await.unwrap();
        (LastGoodCopy::new(Some(state_dir.clone()), "n:"), state_dir)
    }

    const HOUR: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_secs(60);

    async fn age(state_dir: &StateDir) -> Duration {
        LastGoodCopy::new(Some(state_dir.clone()), "n:").read().await.unwrap().1
    }

    #[tokio::test]
    async fn a_copy_is_as_old_as_its_last_sighting() {
        let dir = tempfile::tempdir().unwrap();
        let (copy, state_dir) = copy_of_an_hour_ago(dir.path()).await;
        copy.note_seen_last(Some(Seen::now())).await;
        assert!(age(&state_dir).await >= HOUR, "nobody knows what is on the disk");
        assert!(copy.read().await.unwrap().1 >= HOUR);
        copy.note_seen_last(None).await;
        assert!(age(&state_dir).await >= HOUR);
        copy.note_seen_last(Some(Seen::now())).await;
        assert!(age(&state_dir).await < SHORT);
        // Of what was seen long ago, no newer sighting is made up.
        copy.note_seen_last(Some(Seen::in_copy(HOUR / 2))).await;
        assert!(age(&state_dir).await >= HOUR / 2);
        // Of another copy.
        copy_of_an_hour_ago(dir.path()).await;
        assert!(age(&state_dir).await >= HOUR);
        state_dir.write(SIGHTING, "{").await.unwrap();
        assert!(age(&state_dir).await >= HOUR);
    }

    #[tokio::test]
    async fn a_sighting_is_noted_once_a_minute_and_not_beside_a_copy_that_could_not_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let (copy, state_dir) = copy_of_an_hour_ago(dir.path()).await;
        copy.read().await.unwrap();
        copy.note_seen(Some(Seen::now()));
        while copy.noting.load(Ordering::Acquire) {
            tokio::task::yield_now().await;
        }
        assert!(age(&state_dir).await < SHORT);
        state_dir.remove(SIGHTING).await.unwrap();
        copy.note_seen(Some(Seen::now()));
        assert!(!copy.noting.load(Ordering::Acquire), "not yet again");

        // Nothing can be written in its place.
        state_dir.remove(FILE).await.unwrap();
        std::fs::create_dir(dir.path().join(".node-red-storage-valkey").join(FILE)).unwrap();
        copy.write(&snapshot()).await;
        copy.note_seen_last(Some(Seen::now())).await;
        assert_eq!(state_dir.read(SIGHTING).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_broken_copy_is_none_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::in_user_dir(dir.path());
        state_dir.write(FILE, "{\"saved\":1,").await.unwrap();
        assert!(LastGoodCopy::new(Some(state_dir), "n:").read().await.is_none());
        assert!(LastGoodCopy::new(None, "n:").read().await.is_none());
    }
}
