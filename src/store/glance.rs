//! A cheap look at what is stored: enough to see whether it is worth being read.

use redis::Value;

use super::Store;
use super::reply::stored_text;
use super::revision::Revision;
use super::size::length;
use super::snapshot::Snapshot;
use crate::error::{Error, Result};

/// The record and the sizes of what it tells of, as one atomic read found them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// The revision record, when there is one that can be read.
    pub record: Option<Revision>,
    /// Bytes under `flows`, `credentials` and `settings`; 0 when missing or no string.
    pub sizes: [u64; 3],
}

impl Glance {
    /// Whether the record is what counts: earlier modules write flows and leave it as it was.
    pub fn is_telling(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.fits(self.sizes))
    }

    /// What a glance shows while `snapshot` is stored; `None` when its record does not tell.
    pub fn of(snapshot: &Snapshot) -> Option<Self> {
        let record = snapshot.revision.clone()?;
        let sizes = record.sizes?;
        Some(Self { record: Some(record), sizes })
    }
}

impl Store {
    /// Reads the record, and how large the values are, in one step (`MULTI`).
    pub async fn glance(&self) -> Result<Glance> {
        let keys = self.keys();
        let revision_key = keys.revision();
        let has_record = self.record_has_size().await?;
        let mut pipe = redis::pipe();
        pipe.cmd(if has_record { "GET" } else { "STRLEN" }).arg(&revision_key);
        for key in [keys.flows(), keys.credentials(), keys.settings()] {
            pipe.cmd("STRLEN").arg(key);
        }
        let mut replies = self.connection().transaction(&pipe).await?.into_iter();
        let record = stored_text(&revision_key, replies.next().unwrap_or(Ok(Value::Nil)))
            .and_then(|text| text.map(|text| Revision::parse(&revision_key, &text)).transpose());
        let record = match record {
            // The admin's to mend; until then only the content tells.
            Err(error @ Error::Value { .. }) => {
                tracing::debug!("{error}");
                None
            }
            other => other?,
        };
        let mut size = || replies.next().and_then(Result::ok).map_or(0, length);
        Ok(Glance { record, sizes: [size(), size(), size()] })
    }
}
