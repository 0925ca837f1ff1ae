//! What a connection is doing, for those who watch it and for the log.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing::{debug, error, info, warn};

use super::fault::reason_of;
use crate::error::Error;

/// What a connection is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionState {
    /// The first attempt is under way.
    Connecting,
    /// Commands are served.
    Ready {
        /// `host:port` or the path of the socket.
        server: String,
    },
    /// Lost, or never had; an attempt is under way or waits for its time.
    Reconnecting {
        /// Number of the attempt since the connection was last good, from 1; 0 while the first is
        /// under way and seems to fail.
        attempt: u32,
        /// Why, in the words of the last failure.
        reason: String,
    },
    /// No further attempt will be made.
    Closed {
        /// Why.
        reason: String,
    },
}

impl ConnectionState {
    /// One word for it, for probes.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Ready { .. } => "ready",
            Self::Reconnecting { .. } => "reconnecting",
            Self::Closed { .. } => "closed",
        }
    }

    /// Why the connection was lost or could not be made; `None` before that is known.
    pub fn reason_to_reconnect(&self) -> Option<String> {
        match self {
            Self::Connecting => None,
            other => other.reason(),
        }
    }

    /// Why there is no connection; `None` when there is one.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Connecting => Some("no connection yet".to_owned()),
            Self::Ready { .. } => None,
            Self::Reconnecting { reason, .. } | Self::Closed { reason } => Some(reason.clone()),
        }
    }
}

/// Which of an instance's connections speaks at info and warn: one line an outage is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// The command connection.
    Main,
    /// The subscriber: only what the command connection can't know.
    Second,
}

/// What a connection says of itself: of several to the same server, each outage is told by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// Everything.
    Aloud,
    /// What is wrong with its user, which is one of its own.
    OwnUser,
    /// Nothing.
    Silent,
}

/// A connection that lasted this long is good; one that breaks sooner counts as another failed
/// attempt, so that a server that drops whatever it accepts is not hammered.
const SETTLED_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Past {
    ready_since: Option<(Instant, String)>,
    /// Since when there is no connection, while there is none.
    down_since: Option<Instant>,
    settled: bool,
    /// The last connection broke before it was settled.
    flapping: bool,
    /// This outage has been logged.
    complained: bool,
    /// The connection has been announced in the log before.
    announced: bool,
    /// The errors that a person has to act on, as logged since the connection was last good.
    serious: BTreeSet<String>,
    last_error: Option<Error>,
    password_unused: bool,
}

/// Reports what a connection is doing.
#[derive(Debug)]
pub(super) struct Status {
    state: watch::Sender<ConnectionState>,
    voice: Voice,
    speech: Speech,
    /// What is added to the address of the server, e.g. ` (Cluster mode)`.
    mode: String,
    past: Mutex<Past>,
}

impl Status {
    pub(super) fn new(voice: Voice, speech: Speech, mode: String) -> Self {
        let past = Past { down_since: Some(Instant::now()), ..Past::default() };
        Self {
            state: watch::Sender::new(ConnectionState::Connecting),
            voice,
            speech,
            mode,
            past: Mutex::new(past),
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<ConnectionState> {
        self.state.subscribe()
    }

    /// Why the last attempt failed.
    pub(super) fn last_error(&self) -> Option<Error> {
        self.past().last_error.clone()
    }

    /// How long there has been no connection.
    pub(super) fn down_for(&self) -> Duration {
        self.past().down_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Commands are served now.
    pub(super) fn ready(&self, server: &str) {
        let mut past = self.past();
        past.ready_since = Some((Instant::now(), server.to_owned()));
        past.down_since = None;
        past.settled = false;
        if past.flapping {
            debug!("connected to {server} again");
        } else {
            self.announce(&mut past, server);
        }
        drop(past);
        self.state.send_replace(ConnectionState::Ready { server: server.to_owned() });
    }

    /// Whether there is a connection.
    pub(super) fn is_ready(&self) -> bool {
        self.past().ready_since.is_some()
    }

    /// Called from time to time while ready; tells whether the connection is good by now.
    pub(super) fn settle(&self) -> bool {
        let mut past = self.past();
        let Some((since, server)) = past.ready_since.clone() else { return false };
        if !past.settled && since.elapsed() >= SETTLED_AFTER {
            past.settled = true;
            past.flapping = false;
            past.serious.clear();
            past.last_error = None;
            self.announce(&mut past, &server);
        }
        past.settled
    }

    fn announce(&self, past: &mut Past, server: &str) {
        if past.announced && !past.complained {
            return;
        }
        past.announced = true;
        past.complained = false;
        match self.voice {
            Voice::Main if self.is_aloud() => info!("Connected to {server}{}", self.mode),
            Voice::Main => debug!("a further connection to {server}"),
            Voice::Second => debug!("Subscribed at {server}"),
        }
    }

    /// The connection is lost or could not be made; `attempt` is the number of the next one.
    pub(super) fn lost(&self, failure: &Error, attempt: u32, server: &str) {
        let reason = reason_of(failure);
        let mut past = self.past();
        let was_ready = past.ready_since.take().is_some();
        past.down_since.get_or_insert_with(Instant::now);
        if was_ready && !past.settled {
            past.flapping = true;
        }
        past.last_error = Some(failure.clone());
        if self.is_serious(failure) && past.serious.insert(reason.clone()) {
            error!("{server}: {failure}");
            past.complained = true;
        } else if past.complained || self.voice == Voice::Second || !self.is_aloud() {
            debug!("attempt {attempt} to connect to {server} follows: {reason}");
            past.complained = true;
        } else {
            past.complained = true;
            if was_ready {
                warn!("Connection lost: {reason}; reconnecting");
            } else {
                warn!("Can't connect to {server}: {reason}; retrying");
            }
        }
        drop(past);
        self.state.send_replace(ConnectionState::Reconnecting { attempt, reason });
    }

    /// The first attempt of all is under way, and seems to fail for this reason. It is said then, and
    /// not once a start has gone on without: nobody is told before that Valkey is away.
    pub(super) fn suspect(&self, reason: String, server: &str) {
        let mut past = self.past();
        let is_first = past.last_error.is_none() && !past.announced && !past.complained;
        if self.voice != Voice::Main || !self.is_aloud() || !is_first {
            return;
        }
        past.complained = true;
        past.last_error = Some(Error::Unavailable { reason: reason.clone() });
        warn!("Can't connect to {server} yet: {reason}");
        drop(past);
        self.state.send_replace(ConnectionState::Reconnecting { attempt: 0, reason });
    }

    /// Whether a person has to do something. Both connections fail alike.
    fn is_serious(&self, error: &Error) -> bool {
        let of_user = matches!(error, Error::Permission { .. } | Error::Authentication { .. });
        let of_server = matches!(error, Error::Tls { .. } | Error::Option { .. });
        let serious = match self.speech {
            Speech::Aloud => of_user || of_server,
            Speech::OwnUser => of_user,
            Speech::Silent => false,
        };
        serious && self.voice == Voice::Main
    }

    /// The server has no password although one is configured: said once.
    pub(super) fn password_unused(&self) {
        let mut past = self.past();
        let says = self.voice == Voice::Main && self.is_aloud();
        if says && !std::mem::replace(&mut past.password_unused, true) {
            warn!("option 'password' is set, but the server has no password; going on without");
        }
    }

    /// No further attempt will be made.
    pub(super) fn closed(&self, reason: String) {
        let mut past = self.past();
        past.ready_since = None;
        past.down_since.get_or_insert_with(Instant::now);
        drop(past);
        self.state.send_replace(ConnectionState::Closed { reason });
    }

    fn is_aloud(&self) -> bool {
        self.speech == Speech::Aloud
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
