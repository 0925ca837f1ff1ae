//! The loop that keeps one connection up.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tracing::error;
use tracing::instrument::WithSubscriber;

use super::activity::Stream;
use super::backoff::{Retry, next_delay};
use super::fault::reason_of;
use super::handshake::{Welcome, handshake};
use super::resolver::Resolver;
use super::state::{State, Status, Voice};
use super::transport;
use crate::config::ConnectionConfig;
use crate::error::{Error, Result};

/// A connection whose handshake is done.
pub(super) struct Established {
    pub(super) stream: Stream,
    /// `host:port` or the path of the socket.
    pub(super) server: String,
    pub(super) welcome: Welcome,
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
    pub(super) fn start<L: Link>(
        voice: Voice,
        config: Arc<ConnectionConfig>,
        retry: Arc<dyn Retry>,
        link: L,
    ) -> Self {
        let status = Arc::new(Status::new(voice));
        let (closing, closed) = watch::channel(false);
        let resolver = Resolver::Direct(config.endpoint.clone());
        let supervisor =
            Supervisor { config, resolver, retry, status: Arc::clone(&status), closed };
        tokio::spawn(supervisor.run(link).with_current_subscriber());
        Self { status, closing }
    }

    /// What the connection is doing.
    pub(super) fn state(&self) -> watch::Receiver<State> {
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
        let _ = self.state().wait_for(|state| matches!(state, State::Closed { .. })).await;
    }
}

struct Supervisor {
    config: Arc<ConnectionConfig>,
    resolver: Resolver,
    retry: Arc<dyn Retry>,
    status: Arc<Status>,
    closed: watch::Receiver<bool>,
}

impl Supervisor {
    async fn run<L: Link>(self, link: L) {
        let mut closed = self.closed.clone();
        let reason = tokio::select! {
            biased;
            // An error means that every handle was dropped.
            _ = closed.wait_for(|closed| *closed) => "the connection was closed".to_owned(),
            reason = self.keep_up(link) => reason,
        };
        self.status.closed(reason);
    }

    /// Connects again and again; returns only when the retry strategy wants no more.
    async fn keep_up<L: Link>(&self, mut link: L) -> String {
        let mut attempt = 0_u32;
        loop {
            // A fault of our own must not end the loop either.
            let lost = AssertUnwindSafe(self.connect_and_serve(&mut link)).catch_unwind().await;
            let lost = lost.unwrap_or_else(|_| {
                error!("a fault in the connection's own code; connecting anew");
                Error::Internal("the connection's own code failed".to_owned())
            });
            if self.status.settle() {
                attempt = 0;
            }
            attempt = attempt.saturating_add(1);
            self.status.lost(&lost, attempt, &self.resolver.name());
            match next_delay(&self.retry, attempt).await {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return reason_of(&lost),
            }
        }
    }

    async fn connect_and_serve<L: Link>(&self, link: &mut L) -> Error {
        let established =
            match tokio::time::timeout(self.config.connect_timeout, self.establish()).await {
                Ok(Ok(established)) => established,
                Ok(Err(error)) => return error,
                Err(_) => {
                    let limit = self.config.connect_timeout.as_millis();
                    return Error::Unavailable { reason: format!("no answer within {limit} ms") };
                }
            };
        if established.welcome.password_unused {
            self.status.password_unused();
        }
        let settle = async {
            while !self.status.settle() {
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            std::future::pending::<Error>().await
        };
        tokio::select! {
            biased;
            lost = link.serve(established, &self.status) => lost,
            never = settle => never,
        }
    }

    async fn establish(&self) -> Result<Established> {
        let endpoint = self.resolver.resolve().await?;
        let stream = transport::connect(&endpoint, &self.config).await?;
        let (stream, welcome) = handshake(stream, &self.config).await?;
        Ok(Established { stream, server: endpoint.to_string(), welcome })
    }
}
