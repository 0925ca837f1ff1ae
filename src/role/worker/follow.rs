//! How a running worker converges to what the admin deployed last.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Inner;
use crate::error::Result;
use crate::role::next_change;
use crate::store::snapshot::Snapshot;

/// The longest that a revision can stay unnoticed, whatever was missed.
const LOOK_AGAIN: Duration = Duration::from_secs(20);
/// The longest that Node-RED may take over one update before the next look.
const OUTCOME_PATIENCE: Duration = Duration::from_secs(360);

/// The shortest time between two looks: a flood of hints is no flood of reads.
const GAP: Duration = Duration::from_millis(50);

/// A snapshot that could not be applied, and when it is offered again.
pub(super) struct Failed {
    id: String,
    times: u32,
    until: Instant,
}

/// What a look found.
enum Look {
    /// What runs here is what is stored, or what is stored can't be used.
    Nothing,
    /// Something to apply.
    New(Arc<Snapshot>),
    /// Something to try again, but not before this.
    NotYet(Duration),
}

impl Failed {
    /// Another failure of the snapshot `id`; each in a row doubles the wait.
    pub(super) fn again(before: Option<Self>, id: &str) -> Self {
        let times = before.filter(|before| before.id == id).map_or(0, |before| before.times) + 1;
        let wait = Duration::from_secs(1 << times.min(5)).min(LOOK_AGAIN);
        Self { id: id.into(), times: times.min(5), until: Instant::now() + wait }
    }
}

impl Inner {
    /// Follows revisions until the task is aborted. Announcements are hints: they only say that
    /// it is time to read the record. One read is in flight at any time, however many hints come.
    pub(super) async fn follow(&self) {
        let mut hints = self.subscriber.hints();
        let mut connection = self.store.connection().state();
        // The first look makes up for what was announced since the snapshot at start was read.
        let mut wait = Duration::ZERO;
        let mut looked = tokio::time::Instant::now();
        loop {
            tokio::select! {
                () = next_change(&mut hints) => {}
                () = next_change(&mut connection) => {}
                () = tokio::time::sleep(wait) => {}
            }
            tokio::time::sleep_until(looked + GAP).await;
            looked = tokio::time::Instant::now();
            hints.borrow_and_update();
            connection.borrow_and_update();
            wait = LOOK_AGAIN;
            if !self.ready() {
                continue;
            }
            match self.look().await {
                Ok(Look::New(snapshot)) => {
                    // Or the same problem with the next value would go untold.
                    self.problem_is_over();
                    self.hand_over(snapshot).await;
                    wait = Duration::ZERO;
                }
                Ok(Look::NotYet(rest)) => wait = rest,
                Ok(Look::Nothing) => self.problem_is_over(),
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
    async fn look(&self) -> Result<Look> {
        let record = self.store.read_revision_text().await?;
        {
            let state = self.state();
            if record.is_some() && record == state.record {
                return Ok(Look::Nothing);
            }
        }
        let Some(snapshot) = self.store.read_whole_snapshot().await? else {
            return Ok(Look::Nothing);
        };
        let id = snapshot.id();
        let mut state = self.state();
        if state.is_refused(&id) {
            return Ok(Look::Nothing);
        }
        state.refused.clear();
        if state.applied.as_ref() == Some(&id) {
            state.record = snapshot.revision.as_ref().and_then(|record| record.to_text().ok());
            return Ok(Look::Nothing);
        }
        let rest = state
            .failed
            .as_ref()
            .filter(|failed| failed.id == id)
            .map(|failed| failed.until.saturating_duration_since(Instant::now()));
        match rest {
            Some(rest) if !rest.is_zero() => Ok(Look::NotYet(rest)),
            _ => Ok(Look::New(Arc::new(snapshot))),
        }
    }

    /// Hands a snapshot over and waits until the outcome is reported.
    async fn hand_over(&self, snapshot: Arc<Snapshot>) {
        let mut outcomes = self.outcomes.subscribe();
        outcomes.borrow_and_update();
        tracing::debug!("revision {} is new here", snapshot.label());
        self.offer(snapshot);
        self.announce();
        if tokio::time::timeout(OUTCOME_PATIENCE, outcomes.changed()).await.is_err() {
            tracing::error!("Node-RED has not ended the last update; offering it again");
        }
    }
}
