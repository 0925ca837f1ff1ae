//! The beginning of a connection: is the server the one we know, and what does it have?

use std::time::{Duration, Instant};

use rand::Rng;

use super::replica::Name;
use super::{Inner, Origin};
use crate::error::{Error, Result};
use crate::store::context::{Begun, Request, Stored, is_unknown_script};

/// Bytes of what is refilled in one pipeline, roughly.
const REFILL_BYTES: usize = 1024 * 1024;

/// After a longer outage, what was acknowledged before it is no longer set again.
const SHORT_OUTAGE: Duration = Duration::from_secs(30);

/// Who was away for long, or has only a copy of the disk, refills an emptied server this much later at most.
const REFILL_LATER: Duration = Duration::from_secs(3);
/// So many times shorter than the time away.
const AWAY_TO_WAIT: u32 = 20;
/// So often a server is refilled that is emptied meanwhile.
const MOST_REFILLS: u32 = 10;

impl Inner {
    /// Finds out what the server has; everything is stale from here on. A server that has lost its
    /// data is given what is known here.
    pub(super) async fn begin(&self, session: u64) -> Result<()> {
        self.store.require_master(session).await?;
        self.store.load_scripts(session).await?;
        let mark = self.store.mark(session, &self.mark_key).await?;
        self.assert_lost(mark);
        let mut found = self.store.epoch(session).await?;
        let (known, was_in_step) = {
            let standing = self.standing();
            (standing.epoch.clone(), standing.was_in_step)
        };
        let is_emptied = found.is_none();
        if is_emptied {
            found = self.wait_for_newer(session).await?;
        }
        let is_another = known.is_some() && found != known;
        let epoch = match found {
            Some(found) => {
                // Somebody else was first to notice: what an old copy holds may have been deleted since.
                if is_emptied || (is_another && was_in_step) {
                    self.refill(session).await?;
                }
                Some(found)
            }
            None => self.begin_epoch(session).await?,
        };
        if is_emptied || is_another {
            self.assert_own(0);
        }
        {
            let mut standing = self.standing();
            standing.server_epoch = epoch.as_deref().map(Into::into);
            standing.lost_data = false;
            standing.epoch = epoch.clone().or(known);
        }
        self.import(session).await?;
        let names = self.store.scan(session, self.most_keys).await?;
        if epoch.is_some() && self.store.epoch(session).await? != epoch {
            // What is missing among them was not deleted: the server has lost it since. This begins anew.
            self.standing().lost_data = true;
            return Ok(());
        }
        let mut replica = self.replica();
        replica.begin(names.iter().filter_map(|(scope, key)| Name::checked(scope, key)));
        let synced = replica.is_synced();
        drop(replica);
        if synced {
            self.is_in_step();
        }
        Ok(())
    }

    /// Everything was read.
    pub(super) fn is_in_step(&self) {
        {
            let mut standing = self.standing();
            standing.was_in_step = true;
            standing.lost = None;
        }
        self.origin
            .send_if_modified(|origin| std::mem::replace(origin, Origin::Server) != Origin::Server);
    }

    /// The server was emptied: leaves those time to refill it who know better than we do. Gives the epoch
    /// that somebody has begun meanwhile.
    async fn wait_for_newer(&self, session: u64) -> Result<Option<String>> {
        let wait = {
            let standing = self.standing();
            match (standing.was_in_step, standing.lost) {
                (false, _) => REFILL_LATER,
                (true, Some(lost)) => (lost.elapsed() / AWAY_TO_WAIT).min(REFILL_LATER),
                (true, None) => return Ok(None),
            }
        };
        if self.replica().known().is_empty() {
            return Ok(None);
        }
        // Not only until there is an epoch: who has begun it may have nothing, or not be done.
        tokio::time::sleep(wait).await;
        self.store.epoch(session).await
    }

    /// Gives a server that has lost its data what is known here, and then the epoch that tells everybody so: not if it has
    /// lost what it was given meanwhile, of which nobody would know. `None` where it refuses an epoch.
    async fn begin_epoch(&self, session: u64) -> Result<Option<String>> {
        for _ in 0..MOST_REFILLS {
            let mark = self.replica().next_mark();
            let marking = [Request::Mark { key: self.mark_key.clone(), mark }];
            let (_, marked) = self.store.exchange(session, (&[], &None), &marking).await?;
            self.refill(session).await?;
            if let Some(error) = marked.into_iter().find_map(Result::err) {
                return if self.is_refusal(session, &error) { Ok(None) } else { Err(error) };
            }
            let id = format!("{:016x}", rand::rng().random::<u64>());
            match self.store.begin_epoch(session, &id, (&self.mark_key, mark)).await {
                Ok(Begun::Epoch(epoch)) => return Ok(epoch),
                Ok(Begun::Lost) => (),
                Err(error) if is_unknown_script(&error) => self.store.load_scripts(session).await?,
                Err(error) if self.is_refusal(session, &error) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let reason = "the server loses what it is given, again and again".to_owned();
        Err(Error::Unavailable { reason })
    }

    /// After a failover or a restart the server may lack what was acknowledged last: it says so with its mark.
    fn assert_lost(&self, mark: u64) {
        let is_recent = self.standing().lost.is_some_and(|lost| lost.elapsed() < SHORT_OUTAGE);
        if is_recent && self.replica().has_lost(mark) {
            self.assert_own(mark);
        }
    }

    fn assert_own(&self, mark: u64) {
        let all = self.replica().assert_own(mark);
        if !all {
            tracing::warn!(
                "shared context: the server has lost its last moments; what was set here in them is set again, but for keys with too many changes, or too large ones"
            );
        }
    }

    /// Whether the server has refused a write, which is logged, and the connection is as it was.
    fn is_refusal(&self, session: u64, error: &Error) -> bool {
        let refused = matches!(error, Error::Permission { .. } | Error::Server { .. });
        if refused && !self.is_over(session) {
            self.log_problem(error);
        }
        refused && !self.is_over(session)
    }

    async fn refill(&self, session: u64) -> Result<()> {
        let (known, expiring, compress) = {
            let replica = self.replica();
            (replica.known(), replica.expiring(), replica.compresses())
        };
        if known.is_empty() {
            return Ok(());
        }
        let count = known.len();
        tracing::warn!("shared context: the server has lost its data; refilling {count} keys");
        let (mut requests, mut bytes) = (Vec::new(), 0);
        let mut known = known.into_iter().peekable();
        while let Some((name, text)) = known.next() {
            let key = self.store.keys().context(&name.scope, &name.key);
            let (_, value) = Stored::encode(&text, compress);
            bytes += key.len() + value.len();
            let left = expiring.get(&name).map(|at| at.saturating_duration_since(Instant::now()));
            match left.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX)) {
                Some(0) => (),
                ms => requests.push(Request::Refill { key, value, ms }),
            }
            if bytes >= REFILL_BYTES || known.peek().is_none() {
                let (_, answers) = self.store.exchange(session, (&[], &None), &requests).await?;
                // Reading goes on without it.
                for error in answers.into_iter().filter_map(Result::err) {
                    if !self.is_refusal(session, &error) {
                        return Err(error);
                    }
                }
                requests.clear();
                bytes = 0;
            }
        }
        Ok(())
    }
}
