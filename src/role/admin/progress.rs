//! How far Valkey has come with what is on the disk, and who waits for it.

use std::time::Duration;

use super::Inner;
use crate::connection::ConnectionState;
use crate::error::{Error, Result};

/// How long a save waits for Valkey before it is answered without.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(4);

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
    /// The other admin that holds the lease.
    pub(super) other: Option<String>,
    /// The lease was this admin's before, in this process.
    pub(super) was_in_charge: bool,
    /// The key under which what Valkey held was kept before the deploy that it has took its place.
    pub(super) replaced: Option<String>,
    /// Why the last round failed.
    pub(super) failure: Option<String>,
}

impl Inner {
    pub(super) async fn mirrored(&self, generation: u64) -> Result<Mirrored> {
        let reached =
            self.reached(generation, |progress| (progress.tried, progress.mirrored)).await?;
        Ok(match (reached, &self.progress.borrow().unconfirmed) {
            (Mirrored::Done, Some(missing)) => Mirrored::Unconfirmed(missing.clone()),
            (reached, _) => reached,
        })
    }

    /// Waits until the second of `tried_and_mirrored` is this generation, or the first is and
    /// something is in the way.
    pub(super) async fn reached(
        &self,
        generation: u64,
        tried_and_mirrored: impl Fn(&Progress) -> (u64, u64),
    ) -> Result<Mirrored> {
        let deadline = tokio::time::Instant::now() + ANSWER_LIMIT;
        let mut progress = self.progress.subscribe();
        let mut connection = self.store.connection().state();
        loop {
            {
                let now = progress.borrow_and_update();
                let (tried, mirrored) = tried_and_mirrored(&now);
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
                    let limit = ANSWER_LIMIT.as_secs();
                    return Ok(Mirrored::Away(format!("no answer within {limit} s")));
                }
            }
        }
    }
}
