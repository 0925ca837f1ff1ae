//! The connection that commands are sent on.

mod asked;
mod attempt;
mod link;
mod pipeline;

use std::fmt::Arguments;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use redis::{Cmd, Pipeline, Value};
use tokio::sync::{Semaphore, watch};

use self::link::{CommandLink, Live, LiveCell};
use super::heartbeat;
use super::hooks::Hooks;
use super::once::Once;
use super::permission::{is_of_command, within_script};
use super::reaction::ReactionHook;
use super::redirect::Redirection;
use super::repetition::{Attempts, QUEUE_LENGTH, all_read, is_read};
use super::resolver::Resolver;
use super::script::Script;
use super::state::{ConnectionState, Speech, Voice};
use super::supervisor::{Supervised, Way};
use super::tracking::Tracking;
use super::transaction;
use super::verdict;
use crate::config::{ConnectionConfig, Endpoint};
use crate::error::{Error, Result};

/// A connection that stays up by itself, for commands. Clones share it.
#[derive(Debug, Clone)]
pub struct Connection {
    supervised: Arc<Supervised>,
    cell: LiveCell,
    limit: Option<Duration>,
    redirection: Redirection,
    reaction_hook: ReactionHook,
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
    speech: Speech,
}

impl Beside {
    /// Where an answer in these words sends a command on to.
    async fn sent_on(&self, words: &str) -> Option<Endpoint> {
        self.resolver.upgrade()?.sent_on(words).await
    }
}

impl Connection {
    /// Connects and stays connected, on the current tokio runtime and with the current tracing
    /// dispatcher, until [`Connection::close`] or until the last clone is dropped.
    pub fn open(config: Arc<ConnectionConfig>, hooks: impl Into<Hooks>) -> Self {
        Self::start(config, hooks.into(), None, Speech::Aloud)
    }

    /// The same for a further connection to a server that others are connected to as well.
    pub fn open_further(
        config: Arc<ConnectionConfig>,
        hooks: impl Into<Hooks>,
        speech: Speech,
        tracking: Option<Arc<Tracking>>,
    ) -> Self {
        Self::start(config, hooks.into(), tracking, speech)
    }

    /// The same with `CLIENT TRACKING` enabled before it serves, each time that it is made.
    pub fn open_tracking(
        config: Arc<ConnectionConfig>,
        hooks: impl Into<Hooks>,
        tracking: Arc<Tracking>,
    ) -> Self {
        Self::start(config, hooks.into(), Some(tracking), Speech::Aloud)
    }

    fn start(
        config: Arc<ConnectionConfig>,
        hooks: Hooks,
        tracking: Option<Arc<Tracking>>,
        speech: Speech,
    ) -> Self {
        let cell = LiveCell::default();
        let limit = config.command_timeout;
        let redirection = Redirection::of(&config);
        let heartbeat = heartbeat::interval(&config.supervision);
        let link = CommandLink::new(Arc::clone(&cell), heartbeat, tracking);
        let reaction_hook = ReactionHook::new(hooks.reconnect_on_error.clone());
        let way = Way::new(Arc::clone(&config), hooks.clone(), speech);
        let resolver = Arc::downgrade(&way.resolver);
        let beside = Beside { config, hooks, resolver, once: way.once.clone(), speech };
        let supervised = Arc::new(Supervised::start(Voice::Main, way, link));
        let queue = Arc::new(Semaphore::new(QUEUE_LENGTH));
        Self { supervised, cell, limit, redirection, reaction_hook, queue, beside }
    }

    /// The way to the same server, for another connection beside this one: what is learned of
    /// the server's whereabouts is known to both.
    pub(super) fn way(&self) -> Way {
        let Beside { config, hooks, resolver, once, speech } = &self.beside;
        let (once, speech) = (once.clone(), *speech);
        match resolver.upgrade() {
            Some(resolver) => {
                Way { config: Arc::clone(config), hooks: hooks.clone(), resolver, once, speech }
            }
            None => Way { once, ..Way::new(Arc::clone(config), hooks.clone(), speech) },
        }
    }

    /// What the connection is doing.
    pub fn state(&self) -> watch::Receiver<ConnectionState> {
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

    /// Why there is no connection, in a few words for probes: without an address and the server's own
    /// words. `None` when there is one, and when the reason is not known or can't be told so.
    pub fn verdict(&self) -> Option<String> {
        // None when there is a connection.
        self.state().borrow().reason()?;
        verdict::of(&self.last_error()?)
    }

    /// Waits until commands are served. Fails with the last reason when the time is up or
    /// `maxRetriesPerRequest` is used up, or at once when no further attempt will be made.
    pub async fn wait_ready(&self, within: Duration) -> Result<()> {
        let mut state = self.state();
        let mut attempts = Attempts::new(&self.beside.config.supervision, &state.borrow());
        let ready = state.wait_for(|state| match state {
            ConnectionState::Ready { .. } | ConnectionState::Closed { .. } => true,
            state => attempts.observe(state),
        });
        // The state must not be held while it is looked at again.
        let ready = match tokio::time::timeout(within, ready).await {
            Ok(Ok(state)) => matches!(*state, ConnectionState::Ready { .. }),
            _ => false,
        };
        if ready { Ok(()) } else { Err(self.unavailable()) }
    }

    /// Sends one command. Waits for a connection that was lost a moment ago, unless
    /// `enableOfflineQueue` is off.
    pub async fn command(&self, cmd: &Cmd) -> Result<Value> {
        self.send(cmd, is_read(cmd)).await.map(|(value, _)| value)
    }

    /// The answer, and the connection that it came on.
    async fn send(&self, cmd: &Cmd, harmless: bool) -> Result<(Value, Live)> {
        let mut turn = self.first_turn(harmless);
        loop {
            match self.command_once(cmd, &turn).await {
                Ok(answer) => return Ok(answer),
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

    /// Runs a script by its hash, and by its text when the server does not know it yet.
    pub async fn script<K, A>(&self, script: &Script, keys: &[K], args: &[A]) -> Result<Value>
    where
        K: redis::ToRedisArgs,
        A: redis::ToRedisArgs,
    {
        self.run(script, keys, args).await.map(|(value, _)| value)
    }

    async fn run<K, A>(&self, script: &Script, keys: &[K], args: &[A]) -> Result<(Value, Live)>
    where
        K: redis::ToRedisArgs,
        A: redis::ToRedisArgs,
    {
        let harmless = script.is_guarded();
        let result = match self.send(&script.by_hash(keys, args), harmless).await {
            Err(Error::Server { detail, .. }) if detail.starts_with("NOSCRIPT") => {
                self.send(&script.by_text(keys, args), harmless).await
            }
            Err(error) if is_of_command(&error) => {
                let sent = self.send(&script.by_text(keys, args), harmless).await;
                // Keys and the other commands are refused alike.
                if sent.is_ok() {
                    self.warn_missing_right(&error, "scripts are sent as a whole each time");
                }
                sent
            }
            result => result,
        };
        result.map_err(|error| within_script(error, script.code()))
    }

    /// Says once that the server user lacks a right, and what comes of it for what goes on all the same.
    pub(crate) fn warn_missing_right(&self, error: &Error, consequence: &str) {
        self.beside.once.warn_missing_right(error, consequence);
    }

    /// Says something once about a subject, whichever connection of the instance has reason to.
    pub(crate) fn warn_once(&self, subject: &str, line: Arguments<'_>) {
        self.beside.once.warn(subject, line);
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
        let (value, live) = self.run(script, keys, args).await?;
        let answer = self.command_on(&live, then).await.map_err(|unserved| unserved.error);
        Ok((value, answer))
    }

    /// Ends the connection: commands under way have `disconnectTimeout` to end, new ones fail.
    /// Returns when the socket is closed.
    pub async fn close(&self) {
        self.supervised.close().await;
    }

    fn live(&self) -> Option<Live> {
        self.cell.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn unavailable(&self) -> Error {
        if self.supervised.is_closing() {
            return Error::Closed;
        }
        let reason = self.state().borrow().reason();
        // Ready but not served: it was lost this very moment.
        Error::Unavailable { reason: reason.unwrap_or_else(|| "connection lost".to_owned()) }
    }
}
