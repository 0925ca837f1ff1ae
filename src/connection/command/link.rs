//! What is done with the connection for commands while it lasts.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, Value};
use tokio::sync::mpsc;

use crate::connection::activity::{Activity, Stream, TICK};
use crate::connection::fault::{classify_failure, classify_reply, name_of};
use crate::connection::heartbeat::{self, SILENCE_LIMIT};
use crate::connection::state::Status;
use crate::connection::supervisor::{Established, Link};
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
}

/// Serves commands on whatever connection there is.
pub(super) struct CommandLink {
    cell: LiveCell,
    heartbeat: Duration,
}

impl CommandLink {
    pub(super) fn new(cell: LiveCell, heartbeat: Duration) -> Self {
        Self { cell, heartbeat }
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
        let Established { stream, server, must_be_master, mut closing, .. } = established;
        let activity = stream.activity();
        let (connection, driver) = match multiplexed(stream).await {
            Ok(made) => made,
            Err(error) => return error,
        };
        let (kick, mut kicked) = mpsc::channel(1);
        let live = Live { connection: connection.clone(), activity: Arc::clone(&activity), kick };
        *self.cell.lock().unwrap_or_else(PoisonError::into_inner) = Some(live);
        let occupied = Occupied(&self.cell);
        status.ready(&server);
        let mut driver = std::pin::pin!(driver);
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

/// The crate's connection over a stream whose handshake is done, and what drives it.
pub(super) async fn multiplexed(
    stream: Stream,
) -> Result<(MultiplexedConnection, impl Future<Output = ()> + Send + use<>)> {
    // What drives it borrows this.
    static INFO: LazyLock<RedisConnectionInfo> =
        LazyLock::new(|| RedisConnectionInfo::default().set_skip_set_lib_name());
    // Nothing is left to the crate, and its time limits, which know nothing of the size of a
    // value, are off.
    let limits =
        AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    let made = MultiplexedConnection::new_with_config(&INFO, stream, limits).await;
    made.map_err(|error| classify_failure("the handshake", error).error)
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
    loop {
        tokio::time::sleep(interval).await;
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
            Ok(_) => continue,
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
