//! What the instances of this prefix tell of themselves.

use std::sync::atomic::{AtomicBool, Ordering};

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
