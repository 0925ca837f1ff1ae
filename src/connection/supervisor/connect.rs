//! One attempt to connect, and the connection that comes of it.

use std::time::Duration;

use redis::cmd;
use tokio::time::{Instant, timeout_at};

use super::{Established, Link, Lost, Supervisor, Way};
use crate::config::{ConnectionConfig, Target};
use crate::connection::activity::Stream;
use crate::connection::handshake::{Welcome, handshake};
use crate::connection::kind::{self, Kind};
use crate::connection::readiness::require_loaded;
use crate::connection::reply::Reply;
use crate::connection::resolver::{Dialogue, Located, require_master};
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
            self.tell_what_lacks(&established);
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

    /// Says what the server's user may not do and is done without, and what is not well with the server.
    fn tell_what_lacks(&self, established: &Established) {
        let once = &self.way.once;
        if let Some(error) = &established.welcome.unanswered {
            once.warn_missing_right(error, "the refusal counts as a sign of life");
        }
        for error in &established.welcome.unnamed {
            once.tell_missing_name(error);
        }
        if let Some(line) = &established.welcome.doubt {
            once.warn(line, format_args!("{line}"));
        }
    }

    async fn establish(&self, located: &Located) -> Result<Established> {
        let Way { config, resolver, .. } = &self.way;
        let endpoint = &located.endpoint;
        let tell = |reason| self.status.suspect(reason, &resolver.name());
        let stream = transport::connect_telling(endpoint, config, &tell).await?;
        let (stream, mut welcome) = handshake(stream, config).await?;
        let must_be_master = resolver.wants_master(self.voice);
        let stream = match must_be_master {
            true => require_master(stream, &self.way.once).await?,
            false => stream,
        };
        let stream = self.require_kind(stream, &mut welcome).await?;
        let (server, closing) = (endpoint.to_string(), self.closed.clone());
        Ok(Established { stream, server, welcome, must_be_master, closing })
    }

    /// Makes sure that a server which has not said of what kind it is can be used.
    async fn require_kind(&self, stream: Stream, welcome: &mut Welcome) -> Result<Stream> {
        let config = &self.way.config;
        let is_direct = matches!(config.target, Target::Direct(_));
        let is_asked = is_direct && self.voice == Voice::Main && config.supervision.ready_check;
        if welcome.is_told || !is_asked {
            return Ok(stream);
        }
        let mut dialogue = Dialogue::over(stream);
        let section = |name: &str| cmd("INFO").arg(name).clone();
        let replies = dialogue.ask(&[section("server"), section("replication")]).await?;
        let texts = replies.iter().filter_map(Reply::text).map(String::from_utf8_lossy);
        let kind = Kind::of_info(&texts.collect::<Vec<_>>().concat());
        welcome.doubt = kind::require(&kind, config)?;
        dialogue.into_stream()
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
