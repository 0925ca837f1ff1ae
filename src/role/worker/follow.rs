//! How a running worker converges to what the admin deployed last.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Inner;
use super::health::{REREAD_HEAD, Seen, Standing};
use crate::backoff::Backoff;
use crate::error::{Error, Result};
use crate::role::next_change;
use crate::role::pace::Pace;
use crate::store::head::Head;
use crate::store::snapshot::{Check, Snapshot};

/// The longest that Node-RED may take over one update before the next look.
const UPDATE_LIMIT: Duration = Duration::from_secs(360);

/// Before a snapshot that could not be applied is offered again.
const OFFER_AGAIN: Backoff = Backoff::new(Duration::from_secs(2), REREAD_HEAD);

/// Largest value, in bytes as it is stored, that is read with a look, before anybody knows whether it is
/// new: a trip to the server less for a deploy, and no burden where there is none.
const SMALL: usize = 32 * 1024;

/// What a probe tells while it runs something and there is nothing stored.
const NOTHING: &str = "Valkey holds no flows";

/// The longest wait before another look after one that failed: what only a person can change is noticed
/// a little later.
pub(super) fn pause_after(error: &Error) -> Duration {
    match error {
        error if error.is_passing() => Duration::from_secs(1),
        Error::Permission { .. } => Duration::from_secs(5),
        _ => REREAD_HEAD,
    }
}

/// A snapshot that could not be applied, and when it is offered again.
pub(super) struct Failed {
    pub(super) id: String,
    /// The head while it is stored.
    pub(super) head: Option<Head>,
    backoff: Backoff,
    until: Instant,
}

/// What a look found.
enum Look {
    /// The same as last time.
    Same,
    /// What runs here is what is stored, or what is stored can't be used.
    Nothing,
    /// Something to apply.
    New(Arc<Snapshot>),
    /// Something to try again, but not before this.
    NotYet(Duration),
}

impl Failed {
    /// Another failure of the snapshot `id`; each in a row lengthens the wait.
    pub(super) fn again(before: Option<Self>, id: &str, head: Option<Head>) -> Self {
        let before = before.filter(|before| before.id == id);
        let mut backoff = before.map_or(OFFER_AGAIN, |before| before.backoff);
        let until = Instant::now() + backoff.next_wait();
        Self { id: id.into(), head, backoff, until }
    }

    fn rest(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
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
        let mut pace = Pace::new();
        loop {
            let mut is_hinted = false;
            tokio::select! {
                () = next_change(&mut hints) => is_hinted = true,
                () = next_change(&mut connection) => {}
                () = tokio::time::sleep(wait) => {}
            }
            pace.take().await;
            hints.borrow_and_update();
            connection.borrow_and_update();
            wait = self.reread_head();
            if !self.ready() {
                continue;
            }
            match self.look(is_hinted).await {
                Ok(Look::New(snapshot)) => {
                    // Or the same problem with the next value would go untold.
                    self.clear_problem();
                    let id = snapshot.id();
                    self.hand_over(snapshot).await;
                    // Of what was deployed meanwhile there is a hint.
                    if self.state().applied.as_ref() != Some(&id) {
                        wait = Duration::ZERO;
                    }
                }
                Ok(Look::NotYet(rest)) => wait = rest,
                Ok(Look::Same) => {}
                Ok(Look::Nothing) => self.clear_problem(),
                Err(error) => {
                    self.state().running.fails(&error);
                    self.log_problem(&error);
                    wait = wait.min(pause_after(&error));
                }
            }
        }
    }

    /// The stored snapshot, when it is not the one that runs. Any difference counts, a lower
    /// sequence too: a server that came back empty starts counting anew. After a
    /// hint, what is small is read in the same step.
    async fn look(&self, is_hinted: bool) -> Result<Look> {
        let (head, read) = if is_hinted && self.state().last_read.is_worth_reading(SMALL) {
            self.store.read_head_and_snapshot(SMALL, Check::Whole).await?
        } else {
            (self.store.read_head().await?, None)
        };
        {
            let mut state = self.state();
            if let Some(failed) = &state.failed
                && head.is_telling()
                && failed.head.as_ref() == Some(&head)
                && !failed.rest().is_zero()
            {
                return Ok(Look::NotYet(failed.rest()));
            }
            state.last_read.sees(&head, read.is_some());
            match state.last_read.rest(&head, Instant::now()) {
                None => {
                    state.running.note_same_look();
                    self.copy.note_seen(state.running.in_step());
                    return Ok(Look::Same);
                }
                Some(rest) if !rest.is_zero() => return Ok(Look::NotYet(rest)),
                Some(_) => {}
            }
        }
        let read = match read {
            Some(read) => self.note_read(head, read).await?,
            None => self.read_in_full(head).await?,
        };
        let Some(snapshot) = read else {
            self.state().running.cant_use(NOTHING.into());
            return Ok(Look::Nothing);
        };
        Ok(self.decide(snapshot))
    }

    /// Decides what is to be done with what is stored, and tells probes.
    fn decide(&self, snapshot: Snapshot) -> Look {
        let id = snapshot.id();
        let mut state = self.state();
        if let Some(why) = state.refused.reason(&id).map(str::to_owned) {
            state.running.cant_use(why);
            return Look::Nothing;
        }
        state.refused.clear();
        if state.applied.as_ref() == Some(&id) {
            // What waited for its packages was replaced by what runs.
            if state.waiting.take().is_some() {
                state.pending = None;
            }
            state.running.is_called(snapshot.label());
            state.running.looks(Standing::InStep);
            self.copy.note_seen(state.running.in_step());
            return Look::Nothing;
        }
        if state.waiting.as_ref() == Some(&id) {
            state.running.looks(Standing::Coming);
            return Look::Nothing;
        }
        state.waiting = None;
        match state.failed.as_ref().filter(|failed| failed.id == id).map(Failed::rest) {
            Some(rest) if !rest.is_zero() => Look::NotYet(rest),
            failed => {
                // What has failed already is a problem until it has not.
                if failed.is_none() {
                    state.running.looks(Standing::Coming);
                }
                state.running.finds(Seen::now());
                Look::New(Arc::new(snapshot))
            }
        }
    }

    /// Hands a snapshot over and waits until the outcome is reported.
    async fn hand_over(&self, snapshot: Arc<Snapshot>) {
        let mut outcomes = self.outcomes.subscribe();
        outcomes.borrow_and_update();
        self.handed.prepare(&snapshot).await;
        tracing::debug!("revision {} is new here", snapshot.label());
        self.offer(snapshot);
        self.announce();
        if tokio::time::timeout(UPDATE_LIMIT, outcomes.changed()).await.is_err() {
            tracing::error!("Node-RED has not ended the last update; offering it again");
        }
    }
}
