//! Questions and answers on a connection that nothing else uses yet.

use redis::{Cmd, cmd};
use tokio::io::{AsyncWriteExt, BufReader};

use crate::config::{ConnectionConfig, Endpoint};
use crate::connection::activity::Stream;
use crate::connection::fault::classify_text;
use crate::connection::handshake::{Welcome, handshake};
use crate::connection::once::Once;
use crate::connection::reply::{ReadFault, Reply, read_reply};
use crate::connection::transport;
use crate::error::{Error, Result};

/// A connection on which each question is answered before the next.
pub(in crate::connection) struct Dialogue {
    stream: BufReader<Stream>,
}

impl Dialogue {
    /// Connects and logs in; the caller limits the time.
    pub(super) async fn open(
        endpoint: &Endpoint,
        access: &ConnectionConfig,
    ) -> Result<(Self, Welcome)> {
        let stream = transport::connect(endpoint, access).await?;
        let (stream, welcome) = handshake(stream, access).await?;
        Ok((Self::over(stream), welcome))
    }

    /// On a stream that is logged in.
    pub(in crate::connection) fn over(stream: Stream) -> Self {
        Self { stream: BufReader::with_capacity(4096, stream) }
    }

    /// Asks all at once and returns one reply each, in order.
    pub(in crate::connection) async fn ask(&mut self, questions: &[Cmd]) -> Result<Vec<Reply>> {
        let bytes: Vec<u8> = questions.iter().flat_map(Cmd::get_packed_command).collect();
        let activity = self.stream.get_ref().activity();
        let lost = |_| Error::Unavailable { reason: activity.fault() };
        self.stream.write_all(&bytes).await.map_err(lost)?;
        self.stream.flush().await.map_err(lost)?;
        let mut replies = Vec::with_capacity(questions.len());
        for _ in questions {
            let reply = read_reply(&mut self.stream).await.map_err(|fault| match fault {
                ReadFault::NotRedis(why) => {
                    Error::Unavailable { reason: format!("unreadable answer: {why}") }
                }
                _ => Error::Unavailable { reason: activity.fault() },
            })?;
            replies.push(reply);
        }
        Ok(replies)
    }

    /// The stream, for another use.
    pub(in crate::connection) fn into_stream(self) -> Result<Stream> {
        if !self.stream.buffer().is_empty() {
            let reason = "the server says more than it was asked".to_owned();
            return Err(Error::Unavailable { reason });
        }
        Ok(self.stream.into_inner())
    }
}

/// Makes sure that a server says of itself that it is a master. One that does not let this user
/// ask is believed.
pub(in crate::connection) async fn require_master(stream: Stream, once: &Once) -> Result<Stream> {
    let mut dialogue = Dialogue::over(stream);
    let replies = dialogue.ask(&[cmd("ROLE")]).await?;
    match replies.first() {
        Some(Reply::Error(words)) => {
            let fault = classify_text("ROLE", words);
            if fault.reconnect {
                return Err(fault.error);
            }
            once.warn_missing_right(&fault.error, "whether this is the master is not known");
        }
        Some(Reply::Many(role)) => {
            if let Some(role) = role.first().and_then(Reply::text).filter(|role| *role != b"master")
            {
                let role = String::from_utf8_lossy(role);
                return Err(Error::Unavailable {
                    reason: format!("this server is not the master (its role is '{role}')"),
                });
            }
        }
        _ => (),
    }
    dialogue.into_stream()
}

/// An address out of two texts of a reply.
pub(super) fn endpoint_of(host: &[u8], port: &[u8]) -> Option<Endpoint> {
    let host = std::str::from_utf8(host).ok()?;
    let port = std::str::from_utf8(port).ok()?.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty() && host != "?").then(|| Endpoint::Tcp { host: host.to_owned(), port })
}
