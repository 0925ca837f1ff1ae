//! The last good copy of what a worker ran, to start from while Valkey is away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tracing::instrument::WithSubscriber;

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
    /// One is written at a time.
    turn: tokio::sync::Mutex<()>,
    /// A sighting is being noted.
    noting: Arc<AtomicBool>,
}

/// The copy that is on disk.
#[derive(Default)]
struct Kept {
    /// What is to replace it.
    next: Option<Arc<Snapshot>>,
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
            turn: tokio::sync::Mutex::default(),
            noting: Arc::default(),
        }
    }

    /// Keeps a copy, in the background: [`Self::is_kept`] tells when it is on the disk. Of several in a row, those that
    /// something newer has overtaken are left out.
    pub(super) fn keep(self: &Arc<Self>, snapshot: Arc<Snapshot>) {
        if self.state_dir.is_some() {
            *self.kept() = Kept { next: Some(snapshot), ..Kept::default() };
            drop(self.writing());
        }
    }

    /// Resolves when nothing is left to be written.
    pub(super) async fn is_kept(self: &Arc<Self>) {
        let _ = self.writing().await;
    }

    /// Goes on when nobody waits for it any more: of two that are written, the newer one is to be the last.
    fn writing(self: &Arc<Self>) -> JoinHandle<()> {
        let copy = self.clone();
        tokio::spawn(async move { copy.write_next().await }.with_current_subscriber())
    }

    /// A user directory that can't be written is no error: one warning.
    async fn write_next(&self) {
        let Some(state_dir) = &self.state_dir else { return };
        let _turn = self.turn.lock().await;
        let Some(snapshot) = self.kept().next.take() else { return };
        match self.write_to(state_dir, snapshot).await {
            Ok(saved) => {
                let mut kept = self.kept();
                // What is to come next differs from it, and so does what is seen in Valkey.
                if kept.next.is_none() {
                    *kept = Kept { next: None, saved: Some(saved), noted: Some(Instant::now()) };
                }
            }
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

    /// The same at the end, without a pause, when the copy is on the disk, and for at most a moment.
    pub(super) async fn note_seen_last(self: &Arc<Self>, seen: Option<Seen>) {
        let last = async {
            self.is_kept().await;
            if let Some(note) = self.note(seen) {
                note.await;
            }
        };
        let _ = tokio::time::timeout(LAST_NOTE, last).await;
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

    async fn write_to(&self, state_dir: &StateDir, snapshot: Arc<Snapshot>) -> Result<u64> {
        let (prefix, saved) = (self.prefix.clone(), now());
        let text = move || {
            let stored = Stored {
                prefix: prefix.into(),
                saved,
                revision: snapshot.revision.clone(),
                flows: snapshot.flows.as_str().into(),
                credentials: snapshot.credentials.as_str().into(),
                settings: snapshot.settings.as_str().into(),
            };
            serde_json::to_string(&stored).map_err(|error| Error::Internal(error.to_string()))
        };
        state_dir.write_aside(FILE, text).await?;
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
        {
            let mut kept = self.kept();
            // What is to replace it is still to be written.
            if kept.next.is_none() {
                *kept = Kept { saved: Some(stored.saved), ..Kept::default() };
            }
        }
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
        of_flows(r#"[{"id":"a","type":"tab"}]"#)
    }

    fn of_flows(flows: &str) -> Snapshot {
        Snapshot::new(flows.into(), "{}".into(), "{}".into(), None)
    }

    fn copy_in(state_dir: Option<StateDir>, prefix: &str) -> Arc<LastGoodCopy> {
        Arc::new(LastGoodCopy::new(state_dir, prefix))
    }

    async fn keep(copy: &Arc<LastGoodCopy>) {
        copy.keep(Arc::new(snapshot()));
        copy.is_kept().await;
    }

    #[tokio::test]
    async fn a_copy_comes_back_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let copy = copy_in(Some(StateDir::in_user_dir(dir.path())), "n:");
        assert!(copy.read().await.is_none());
        keep(&copy).await;
        let (read, age) = copy.read().await.unwrap();
        assert_eq!(read, snapshot());
        assert!(age < Duration::from_secs(60));
        let moved = copy_in(Some(StateDir::in_user_dir(dir.path())), "other:");
        assert!(moved.read().await.is_none());
    }

    /// A copy in this directory that looks as if it had been written an hour ago, read by a process
    /// of its own.
    async fn copy_of_an_hour_ago(dir: &std::path::Path) -> (Arc<LastGoodCopy>, StateDir) {
        let state_dir = StateDir::in_user_dir(dir);
        keep(&copy_in(Some(state_dir.clone()), "n:")).await;
        let mut stored: serde_json::Value =
            serde_json::from_str(&state_dir.read(FILE).await.unwrap().unwrap()).unwrap();
        stored["saved"] = (now() - 3_600_000).into();
        state_dir.write(FILE, &stored.to_string()).await.unwrap();
        (copy_in(Some(state_dir.clone()), "n:"), state_dir)
    }

    const HOUR: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_secs(60);

    async fn age(state_dir: &StateDir) -> Duration {
        copy_in(Some(state_dir.clone()), "n:").read().await.unwrap().1
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
        keep(&copy).await;
        copy.note_seen_last(Some(Seen::now())).await;
        assert_eq!(state_dir.read(SIGHTING).await.unwrap(), None);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_many_in_a_row_the_newest_stays_and_only_that_is_known_to_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let copy = copy_in(Some(StateDir::in_user_dir(dir.path())), "n:");
        let flows =
            |number: usize| format!(r#"[{{"id":"{number}","name":"{}"}}]"#, "a".repeat(number));
        for number in 0..300 {
            copy.keep(Arc::new(of_flows(&flows(number))));
            assert_eq!(copy.kept().saved, None, "what is on the disk is not what was seen");
            if number % 10 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        copy.is_kept().await;
        assert!(copy.kept().saved.is_some());
        assert_eq!(copy.read().await.unwrap().0, of_flows(&flows(299)));
    }

    #[tokio::test]
    async fn a_copy_that_is_read_before_a_newer_one_is_written_does_not_keep_it_from_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let copy = copy_in(Some(StateDir::in_user_dir(dir.path())), "n:");
        keep(&copy).await;
        let newer = of_flows(r#"[{"id":"b","type":"tab"}]"#);
        let busy = copy.turn.lock().await;
        copy.keep(Arc::new(newer.clone()));
        assert_eq!(copy.read().await.unwrap().0, snapshot());
        assert_eq!(copy.kept().saved, None, "what is on the disk is not what was seen");
        drop(busy);
        copy.is_kept().await;
        assert_eq!(copy.read().await.unwrap().0, newer);
    }

    #[tokio::test]
    async fn a_broken_copy_is_none_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::in_user_dir(dir.path());
        state_dir.write(FILE, "{\"saved\":1,").await.unwrap();
        assert!(copy_in(Some(state_dir), "n:").read().await.is_none());
        assert!(copy_in(None, "n:").read().await.is_none());
    }
}
