//! What the subscriber does with a connection while it lasts.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::cmd;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{Notify, watch};

use super::unheard::Unheard;
use super::{Ear, Hints};
use crate::config::ConnectionConfig;
use crate::connection::activity::{Activity, Stream};
use crate::connection::fault::classify_text;
use crate::connection::heartbeat::{self, SILENCE_LIMIT};
use crate::connection::reply::{ReadFault, Reply, read_reply};
use crate::connection::state::Status;
use crate::connection::supervisor::{Established, Link};
use crate::error::{Error, Result};

/// A channel that was refused is asked for again after this long.
const REFUSED_CHANNEL_RETRY: Duration = Duration::from_secs(5);

/// Subscribes on a connection, listens, and keeps it alive.
pub(super) struct SubscriberLink {
    channels: Vec<String>,
    hints: watch::Sender<Hints>,
    confirm_within: Duration,
    heartbeat: Duration,
    unheard: Unheard,
    ear: Option<Arc<dyn Ear>>,
}

/// What the server still owes an answer to, in the order of asking.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Channel(usize),
    Ping,
}

/// What is shared between reading and writing.
#[derive(Debug, Default)]
struct Session {
    asked: Mutex<Conversation>,
    /// Everything asked for has been answered.
    answered: Notify,
}

#[derive(Debug, Default)]
struct Conversation {
    open: VecDeque<Asked>,
    /// The server has answered something.
    is_answered: bool,
    /// Granted channels that are not in [`Hints::subscribed`] yet.
    news: bool,
    refused: Vec<usize>,
    refusal: Option<Error>,
}

impl Session {
    fn with<T>(&self, act: impl FnOnce(&mut Conversation) -> T) -> T {
        act(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Link for SubscriberLink {
    async fn serve(&mut self, established: Established, status: &Status) -> Error {
        let Established { stream, server, mut closing, .. } = established;
        let activity = stream.activity();
        let (input, output) = tokio::io::split(stream);
        let session = Session::default();
        // Reading is one future that lives as long as the connection: a reply is never left
        // half-read.
        let error = tokio::select! {
            biased;
            error = self.listen(BufReader::with_capacity(16 * 1024, input), &session, &activity) => error,
            error = self.talk(output, &session, &activity, status, &server) => error,
            _ = closing.wait_for(|closing| *closing) => return Error::Closed,
        };
        self.unheard.ends(session.with(|conversation| conversation.is_answered), &server);
        error
    }
}

impl SubscriberLink {
    pub(super) fn new(
        config: &ConnectionConfig,
        channels: Vec<String>,
        hints: watch::Sender<Hints>,
        missed: &'static str,
        ear: Option<Arc<dyn Ear>>,
    ) -> Self {
        Self {
            channels,
            hints,
            confirm_within: config.connect_timeout,
            heartbeat: heartbeat::interval(&config.supervision),
            unheard: Unheard::new(config, missed),
            ear,
        }
    }

    async fn listen(
        &self,
        mut input: BufReader<tokio::io::ReadHalf<Stream>>,
        session: &Session,
        activity: &Activity,
    ) -> Error {
        loop {
            let reply = match read_reply(&mut input).await {
                Ok(reply) => reply,
                Err(ReadFault::NotRedis(why)) => {
                    return Error::Unavailable { reason: format!("unreadable message: {why}") };
                }
                Err(_) => return Error::Unavailable { reason: activity.fault() },
            };
            if let Err(error) = self.hear(&reply, session) {
                return error;
            }
        }
    }

    /// Takes one reply or push in.
    fn hear(&self, reply: &Reply, session: &Session) -> Result<()> {
        let item = |place: usize| match reply {
            Reply::Many(items) => items.get(place).and_then(Reply::text).unwrap_or_default(),
            _ => b"",
        };
        let kind = item(0);
        if kind == b"message" {
            self.count(item(1));
            if let Some(ear) = &self.ear {
                ear.hear(item(2));
            }
            return Ok(());
        }
        if kind == b"unsubscribe" {
            return Err(Error::Unavailable { reason: "the server ended a subscription".into() });
        }
        session.with(|conversation| {
            conversation.is_answered = true;
            match (conversation.open.pop_front(), reply) {
                (Some(Asked::Channel(_)), _) if kind == b"subscribe" => {
                    conversation.news = true;
                }
                (Some(Asked::Channel(channel)), Reply::Error(words)) => {
                    let fault = classify_text("SUBSCRIBE", words);
                    if fault.reconnect {
                        return Err(fault.error);
                    }
                    conversation.refused.push(channel);
                    conversation.refusal = Some(fault.error);
                }
                (Some(Asked::Ping), Reply::Error(words)) => {
                    let fault = classify_text("PING", words);
                    if fault.reconnect {
                        return Err(fault.error);
                    }
                }
                (Some(Asked::Ping), _) => (),
                (Some(Asked::Channel(_)) | None, _) => {
                    return Err(Error::Unavailable {
                        reason: "the server's answers don't fit what it was asked".into(),
                    });
                }
            }
            if conversation.open.is_empty() {
                session.answered.notify_one();
            }
            Ok(())
        })
    }

    fn count(&self, channel: &[u8]) {
        self.hints.send_modify(|hints| {
            for (name, count) in self.channels.iter().zip(&mut hints.messages) {
                if name.as_bytes() == channel {
                    *count += 1;
                }
            }
        });
    }

    async fn talk(
        &self,
        mut output: impl AsyncWrite + Unpin,
        session: &Session,
        activity: &Activity,
        status: &Status,
        server: &str,
    ) -> Error {
        let lost = || Error::Unavailable { reason: activity.fault() };
        let mut wanted: Vec<usize> = (0..self.channels.len()).collect();
        let mut ready = false;
        loop {
            if self.ask(&mut output, session, &wanted).await.is_err() {
                return lost();
            }
            let answered = tokio::time::timeout(self.confirm_within, session.answered.notified());
            if !wanted.is_empty() && answered.await.is_err() {
                let limit = self.confirm_within.as_millis();
                let reason = format!("no answer to SUBSCRIBE within {limit} ms");
                return Error::Unavailable { reason };
            }
            let (news, refused, refusal) = session.with(|conversation| {
                (
                    std::mem::take(&mut conversation.news),
                    std::mem::take(&mut conversation.refused),
                    conversation.refusal.take(),
                )
            });
            let names = refused.iter().filter_map(|channel| self.channels.get(*channel));
            let names: Vec<&str> = names.map(String::as_str).collect();
            self.unheard.answered(&names, refusal, server);
            self.hints.send_if_modified(|hints| {
                let is_new = news || hints.refused != refused;
                hints.subscribed += u64::from(news);
                hints.refused.clone_from(&refused);
                is_new
            });
            if !ready {
                ready = true;
                status.ready(server);
            }
            wanted = refused;
            let until = if wanted.is_empty() { None } else { Some(REFUSED_CHANNEL_RETRY) };
            if let Err(error) = self.keep_alive(&mut output, session, activity, until).await {
                return error;
            }
        }
    }

    /// Asks for each channel in a command of its own, so that a refusal concerns one channel.
    async fn ask(
        &self,
        output: &mut (impl AsyncWrite + Unpin),
        session: &Session,
        wanted: &[usize],
    ) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        for channel in wanted {
            if let Some(name) = self.channels.get(*channel) {
                bytes.extend(cmd("SUBSCRIBE").arg(name).get_packed_command());
                session.with(|conversation| conversation.open.push_back(Asked::Channel(*channel)));
            }
        }
        output.write_all(&bytes).await?;
        output.flush().await
    }

    /// Sends heartbeats; returns an error when the server is gone, or after `until`.
    async fn keep_alive(
        &self,
        output: &mut (impl AsyncWrite + Unpin),
        session: &Session,
        activity: &Activity,
        until: Option<Duration>,
    ) -> Result<()> {
        let ping = cmd("PING").get_packed_command();
        let mut spent = Duration::ZERO;
        while until.is_none_or(|until| spent < until) {
            tokio::time::sleep(self.heartbeat).await;
            spent += self.heartbeat;
            session.with(|conversation| conversation.open.push_back(Asked::Ping));
            let lost = |_| Error::Unavailable { reason: activity.fault() };
            let exchange = async {
                output.write_all(&ping).await.map_err(lost)?;
                output.flush().await.map_err(lost)?;
                session.answered.notified().await;
                Ok(())
            };
            tokio::select! {
                biased;
                result = exchange => result?,
                () = activity.silence(SILENCE_LIMIT) => return Err(heartbeat::silent()),
            }
        }
        Ok(())
    }
}
