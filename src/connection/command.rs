//! The connection that commands are sent on.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisConnectionInfo, RedisResult, Value};
use tokio::sync::{Semaphore, mpsc, watch};

use super::activity::{Activity, TICK};
use super::fault::{Fault, judge_failure, judge_reply, name_of, words_of};
use super::heartbeat::{self, SILENCE_LIMIT};
use super::hooks::Hooks;
use super::once::Once;
use super::reaction::{Judge, Reaction};
use super::redirect::{Left, Redirection, Unserved};
use super::repetition::{Attempts, OUTAGE_PATIENCE, QUEUE_LENGTH, all_read, is_read};
use super::resolver::Resolver;
use super::script::Script;
use super::state::{State, Status, Voice};
use super::supervisor::{Established, Link, Supervised, Way};
use super::transaction;
use crate::config::ConnectionConfig;
use crate::error::{Error, Result};

/// Without `commandTimeout`, a command may take this long …
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// … or longer while bytes flow, as with a large value over a slow line, but never longer than …
const COMMAND_SILENCE: Duration = Duration::from_secs(5);
/// … this.
const TRANSFER_LIMIT: Duration = Duration::from_secs(300);

/// The longest that it takes to leave a server.
const BEING_LEFT: Duration = Duration::from_millis(20);

/// A connection that stays up by itself, for commands. Clones share it.
#[derive(Debug, Clone)]
pub struct Connection {
    supervised: Arc<Supervised>,
    slot: Slot,
    limit: Option<Duration>,
    redirection: Redirection,
    judge: Judge,
    /// Places for what waits for a connection.
    queue: Arc<Semaphore>,
    beside: Beside,
}

/// What a connection beside this one needs. Weak, so that nothing is asked of Sentinels any more
/// once all connections are closed.
#[derive(Debug, Clone)]
struct Beside {
    config: Arc<ConnectionConfig>,
    hooks: Hooks,
    resolver: Weak<Resolver>,
    once: Once,
}

/// How often one command was run so far.
struct Turn {
    deadline: Instant,
    times: u32,
    /// It does no harm when it is run twice.
    harmless: bool,
    resent: u32,
}

/// The connection as long as it is up.
type Slot = Arc<Mutex<Option<Live>>>;

#[derive(Debug, Clone)]
struct Live {
    connection: MultiplexedConnection,
    activity: Arc<Activity>,
    /// Makes the supervisor connect anew.
    kick: mpsc::Sender<Error>,
}

impl Connection {
    /// Connects and stays connected, on the current tokio runtime and with the current tracing
    /// dispatcher, until [`Connection::close`] or until the last clone is dropped.
    pub fn open(config: Arc<ConnectionConfig>, hooks: impl Into<Hooks>) -> Self {
        let slot = Slot::default();
        let limit = config.command_timeout;
        let redirection = Redirection::of(&config);
        let heartbeat = heartbeat::interval(&config.supervision);
        let link = CommandLink { slot: Arc::clone(&slot), heartbeat };
        let hooks = hooks.into();
        let judge = Judge::new(hooks.reconnect_on_error.clone());
        let way = Way::new(Arc::clone(&config), hooks.clone());
        let resolver = Arc::downgrade(&way.resolver);
        let beside = Beside { config, hooks, resolver, once: way.once.clone() };
        let supervised = Arc::new(Supervised::start(Voice::Main, way, link));
        let queue = Arc::new(Semaphore::new(QUEUE_LENGTH));
        Self { supervised, slot, limit, redirection, judge, queue, beside }
    }

    /// The way to the same server, for another connection beside this one: what is learned of
    /// the server's whereabouts is known to both.
    pub(super) fn way(&self) -> Way {
        let Beside { config, hooks, resolver, once } = &self.beside;
        let once = once.clone();
        match resolver.upgrade() {
            Some(resolver) => {
                Way { config: Arc::clone(config), hooks: hooks.clone(), resolver, once }
            }
            None => Way { once, ..Way::new(Arc::clone(config), hooks.clone()) },
        }
    }

    /// What the connection is doing.
    pub fn state(&self) -> watch::Receiver<State> {
        self.supervised.state()
    }

    /// Whether commands are served now.
    pub fn is_ready(&self) -> bool {
        self.live().is_some()
    }

    /// Why the last attempt to connect failed, until a connection has been good for a second.
    pub fn last_error(&self) -> Option<Error> {
        self.supervised.status.last_error()
    }

    /// Waits until commands are served. Fails with the last reason when the time is up or
    /// `maxRetriesPerRequest` is used up, or at once when no further attempt will be made.
    pub async fn wait_ready(&self, within: Duration) -> Result<()> {
        let mut state = self.state();
        let mut attempts = Attempts::new(&self.beside.config.supervision, &state.borrow());
        let ready = state.wait_for(|state| match state {
            State::Ready { .. } | State::Closed { .. } => true,
            state => attempts.used_up(state),
        });
        // The state must not be held while it is looked at again.
        let ready = match tokio::time::timeout(within, ready).await {
            Ok(Ok(state)) => matches!(*state, State::Ready { .. }),
            _ => false,
        };
        if ready { Ok(()) } else { Err(self.unavailable()) }
    }

    /// Sends one command. Waits for a connection that was lost a moment ago, unless
    /// `enableOfflineQueue` is off.
    pub async fn command(&self, cmd: &Cmd) -> Result<Value> {
        self.send(cmd, is_read(cmd)).await
    }

    async fn send(&self, cmd: &Cmd, harmless: bool) -> Result<Value> {
        let mut turn = self.first_turn(harmless);
        loop {
            match self.command_once(cmd, &turn).await {
                Ok(value) => return Ok(value),
                Err(unserved) => self.next_turn(&mut turn, unserved).await?,
            }
        }
    }

    /// Runs the commands of a pipeline between `MULTI` and `EXEC` and returns one result a
    /// command, in order; `ignore` and `atomic` of the pipeline are of no account. Fails as a
    /// whole when the server refused one of the commands beforehand: then none was run.
    pub async fn transaction(&self, pipe: &Pipeline) -> Result<Vec<Result<Value>>> {
        let wrapped = transaction::wrap(pipe);
        let mut turn = self.first_turn(all_read(&wrapped));
        loop {
            match self.transaction_once(&wrapped, &turn).await {
                Ok(results) => return Ok(results),
                Err(unserved) => self.next_turn(&mut turn, unserved).await?,
            }
        }
    }

    fn first_turn(&self, harmless: bool) -> Turn {
        let deadline = Instant::now() + self.limit.unwrap_or(COMMAND_LIMIT);
        Turn { deadline, times: 0, harmless, resent: 0 }
    }

    /// Waits until what was lost with a connection, or what a node of a cluster refused to run,
    /// may be tried again; fails when it is not to be.
    async fn next_turn(&self, turn: &mut Turn, unserved: Unserved) -> Result<()> {
        let left = turn.deadline.saturating_duration_since(Instant::now());
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
        let delay = self.redirection.delay(&unserved, turn.times);
        let Some(delay) = delay.filter(|delay| *delay < left) else { return Err(unserved.error) };
        turn.times += 1;
        if let (false, Some(live)) = (unserved.is_unsent(), self.live()) {
            // A node that was given up would only refuse again; one that was not stays.
            let _ = tokio::time::timeout(BEING_LEFT, live.kick.closed()).await;
        }
        tokio::time::sleep(delay).await;
        Ok(())
    }

    async fn command_once(&self, cmd: &Cmd, turn: &Turn) -> std::result::Result<Value, Unserved> {
        let live = self.require_live(turn).await.map_err(Unserved::unsent)?;
        self.command_on(&live, cmd).await
    }

    async fn command_on(&self, live: &Live, cmd: &Cmd) -> std::result::Result<Value, Unserved> {
        let name = name_of(cmd);
        let mut connection = live.connection.clone();
        let request = connection.send_packed_command(cmd);
        let reply = self.limited(&name, &live.activity, request).await?;
        let fault = match reply {
            Ok(Value::ServerError(error)) => judge_reply(&name, &error),
            Ok(value) => return Ok(value),
            Err(error) => judge_failure(&name, error),
        };
        Err(self.react(live, &name, fault).await)
    }

    async fn transaction_once(
        &self,
        wrapped: &Pipeline,
        turn: &Turn,
    ) -> std::result::Result<Vec<Result<Value>>, Unserved> {
        let mut live = self.require_live(turn).await.map_err(Unserved::unsent)?;
        let kick = live.clone();
        let request = live.connection.send_packed_commands(wrapped, 0, wrapped.len());
        let replies = match self.limited("EXEC", &kick.activity, request).await? {
            Ok(replies) => replies,
            Err(error) => {
                return Err(self.react(&kick, "EXEC", judge_failure("EXEC", error)).await);
            }
        };
        let results = match transaction::unwrap(wrapped, replies) {
            Ok(results) => results,
            Err(fault) => return Err(self.react(&kick, "EXEC", fault).await),
        };
        let names = wrapped.cmd_iter().skip(1).map(name_of);
        let mut judged = Vec::with_capacity(results.len());
        for (name, result) in names.zip(results) {
            judged.push(match result {
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
        Ok(judged)
    }

    /// Runs a script by its hash, and by its text when the server does not know it yet.
    pub async fn script<K, A>(&self, script: &Script, keys: &[K], args: &[A]) -> Result<Value>
    where
        K: redis::ToRedisArgs,
        A: redis::ToRedisArgs,
    {
        let harmless = script.is_guarded();
        match self.send(&script.by_hash(keys, args), harmless).await {
            Err(Error::Server { detail, .. }) if detail.starts_with("NOSCRIPT") => {
                self.send(&script.by_text(keys, args), harmless).await
            }
            result => result,
        }
    }

    /// Runs a script and then a command that is about what the script wrote: on the same
    /// connection, because `WAIT` knows of nothing else. The command fails when that has gone.
    pub async fn script_then<K, A>(
        &self,
        script: &Script,
        keys: &[K],
        args: &[A],
        then: &Cmd,
    ) -> Result<(Value, Result<Value>)>
    where
        K: redis::ToRedisArgs,
        A: redis::ToRedisArgs,
    {
        let before = self.live().map(|live| live.activity);
        let value = self.script(script, keys, args).await?;
        let live = self.live().filter(|live| {
            before.as_ref().is_some_and(|activity| Arc::ptr_eq(activity, &live.activity))
        });
        let answer = match live {
            Some(live) => self.command_on(&live, then).await.map_err(|unserved| unserved.error),
            None => Err(self.unavailable()),
        };
        Ok((value, answer))
    }

    /// Gives up the present connection and makes a new one.
    pub fn reconnect(&self, reason: &str) {
        if let Some(live) = self.live() {
            // Full: it is being given up already.
            let _ = live.kick.try_send(Error::Unavailable { reason: reason.to_owned() });
        }
    }

    /// Ends the connection: commands under way have `disconnectTimeout` to end, new ones fail.
    /// Returns when the socket is closed.
    pub async fn close(&self) {
        self.supervised.close().await;
    }

    fn live(&self) -> Option<Live> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
            let left = turn.deadline.saturating_duration_since(Instant::now());
            let patience = OUTAGE_PATIENCE.saturating_sub(self.supervised.status.down_for());
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

    fn unavailable(&self) -> Error {
        if self.supervised.is_closing() {
            return Error::Closed;
        }
        let reason = self.state().borrow().reason();
        // Ready but not served: it was lost this very moment.
        Error::Unavailable { reason: reason.unwrap_or_else(|| "connection lost".to_owned()) }
    }

    /// Acts on a fault as the user wishes and as it must be.
    async fn react(&self, live: &Live, command: &str, mut fault: Fault) -> Unserved {
        let reaction = match fault.lost {
            true => Reaction::Stay,
            false => self.judge.ask(words_of(&fault.error), command).await,
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
        if fault.reconnect {
            let _ = live.kick.try_send(fault.error.clone());
        }
        match fault.error {
            // The crate only knows that the stream has ended, the stream knows why.
            Error::Unavailable { .. } if fault.lost => {
                Error::Unavailable { reason: live.activity.fault() }
            }
            error => error,
        }
    }

    async fn limited<T>(
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

struct CommandLink {
    slot: Slot,
    heartbeat: Duration,
}

/// Empties the slot however the connection ends.
struct Occupied<'a>(&'a Slot);

impl Drop for Occupied<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Link for CommandLink {
    async fn serve(&mut self, established: Established, status: &Status) -> Error {
        let Established { stream, server, must_be_master, mut closing, .. } = established;
        let activity = stream.activity();
        // The handshake is done: nothing is left to the crate, and its time limits, which know
        // nothing of the size of a value, are off.
        let info = RedisConnectionInfo::default().set_skip_set_lib_name();
        let limits =
            AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let made = MultiplexedConnection::new_with_config(&info, stream, limits).await;
        let (connection, driver) = match made {
            Ok(made) => made,
            Err(error) => return judge_failure("the handshake", error).error,
        };
        let (kick, mut kicked) = mpsc::channel(1);
        let live = Live { connection: connection.clone(), activity: Arc::clone(&activity), kick };
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(live);
        let occupied = Occupied(&self.slot);
        status.ready(&server);
        let mut driver = std::pin::pin!(driver);
        tokio::select! {
            biased;
            () = &mut driver => return Error::Unavailable { reason: activity.fault() },
            error = beat(connection, &activity, must_be_master, self.heartbeat) => return error,
            Some(error) = kicked.recv() => return error,
            _ = closing.wait_for(|closing| *closing) => (),
        }
        // No new commands; the driver ends with the last one under way.
        drop(occupied);
        driver.await;
        Error::Closed
    }
}

/// Returns when the server no longer answers, or answers that it can't serve.
async fn beat(
    mut connection: MultiplexedConnection,
    activity: &Activity,
    must_be_master: bool,
    interval: Duration,
) -> Error {
    // As good a sign of life as PING, and a master that was demoted is left at once.
    let mut question = redis::cmd(if must_be_master { "ROLE" } else { "PING" });
    loop {
        tokio::time::sleep(interval).await;
        let silence = async {
            // What is on its way in this tick is not lost: look once more afterwards.
            activity.silence(SILENCE_LIMIT - TICK).await;
            tokio::time::sleep(TICK).await;
        };
        let answer = tokio::select! {
            biased;
            answer = connection.send_packed_command(&question) => answer,
            () = silence => return heartbeat::silent(),
        };
        let fault = match answer {
            Ok(Value::ServerError(error)) => judge_reply(&name_of(&question), &error),
            Ok(answer) if must_be_master && is_replica(&answer) => {
                let reason = "the server is no longer the master".to_owned();
                return Error::Unavailable { reason };
            }
            Ok(_) => continue,
            // The driver has ended and says so itself.
            Err(_) => std::future::pending().await,
        };
        // Any answer is a sign of life, also that PING is not allowed.
        if fault.reconnect {
            return fault.error;
        }
        question = redis::cmd("PING");
    }
}

/// Whether this answer to `ROLE` is that of a replica.
fn is_replica(role: &Value) -> bool {
    let Value::Array(role) = role else { return false };
    match role.first() {
        Some(Value::BulkString(name)) => name == b"slave",
        Some(Value::SimpleString(name)) => name == "slave",
        _ => false,
    }
}
