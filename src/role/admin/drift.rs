//! Whether what is stored is this admin's deploy, and whether a write would destroy another.

use super::{Inner, Lost};
use crate::codec;
use crate::content::{credentials_text, sha256_hex};
use crate::error::{Error, Result};
use crate::store::deploy::Deploy;
use crate::store::head::Head;
use crate::store::look::Seen;
use crate::store::revision::Revision;
use crate::store::snapshot::{Check, Snapshot};

/// How what is stored differs from the deploy that is to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drift {
    /// Not at all.
    None,
    /// There is nothing, or what this admin's disk once had.
    Replaceable,
    /// There is something that this admin has never had on its disk: kept before it is replaced.
    Foreign,
}

/// How closely the stored values are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// The record and the sizes.
    Sizes,
    /// The content as well when they tell of this very deploy.
    Same,
    /// The content in any case.
    Content,
}

impl Inner {
    /// Compares what is stored with the deploy that is to be there.
    pub(super) async fn drift(&self, head: &Head, deploy: &Deploy, depth: Depth) -> Result<Drift> {
        let Some(record) = head.revision() else {
            return self.drift_without_record(head, deploy).await;
        };
        let wanted = deploy.revision(0, 0, self.holder.id());
        let told = record.owner == self.holder.id() && record.same_content(&wanted);
        let sizes = record.sizes.or_else(|| told.then(|| self.store.stored_sizes(deploy)));
        let fits = sizes.is_none_or(|sizes| sizes == head.sizes);
        let read =
            (depth == Depth::Content || (depth == Depth::Same && told)) && can_be_read(deploy);
        if told && fits && !read {
            return Ok(Drift::None);
        }
        if is_usable(head.flows_size()) {
            // Who keeps no record wrote since.
            let replaced = record.sizes.is_some_and(|sizes| {
                sizes.iter().zip(head.sizes).any(|(&size, found)| is_usable(found) && found != size)
            });
            if replaced {
                return Ok(Drift::Foreign);
            }
            if fits && read {
                match self.store.read_snapshot(Check::AsStored).await {
                    Ok(Some(snapshot)) if told && is_same(&snapshot, deploy) => {
                        return Ok(Drift::None);
                    }
                    Ok(Some(snapshot)) if !is_told_of(&snapshot, record) => {
                        return Ok(Drift::Foreign);
                    }
                    Err(Error::Value { .. }) => return Ok(Drift::Foreign),
                    read => drop(read?),
                }
            }
        }
        let changed = record.flows != wanted.flows || record.credentials != wanted.credentials;
        let foreign = changed
            && head.flows_size() > 0
            && !self.disk().restored.has(record)
            && (record.owner != self.holder.id() || self.has_missed(record));
        Ok(if foreign { Drift::Foreign } else { Drift::Replaceable })
    }

    /// Whether what was seen is what this admin wrote, and nobody else since.
    pub(super) fn is_replaceable(&self, record: &Revision, seen: &Seen) -> bool {
        record.owner == self.holder.id()
            && record.sizes == Some(seen.sizes)
            && self.disk().unseen.is_none()
            && !self.has_missed(record)
    }

    /// Earlier modules wrote no record: only the content tells.
    async fn drift_without_record(&self, head: &Head, deploy: &Deploy) -> Result<Drift> {
        if !is_usable(head.flows_size()) {
            return Ok(Drift::Replaceable);
        }
        let foreign = match self.store.read_snapshot(Check::AsStored).await {
            Ok(Some(snapshot)) => {
                *snapshot.flows != *deploy.flows
                    || (!is_empty(&snapshot.credentials)
                        && *snapshot.credentials != *deploy.credentials)
            }
            Ok(None) => false,
            // One that can't be read stands beside others that may well be whole.
            Err(Error::Value { .. }) => true,
            Err(error) => return Err(error),
        };
        Ok(if foreign { Drift::Foreign } else { Drift::Replaceable })
    }

    /// Whether this admin's disk can't have had the deploy that it once wrote itself.
    fn has_missed(&self, revision: &Revision) -> bool {
        let disk = self.disk();
        // Kept on disk before each write: a higher one means a disk that was set back.
        revision.sequence > disk.identity.sequence
            || match disk.unseen {
                Some(Lost::Flows) => true,
                Some(Lost::Credentials) => revision.credentials != sha256_hex(&[b"{}"]),
                None => false,
            }
    }
}

/// Whether a value of this size is there and can be one that somebody runs.
fn is_usable(size: u64) -> bool {
    size > 0 && size <= u64::try_from(codec::MAX_VALUE_BYTES).unwrap_or(u64::MAX)
}

/// Whether this deploy could be read back.
fn can_be_read(deploy: &Deploy) -> bool {
    [&*deploy.flows, &*deploy.credentials, &*deploy.settings]
        .iter()
        .all(|text| text.len() <= codec::MAX_VALUE_BYTES)
}

/// Whether these credentials are none.
fn is_empty(credentials: &str) -> bool {
    credentials_text("", credentials) == Ok("{}")
}

fn is_same(snapshot: &Snapshot, deploy: &Deploy) -> bool {
    *snapshot.flows == *deploy.flows
        && *snapshot.credentials == *deploy.credentials
        && *snapshot.settings == *deploy.settings
}

/// Whether these are the flows and credentials that the record was written for.
fn is_told_of(snapshot: &Snapshot, record: &Revision) -> bool {
    sha256_hex(&[snapshot.flows.as_bytes()]) == record.flows
        && sha256_hex(&[snapshot.credentials.as_bytes()]) == record.credentials
}
