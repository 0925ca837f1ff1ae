//! When a connection asks for a sign of life, and when it gives the server up.

use std::time::Duration;

use super::activity::Activity;
use crate::config::Supervision;
use crate::error::Error;

/// Between two heartbeats, unless `socketTimeout` is shorter than six of them.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// A connection over which nothing was heard in so many of them is asked: instances report every two seconds.
pub(super) const QUIET_BEATS: u32 = 2;
/// A server that shows no sign of life for this long after a heartbeat is gone.
pub(super) const SILENCE_LIMIT: Duration = Duration::from_millis(4500);

/// How often a sign of life is asked for: an idle connection must not look like a silent server.
pub(super) fn interval(supervision: &Supervision) -> Duration {
    let beats = 3 * QUIET_BEATS;
    supervision.socket_timeout.map_or(HEARTBEAT, |limit| (limit / beats).min(HEARTBEAT))
}

/// Returns when the server has sent no byte for as long as `socketTimeout` allows.
pub(super) async fn unread_too_long(activity: &Activity, supervision: &Supervision) -> Error {
    let Some(limit) = supervision.socket_timeout else { return std::future::pending().await };
    activity.unread(limit).await;
    Error::Unavailable {
        reason: format!("no byte from the server for {} ms ('socketTimeout')", limit.as_millis()),
    }
}

/// Why a server is given up that shows no sign of life.
pub(super) fn silent() -> Error {
    Error::Unavailable { reason: format!("no sign of life for {} ms", SILENCE_LIMIT.as_millis()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_asked_more_often_than_it_may_be_silent() {
        let with = |ms| {
            let socket_timeout = Some(Duration::from_millis(ms));
            interval(&Supervision { socket_timeout, ..Supervision::default() })
        };
        assert_eq!(interval(&Supervision::default()), Duration::from_secs(1));
        assert_eq!(with(60_000), Duration::from_secs(1));
        assert_eq!(with(900), Duration::from_millis(150));
    }
}
