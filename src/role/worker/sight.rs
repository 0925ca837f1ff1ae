//! What a worker has read in full already, so that it need not be read again.

use std::time::{Duration, Instant};

use super::Inner;
use crate::error::{Error, Result};
use crate::store::glance::Glance;
use crate::store::snapshot::Snapshot;

/// The shortest time between two reads in full that no record asks for.
const WITHOUT_RECORD: Duration = Duration::from_secs(1);
/// How long a glance is trusted: an earlier module may write flows of the very same size.
const TRUSTED: Duration = Duration::from_secs(300);

/// What the last read in full was about.
#[derive(Default)]
pub(super) struct Sight {
    /// Nothing is to be done while this is what is stored.
    settled: Option<Glance>,
    read: Option<Instant>,
}

impl Sight {
    /// How long until it is worth to read in full what `glance` shows; `None` when there is
    /// nothing to be found.
    pub(super) fn rest(&self, glance: &Glance, now: Instant) -> Option<Duration> {
        let Some(since) = self.read.map(|read| now.saturating_duration_since(read)) else {
            return Some(Duration::ZERO);
        };
        if !glance.is_telling() {
            return Some(WITHOUT_RECORD.saturating_sub(since));
        }
        let is_known = self.settled.as_ref() == Some(glance) && since < TRUSTED;
        (!is_known).then_some(Duration::ZERO)
    }

    fn reads(&mut self, now: Instant) {
        self.read = Some(now);
    }

    /// There is nothing to be done while `glance` is what is stored.
    pub(super) fn settle(&mut self, glance: Option<Glance>) {
        self.settled = glance;
    }
}

impl Inner {
    /// Reads what `glance` has shown, and remembers it when there is nothing to be done with it.
    pub(super) async fn read_in_full(&self, glance: Glance) -> Result<Option<Snapshot>> {
        self.state().sight.reads(Instant::now());
        let read = self.store.read_whole_snapshot().await;
        match &read {
            Ok(Some(snapshot)) => self.remember(snapshot, glance),
            // Nobody can say what was stored then: not read again if it still is.
            Ok(None) | Err(Error::Value { .. }) => {
                if self.store.glance().await? == glance {
                    self.state().sight.settle(Some(glance));
                }
            }
            Err(_) => {}
        }
        read
    }

    fn remember(&self, snapshot: &Snapshot, glance: Glance) {
        if snapshot.revision != glance.record {
            // Something else has been stored in between.
            return;
        }
        let id = snapshot.id();
        let mut state = self.state();
        let is_known =
            [&state.applied, &state.waiting].into_iter().any(|known| known.as_ref() == Some(&id));
        if state.refused.reason(&id).is_some() || is_known {
            state.sight.settle(Some(glance));
        } else if let Some(failed) = state.failed.as_mut().filter(|failed| failed.id == id) {
            failed.glance = Some(glance);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::revision::Revision;

    fn glance(sequence: u64, sizes: [u64; 3], stored: [u64; 3]) -> Glance {
        let record = Revision {
            sequence,
            flows: "a".into(),
            credentials: "b".into(),
            settings: "c".into(),
            time: 1,
            owner: "me".into(),
            project: None,
            sizes: Some(sizes),
        };
        Glance { record: Some(record), sizes: stored }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_known_is_read_again_after_a_long_time_only() {
        let (mut sight, now) = (Sight::default(), Instant::now());
        let known = glance(1, [1, 2, 3], [1, 2, 3]);
        assert_eq!(sight.rest(&known, now), Some(Duration::ZERO));
        sight.reads(now);
        sight.settle(Some(known.clone()));
        assert_eq!(sight.rest(&known, now + seconds(299)), None);
        assert_eq!(sight.rest(&known, now + seconds(301)), Some(Duration::ZERO));
        let other = glance(2, [1, 2, 3], [1, 2, 3]);
        assert_eq!(sight.rest(&other, now), Some(Duration::ZERO));
    }

    #[test]
    fn what_no_record_tells_of_is_read_once_a_second() {
        let (mut sight, now) = (Sight::default(), Instant::now());
        sight.reads(now);
        for glance in [
            Glance { record: None, sizes: [1, 2, 3] },
            // Written beside the record.
            glance(1, [1, 2, 3], [9, 2, 3]),
        ] {
            sight.settle(Some(glance.clone()));
            assert_eq!(sight.rest(&glance, now + seconds(1) / 4), Some(seconds(3) / 4));
            assert_eq!(sight.rest(&glance, now + seconds(2)), Some(Duration::ZERO));
        }
    }
}
