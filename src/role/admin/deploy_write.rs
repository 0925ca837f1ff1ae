//! One write of a deploy: its sequence, what is told of it, and what is kept of what it replaced.

use tokio::time::Instant;
use tracing::instrument::WithSubscriber;

use super::Inner;
use super::identity::Identity;
use super::reconcile_state::ReconcileState;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::role::history::Taken;
use crate::store::backups::KEPT;
use crate::store::deploy::{Deploy, Write, Written};
use crate::store::look::Seen;
use crate::store::revision::Revision;
use crate::store::snapshot::{Check, Snapshot};

/// What a write is based on.
pub(super) struct Base<'a> {
    /// The stored record, if there is one that can be read.
    pub(super) record: Option<&'a Revision>,
    /// Its sequence, 0 when there is none; `None` when there is one that says nothing.
    pub(super) sequence: Option<u64>,
    pub(super) seen: &'a Seen,
}

/// What came of a write.
pub(super) enum Step {
    Done,
    Other(String),
    Stale,
}

impl Inner {
    /// Writes a deploy over what was seen; the sequence of `revision` is given here.
    pub(super) async fn write(
        &self,
        known: &mut ReconcileState,
        deploy: &Deploy,
        mut revision: Revision,
        base: Base<'_>,
        backup: bool,
    ) -> Result<Step> {
        let began = Instant::now();
        let identity = self.take_sequence(base.sequence.unwrap_or(0));
        revision.sequence = identity.sequence;
        let replaced = self.to_be_replaced(backup).await;
        let write = Write { deploy, revision: &revision, base: base.sequence, backup };
        let writing = self.store.write_deploy_over(&self.holder, &write, Some(base.seen));
        let ((), written) = tokio::join!(self.keep(identity), writing);
        // Nobody can say whether it was done, or is still to be.
        known.unsure |= written.as_ref().is_err_and(Error::is_passing);
        let (written, seen) = written?;
        let unconfirmed = match written {
            Written::Done => None,
            Written::Unconfirmed(missing) => Some(missing),
            Written::Other(owner) => return Ok(Step::Other(owner)),
            Written::Stale => return Ok(Step::Stale),
        };
        known.sees(seen);
        self.keep_replaced(replaced);
        let replaced = backup.then(|| self.store.keys().backup(revision.time));
        self.progress.send_modify(|progress| {
            progress.unconfirmed = unconfirmed;
            // Other settings beside the same flows are no new deploy.
            let same = base.record.is_some_and(|record| record.same_flows(&revision));
            if replaced.is_some() || !same {
                progress.replaced = replaced;
            }
        });
        self.disk().unseen = None;
        if backup {
            tracing::error!(
                "Valkey held a deploy that this admin's disk never had; it was replaced by what is on this disk and kept under '{}'",
                self.store.keys().backup(revision.time)
            );
            self.prune_backups(revision.time);
        }
        tracing::info!(
            "deploy {} mirrored: {} bytes in {} ms",
            revision.sequence,
            deploy.flows.len(),
            began.elapsed().as_millis()
        );
        Ok(Step::Done)
    }

    /// What a write that keeps a backup takes the place of, if that can be read; the write is refused
    /// when it is another meanwhile.
    async fn to_be_replaced(&self, backup: bool) -> Option<Snapshot> {
        if !backup || self.history.is_none() {
            return None;
        }
        self.store.read_snapshot(Check::Form).await.ok().flatten()
    }

    /// Makes it an entry of the history.
    fn keep_replaced(&self, replaced: Option<Snapshot>) {
        let (Some(history), Some(snapshot)) = (&self.history, replaced) else { return };
        history.push(Taken::replaced(snapshot, self.config.share_credential_secret, now()));
        history.deploy_is_through();
    }

    /// In the background: it goes over all keys of the server, and nobody has to wait for it.
    fn prune_backups(&self, newest: u64) {
        let store = self.store.clone();
        let work = async move {
            match store.prune_backups(newest).await {
                Ok(0) => {}
                Ok(count) => {
                    tracing::info!("old backups deleted: {count}; the newest {KEPT} are kept")
                }
                Err(error) => tracing::warn!("old backups could not be deleted: {error}"),
            }
        };
        tokio::spawn(work.with_current_subscriber());
    }

    /// Higher than everything that the server, this admin or its clock ever gave. To be kept.
    fn take_sequence(&self, stored: u64) -> Identity {
        let mut disk = self.disk();
        let highest = stored.max(disk.identity.sequence).max(now());
        disk.identity.sequence = highest.saturating_add(1);
        disk.identity.clone()
    }

    /// The stored deploy is that of this disk: a sequence that it was written with, and that a kill kept
    /// from this disk, is none that it has missed.
    pub(super) async fn catch_up(&self, sequence: u64) {
        let higher = {
            let mut disk = self.disk();
            (sequence > disk.identity.sequence).then(|| {
                disk.identity.sequence = sequence;
                disk.identity.clone()
            })
        };
        if let Some(identity) = higher {
            self.keep(identity).await;
        }
    }

    /// Keeps what was given on the disk, beside the write that it is for. Of a record that the disk does
    /// not know of, what is stored is kept before it is replaced, unless it turns out to be this disk's.
    async fn keep(&self, identity: Identity) {
        if let Some(state_dir) = &self.state_dir
            && let Err(error) = identity.save(state_dir).await
        {
            tracing::debug!("{error}");
        }
    }
}
