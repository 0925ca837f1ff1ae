//! How often hints make somebody look at the server: a flood of hints is no flood of reads.

use std::time::Duration;

use tokio::time::Instant;

/// Looks that may follow each other without a pause: a script may deploy dozens of times in a row …
const AT_ONCE: u32 = 64;
/// … and how soon one more may follow when those are used up.
const REFILL: Duration = Duration::from_millis(50);

/// A bucket of looks.
#[derive(Debug)]
pub(super) struct Pace {
    left: u32,
    /// Since when `left` is what it is.
    since: Instant,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { left: AT_ONCE, since: Instant::now() }
    }

    /// Waits until another look may be taken, and takes it.
    pub(super) async fn take(&mut self) {
        let rest = self.take_at(Instant::now());
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
    }

    /// Takes a look at this time; returns how long it has to wait.
    fn take_at(&mut self, now: Instant) -> Duration {
        while self.left < AT_ONCE && now.saturating_duration_since(self.since) >= REFILL {
            self.left += 1;
            self.since += REFILL;
        }
        if self.left == AT_ONCE {
            self.since = now;
        }
        match self.left {
            0 => {
                // The next refill is what it takes.
                self.since += REFILL;
                self.since.saturating_duration_since(now)
            }
            _ => {
                self.left -= 1;
                Duration::ZERO
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_looks_follow_at_once_and_then_one_every_refill() {
        let mut pace = Pace::new();
        let mut now = Instant::now();
        for _ in 0..AT_ONCE {
            assert_eq!(pace.take_at(now), Duration::ZERO);
        }
        let begun = now;
        for _ in 0..20 {
            now += pace.take_at(now);
        }
        assert!(now - begun > REFILL * 19 && now - begun <= REFILL * 20, "{:?}", now - begun);
    }

    #[test]
    fn a_pause_refills_the_bucket_and_no_more_than_that() {
        let mut pace = Pace::new();
        let mut now = Instant::now();
        for _ in 0..AT_ONCE + 3 {
            now += pace.take_at(now);
        }
        now += REFILL * 1000;
        for _ in 0..AT_ONCE {
            assert_eq!(pace.take_at(now), Duration::ZERO);
        }
        assert_eq!(pace.take_at(now), REFILL);
    }
}
