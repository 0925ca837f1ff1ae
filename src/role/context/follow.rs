//! The one task that talks with the server about the context.

use std::time::{Duration, Instant};

use super::Inner;
use super::operations::Queued;
use super::replica::Name;
use super::standing::left_out_problem;
use crate::backoff::Backoff;
use crate::error::{Error, Result};
use crate::store::context::{Answer, Request, Write, Written, has_lost_data};

/// Bytes of what is written in one pipeline, roughly, at most.
const WRITE_BYTES: usize = 4 * 1024 * 1024;
/// The same where they are compressed, because reads wait meanwhile.
const COMPRESSED_BYTES: usize = 256 * 1024;
/// Keys that are asked for at once.
const FETCH_KEYS: usize = 1000;
/// Operations in one pipeline.
const MOST_OPERATIONS: usize = 500;
/// More changed keys than these are told as all of them.
const MOST_TOLD: usize = 1000;
/// News that was not taken is told again after this long.
const TELL_AGAIN: Duration = Duration::from_millis(50);

/// What one pipeline is made of.
struct Round {
    names: Vec<Name>,
    writes: Vec<(String, Write)>,
    operations: Vec<Queued>,
    stale: Vec<Name>,
    may_write: bool,
}

impl Inner {
    /// Keeps the replica in step with the server, as long as the task lives.
    pub(super) async fn follow(&self) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5)).spread();
        let mut ended = 0;
        loop {
            let session = self.store.tracking().session();
            if session == ended || !self.store.connection().is_ready() {
                // One may have been queued before it was known that the connection is lost.
                self.fail_operations(&Error::Unavailable { reason: "connection lost".to_owned() });
                tokio::select! {
                    () = self.store.tracking().news() => (),
                    () = self.work.notified() => (),
                }
                continue;
            }
            let error = match self.begin(session).await {
                Ok(()) => {
                    backoff.reset();
                    self.serve(session, &mut backoff).await
                }
                Err(error) => error,
            };
            self.replica().lost();
            self.standing().lost.get_or_insert_with(Instant::now);
            self.fail_operations(&error);
            self.log_problem(&error);
            if self.is_over(session) {
                ended = session;
            } else {
                tokio::time::sleep(backoff.next_wait()).await;
            }
        }
    }

    pub(super) fn is_over(&self, session: u64) -> bool {
        !self.store.connection().is_ready() || self.store.tracking().session() != session
    }

    /// Serves on one connection until it is lost.
    async fn serve(&self, session: u64, backoff: &mut Backoff) -> Error {
        let mut state = self.store.connection().state();
        let mut writes_after: Option<Instant> = None;
        loop {
            if self.is_over(session) {
                return Error::Unavailable { reason: "connection lost".to_owned() };
            }
            if writes_after.is_some_and(|after| after <= Instant::now()) {
                writes_after = None;
            }
            // Where anything may have changed, the server may have lost everything.
            if self.take_heard()
                && let Err(error) = self.begin(session).await
            {
                return error;
            }
            if let Err(error) = self.clean_up(session).await {
                return error;
            }
            let round = self.next_round(writes_after.is_none());
            if let Some(round) = round {
                match self.exchange(session, round).await {
                    Ok(None) => {
                        if writes_after.is_none() {
                            backoff.reset();
                            self.standing().refuses = false;
                        }
                    }
                    Ok(Some(refused)) => {
                        self.standing().refuses = true;
                        self.log_problem(&refused);
                        writes_after = Some(Instant::now() + backoff.next_wait());
                    }
                    Err(error) => return error,
                }
                self.tell();
                continue;
            }
            self.standing().progress = Some(Instant::now());
            // Of a change that had nothing to be sent for.
            let conflicts = self.replica().take_conflicts();
            if !conflicts.is_empty() {
                self.tell_conflicts(conflicts);
                self.tell();
            }
            let missed = self.standing().missed;
            if missed {
                self.tell();
            }
            let wait = match (writes_after, missed) {
                (_, true) => Some(TELL_AGAIN),
                (Some(after), _) => Some(after.saturating_duration_since(Instant::now())),
                (None, false) => None,
            };
            let pause = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.store.tracking().news() => (),
                () = self.work.notified() => (),
                _ = state.changed() => (),
                () = pause => (),
            }
        }
    }

    /// Takes what others have changed; whether it may be everything.
    fn take_heard(&self) -> bool {
        let heard = self.store.tracking().take();
        let lost_data = std::mem::take(&mut self.standing().lost_data);
        if heard.everything || lost_data {
            return true;
        }
        if !heard.names.is_empty() {
            let mut replica = self.replica();
            for name in &heard.names {
                let parsed = self.store.keys().parse_context(name);
                if let Some(name) = parsed.and_then(|(scope, key)| Name::checked(scope, &key)) {
                    replica.invalidate(name);
                }
            }
        }
        false
    }

    fn next_round(&self, may_write: bool) -> Option<Round> {
        let operations = self.take_operations(MOST_OPERATIONS);
        let mut replica = self.replica();
        if operations.is_empty() && !replica.has_work() {
            return None;
        }
        let bytes = if replica.compresses() { COMPRESSED_BYTES } else { WRITE_BYTES };
        let taken = if may_write { replica.take_writes(bytes) } else { Vec::new() };
        let stale = replica.take_stale(FETCH_KEYS);
        let keys = self.store.keys();
        let (mut names, mut writes) = (Vec::new(), Vec::new());
        for (name, write) in taken {
            writes.push((keys.context(&name.scope, &name.key), write));
            names.push(name);
        }
        if names.is_empty() && stale.is_empty() && operations.is_empty() {
            return None;
        }
        replica.under_way(true);
        Some(Round { names, writes, operations, stale, may_write })
    }

    /// One pipeline, and its answers in the order of the server. Gives the error of what the server
    /// has refused; fails when nobody knows what was run.
    async fn exchange(&self, session: u64, round: Round) -> Result<Option<Error>> {
        let Round { names, writes, operations, stale, may_write } = round;
        let keys = self.store.keys();
        let (operations, mut requests) = self.prepare(operations, may_write);
        let asked = requests.len();
        let epoch = self.standing().server_epoch.clone();
        if !stale.is_empty() {
            let names = stale.iter().map(|name| keys.context(&name.scope, &name.key));
            requests.push(Request::Fetch { keys: names.collect(), epoch: epoch.clone() });
        }
        let is_marked = !writes.is_empty() || asked > 0;
        if is_marked {
            let mark = self.replica().next_mark();
            requests.push(Request::Mark { key: self.mark_key.clone(), mark });
        }
        let exchanged = self.store.exchange(session, (&writes, &epoch), &requests).await;
        let (written, mut answers) = match exchanged {
            Ok(exchanged) => exchanged,
            Err(error) => {
                for queued in operations {
                    queued.fail(&error);
                }
                return Err(error);
            }
        };
        self.standing().progress = Some(Instant::now());
        let is_heard = is_marked && matches!(answers.pop(), Some(Ok(_)));
        let fetched = answers.split_off(asked.min(answers.len())).into_iter().next();
        let mut refused = None;
        let mut replica = self.replica();
        if is_heard {
            replica.heard_mark();
        }
        for (name, outcome) in names.iter().zip(written) {
            match outcome {
                Ok(Written::Done) => replica.written(name),
                Ok(Written::WasFirst(found)) => replica.was_first(name, found),
                Err(error) if has_lost_data(&error) => {
                    replica.not_written(name);
                    self.standing().lost_data = true;
                }
                Err(error) => {
                    replica.not_written(name);
                    refused = Some(error);
                }
            }
        }
        let again = self.answer_operations(&mut replica, operations, answers);
        match fetched {
            Some(Ok(Answer::Fetched(found))) => {
                let read = found.len();
                for (name, (found, ms)) in stale.iter().zip(found) {
                    replica.read(name, found);
                    let left =
                        ms.and_then(|ms| Instant::now().checked_add(Duration::from_millis(ms)));
                    if let Some(at) = left {
                        replica.expires(name, at);
                    }
                }
                replica.put_back(stale.into_iter().skip(read));
            }
            Some(Err(error)) if has_lost_data(&error) => {
                replica.put_back(stale);
                self.standing().lost_data = true;
            }
            Some(Err(error)) => {
                replica.put_back(stale);
                drop(replica);
                self.requeue(again);
                return Err(error);
            }
            _ => replica.put_back(stale),
        }
        replica.under_way(false);
        let conflicts = replica.take_conflicts();
        let synced = replica.is_synced();
        let left_out = replica.left_out();
        drop(replica);
        if left_out > 0 {
            self.store.connection().warn_once(
                "context left out",
                format_args!("shared context: {}", left_out_problem(left_out)),
            );
        }
        self.requeue(again);
        self.tell_conflicts(conflicts);
        if synced {
            self.is_in_step();
        }
        if refused.is_none() {
            self.standing().problem = None;
        }
        Ok(refused)
    }

    /// Tells JavaScript what others have changed.
    fn tell(&self) {
        let changed = self.replica().take_changed();
        let missed = self.standing().missed;
        if changed.is_empty() && !missed {
            return;
        }
        let names: Vec<(String, String)> = match missed || changed.len() > MOST_TOLD {
            true => Vec::new(),
            false => changed.iter().map(|it| (it.scope.to_string(), it.key.to_string())).collect(),
        };
        let taken = self.listener.changed(&names);
        self.standing().missed = !taken;
    }

    fn tell_conflicts(&self, conflicts: Vec<super::Conflict>) {
        if conflicts.is_empty() {
            return;
        }
        for conflict in &conflicts {
            tracing::warn!(
                "shared context: '{}' was set here while the server was away, and by somebody else: theirs stays, ours is kept in {}",
                conflict.name,
                self.disk.conflicts_file()
            );
        }
        self.standing().conflicts += u64::try_from(conflicts.len()).unwrap_or(u64::MAX);
        self.keep_conflicts(conflicts);
    }
}
