//! The wait before what has failed is tried again. Where users have a say in it, see
//! [`crate::connection::Retry`].

use std::time::Duration;

use rand::Rng;

/// Waits that double with each failure in a row, up to a longest one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    spread: bool,
    failures: u32,
}

impl Backoff {
    /// Begins with `first`, ends at `longest`.
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, spread: false, failures: 0 }
    }

    /// Takes between half of each wait and all of it at random, so that many instances don't all
    /// try at once.
    pub(crate) const fn spread(self) -> Self {
        Self { spread: true, ..self }
    }

    /// Counts another failure, and tells the wait before the next attempt.
    pub(crate) fn next_wait(&mut self) -> Duration {
        let full = self.first.saturating_mul(1 << self.failures.min(31)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        if !self.spread {
            return full;
        }
        full.mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    /// An attempt has succeeded: the next failure is the first again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew() {
        let mut backoff = Backoff::new(2 * SECOND, 20 * SECOND);
        let waits: Vec<u64> = (0..6).map(|_| backoff.next_wait().as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 20, 20]);
        backoff.reset();
        assert_eq!(backoff.next_wait(), 2 * SECOND);
        backoff.failures = u32::MAX;
        assert_eq!(backoff.next_wait(), 20 * SECOND);
        assert_eq!(backoff.next_wait(), 20 * SECOND);
    }

    #[test]
    fn spread_waits_lie_between_half_and_all_and_differ() {
        let waits: Vec<Duration> =
            (0..50).map(|_| Backoff::new(4 * SECOND, SECOND * 600).spread().next_wait()).collect();
        assert!(waits.iter().all(|wait| (2 * SECOND..=4 * SECOND).contains(wait)), "{waits:?}");
        assert!(waits.iter().any(|wait| Some(wait) != waits.first()), "{waits:?}");
    }
}
