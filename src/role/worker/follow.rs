//! How a running worker converges to what the admin deployed last.

use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use crate::error::Result;
use crate::store::snapshot::Snapshot;

/// The longest that a revision can stay unnoticed, whatever was missed.
const LOOK_AGAIN: Duration = Duration::from_secs(20);
/// The longest that Node-RED may take over one update before the next look.
const OUTCOME_PATIENCE: Duration = Duration::from_secs(360);

impl Inner {
    /// Follows revisions until the task is aborted. Announcements are hints: they only say that
    /// it is time to read the record. One read is in flight at any time, however many hints come.
    pub(super) async fn follow(&self) {
        let mut hints = self.subscriber.hints();
        let mut connection = self.store.connection().state();
        // The first look makes up for what was announced since the snapshot at start was read.
        let mut wait = Duration::ZERO;
        loop {
            tokio::select! {
                changed = hints.changed() => if changed.is_err() { return },
                changed = connection.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(wait) => {}
            }
            hints.borrow_and_update();
            connection.borrow_and_update();
            wait = LOOK_AGAIN;
            if !self.ready() {
                continue;
            }
            match self.look().await {
                Ok(Some(snapshot)) => wait = self.hand_over(snapshot).await,
                Ok(None) => self.problem_is_over(),
                Err(error) => {
                    self.log_problem(&error);
                    if error.is_passing() {
                        wait = Duration::from_secs(1);
                    }
                }
            }
        }
    }

    /// The stored snapshot, when it is not the one that runs. Any difference counts, a lower
    /// sequence too: a server that came back empty starts counting anew.
    async fn look(&self) -> Result<Option<Arc<Snapshot>>> {
        let record = self.store.read_revision_text().await?;
        {
            let state = self.state();
            if record.is_some() && record == state.record {
                return Ok(None);
            }
        }
        let Some(snapshot) = self.store.read_snapshot().await? else { return Ok(None) };
        let id = snapshot.id();
        let mut state = self.state();
        if state.refused.as_ref() == Some(&id) {
            return Ok(None);
        }
        if state.applied.as_ref() == Some(&id) {
            state.record = snapshot.revision.as_ref().and_then(|record| record.to_text().ok());
            return Ok(None);
        }
        Ok(Some(Arc::new(snapshot)))
    }

    /// Hands a snapshot over and waits until the outcome is reported. Returns how long to wait
    /// before the next look.
    async fn hand_over(&self, snapshot: Arc<Snapshot>) -> Duration {
        let mut outcomes = self.outcomes.subscribe();
        outcomes.borrow_and_update();
        tracing::debug!("revision {} is new here", snapshot.label());
        self.offer(snapshot);
        self.announce();
        if tokio::time::timeout(OUTCOME_PATIENCE, outcomes.changed()).await.is_err() {
            tracing::error!("Node-RED has not ended the last update; offering it again");
        }
        match self.state().failures {
            0 => Duration::ZERO,
            failures => Duration::from_secs(1 << failures.min(5)).min(LOOK_AGAIN),
        }
    }
}
