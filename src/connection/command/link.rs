//! What is done with the connection for commands while it lasts.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo, Value};
use tokio::sync::mpsc;

use crate::connection::activity::{Activity, Stream, TICK};
use crate::connection::fault::{classify_failure, classify_reply, name_of};
use crate::connection::heartbeat::{self, SILENCE_LIMIT};
use crate::connection::state::Status;
use crate::connection::supervisor::{Established, Link};
use crate::connection::tracking::{Pushes, Tracking};
use crate::error::{Error, Result};

/// The connection as long as it is up.
pub(super) type LiveCell = Arc<Mutex<Option<Live>>>;

/// A connection that serves.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) connection: MultiplexedConnection,
    pub(super) activity: Arc<Activity>,
    /// Makes the supervisor connect anew.
    pub(super) kick: mpsc::Sender<Error>,
    /// Number of the connection, when it tracks.
    pub(super) session: Option<u64>,
}

/// Serves commands on whatever connection there is.
pub(super) struct CommandLink {
    cell: LiveCell,
    heartbeat: Duration,
    tracking: Option<Arc<Tracking>>,
}

impl CommandLink {
    pub(super) fn new(
        cell: LiveCell,
        heartbeat: Duration,
        tracking: Option<Arc<Tracking>>,
    ) -> Self {
        Self { cell, heartbeat, tracking }
    }
}

/// Empties the cell however the connection ends.
struct Occupied<'a>(&'a LiveCell);

impl Drop for Occupied<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Link for CommandLink {
    async fn serve(&mut self, established: Established, status: &Status) -> Error {
        let Established { stream, server, welcome, must_be_master, mut closing } = established;
        let activity = stream.activity();
        let pushes = match &self.tracking {
            Some(tracking) if !welcome.resp3 && tracking.is_optional() => None,
            Some(_) if !welcome.resp3 => return no_pushes(),
            Some(tracking) => Some(Pushes(Arc::clone(tracking))),
            None => None,
        };
        let tells = pushes.is_some();
        if let Some(tracking) = &self.tracking {
            tracking.set_enabled(tells);
        }
        let made = tokio::time::timeout(SILENCE_LIMIT, multiplexed(stream, pushes));
        let (connection, driver) = match made.await {
            Ok(Ok(made)) => made,
            Ok(Err(error)) => return error,
            Err(_) => return heartbeat::silent(),
        };
        let mut driver = std::pin::pin!(driver);
        if let Some(tracking) = self.tracking.as_ref().filter(|_| tells) {
            let enabled = tokio::time::timeout(SILENCE_LIMIT, enable(connection.clone(), tracking));
            tokio::select! {
                biased;
                () = &mut driver => return Error::Unavailable { reason: activity.fault() },
                enabled = enabled => match enabled {
                    Ok(Ok(())) => (),
                    Ok(Err(Error::Permission { .. } | Error::Server { .. })) if tracking.is_optional() => {
                        tracking.set_enabled(false);
                    }
                    Ok(Err(error)) => return error,
                    Err(_) => return heartbeat::silent(),
                },
                _ = closing.wait_for(|closing| *closing) => return Error::Closed,
            }
        }
        let (kick, mut kicked) = mpsc::channel(1);
        let session = self.tracking.as_ref().map(|tracking| tracking.session() + 1);
        let live =
            Live { connection: connection.clone(), activity: Arc::clone(&activity), kick, session };
        *self.cell.lock().unwrap_or_else(PoisonError::into_inner) = Some(live);
        let occupied = Occupied(&self.cell);
        status.ready(&server);
        if let Some(tracking) = &self.tracking {
            tracking.begins();
        }
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

/// The crate's connection over a stream whose handshake is done, and what drives it. With `pushes`, it
/// is one that speaks RESP3.
pub(super) async fn multiplexed(
    stream: Stream,
    pushes: Option<Pushes>,
) -> Result<(MultiplexedConnection, impl Future<Output = ()> + Send + use<>)> {
    // What drives it borrows these.
    static INFO: LazyLock<RedisConnectionInfo> =
        LazyLock::new(|| RedisConnectionInfo::default().set_skip_set_lib_name());
    static INFO_3: LazyLock<RedisConnectionInfo> =
        LazyLock::new(|| INFO.clone().set_protocol(ProtocolVersion::RESP3));
    // Nothing is left to the crate, and its time limits, which know nothing of the size of a
    // value, are off.
    let limits =
        AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    let (info, limits) = match pushes {
        Some(pushes) => (&*INFO_3, limits.set_push_sender(pushes)),
        None => (&*INFO, limits),
    };
    let made = MultiplexedConnection::new_with_config(info, stream, limits).await;
    made.map_err(|error| classify_failure("the handshake", error).error)
}

/// Has the server tell of changes from here on.
async fn enable(mut connection: MultiplexedConnection, tracking: &Tracking) -> Result<()> {
    match connection.send_packed_command(&tracking.enable()).await {
        Ok(Value::ServerError(error)) => Err(classify_reply("CLIENT TRACKING", &error).error),
        Ok(_) => Ok(()),
        Err(error) => Err(classify_failure("CLIENT TRACKING", error).error),
    }
}

fn no_pushes() -> Error {
    let detail = "the server speaks no RESP3; the shared context needs Valkey, or Redis 6 or newer";
    Error::Server { command: "HELLO 3".to_owned(), detail: detail.to_owned() }
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
    let mut heard = activity.reads();
    let mut quiet = 0;
    loop {
        tokio::time::sleep(interval).await;
        // What was answered since is as good: those who are asked by a thousand are spared as many questions.
        let before = std::mem::replace(&mut heard, activity.reads());
        quiet = if heard == before { quiet + 1 } else { 0 };
        if !must_be_master && quiet < heartbeat::QUIET_BEATS {
            continue;
        }
        quiet = 0;
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
            Ok(Value::ServerError(error)) => classify_reply(&name_of(&question), &error),
            Ok(answer) if must_be_master && is_replica(&answer) => {
                let reason = "the server is no longer the master".to_owned();
                return Error::Unavailable { reason };
            }
            Ok(_) => {
                heard = activity.reads();
                continue;
            }
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
