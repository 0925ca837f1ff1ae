//! One attempt to run a command, and whether another one follows.

use std::future::Future;
use std::time::{Duration, Instant};

use redis::{Cmd, Pipeline, RedisResult, Value};

use super::Connection;
use super::link::Live;
use crate::backoff::Backoff;
use crate::config::Endpoint;
use crate::connection::activity::Activity;
use crate::connection::fault::{Fault, classify_answer, classify_failure, name_of, words_of};
use crate::connection::kind;
use crate::connection::reaction::Reaction;
use crate::connection::redirect::{Left, Next, Unserved};
use crate::connection::repetition::OUTAGE_WAIT;
use crate::connection::transaction;
use crate::error::{Error, Result};

/// Without `commandTimeout`, a command may take this long …
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// … or longer while bytes flow, as with a large value over a slow line, but never longer than …
const COMMAND_SILENCE: Duration = Duration::from_secs(5);
/// … this.
const TRANSFER_LIMIT: Duration = Duration::from_secs(300);

/// The longest that it takes to leave a server.
const BEING_LEFT: Duration = Duration::from_millis(20);

/// How often one command was run so far.
pub(super) struct Turn {
    deadline: Instant,
    times: u32,
    /// It does no harm when it is run twice.
    harmless: bool,
    resent: u32,
    /// How long it waits when it is put off because its slot is being moved.
    put_off: Backoff,
    /// Where it is sent this time, in place of the owner of the slot.
    sent_on: Option<Endpoint>,
}

impl Turn {
    pub(super) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

impl Connection {
    pub(super) fn first_turn(&self, harmless: bool) -> Turn {
        let deadline = Instant::now() + self.limit.unwrap_or(COMMAND_LIMIT);
        Turn {
            deadline,
            times: 0,
            harmless,
            resent: 0,
            put_off: self.redirection.put_off(),
            sent_on: None,
        }
    }

    /// Waits until what was lost with a connection, or what a node of a cluster refused to run,
    /// may be tried again; fails when it is not to be.
    pub(super) async fn next_turn(&self, turn: &mut Turn, unserved: Unserved) -> Result<()> {
        let left = turn.time_left();
        let was_sent_on = turn.sent_on.take().is_some();
        let supervision = &self.beside.config.supervision;
        if unserved.is_unsent() && !supervision.offline_queue {
            return Err(unserved.error);
        }
        if let Some(gone) = &unserved.left
            && turn.harmless
            && (gone.on_demand || supervision.resend_unfulfilled)
            && supervision.max_retries_per_request.is_none_or(|most| turn.resent < most)
            && !self.supervised.is_closing()
        {
            turn.resent = turn.resent.saturating_add(1);
            return match tokio::time::timeout(left, gone.kick.closed()).await {
                Ok(()) => Ok(()),
                Err(_) => Err(unserved.error),
            };
        }
        let delay = match self.redirection.next(&unserved, turn.times) {
            Next::Fails => None,
            // Whoever sends back what was sent on has not been told yet that the slot moves.
            Next::Waits(_) if was_sent_on && !unserved.is_unsent() => {
                Some(turn.put_off.next_wait())
            }
            Next::Waits(delay) => Some(delay),
            Next::IsPutOff => Some(turn.put_off.next_wait()),
            Next::IsSentOn => {
                turn.sent_on = self.beside.sent_on(words_of(&unserved.error)).await;
                if turn.sent_on.is_some() {
                    turn.times += 1;
                    return Ok(());
                }
                Some(turn.put_off.next_wait())
            }
        };
        let Some(delay) = delay.filter(|delay| *delay < left) else { return Err(unserved.error) };
        turn.times += 1;
        if let (false, Some(live)) = (unserved.is_unsent(), self.live()) {
            // A node that was given up would only refuse again; one that was not stays.
            let _ = tokio::time::timeout(BEING_LEFT, live.kick.closed()).await;
        }
        tokio::time::sleep(delay).await;
        Ok(())
    }

    pub(super) async fn command_once(
        &self,
        cmd: &Cmd,
        turn: &Turn,
    ) -> std::result::Result<(Value, Live), Unserved> {
        let live = self.live_for(turn).await?;
        let value = self.command_on(&live, cmd).await?;
        Ok((value, live))
    }

    /// Sends one command, once, on this very connection.
    pub(super) async fn command_on(
        &self,
        live: &Live,
        cmd: &Cmd,
    ) -> std::result::Result<Value, Unserved> {
        let name = name_of(cmd);
        let mut connection = live.connection.clone();
        let request = connection.send_packed_command(cmd);
        let reply = self.limited(&name, &live.activity, request).await?;
        let fault = match reply {
            Ok(Value::ServerError(error)) => classify_answer(cmd, &error),
            Ok(value) => return Ok(value),
            Err(error) => classify_failure(&name, error),
        };
        Err(self.react(live, &name, fault).await)
    }

    pub(super) async fn transaction_once(
        &self,
        wrapped: &Pipeline,
        turn: &Turn,
    ) -> std::result::Result<Vec<Result<Value>>, Unserved> {
        let mut live = self.live_for(turn).await?;
        let kick = live.clone();
        let request = live.connection.send_packed_commands(wrapped, 0, wrapped.len());
        let replies = match self.limited("EXEC", &kick.activity, request).await? {
            Ok(replies) => replies,
            Err(error) => {
                return Err(self.react(&kick, "EXEC", classify_failure("EXEC", error)).await);
            }
        };
        let results = match transaction::unwrap(wrapped, replies) {
            Ok(results) => results,
            Err(fault) => return Err(self.react(&kick, "EXEC", fault).await),
        };
        let names = wrapped.cmd_iter().skip(1).map(name_of);
        let mut answers = Vec::with_capacity(results.len());
        for (name, result) in names.zip(results) {
            answers.push(match result {
                Ok(value) => Ok(value),
                Err(fault) => {
                    let unserved = self.react(&kick, &name, fault).await;
                    if turn.harmless && unserved.left.as_ref().is_some_and(|left| left.on_demand) {
                        return Err(unserved);
                    }
                    Err(unserved.error)
                }
            });
        }
        Ok(answers)
    }

    /// The connection that this attempt is made on.
    async fn live_for(&self, turn: &Turn) -> std::result::Result<Live, Unserved> {
        match &turn.sent_on {
            None => self.require_live(turn).await.map_err(Unserved::unsent),
            Some(node) => self.sent_on_to(node, turn).await,
        }
    }

    /// The connection; when there is none, the next one, if it comes soon enough.
    async fn require_live(&self, turn: &Turn) -> Result<Live> {
        if let Some(live) = self.live() {
            return Ok(live);
        }
        // What was sent before has to wait for the next connection in any case.
        let waits = self.beside.config.supervision.offline_queue || turn.resent > 0;
        let place =
            self.queue.try_acquire().ok().filter(|_| waits && !self.supervised.is_closing());
        if place.is_some() {
            let left = turn.time_left();
            let patience = OUTAGE_WAIT.saturating_sub(self.supervised.status.down_for());
            let deadline = Instant::now() + patience.min(left);
            while Instant::now() < deadline {
                self.wait_ready(deadline.saturating_duration_since(Instant::now())).await?;
                if let Some(live) = self.live() {
                    return Ok(live);
                }
                // It was lost this very moment, and the state does not say so yet.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Err(self.unavailable())
    }

    /// Acts on a fault as the user wishes and as it must be.
    pub(super) async fn react(&self, live: &Live, command: &str, mut fault: Fault) -> Unserved {
        let reaction = match fault.lost {
            true => Reaction::Stay,
            false => self.reaction_hook.ask(words_of(&fault.error), command).await,
        };
        fault.reconnect |= reaction != Reaction::Stay;
        let on_demand = reaction == Reaction::Resend;
        let left = (fault.lost || on_demand).then(|| Left { kick: live.kick.clone(), on_demand });
        let mut unserved = Unserved::from(self.act_on(live, fault));
        unserved.left = left;
        unserved
    }

    /// Acts on a fault: a server that can't serve us is left.
    fn act_on(&self, live: &Live, fault: Fault) -> Error {
        if self.supervised.is_closing() {
            return Error::Closed;
        }
        let explained = kind::explain(fault.error.clone(), &self.beside.config.target);
        if fault.reconnect {
            // Who waits for an answer waits for another connection; the log tells what is wrong.
            let _ = live.kick.try_send(explained.clone());
        }
        let error = if fault.reconnect { fault.error } else { explained };
        match error {
            // The crate only knows that the stream has ended, the stream knows why.
            Error::Unavailable { .. } if fault.lost => {
                Error::Unavailable { reason: live.activity.fault() }
            }
            error => error,
        }
    }

    pub(super) async fn limited<T>(
        &self,
        name: &str,
        activity: &Activity,
        request: impl Future<Output = RedisResult<T>>,
    ) -> Result<RedisResult<T>> {
        let timeout = async {
            match self.limit {
                Some(limit) => {
                    tokio::time::sleep(limit).await;
                    limit
                }
                None => own_limit(activity).await,
            }
        };
        tokio::select! {
            biased;
            result = request => Ok(result),
            limit = timeout => Err(Error::Timeout { command: name.to_owned(), limit }),
        }
    }
}

/// Returns when a command has used up its time.
async fn own_limit(activity: &Activity) -> Duration {
    let start = Instant::now();
    let out_of_time = async {
        tokio::time::sleep(COMMAND_LIMIT - COMMAND_SILENCE).await;
        activity.silence(COMMAND_SILENCE).await;
    };
    // Time is up either way; what it was is only for the message.
    let _ = tokio::time::timeout(TRANSFER_LIMIT, out_of_time).await;
    start.elapsed()
}
