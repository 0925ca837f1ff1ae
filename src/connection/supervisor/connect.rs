//! One attempt to connect, and the connection that comes of it.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Established, Link, Lost, Supervisor, Way};
use crate::config::ConnectionConfig;
use crate::connection::handshake::handshake;
use crate::connection::readiness::require_loaded;
use crate::connection::resolver::{Located, require_master};
use crate::connection::state::Voice;
use crate::connection::{heartbeat, transport};
use crate::error::{Error, Result};

impl Supervisor {
    /// Connects once, and serves until the connection is lost.
    pub(super) async fn connect_and_serve<L: Link>(&self, link: &mut L) -> Lost {
        let Way { config, resolver, .. } = &self.way;
        let mut announcements = resolver.listen(self.voice);
        let deadline = Instant::now() + config.connect_timeout;
        let late = || {
            let limit = config.connect_timeout.as_millis();
            Error::Unavailable { reason: format!("no answer within {limit} ms") }
        };
        let located = match timeout_at(deadline, resolver.resolve(self.voice)).await {
            Ok(Ok(located)) => located,
            Ok(Err(error)) => return Lost { error, found: false },
            Err(_) => return Lost { error: late(), found: false },
        };
        let established = tokio::select! {
            biased;
            established = timeout_at(deadline, self.establish(&located)) => {
                match established.unwrap_or_else(|_| Err(late())) {
                    Ok(established) => established,
                    Err(error) => return Lost { error, found: true },
                }
            }
            error = announcements.elsewhere_meanwhile(&located) => {
                return Lost { error, found: true };
            }
        };
        if self.voice == Voice::Main {
            resolver.confirm(&located);
            self.tell_what_is_refused(&established);
        }
        if established.welcome.password_unused {
            self.status.password_unused();
        }
        let established = if self.voice == Voice::Main && config.supervision.ready_check {
            tokio::select! {
                biased;
                loaded = self.loaded(established) => match loaded {
                    Ok(established) => established,
                    Err(error) => return Lost { error, found: true },
                },
                error = announcements.elsewhere_meanwhile(&located) => {
                    return Lost { error, found: true };
                }
            }
        } else {
            established
        };
        let activity = established.stream.activity();
        let settle = async {
            while !self.status.settle() {
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            std::future::pending::<Error>().await
        };
        let error = tokio::select! {
            biased;
            lost = link.serve(established, &self.status) => lost,
            elsewhere = announcements.elsewhere(&located) => elsewhere,
            unread = heartbeat::unread_too_long(&activity, &config.supervision) => unread,
            never = settle => never,
        };
        Lost { error, found: true }
    }

    /// Says what the server's user may not do, and is done without.
    fn tell_what_is_refused(&self, established: &Established) {
        let once = &self.way.once;
        if let Some(error) = &established.welcome.unanswered {
            once.goes_on_without(error, "the refusal counts as a sign of life");
        }
        for error in &established.welcome.unnamed {
            once.goes_on_unnamed(error);
        }
    }

    async fn establish(&self, located: &Located) -> Result<Established> {
        let Way { config, resolver, .. } = &self.way;
        let endpoint = &located.endpoint;
        let stream = transport::connect(endpoint, config).await?;
        let (stream, welcome) = handshake(stream, config).await?;
        let must_be_master = resolver.wants_master(self.voice);
        let stream = match must_be_master {
            true => require_master(stream, &self.way.once).await?,
            false => stream,
        };
        let (server, closing) = (endpoint.to_string(), self.closed.clone());
        Ok(Established { stream, server, welcome, must_be_master, closing })
    }

    /// The same connection once the server has loaded its data, however long that takes.
    async fn loaded(&self, established: Established) -> Result<Established> {
        let ConnectionConfig { supervision, connect_timeout, .. } = &*self.way.config;
        let Established { stream, server, welcome, must_be_master, closing } = established;
        let loading = welcome.loading;
        let once = &self.way.once;
        let loaded = require_loaded(stream, &server, loading, supervision, once, *connect_timeout);
        let stream = loaded.await?;
        Ok(Established { stream, server, welcome, must_be_master, closing })
    }
}
