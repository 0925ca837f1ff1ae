//! How a worker starts: from Valkey, from its last good copy, or by waiting for either.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::follow::pause_after;
use super::health::{REREAD_HEAD, Seen};
use super::{Inner, Worker};
use crate::connection::{ConnectionState, Hints};
use crate::error::{Error, Result};
use crate::role::pace::Pace;
use crate::role::{CONNECT_LIMIT, next_change};
use crate::store::snapshot::{Check, Snapshot};

/// What a start still waits for; each is logged once.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Waiting {
    Server,
    Right,
    Deploy,
    Usable,
}

impl Waiting {
    /// Why there is nothing to start from in Valkey.
    fn why(self) -> &'static str {
        match self {
            Self::Server => "Valkey is not reachable",
            Self::Right => "Valkey does not let its user read what is stored",
            Self::Deploy => "Valkey holds no flows",
            Self::Usable => "what is stored can't be used",
        }
    }
}

impl Worker {
    /// The shared settings as JSON text, from Valkey or the last good copy; `{}` when neither is
    /// there. Takes no longer than a few seconds.
    pub async fn read_settings(&self) -> Result<String> {
        let inner = &self.inner;
        inner.check_open()?;
        inner.wait_for_connection().await;
        match inner.store.read_snapshot(Check::Form).await {
            Ok(Some(snapshot)) => return Ok(snapshot.settings),
            Ok(None) => {}
            Err(error) => inner.log_problem(&error),
        }
        let copy = inner.copy.read().await;
        Ok(copy.map_or_else(|| "{}".into(), |(snapshot, _)| snapshot.settings))
    }

    /// The text that is stored as the editor's sessions, whatever it is; `{}` when there is none or Valkey is away.
    pub async fn read_sessions(&self) -> Result<String> {
        let inner = &self.inner;
        inner.check_open()?;
        inner.wait_for_connection().await;
        match inner.store.read_sessions().await {
            Ok(text) => Ok(text.unwrap_or_else(|| "{}".into())),
            Err(error) => {
                tracing::warn!("log-in sessions are not known here: {error}");
                Ok("{}".into())
            }
        }
    }

    /// What this worker is to run, waiting until there is something: the outcome has to be
    /// reported with [`Worker::applied`] or [`Worker::refused`]. Ends early only with
    /// [`Error::Closed`].
    pub async fn snapshot(&self) -> Result<Arc<Snapshot>> {
        let snapshot = Arc::new(self.inner.find().await?);
        self.inner.offer(snapshot.clone());
        self.inner.handed.replace(snapshot.clone());
        Ok(snapshot)
    }
}

impl Inner {
    async fn find(&self) -> Result<Snapshot> {
        let mut hints = self.subscriber.hints();
        let mut connection = self.store.connection().state();
        let mut pace = Pace::new();
        let mut logged = None;
        let mut copy = None;
        self.wait_for_connection().await;
        loop {
            self.check_open()?;
            hints.borrow_and_update();
            connection.borrow_and_update();
            let mut wait = REREAD_HEAD;
            let waiting = match self.read_whatever_is_stored().await {
                Ok(Some(snapshot)) if !self.is_refused(&snapshot) => {
                    self.clear_problem();
                    self.state().running.finds(Seen::now());
                    return Ok(snapshot);
                }
                Ok(None) => {
                    self.state().running.cant_use(Waiting::Deploy.why().into());
                    Waiting::Deploy
                }
                // Why, it was told when it was refused.
                Ok(Some(_)) => Waiting::Usable,
                Err(error) if error.is_passing() => Waiting::Server,
                Err(error) => {
                    self.state().running.fails(&error);
                    self.log_problem(&error);
                    wait = pause_after(&error);
                    match error {
                        Error::Value { .. } => Waiting::Usable,
                        Error::Permission { .. } => Waiting::Right,
                        _ => Waiting::Server,
                    }
                }
            };
            if copy.is_none() {
                copy = Some(self.copy.read().await);
            }
            // Also when the server is up and empty: one that lost its memory is no reason for a
            // worker to stop serving.
            if let Some(Some((snapshot, age))) = copy.clone()
                && !self.is_refused(&snapshot)
            {
                tracing::warn!(
                    "{}: starting from the last good copy on this disk: revision {}, read {} ago",
                    waiting.why(),
                    snapshot.label(),
                    spell(age)
                );
                self.state().running.finds(Seen::in_copy(age));
                return Ok(snapshot);
            }
            // Why the connection fails is said first, as soon as that is known.
            let is_too_early =
                waiting == Waiting::Server && *connection.borrow() == ConnectionState::Connecting;
            if logged != Some(waiting) && !is_too_early {
                log_waiting(waiting);
                logged = Some(waiting);
            }
            self.wait_for_change(&mut hints, &mut connection, &mut pace, wait).await?;
        }
    }

    async fn read_whatever_is_stored(&self) -> Result<Option<Snapshot>> {
        let head = self.store.read_head().await?;
        self.read_in_full(head).await
    }

    /// Waits until it is worth to read again.
    async fn wait_for_change(
        &self,
        hints: &mut watch::Receiver<Hints>,
        connection: &mut watch::Receiver<ConnectionState>,
        pace: &mut Pace,
        mut wait: Duration,
    ) -> Result<()> {
        loop {
            tokio::select! {
                () = next_change(hints) => {}
                () = next_change(connection) => {}
                () = self.closed.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
            self.check_open()?;
            pace.take().await;
            hints.borrow_and_update();
            connection.borrow_and_update();
            let Ok(head) = self.store.read_head().await else {
                // What it is about, the read itself tells.
                return Ok(());
            };
            match self.state().last_read.rest(&head, Instant::now()) {
                Some(rest) if rest.is_zero() => return Ok(()),
                rest => wait = rest.unwrap_or(REREAD_HEAD),
            }
        }
    }

    /// Settings, sessions and flows are asked for one after the other: what the first has waited
    /// the next need not wait again.
    async fn wait_for_connection(&self) {
        let left = CONNECT_LIMIT.saturating_sub(self.opened.elapsed());
        let _ = self.store.connection().wait_ready(left).await;
    }

    fn is_refused(&self, snapshot: &Snapshot) -> bool {
        self.state().refused.reason(&snapshot.id()).is_some()
    }
}

fn log_waiting(waiting: Waiting) {
    let why = waiting.why();
    match waiting {
        Waiting::Server | Waiting::Right => tracing::warn!(
            "{why} and there is no earlier copy here: waiting for it, flows start by themselves then"
        ),
        Waiting::Deploy => tracing::info!(
            "{why} yet: waiting for the admin's first deploy, flows start by themselves then"
        ),
        Waiting::Usable => tracing::error!(
            "{why} and there is no earlier copy here: waiting for a deploy that can"
        ),
    }
}

/// A duration as an operator would say it.
fn spell(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_in_a_fitting_unit() {
        assert_eq!(spell(Duration::from_secs(5)), "5 s");
        assert_eq!(spell(Duration::from_secs(600)), "10 min");
        assert_eq!(spell(Duration::from_secs(86_400)), "24 h");
        assert_eq!(spell(Duration::from_secs(8 * 86_400)), "8 days");
    }
}
