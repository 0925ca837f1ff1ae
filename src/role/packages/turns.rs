//! Turns at npm: ours and Node-RED's own runs in the same user directory, one at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Who may run npm now.
pub(super) struct Turns {
    free: Arc<Semaphore>,
    given: Mutex<Given>,
}

#[derive(Default)]
struct Given {
    last: u32,
    permits: BTreeMap<u32, OwnedSemaphorePermit>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(1)), given: Mutex::default() }
    }
}

impl Turns {
    /// Waits for a run of ours; it is over when the permit is dropped.
    pub(super) async fn ours(&self) -> Option<OwnedSemaphorePermit> {
        self.free.clone().acquire_owned().await.ok()
    }

    /// Waits at most `patience` for a run of Node-RED's; its number, or `None` when the wait was in
    /// vain: npm that hangs must not keep flows from starting.
    pub(super) async fn take(&self, patience: Duration) -> Option<u32> {
        let permit = tokio::time::timeout(patience, self.ours()).await.ok()??;
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.last = given.last.wrapping_add(1);
        let number = given.last;
        given.permits.insert(number, permit);
        Some(number)
    }

    /// The run with this number is over.
    pub(super) fn give_back(&self, number: u32) {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).permits.remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_runs_at_a_time() {
        let turns = Turns::default();
        let first = turns.take(Duration::from_secs(60)).await.unwrap();
        assert_eq!(turns.take(Duration::ZERO).await, None);
        turns.give_back(first);
        let ours = turns.ours().await;
        assert!(ours.is_some());
        assert_eq!(turns.take(Duration::ZERO).await, None);
        drop(ours);
        assert!(turns.take(Duration::from_secs(60)).await.is_some());
    }
}
