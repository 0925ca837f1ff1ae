//! When the context goes to the disk.

use std::time::{Duration, Instant};

use super::replica::Conflict;
use super::{Inner, Origin};

/// How often it is looked whether something has to go there.
const LOOK: Duration = Duration::from_millis(200);
/// What the server has not got after this long goes to the disk.
const STUCK: Duration = Duration::from_millis(400);
/// The shortest time between two copies.
const COPY_AGAIN: Duration = Duration::from_secs(30);
/// The first copy comes sooner.
const FIRST_COPY: Duration = Duration::from_secs(5);
/// What we have set is new for so long, and for no more than twice that.
const RECENT: Duration = Duration::from_secs(5);
/// Conflicts that wait for the disk at most.
const MOST_CONFLICTS: usize = 1000;

impl Inner {
    /// Takes in what is on the disk.
    pub(super) async fn restore(&self) {
        let copy = self.disk.read_copy().await;
        let unsaved = self.disk.read_unsaved().await;
        if let Some(copy) = copy {
            self.standing().epoch = Some(copy.epoch);
            self.replica().restore(copy.keys);
            self.origin.send_replace(Origin::Copy);
        }
        if !unsaved.is_empty() {
            let count = unsaved.len();
            tracing::info!(
                "shared context: {count} keys that Valkey has not got were found on the disk"
            );
            self.replica().restore_unsaved(unsaved);
        }
    }

    /// Keeps the disk up to date until the process ends. It ends by itself: what an aborted one had begun to write would
    /// land later than what is written last.
    pub(super) async fn save_again_and_again(&self) {
        let mut saved_unsent: Option<(u64, usize)> = None;
        let mut is_kept = self.replica().unsent() > 0;
        let mut copied = None;
        let mut copy_at = Instant::now() + FIRST_COPY;
        let mut aged = Instant::now();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => (),
                () = self.ending.notified() => return,
            }
            // Others may be as old as when they were connected last.
            if aged.elapsed() >= RECENT && self.replica().is_synced() {
                aged = Instant::now();
                let mut replica = self.replica();
                replica.age();
                if replica.retry_left_out() {
                    self.work.notify_one();
                }
            }
            self.save_conflicts().await;
            let (unsent, version, synced) = {
                let replica = self.replica();
                (replica.unsent(), replica.version(), replica.is_synced())
            };
            if is_kept && (unsent == 0 || (synced && !self.is_stuck())) {
                // What is kept has arrived meanwhile, though there may be something new at every look: after a kill,
                // it would come back.
                let unsaved = self.replica().unsaved();
                (is_kept, saved_unsent) = (!unsaved.is_empty(), None);
                self.disk.write_unsaved(unsaved).await;
            } else if unsent > 0 && self.is_stuck() && saved_unsent != Some((version, unsent)) {
                let unsaved = self.replica().unsaved();
                self.disk.write_unsaved(unsaved).await;
                (is_kept, saved_unsent) = (true, Some((version, unsent)));
            }
            if synced && copied != Some(version) && Instant::now() >= copy_at {
                self.save_copy().await;
                copied = Some(version);
                copy_at = Instant::now() + COPY_AGAIN;
            }
        }
    }

    /// The server has not answered for a moment, or takes nothing.
    fn is_stuck(&self) -> bool {
        let standing = self.standing();
        !self.store.connection().is_ready()
            || standing.refuses
            || standing.progress.is_none_or(|progress| progress.elapsed() > STUCK)
    }

    /// Never one of a part: what it lacks would count as deleted at the next start.
    async fn save_copy(&self) {
        let epoch = {
            let standing = self.standing();
            standing.epoch.clone().filter(|_| standing.was_in_step)
        };
        let Some(epoch) = epoch else { return };
        let known = self.replica().known();
        self.disk.write_copy(epoch, known).await;
    }

    /// The process ends.
    pub(super) async fn save_last(&self) {
        let unsaved = self.replica().unsaved();
        self.disk.write_unsaved(unsaved).await;
        self.save_conflicts().await;
        self.save_copy().await;
    }

    pub(super) fn keep_conflicts(&self, conflicts: Vec<Conflict>) {
        let mut waiting = self.conflicts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let room = MOST_CONFLICTS.saturating_sub(waiting.len());
        waiting.extend(conflicts.into_iter().take(room));
    }

    async fn save_conflicts(&self) {
        let waiting = {
            let mut waiting =
                self.conflicts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            std::mem::take(&mut *waiting)
        };
        if !waiting.is_empty() {
            self.disk.add_conflicts(waiting).await;
        }
    }
}
