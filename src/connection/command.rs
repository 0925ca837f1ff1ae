//! The connection that commands are sent on.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisConnectionInfo, RedisResult, Value};
use tokio::sync::{mpsc, watch};

use super::activity::{Activity, TICK};
use super::backoff::Retry;
use super::fault::{Fault, judge_failure, judge_reply, name_of};
use super::script::Script;
use super::state::{State, Status, Voice};
use super::supervisor::{Established, Link, Supervised};
use super::transaction;
use crate::config::ConnectionConfig;
use crate::error::{Error, Result};

/// Between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// A server that shows no sign of life for this long after a heartbeat is gone.
const SILENCE_LIMIT: Duration = Duration::from_millis(4500);
/// Without `commandTimeout`, a command may take this long …
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// … or longer while bytes flow, as with a large value over a slow line, but never longer than …
const COMMAND_SILENCE: Duration = Duration::from_secs(5);
/// … this.
const TRANSFER_LIMIT: Duration = Duration::from_secs(300);

/// A connection that stays up by itself, for commands. Clones share it.
#[derive(Debug, Clone)]
pub struct Connection {
    supervised: Arc<Supervised>,
    slot: Slot,
    limit: Option<Duration>,
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
    pub fn open(config: Arc<ConnectionConfig>, retry: Arc<dyn Retry>) -> Self {
        let slot = Slot::default();
        let limit = config.command_timeout;
        let link = CommandLink { slot: Arc::clone(&slot) };
        let supervised = Arc::new(Supervised::start(Voice::Main, config, retry, link));
        Self { supervised, slot, limit }
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

    /// Waits until commands are served. Fails with the last reason when the time is up, or at
    /// once when no further attempt will be made.
    pub async fn wait_ready(&self, within: Duration) -> Result<()> {
        let mut state = self.state();
        let ready =
            state.wait_for(|state| matches!(state, State::Ready { .. } | State::Closed { .. }));
        match tokio::time::timeout(within, ready).await {
            Ok(Ok(state)) if matches!(*state, State::Ready { .. }) => Ok(()),
            _ => Err(self.unavailable()),
        }
    }

    /// Sends one command. Fails at once when there is no connection.
    pub async fn command(&self, cmd: &Cmd) -> Result<Value> {
        self.command_on(&self.require_live()?, cmd).await
    }

    async fn command_on(&self, live: &Live, cmd: &Cmd) -> Result<Value> {
        let name = name_of(cmd);
        let mut connection = live.connection.clone();
        let request = connection.send_packed_command(cmd);
        match self.limited(&name, &live.activity, request).await? {
            Ok(Value::ServerError(error)) => Err(self.act_on(live, judge_reply(&name, &error))),
            Ok(value) => Ok(value),
            Err(error) => Err(self.act_on(live, judge_failure(&name, error))),
        }
    }

    /// Runs the commands of a pipeline between `MULTI` and `EXEC` and returns one result a
    /// command, in order; `ignore` and `atomic` of the pipeline are of no account. Fails as a
    /// whole when the server refused one of the commands beforehand: then none was run.
    pub async fn transaction(&self, pipe: &Pipeline) -> Result<Vec<Result<Value>>> {
        let mut live = self.require_live()?;
        let kick = live.clone();
        let wrapped = transaction::wrap(pipe);
        let request = live.connection.send_packed_commands(&wrapped, 0, wrapped.len());
        let replies = match self.limited("EXEC", &kick.activity, request).await? {
            Ok(replies) => replies,
            Err(error) => return Err(self.act_on(&kick, judge_failure("EXEC", error))),
        };
        let judged = transaction::unwrap(&wrapped, replies);
        match judged {
            Ok(results) => Ok(results
                .into_iter()
                .map(|result| result.map_err(|fault| self.act_on(&kick, fault)))
                .collect()),
            Err(fault) => Err(self.act_on(&kick, fault)),
        }
    }

    /// Runs a script by its hash, and by its text when the server does not know it yet.
    pub async fn script<K, A>(&self, script: &Script, keys: &[K], args: &[A]) -> Result<Value>
    where
        K: redis::ToRedisArgs,
        A: redis::ToRedisArgs,
    {
        self.script_on(&self.require_live()?, script, keys, args).await
    }

    /// Runs a script and then a command that is about what the script wrote: on the same
    /// connection, because `WAIT` knows of nothing else.
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
        let live = self.require_live()?;
        let value = self.script_on(&live, script, keys, args).await?;
        Ok((value, self.command_on(&live, then).await))
    }

    async fn script_on<K, A>(
        &self,
        live: &Live,
        script: &Script,
        keys: &[K],
        args: &[A],
    ) -> Result<Value>
    where
        K: redis::ToRedisArgs,
        A: redis::ToRedisArgs,
    {
        match self.command_on(live, &script.by_hash(keys, args)).await {
            Err(Error::Server { detail, .. }) if detail.starts_with("NOSCRIPT") => {
                self.command_on(live, &script.by_text(keys, args)).await
            }
            result => result,
        }
    }

    /// Gives up the present connection and makes a new one.
    pub fn reconnect(&self, reason: &str) {
        if let Some(live) = self.live() {
            // Full: it is being given up already.
            let _ = live.kick.try_send(Error::Unavailable { reason: reason.to_owned() });
        }
    }

    /// Ends the connection; commands under way fail. Returns when the socket is closed.
    pub async fn close(&self) {
        self.supervised.close().await;
    }

    fn live(&self) -> Option<Live> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn require_live(&self) -> Result<Live> {
        self.live().ok_or_else(|| self.unavailable())
    }

    fn unavailable(&self) -> Error {
        if self.supervised.is_closing() {
            return Error::Closed;
        }
        let reason = self.state().borrow().reason();
        // Ready but not served: it was lost this very moment.
        Error::Unavailable { reason: reason.unwrap_or_else(|| "connection lost".to_owned()) }
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
        let Established { stream, server, .. } = established;
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
        let _occupied = Occupied(&self.slot);
        status.ready(&server);
        tokio::select! {
            biased;
            () = driver => Error::Unavailable { reason: activity.fault() },
            error = heartbeat(connection, &activity) => error,
            Some(error) = kicked.recv() => error,
        }
    }
}

/// Returns when the server no longer answers, or answers that it can't serve.
async fn heartbeat(mut connection: MultiplexedConnection, activity: &Activity) -> Error {
    let ping = redis::cmd("PING");
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        let silence = async {
            // What is on its way in this tick is not lost: look once more afterwards.
            activity.silence(SILENCE_LIMIT - TICK).await;
            tokio::time::sleep(TICK).await;
        };
        let answer = tokio::select! {
            biased;
            answer = connection.send_packed_command(&ping) => answer,
            () = silence => {
                let reason = format!("no sign of life for {} ms", SILENCE_LIMIT.as_millis());
                return Error::Unavailable { reason };
            }
        };
        let fault = match answer {
            Ok(Value::ServerError(error)) => judge_reply("PING", &error),
            Ok(_) => continue,
            // The driver has ended and says so itself.
            Err(_) => std::future::pending().await,
        };
        // Any answer is a sign of life, also that PING is not allowed.
        if fault.reconnect {
            return fault.error;
        }
    }
}
