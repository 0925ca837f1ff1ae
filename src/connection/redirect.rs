//! Which commands are run again because a node of a cluster refused to run them, and when.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::backoff::Backoff;
use crate::config::{ClusterConfig, ConnectionConfig, Target};
use crate::error::Error;

/// What is put off waits at most this long before the next attempt, if the options say no more.
const LONGEST_PUT_OFF: Duration = Duration::from_secs(1);

/// Why a command has no result.
#[derive(Debug)]
pub(super) struct Unserved {
    pub(super) error: Error,
    /// It never left this machine.
    unsent: bool,
    /// The connection that it was sent on is lost or given up, and it may be sent on the next.
    pub(super) left: Option<Left>,
}

/// A connection that is being given up.
#[derive(Debug)]
pub(super) struct Left {
    /// Closed once it has gone.
    pub(super) kick: mpsc::Sender<Error>,
    /// The user asked for the command to be sent again, and not just for a new connection.
    pub(super) on_demand: bool,
}

impl Unserved {
    /// It never left this machine.
    pub(super) fn unsent(error: Error) -> Self {
        Self { error, unsent: true, left: None }
    }

    /// Whether it never left this machine.
    pub(super) fn is_unsent(&self) -> bool {
        self.unsent
    }
}

impl From<Error> for Unserved {
    fn from(error: Error) -> Self {
        Self { error, unsent: false, left: None }
    }
}

/// What becomes of a command that was not run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is run again after this long.
    Waits(Duration),
    /// It is run by the node that its slot is being moved to.
    IsSentOn,
    /// Its keys are half here and half there: it is run again when more of them were moved.
    IsPutOff,
    /// It is not run again.
    Fails,
}

/// When commands are run again; never without a cluster.
#[derive(Debug, Clone)]
pub(super) struct Redirection(Option<Delays>);

#[derive(Debug, Clone)]
struct Delays {
    most: u32,
    moved: Duration,
    failover: Duration,
    cluster_down: Duration,
    try_again: Duration,
}

impl Redirection {
    pub(super) fn of(config: &ConnectionConfig) -> Self {
        Self(match &config.target {
            Target::Cluster(ClusterConfig {
                max_redirections,
                delay_on_moved,
                delay_on_failover,
                delay_on_cluster_down,
                delay_on_try_again,
                ..
            }) => Some(Delays {
                most: *max_redirections,
                moved: *delay_on_moved,
                failover: *delay_on_failover,
                cluster_down: *delay_on_cluster_down,
                try_again: *delay_on_try_again,
            }),
            _ => None,
        })
    }

    /// What becomes of a command that was run `times` times again so far. Only what certainly was
    /// not run is run again.
    pub(super) fn next(&self, unserved: &Unserved, times: u32) -> Next {
        let Some(delays) = self.0.as_ref().filter(|delays| times < delays.most) else {
            return Next::Fails;
        };
        let Error::Unavailable { reason } = &unserved.error else { return Next::Fails };
        match (unserved.unsent, reason.split(' ').next()) {
            // Whatever the reason, what is missing is a connection.
            (true, _) => Next::Waits(delays.failover),
            (_, Some("MOVED")) => Next::Waits(delays.moved),
            (_, Some("ASK")) => Next::IsSentOn,
            (_, Some("TRYAGAIN")) => Next::IsPutOff,
            (_, Some("CLUSTERDOWN")) => Next::Waits(delays.cluster_down),
            (false, _) => Next::Fails,
        }
    }

    /// How long what was put off waits for its slot to be moved: longer each time.
    pub(super) fn put_off(&self) -> Backoff {
        let first = self.0.as_ref().map_or(Duration::ZERO, |delays| delays.try_again);
        Backoff::new(first, first.max(LONGEST_PUT_OFF))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(redirection: &Redirection, reason: &str, unsent: bool, times: u32) -> Next {
        let error = Error::Unavailable { reason: reason.into() };
        redirection.next(&Unserved { error, unsent, left: None }, times)
    }

    #[test]
    fn only_what_was_not_run_is_run_again() {
        let ms = Duration::from_millis;
        let redirection = Redirection(Some(Delays {
            most: 3,
            moved: ms(1),
            failover: ms(2),
            cluster_down: ms(3),
            try_again: ms(4),
        }));
        for (reason, unsent, expected) in [
            ("MOVED 1 a:1", false, Next::Waits(ms(1))),
            ("MOVED 1 a:1", true, Next::Waits(ms(2))),
            ("ASK 1 a:1", false, Next::IsSentOn),
            ("TRYAGAIN Multiple keys", false, Next::IsPutOff),
            ("CLUSTERDOWN The cluster is down", false, Next::Waits(ms(3))),
            ("Connection refused", true, Next::Waits(ms(2))),
            ("the server closed the connection", false, Next::Fails),
            ("READONLY You can't write", false, Next::Fails),
        ] {
            assert_eq!(next(&redirection, reason, unsent, 2), expected, "{reason} {unsent}");
            for (none, times) in [(&redirection, 3), (&Redirection(None), 0)] {
                assert_eq!(next(none, reason, unsent, times), Next::Fails, "{reason} {unsent}");
            }
        }
        let timeout = Error::Timeout { command: "SET".into(), limit: ms(1) };
        assert_eq!(redirection.next(&timeout.into(), 0), Next::Fails);
        let mut put_off = redirection.put_off();
        let waits: Vec<u128> = (0..10).map(|_| put_off.next_wait().as_millis()).collect();
        assert_eq!(waits, [4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000]);
    }
}
