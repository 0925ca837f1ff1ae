//! The loop that keeps one connection up.

mod connect;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rand::Rng;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::instrument::WithSubscriber;
use tracing::{Dispatch, dispatcher, error, warn};

use super::activity::Stream;
use super::fault::reason_of;
use super::handshake::Welcome;
use super::hooks::Hooks;
use super::once::Once;
use super::resolver::Resolver;
use super::retry::next_delay;
use super::state::{ConnectionState, Speech, Status, Voice};
use super::transport;
use crate::config::{ConnectionConfig, Target};
use crate::error::Error;

/// A connection whose handshake is done.
pub(super) struct Established {
    pub(super) stream: Stream,
    /// `host:port` or the path of the socket.
    pub(super) server: String,
    pub(super) welcome: Welcome,
    /// It said that it is a master, and is left when it no longer is.
    pub(super) must_be_master: bool,
    /// Turns true, or its sender goes, when the connection is to end.
    pub(super) closing: watch::Receiver<bool>,
}

/// How an attempt or a connection ended.
struct Lost {
    error: Error,
    /// The server was found, whatever came then.
    found: bool,
}

/// How the connections of one instance find and reach the server.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) config: Arc<ConnectionConfig>,
    pub(super) hooks: Hooks,
    pub(super) resolver: Arc<Resolver>,
    pub(super) once: Once,
    pub(super) speech: Speech,
}

impl Way {
    pub(super) fn new(config: Arc<ConnectionConfig>, hooks: Hooks, speech: Speech) -> Self {
        let once = if speech == Speech::Silent { Once::silent() } else { Once::default() };
        let resolver = Resolver::new(&config, &hooks, &once);
        Self { config, hooks, resolver, once, speech }
    }
}

/// What is done with a connection while it lasts.
pub(super) trait Link: Send + 'static {
    /// Serves until the connection is lost, and tells why. Reports itself ready to `status`.
    fn serve(
        &mut self,
        established: Established,
        status: &Status,
    ) -> impl Future<Output = Error> + Send;
}

/// Handle of a supervised connection; the connection ends with the last clone.
#[derive(Debug)]
pub(super) struct Supervised {
    pub(super) status: Arc<Status>,
    closing: watch::Sender<bool>,
}

impl Supervised {
    /// Starts the loop on the current runtime, with the current log dispatcher.
    pub(super) fn start<L: Link>(voice: Voice, way: Way, link: L) -> Self {
        let status = Arc::new(Status::new(voice, way.speech, way.resolver.mode()));
        let (closing, closed) = watch::channel(false);
        // What the user's functions do wrong is told by the other connections, too.
        let log = match way.speech {
            Speech::Silent => Dispatch::none(),
            Speech::Aloud | Speech::OwnUser => dispatcher::get_default(Dispatch::clone),
        };
        let supervisor = Supervisor { voice, way, status: Arc::clone(&status), closed };
        tokio::spawn(supervisor.run(link).with_subscriber(log));
        Self { status, closing }
    }

    /// What the connection is doing.
    pub(super) fn state(&self) -> watch::Receiver<ConnectionState> {
        self.status.watch()
    }

    /// Whether [`Supervised::close`] was called.
    pub(super) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Ends the connection and returns when its socket is closed.
    pub(super) async fn close(&self) {
        self.closing.send_replace(true);
        // An error would mean that the loop has gone, and its socket with it.
        let _ =
            self.state().wait_for(|state| matches!(state, ConnectionState::Closed { .. })).await;
    }
}

/// Why no further attempt is made.
struct GivenUp {
    /// The option that said so.
    option: &'static str,
    /// Why the last attempt failed.
    reason: String,
}

/// Attempts within a wait, which are not counted: as long as the server's machine refuses at once.
#[derive(Default)]
struct Refused(Option<(Instant, Duration)>);

impl Refused {
    /// For as long as `delay` takes, every `wait`.
    fn within(delay: Duration, wait: Duration) -> Self {
        Self(Some((Instant::now() + delay, wait)))
    }

    /// How long to wait for the next of them, when this is how the last one has failed.
    fn again(&self, error: &Error) -> Option<Duration> {
        let (until, wait) = self.0.filter(|_| transport::was_refused(error))?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| wait.min(left))
    }
}

struct Supervisor {
    voice: Voice,
    way: Way,
    status: Arc<Status>,
    closed: watch::Receiver<bool>,
}

impl Supervisor {
    async fn run<L: Link>(self, link: L) {
        let mut closed = self.closed.clone();
        let mut keep_up = Box::pin(self.keep_up(link));
        let ended = tokio::select! {
            biased;
            // An error means that every handle was dropped.
            _ = closed.wait_for(|closed| *closed) => None,
            ended = &mut keep_up => Some(ended),
        };
        match ended {
            Some(Some(GivenUp { option, reason })) => {
                self.status.closed(reason.clone());
                self.say_given_up(option, &reason).await;
            }
            ended => {
                if ended.is_none() && self.status.is_ready() {
                    // What is under way may end.
                    let limit = self.way.config.supervision.disconnect_timeout;
                    let _ = tokio::time::timeout(limit, &mut keep_up).await;
                }
                drop(keep_up);
                self.status.closed("the connection was closed".to_owned());
            }
        }
    }

    /// Says once that it is over, not by each of the two connections.
    async fn say_given_up(&self, option: &str, reason: &str) {
        const MAIN: &str = "no further attempt to connect";
        if self.voice == Voice::Main {
            if self.way.once.claim(MAIN) {
                error!(
                    "option '{option}' allows no further attempt to connect to {}, until Node-RED is restarted; the last one failed: {reason}",
                    self.way.resolver.name()
                );
            }
            return;
        }
        // The other connection fails at about the same moment when the server has gone.
        tokio::time::sleep(Duration::from_secs(1)).await;
        if !self.way.once.was(MAIN) {
            error!(
                "option '{option}' allows no further attempt to subscribe, until Node-RED is restarted; the last one failed: {reason}"
            );
        }
    }

    /// Connects again and again; returns only when the retry strategy wants no more, or when a
    /// connection has ended because it is being closed.
    async fn keep_up<L: Link>(&self, mut link: L) -> Option<GivenUp> {
        let (mut attempt, mut unfound) = (0_u32, 0_u32);
        let mut refused = Refused::default();
        loop {
            // A fault of our own must not end the loop either.
            let lost = AssertUnwindSafe(self.connect_and_serve(&mut link)).catch_unwind().await;
            let Lost { error, found } = lost.unwrap_or_else(|_| {
                error!("a fault in the connection's own code; connecting anew");
                let error = Error::Internal("the connection's own code failed".to_owned());
                Lost { error, found: true }
            });
            if *self.closed.borrow() || self.closed.has_changed().is_err() {
                return None;
            }
            if let Some(wait) = refused.again(&error) {
                self.pause(wait).await;
                continue;
            }
            if self.status.settle() {
                attempt = 0;
            }
            attempt = attempt.saturating_add(1);
            unfound = if found { 0 } else { unfound.saturating_add(1) };
            self.status.lost(&error, attempt, &self.way.resolver.name());
            self.way.resolver.learn(&error);
            let (retry, times, option) = match found {
                true => (&self.way.hooks.retry, attempt, "retryStrategy"),
                false => {
                    let (retry, option) = self.way.resolver.retry(&self.way.hooks);
                    (retry, unfound, option)
                }
            };
            let decision = next_delay(retry, times, option).await;
            if let Some(trouble) = decision.trouble.filter(|line| self.way.once.claim(line)) {
                warn!("{trouble}");
            }
            match decision.delay {
                Some(delay) => {
                    let is_direct = matches!(self.way.config.target, Target::Direct(_));
                    refused = match retry.while_refused(times).filter(|_| is_direct) {
                        Some(wait) => Refused::within(delay, wait),
                        None => Refused::default(),
                    };
                    self.pause(refused.again(&error).unwrap_or(delay)).await;
                }
                None => return Some(GivenUp { option, reason: reason_of(&error) }),
            }
        }
    }

    /// Waits, but no longer once there is news of where the server is.
    async fn pause(&self, delay: Duration) {
        let mut announcements = self.way.resolver.listen(self.voice);
        tokio::select! {
            () = tokio::time::sleep(delay) => (),
            () = announcements.news() => {
                // All instances have heard it at the same moment.
                let jitter = Duration::from_millis(rand::rng().random_range(20..150));
                tokio::time::sleep(jitter.min(delay)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_refused_is_tried_again_within_the_wait() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let failure = std::net::TcpStream::connect(address).expect_err("nobody listens");
        let nobody = Error::Unavailable { reason: format!("{address}: {failure}") };
        let slow = Error::Unavailable { reason: "no answer within 10000 ms".into() };
        let (long, short) = (Duration::from_secs(3600), Duration::from_millis(40));
        assert_eq!(Refused::within(long, short).again(&nobody), Some(short));
        assert_eq!(Refused::within(long, short).again(&slow), None);
        assert_eq!(Refused::within(Duration::ZERO, short).again(&nobody), None, "it is over");
        assert_eq!(Refused::default().again(&nobody), None);
    }
}
