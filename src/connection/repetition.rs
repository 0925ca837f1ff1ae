//! What waits for a connection, and what is sent a second time: `enableOfflineQueue`,
//! `maxRetriesPerRequest`, `autoResendUnfulfilledCommands`.

use std::time::Duration;

use redis::{Cmd, Pipeline};

use super::fault::name_of;
use super::state::ConnectionState;
use crate::config::Supervision;

/// A command waits no longer than until an outage is this old: what comes later is better served
/// by the disk and the last good copy.
pub(super) const OUTAGE_WAIT: Duration = Duration::from_secs(3);
/// This many wait at most.
pub(super) const QUEUE_LENGTH: usize = 1000;

/// Commands that change nothing.
const READS: [&str; 16] = [
    "GET", "GETRANGE", "STRLEN", "EXISTS", "HGET", "HSCAN", "HLEN", "SCAN", "TYPE", "PTTL", "TIME",
    "PING", "ROLE", "INFO", "MULTI", "EXEC",
];

/// Whether a command may be sent again although nobody knows whether it was run.
pub(super) fn is_read(cmd: &Cmd) -> bool {
    READS.contains(&name_of(cmd).as_str())
}

/// The same of a transaction.
pub(super) fn all_read(pipe: &Pipeline) -> bool {
    pipe.cmd_iter().all(is_read)
}

/// Counts the failed attempts to connect while something waits.
#[derive(Debug)]
pub(super) struct Attempts {
    /// One more than `maxRetriesPerRequest`.
    every: Option<u32>,
    begun: u32,
    last: u32,
}

impl Attempts {
    /// Begins to count at the present state.
    pub(super) fn new(supervision: &Supervision, state: &ConnectionState) -> Self {
        let begun = number_of(state);
        let every = supervision.max_retries_per_request.map(|most| most.saturating_add(1));
        Self { every, begun, last: begun }
    }

    /// Takes in the state as it is now; tells whether what waits is to fail: with every n+1st
    /// attempt, as in ioredis, whenever it began to wait.
    pub(super) fn observe(&mut self, state: &ConnectionState) -> bool {
        let now = number_of(state);
        if now < self.last {
            // Connected meanwhile.
            self.begun = 0;
        }
        self.last = now;
        self.every.is_some_and(|every| now / every > self.begun / every)
    }
}

fn number_of(state: &ConnectionState) -> u32 {
    match state {
        ConnectionState::Reconnecting { attempt, .. } => *attempt,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(attempt: u32) -> ConnectionState {
        ConnectionState::Reconnecting { attempt, reason: String::new() }
    }

    fn attempts(most: Option<u32>, from: &ConnectionState) -> Attempts {
        let supervision = Supervision { max_retries_per_request: most, ..Supervision::default() };
        Attempts::new(&supervision, from)
    }

    #[test]
    fn what_waits_fails_with_every_n_plus_first_attempt() {
        for (most, begun, fails_at) in
            [(2, 0, 3), (2, 1, 3), (2, 2, 3), (2, 3, 6), (0, 0, 1), (0, 7, 8), (20, 0, 21)]
        {
            let state = if begun == 0 { ConnectionState::Connecting } else { failed(begun) };
            let mut attempts = attempts(Some(most), &state);
            for attempt in begun..fails_at {
                assert!(!attempts.observe(&failed(attempt)), "{most}: {begun} to {attempt}");
            }
            assert!(attempts.observe(&failed(fails_at)), "{most}: {begun} to {fails_at}");
        }
        let mut endless = attempts(None, &ConnectionState::Connecting);
        assert!((1..100_000).all(|attempt| !endless.observe(&failed(attempt))));
    }

    #[test]
    fn a_connection_in_between_begins_the_count_anew() {
        let mut attempts = attempts(Some(4), &failed(4));
        assert!(!attempts.observe(&failed(1)));
        assert!(attempts.observe(&failed(5)));
    }

    #[test]
    fn an_attempt_that_was_not_seen_counts() {
        assert!(attempts(Some(2), &failed(1)).observe(&failed(4)));
    }

    #[test]
    fn only_reads_are_safe() {
        assert!(is_read(redis::cmd("get").arg("a")));
        assert!(!is_read(redis::cmd("SET").arg("a").arg("b")));
        let mut pipe = redis::pipe();
        pipe.cmd("MULTI").cmd("GET").arg("a").cmd("EXEC");
        assert!(all_read(&pipe));
        pipe.cmd("HSET").arg("a").arg("b").arg("c");
        assert!(!all_read(&pipe));
    }
}
