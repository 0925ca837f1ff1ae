//! What is to be given back. The server may refuse it for as long as it likes: then it is tried again in its
//! time, and what is held is renewed meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The wait after the first refusal; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Leases that are no longer wanted here, by tab, each with its fence.
#[derive(Debug, Default)]
pub(super) struct Releases {
    due: BTreeMap<Arc<str>, u64>,
    refused: Option<Refused>,
}

/// Since when the server refuses them.
#[derive(Debug, Clone, Copy)]
struct Refused {
    since: Instant,
    again: Instant,
    wait: Duration,
}

impl Releases {
    /// One more.
    pub(super) fn add(&mut self, tab: Arc<str>, fence: u64) {
        self.due.insert(tab, fence);
        // Those before it go with it.
        self.refused = None;
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.due.is_empty()
    }

    /// All that are to be tried now; none while a refusal is waited out.
    pub(super) fn now(&self, now: Instant) -> Option<Vec<(Arc<str>, u64)>> {
        let is_due = self.refused.is_none_or(|refused| refused.again <= now);
        (is_due && !self.due.is_empty())
            .then(|| self.due.iter().map(|(tab, fence)| (tab.clone(), *fence)).collect())
    }

    /// Whether the server has refused them: they can wait for what it has not.
    pub(super) fn are_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// When they are to be tried again.
    pub(super) fn again(&self) -> Option<Instant> {
        self.refused.filter(|_| !self.due.is_empty()).map(|refused| refused.again)
    }

    /// These were given back.
    pub(super) fn done(&mut self, released: &[(Arc<str>, u64)]) {
        for (tab, fence) in released {
            if self.due.get(tab) == Some(fence) {
                self.due.remove(tab);
            }
        }
        self.refused = None;
    }

    /// The server has refused them. Nobody has renewed them since: after `ttl` they have ended by themselves.
    pub(super) fn refused(&mut self, now: Instant, ttl: Duration) {
        let (since, wait) = match self.refused {
            None => (now, FIRST_WAIT),
            Some(refused) => (refused.since, (refused.wait * 2).min(ttl)),
        };
        if now.saturating_duration_since(since) >= ttl {
            self.due.clear();
            self.refused = None;
        } else {
            self.refused = Some(Refused { since, again: now + wait, wait });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(2);

    #[test]
    fn a_refusal_is_waited_out_longer_each_time_and_ends_with_the_lease() {
        let mut releases = Releases::default();
        let start = Instant::now();
        releases.add("a".into(), 1);
        let mut now = start;
        let mut attempts = 0;
        while !releases.is_empty() {
            assert!(releases.now(now).is_some());
            attempts += 1;
            releases.refused(now, TTL);
            assert!(releases.now(now).is_none());
            now = releases.again().unwrap_or(now);
        }
        assert!(attempts < 10, "{attempts}");
        assert!(now - start >= TTL && !releases.are_refused());
    }

    #[test]
    fn what_was_given_back_is_told_by_its_fence() {
        let mut releases = Releases::default();
        releases.add("a".into(), 1);
        releases.add("a".into(), 2);
        releases.done(&[("a".into(), 1)]);
        assert_eq!(releases.now(Instant::now()), Some(vec![("a".into(), 2)]));
        releases.done(&[("a".into(), 2)]);
        assert!(releases.is_empty());
    }
}
