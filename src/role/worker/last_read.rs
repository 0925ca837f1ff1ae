//! What a worker has read in full already, so that it need not be read again.

use std::time::{Duration, Instant};

use super::Inner;
use crate::error::{Error, Result};
use crate::store::head::Head;
use crate::store::snapshot::{Check, Snapshot};

/// The shortest time between two reads in full that no record asks for.
const WITHOUT_RECORD: Duration = Duration::from_secs(1);
/// How long a head that is known is trusted: an earlier module may write flows of the very same size.
const TRUSTED: Duration = Duration::from_secs(300);
/// Reads in vain, until something new is found, of values that hints made likely to be new.
const MOST_IN_VAIN: u8 = 3;

/// What the last read in full was about.
#[derive(Default)]
pub(super) struct LastRead {
    /// Nothing is to be done while this is what is stored.
    settled: Option<Head>,
    read: Option<Instant>,
    /// Bytes of the largest value at the last look.
    largest: Option<u64>,
    /// Looks in a row that read the values and found what was known.
    in_vain: u8,
}

impl LastRead {
    /// How long until it is worth to read in full what `head` tells of; `None` when there is
    /// nothing to be found.
    pub(super) fn rest(&self, head: &Head, now: Instant) -> Option<Duration> {
        let Some(since) = self.read.map(|read| now.saturating_duration_since(read)) else {
            return Some(Duration::ZERO);
        };
        if !head.is_telling() {
            return Some(WITHOUT_RECORD.saturating_sub(since));
        }
        let is_known = self.settled.as_ref() == Some(head) && since < TRUSTED;
        (!is_known).then_some(Duration::ZERO)
    }

    /// A look has found this, and may have read the values with it.
    pub(super) fn sees(&mut self, head: &Head, with_values: bool) {
        self.largest = head.sizes.into_iter().max();
        if self.settled.as_ref() != Some(head) {
            self.in_vain = 0;
        } else if with_values {
            self.in_vain = self.in_vain.saturating_add(1);
        }
    }

    /// Whether the next look may read the values without knowing whether they are new: none was larger than
    /// `most` bytes at the last one, and no flood of hints has had them read in vain.
    pub(super) fn is_worth_reading(&self, most: usize) -> bool {
        self.in_vain < MOST_IN_VAIN
            && self.largest.is_some_and(|largest| {
                usize::try_from(largest).is_ok_and(|largest| largest <= most)
            })
    }

    fn reads(&mut self, now: Instant) {
        self.read = Some(now);
    }

    /// There is nothing to be done while `head` is what is stored.
    pub(super) fn settle(&mut self, head: Option<Head>) {
        self.settled = head;
    }
}

impl Inner {
    /// Reads what `head` tells of, and remembers it when there is nothing to be done with it.
    pub(super) async fn read_in_full(&self, head: Head) -> Result<Option<Snapshot>> {
        let read = match self.store.check_sizes(&head) {
            Ok(()) => self.store.read_snapshot(Check::Whole).await,
            Err(error) => Err(error),
        };
        self.note_read(head, read).await
    }

    /// This is what `head` tells of, and it is remembered when there is nothing to be done with it.
    pub(super) async fn note_read(
        &self,
        head: Head,
        read: Result<Option<Snapshot>>,
    ) -> Result<Option<Snapshot>> {
        self.state().last_read.reads(Instant::now());
        match &read {
            Ok(Some(snapshot)) => self.remember(snapshot, head),
            // Nobody can say what was stored then: not read again if it still is.
            Ok(None) | Err(Error::Value { .. }) => {
                if self.store.read_head().await? == head {
                    self.state().last_read.settle(Some(head));
                }
            }
            Err(_) => {}
        }
        read
    }

    fn remember(&self, snapshot: &Snapshot, head: Head) {
        if snapshot.revision.as_ref() != head.revision() {
            // Something else has been stored in between.
            return;
        }
        let id = snapshot.id();
        let mut state = self.state();
        let is_known =
            [&state.applied, &state.waiting].into_iter().any(|known| known.as_ref() == Some(&id));
        if state.refused.reason(&id).is_some() || is_known {
            state.last_read.settle(Some(head));
        } else if let Some(failed) = state.failed.as_mut().filter(|failed| failed.id == id) {
            failed.head = Some(head);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::head::Record;
    use crate::store::revision::Revision;

    fn head(sequence: u64, sizes: [u64; 3], stored: [u64; 3]) -> Head {
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
        Head { record: Record::Read(record), sizes: stored }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_known_is_read_again_after_a_long_time_only() {
        let (mut last_read, now) = (LastRead::default(), Instant::now());
        let known = head(1, [1, 2, 3], [1, 2, 3]);
        assert_eq!(last_read.rest(&known, now), Some(Duration::ZERO));
        last_read.reads(now);
        last_read.settle(Some(known.clone()));
        assert_eq!(last_read.rest(&known, now + seconds(299)), None);
        assert_eq!(last_read.rest(&known, now + seconds(301)), Some(Duration::ZERO));
        let other = head(2, [1, 2, 3], [1, 2, 3]);
        assert_eq!(last_read.rest(&other, now), Some(Duration::ZERO));
    }

    #[test]
    fn small_values_are_read_with_a_look_until_hints_prove_empty() {
        let mut last_read = LastRead::default();
        assert!(!last_read.is_worth_reading(10), "nobody knows how large they are");
        let (known, new) = (head(1, [1, 2, 10], [1, 2, 10]), head(2, [1, 2, 10], [1, 2, 10]));
        last_read.sees(&known, false);
        last_read.settle(Some(known.clone()));
        for _ in 0..MOST_IN_VAIN {
            assert!(last_read.is_worth_reading(10));
            last_read.sees(&known, true);
        }
        assert!(!last_read.is_worth_reading(10));
        last_read.sees(&new, false);
        assert!(last_read.is_worth_reading(10));
        assert!(!last_read.is_worth_reading(9));
    }

    #[test]
    fn what_no_record_tells_of_is_read_once_a_second() {
        let (mut last_read, now) = (LastRead::default(), Instant::now());
        last_read.reads(now);
        for head in [
            Head { record: Record::Missing, sizes: [1, 2, 3] },
            // Written beside the record.
            head(1, [1, 2, 3], [9, 2, 3]),
        ] {
            last_read.settle(Some(head.clone()));
            assert_eq!(last_read.rest(&head, now + seconds(1) / 4), Some(seconds(3) / 4));
            assert_eq!(last_read.rest(&head, now + seconds(2)), Some(Duration::ZERO));
        }
    }
}
