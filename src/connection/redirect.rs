//! Which commands are run again because a node of a cluster refused to run them, and when.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::config::{ClusterConfig, ConnectionConfig, Target};
use crate::error::Error;

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

    /// The wait before a command is run for the `times + 2`nd time; `None` when it is not. Only
    /// what certainly was not run is run again.
    pub(super) fn delay(&self, unserved: &Unserved, times: u32) -> Option<Duration> {
        let delays = self.0.as_ref().filter(|delays| times < delays.most)?;
        let Error::Unavailable { reason } = &unserved.error else { return None };
        match (unserved.unsent, reason.split(' ').next()) {
            // Whatever the reason, what is missing is a connection.
            (true, _) => Some(delays.failover),
            (_, Some("MOVED")) => Some(delays.moved),
            (_, Some("ASK" | "TRYAGAIN")) => Some(delays.try_again),
            (_, Some("CLUSTERDOWN")) => Some(delays.cluster_down),
            (false, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delay(redirection: &Redirection, reason: &str, unsent: bool, times: u32) -> Option<u128> {
        let error = Error::Unavailable { reason: reason.into() };
        let delay = redirection.delay(&Unserved { error, unsent, left: None }, times);
        delay.map(|delay| delay.as_millis())
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
            ("MOVED 1 a:1", false, Some(1)),
            ("MOVED 1 a:1", true, Some(2)),
            ("ASK 1 a:1", false, Some(4)),
            ("TRYAGAIN Multiple keys", false, Some(4)),
            ("CLUSTERDOWN The cluster is down", false, Some(3)),
            ("Connection refused", true, Some(2)),
            ("the server closed the connection", false, None),
            ("READONLY You can't write", false, None),
        ] {
            assert_eq!(delay(&redirection, reason, unsent, 2), expected, "{reason} {unsent}");
            assert_eq!(delay(&redirection, reason, unsent, 3), None, "{reason} {unsent}");
            assert_eq!(delay(&Redirection(None), reason, unsent, 0), None, "{reason} {unsent}");
        }
        let timeout = Error::Timeout { command: "SET".into(), limit: ms(1) };
        assert_eq!(redirection.delay(&timeout.into(), 0), None);
    }
}
