//! The beginning of a connection: is the server the one we know, and what does it have?

use std::time::Duration;

use rand::Rng;

use super::Inner;
use super::replica::Name;
use crate::error::Result;
use crate::store::context::{Request, Stored};

/// Bytes of what is refilled in one pipeline, roughly.
const REFILL_BYTES: usize = 1024 * 1024;

/// After a longer outage, what was acknowledged before it is no longer set again.
const SHORT_OUTAGE: Duration = Duration::from_secs(30);

/// Which life of the server's data the replica belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Epoch {
    pub(super) id: String,
    /// It is told by a copy on the disk, which may be old.
    pub(super) from_disk: bool,
}

impl Inner {
    /// Finds out what the server has; everything is stale from here on. A server that has lost its
    /// data is given what is known here.
    pub(super) async fn begin(&self, session: u64) -> Result<()> {
        self.store.require_master(session).await?;
        self.store.load_scripts(session).await?;
        let run_id = self.store.run_id(session).await?;
        if self.notes_another(run_id) {
            self.replica().assert_own();
        }
        let found = self.store.epoch(session).await?;
        let known = self.standing().epoch.clone();
        let has_lost = match (&found, &known) {
            (None, _) => true,
            // Somebody else was first to notice. What an old copy holds may have been deleted since.
            (Some(found), Some(known)) => *found != known.id && !known.from_disk,
            (Some(_), None) => false,
        };
        if has_lost {
            self.refill(session).await?;
            self.replica().assert_own();
        }
        let epoch = match found {
            Some(found) => Some(found),
            None => {
                let id = format!("{:016x}", rand::rng().random::<u64>());
                self.store.begin_epoch(session, &id).await?
            }
        };
        self.standing().epoch = epoch.map(|id| Epoch { id, from_disk: false });
        let names = self.store.scan(session, self.most_keys).await?;
        let mut replica = self.replica();
        replica.begin(names.iter().filter_map(|(scope, key)| Name::checked(scope, key)));
        let synced = replica.is_synced();
        drop(replica);
        if synced {
            self.origin.send_replace(super::Origin::Server);
        }
        Ok(())
    }

    /// Notes which process answers; whether it is another than a moment ago: after a failover or a restart it may lack
    /// what was acknowledged last.
    fn notes_another(&self, run_id: Option<String>) -> bool {
        let mut standing = self.standing();
        let lost = standing.lost.take();
        let is_recent = lost.is_some_and(|lost| lost.elapsed() < SHORT_OUTAGE);
        let before = std::mem::replace(&mut standing.run_id, run_id);
        is_recent && before.is_some() && before != standing.run_id
    }

    async fn refill(&self, session: u64) -> Result<()> {
        let known = self.replica().known();
        if known.is_empty() {
            return Ok(());
        }
        let compress = self.replica().compresses();
        let count = known.len();
        tracing::warn!("shared context: the server has lost its data; refilling {count} keys");
        let (mut requests, mut bytes) = (Vec::new(), 0);
        let mut known = known.into_iter().peekable();
        while let Some((name, text)) = known.next() {
            let key = self.store.keys().context(&name.scope, &name.key);
            let (_, value) = Stored::encode(&text, compress);
            bytes += key.len() + value.len();
            requests.push(Request::Refill { key, value });
            if bytes >= REFILL_BYTES || known.peek().is_none() {
                let (_, answers) = self.store.exchange(session, &[], &requests).await?;
                answers.into_iter().collect::<Result<Vec<_>>>()?;
                requests.clear();
                bytes = 0;
            }
        }
        Ok(())
    }
}
