//! How far Valkey has come with what is on the disk, and who waits for it.

use std::time::Duration;

use super::Inner;
use crate::connection::ConnectionState;
use crate::error::{Error, Result};

/// How long a save waits for Valkey before it answers without.
const PATIENCE: Duration = Duration::from_secs(4);

/// What came of mirroring a save that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mirrored {
    /// Valkey has it, and workers are told.
    Done,
    /// The same, but fewer replicas than the options ask for have confirmed it. Says what lacks.
    Unconfirmed(String),
    /// It was there already.
    Unchanged,
    /// It goes with the first deploy.
    Later,
    /// Valkey is away or slow; it is mirrored as soon as it is back. Says why.
    Away(String),
}

/// What the reconciling task has done.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// Generation of the newest deploy for which a round was made.
    pub(super) tried: u64,
    /// Generation of the deploy that Valkey has.
    pub(super) mirrored: u64,
    /// Valkey was seen to have it since the connection was made.
    pub(super) compared: bool,
    /// The sequence under which Valkey has it.
    pub(super) sequence: Option<u64>,
    /// What replicas have not confirmed of it.
    pub(super) unconfirmed: Option<String>,
    /// The same for sessions.
    pub(super) sessions_tried: u64,
    pub(super) sessions: u64,
    /// Generation of the package list that Valkey has.
    pub(super) packages: u64,
    /// The other admin that holds the lease.
    pub(super) other: Option<String>,
    /// Why the last round failed.
    pub(super) failure: Option<String>,
}

impl Inner {
    pub(super) async fn mirrored(&self, generation: u64) -> Result<Mirrored> {
        let reached =
            self.reached(generation, |progress| (progress.mirrored, progress.tried)).await?;
        Ok(match (reached, &self.progress.borrow().unconfirmed) {
            (Mirrored::Done, Some(missing)) => Mirrored::Unconfirmed(missing.clone()),
            (reached, _) => reached,
        })
    }

    pub(super) async fn sessions_mirrored(&self, generation: u64) -> Result<Mirrored> {
        self.reached(generation, |progress| (progress.sessions, progress.sessions_tried)).await
    }

    async fn reached(
        &self,
        generation: u64,
        marks: impl Fn(&Progress) -> (u64, u64),
    ) -> Result<Mirrored> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut progress = self.progress.subscribe();
        let mut connection = self.store.connection().state();
        loop {
            {
                let now = progress.borrow_and_update();
                let (mirrored, tried) = marks(&now);
                if mirrored >= generation {
                    return Ok(Mirrored::Done);
                }
                if tried >= generation {
                    if let Some(owner) = &now.other {
                        return Err(Error::OtherAdmin { owner: owner.clone() });
                    }
                    if let Some(failure) = &now.failure {
                        return Ok(Mirrored::Away(failure.clone()));
                    }
                }
            }
            match &*connection.borrow_and_update() {
                ConnectionState::Reconnecting { reason, .. }
                | ConnectionState::Closed { reason } => {
                    return Ok(Mirrored::Away(reason.clone()));
                }
                _ => {}
            }
            tokio::select! {
                _ = progress.changed() => {}
                _ = connection.changed() => {}
                () = tokio::time::sleep_until(deadline) => {
                    let limit = PATIENCE.as_secs();
                    return Ok(Mirrored::Away(format!("no answer within {limit} s")));
                }
            }
        }
    }
}
