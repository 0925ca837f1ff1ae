//! The options that say how a connection is kept up, and what becomes of commands meanwhile.

use std::time::Duration;

use serde_json::Value;

use super::raw::RawOptions;
use super::readers::MAX_MILLISECONDS;
use super::value::{as_whole, is_function};
use crate::{Error, Result};

/// What `CLIENT SETINFO LIB-NAME` is given.
const LIBRARY: &str = env!("CARGO_PKG_NAME");
/// Without `keepAlive`, and with ioredis' default of 0.
const DEFAULT_KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Heartbeats that keep a shorter time would be a load of their own.
const SHORTEST_SOCKET_TIMEOUT: u64 = 100;

/// How a connection is kept up, and what becomes of commands meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervision {
    /// After this long without traffic TCP asks whether the peer is there.
    pub keep_alive: Duration,
    /// Whether small writes leave at once.
    pub no_delay: bool,
    /// The longest time without a byte from the server.
    pub socket_timeout: Option<Duration>,
    /// How long what is under way may take once the connection is being closed.
    pub disconnect_timeout: Duration,
    /// Whether the user's `reconnectOnError` is asked about error replies.
    pub reconnect_on_error: bool,
    /// What waits for a connection fails with every n+1st attempt; `None`: only by time.
    pub max_retries_per_request: Option<u32>,
    /// Whether commands wait for a connection that is not there at the moment.
    pub offline_queue: bool,
    /// Whether what had no answer when the connection was lost is sent once more, if that is safe.
    pub resend_unfulfilled: bool,
    /// Whether a server that still loads its data is waited for.
    pub ready_check: bool,
    /// The longest wait between two questions whether it still loads.
    pub max_loading_retry_time: Duration,
    /// What the server is told about this library; `None`: nothing.
    pub library: Option<String>,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            keep_alive: DEFAULT_KEEP_ALIVE,
            no_delay: true,
            socket_timeout: None,
            disconnect_timeout: Duration::from_secs(2),
            reconnect_on_error: false,
            max_retries_per_request: Some(20),
            offline_queue: true,
            resend_unfulfilled: true,
            ready_check: true,
            max_loading_retry_time: Duration::from_secs(10),
            library: Some(LIBRARY.to_owned()),
        }
    }
}

impl Supervision {
    /// Reads and checks these options.
    pub(super) fn read(raw: &RawOptions) -> Result<Self> {
        let default = Self::default();
        let time = |name| raw.milliseconds_or_zero(name);
        let positive = |time: &Duration| !time.is_zero();
        Ok(Self {
            keep_alive: time("keepAlive")?.filter(positive).unwrap_or(default.keep_alive),
            no_delay: raw.boolean("noDelay")?.unwrap_or(default.no_delay),
            socket_timeout: socket_timeout(raw)?,
            disconnect_timeout: time("disconnectTimeout")?.unwrap_or(default.disconnect_timeout),
            reconnect_on_error: reconnect_on_error(raw)?,
            max_retries_per_request: max_retries(raw, default.max_retries_per_request)?,
            offline_queue: raw.boolean("enableOfflineQueue")?.unwrap_or(default.offline_queue),
            resend_unfulfilled: raw
                .boolean("autoResendUnfulfilledCommands")?
                .unwrap_or(default.resend_unfulfilled),
            ready_check: raw.boolean("enableReadyCheck")?.unwrap_or(default.ready_check),
            max_loading_retry_time: time("maxLoadingRetryTime")?
                .unwrap_or(default.max_loading_retry_time),
            library: library(raw)?,
        })
    }
}

fn socket_timeout(raw: &RawOptions) -> Result<Option<Duration>> {
    let allowed = || {
        raw.wrong(
            "socketTimeout",
            &format!(
                "a whole number of milliseconds from {SHORTEST_SOCKET_TIMEOUT} to {MAX_MILLISECONDS}, or 0 for none"
            ),
        )
    };
    match raw.value("socketTimeout").map(as_whole) {
        None | Some(Some(0)) => Ok(None),
        Some(Some(ms @ SHORTEST_SOCKET_TIMEOUT..=MAX_MILLISECONDS)) => {
            Ok(Some(Duration::from_millis(ms)))
        }
        Some(_) => Err(allowed()),
    }
}

fn reconnect_on_error(raw: &RawOptions) -> Result<bool> {
    match raw.value("reconnectOnError") {
        None => Ok(false),
        Some(value) if is_function(value) => Ok(true),
        Some(_) => Err(raw.wrong("reconnectOnError", "a function (error) => false, true, 1 or 2")),
    }
}

fn max_retries(raw: &RawOptions, default: Option<u32>) -> Result<Option<u32>> {
    match raw.value("maxRetriesPerRequest") {
        None => Ok(default),
        Some(Value::Null) => Ok(None),
        Some(value) => match as_whole(value).map(u32::try_from) {
            Some(Ok(times)) => Ok(Some(times)),
            _ => Err(raw.wrong("maxRetriesPerRequest", "a whole number, or null for no limit")),
        },
    }
}

/// The name of this library as the server shows it in `CLIENT LIST`.
fn library(raw: &RawOptions) -> Result<Option<String>> {
    let tag = raw.text("clientInfoTag")?;
    // What CLIENT SETINFO takes.
    if tag.is_some_and(|tag| !tag.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err(raw.wrong("clientInfoTag", "of visible ASCII characters without spaces"));
    }
    let disabled = raw.boolean("disableClientInfo")?.unwrap_or(false);
    match (disabled, tag) {
        (true, None) => Ok(None),
        (true, Some(_)) => Err(Error::option(
            "clientInfoTag",
            "can't be given together with 'disableClientInfo': the server is told nothing then",
        )),
        (false, None) => Ok(Some(LIBRARY.to_owned())),
        (false, Some(tag)) => Ok(Some(format!("{LIBRARY}({tag})"))),
    }
}

#[cfg(test)]
mod tests;
