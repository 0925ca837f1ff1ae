//! What the instances of this prefix tell of themselves, and what is made of it.

mod names;
mod plain_text;
mod received;
mod standing;
#[cfg(test)]
mod tests;
mod told;
mod view;

use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

pub use self::standing::State;
pub use self::view::{Instance, View};
use super::Member;
use crate::error::{Error, Result};
use crate::store::fleet::Heard;

/// What was read of the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// ms since 1970 by the server's clock.
    pub now: u64,
    /// Who has reported within a day, the longest silent first.
    pub entries: Vec<Heard>,
    /// The revision that is stored, as logs name it; `None` when there is none, or it must not be read.
    pub revision: Option<String>,
}

/// What this reader is not allowed.
#[derive(Debug, Default)]
pub(super) struct Limits {
    no_revision: AtomicBool,
}

impl Member {
    /// Reads what the others tell of themselves. Fails while the server is away.
    pub async fn read_fleet(&self) -> Result<Fleet> {
        let reading = self.inner.fleet.read().await?;
        Ok(Fleet { now: reading.now, entries: reading.entries, revision: self.revision().await? })
    }

    /// The fleet as it is seen at this moment; `known` is what the reader itself knows to be stored. Fails while the
    /// server is away.
    pub async fn see_fleet(&self, known: Option<String>) -> Result<View> {
        let fleet = self.read_fleet().await?;
        // A thousand reports take milliseconds.
        let view = tokio::task::spawn_blocking(move || View::new(fleet, known.as_deref())).await;
        view.map_err(|error| Error::Internal(format!("what was read of the fleet: {error}")))
    }

    /// Keeps what was made of the fleet until it is taken; only the newest.
    pub fn keep_fleet(&self, text: Vec<u8>) {
        *self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    /// What was kept; empty when nothing was.
    pub fn take_fleet(&self) -> Vec<u8> {
        std::mem::take(&mut *self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The stored revision, for those who may read it: a user of `state` need not, and is not tried.
    async fn revision(&self) -> Result<Option<String>> {
        let no_revision = &self.inner.limits.no_revision;
        if self.inner.config.state.is_some() || no_revision.load(Ordering::Relaxed) {
            return Ok(None);
        }
        match self.inner.fleet.stored_revision().await {
            Err(Error::Permission { .. }) => {
                no_revision.store(true, Ordering::Relaxed);
                Ok(None)
            }
            Err(Error::Value { .. }) => Ok(None),
            revision => revision,
        }
    }
}
