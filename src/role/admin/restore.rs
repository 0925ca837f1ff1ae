//! What the disk had lost at a start while Valkey was away, until it is put back.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Admin, Inner, Lost};
use crate::backoff::Backoff;
use crate::content::sha256_hex;
use crate::error::{Error, Result};
use crate::role::Event;
use crate::store::revision::Revision;
use crate::store::snapshot::{Check, Snapshot};

/// Between an attempt that failed and the next.
const RESTORE_AGAIN: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// How far the asking has come.
#[derive(Debug)]
pub(super) struct Asking {
    /// Valkey has been read, and JavaScript told of it.
    told: bool,
    /// What Valkey holds and the disk has not.
    restorable: Option<Arc<Snapshot>>,
    backoff: Backoff,
    not_before: Option<Instant>,
}

impl Default for Asking {
    fn default() -> Self {
        Self { told: false, restorable: None, backoff: RESTORE_AGAIN, not_before: None }
    }
}

/// Flows and credentials that the disk has from Valkey, by their digests.
#[derive(Debug, Default)]
pub(super) struct Restored {
    /// What was given last, to be put there.
    given: Option<[String; 2]>,
    /// What is there, or was until something newer came.
    taken: Option<[String; 2]>,
    /// What is loaded next is what was given last.
    is_news: bool,
}

impl Restored {
    pub(super) fn give(&mut self, snapshot: &Snapshot) {
        let texts = [&snapshot.flows, &snapshot.credentials];
        self.given = Some(texts.map(|text| sha256_hex(&[text.as_bytes()])));
    }

    /// Whether what is loaded now is what was restored; once.
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.is_news)
    }

    fn take(&mut self) {
        self.is_news = true;
        self.taken = self.given.take();
    }

    /// Whether the disk has had the deploy that this record tells of. What it made of that is another
    /// text, when the credentials had to be encrypted with a secret of its own.
    pub(super) fn has(&self, record: &Revision) -> bool {
        self.taken.as_ref().is_some_and(|[flows, credentials]| {
            *flows == record.flows && *credentials == record.credentials
        })
    }
}

impl Admin {
    /// What was read last is on the disk, flows and credentials.
    pub fn disk_has_restored(&self) {
        self.inner.disk().restored.take();
    }

    /// The disk has lost something, and Valkey could not be asked for it: the event
    /// [`Event::Restore`] follows when it can, unless something is deployed before.
    pub fn disk_has_lost(&self, lost: Lost) {
        {
            let mut disk = self.inner.disk();
            disk.unseen = Some(lost);
            disk.asking = Asking::default();
        }
        self.inner.wake();
    }

    /// Gives what Valkey holds and the empty disk has not, after [`Event::Restore`]; once.
    pub fn take_restorable(&self) -> Option<Arc<Snapshot>> {
        let mut disk = self.inner.disk();
        let restorable = disk.asking.restorable.take();
        if let Some(snapshot) = &restorable {
            disk.restored.give(snapshot);
            disk.restored.is_news = true;
        }
        restorable
    }

    /// What came of it: the disk has it now, or it could not be put there and the event comes
    /// again after a while. Until then a deploy keeps what Valkey holds.
    pub fn restored(&self, done: bool) {
        let mut disk = self.inner.disk();
        if done {
            if disk.unseen == Some(Lost::Flows) {
                disk.restored.take();
            }
            disk.unseen = None;
            disk.asking = Asking::default();
            return;
        }
        let asking = &mut disk.asking;
        asking.told = false;
        asking.restorable = None;
        asking.not_before = Some(Instant::now() + asking.backoff.next_wait());
    }
}

impl Inner {
    /// An admin whose disk had lost something while Valkey was away: now it can be asked.
    pub(super) async fn look_for_restorable(&self) -> Result<()> {
        if !self.is_to_ask() {
            return Ok(());
        }
        let snapshot = match self.store.read_snapshot(Check::Form).await {
            Err(error @ Error::Value { .. }) => {
                tracing::error!("{error}");
                // As good as none, but kept when it is replaced.
                None
            }
            read => read?,
        };
        {
            let mut disk = self.disk();
            if disk.deploy.is_some() || disk.asking.told {
                return Ok(());
            }
            disk.asking.told = true;
            disk.asking.restorable = snapshot.map(Arc::new);
        }
        self.host.event(Event::Restore);
        Ok(())
    }

    fn is_to_ask(&self) -> bool {
        let disk = self.disk();
        disk.unseen.is_some()
            && disk.deploy.is_none()
            && !disk.asking.told
            && disk.asking.not_before.is_none_or(|time| time <= Instant::now())
    }
}
