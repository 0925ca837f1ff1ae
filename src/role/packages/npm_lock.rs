//! One npm at a time: ours and Node-RED's own runs in the same user directory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Who may run npm now.
pub(super) struct NpmLock {
    free: Arc<Semaphore>,
    given: Mutex<Given>,
}

#[derive(Default)]
struct Given {
    last: u32,
    permits: BTreeMap<u32, OwnedSemaphorePermit>,
}

impl Default for NpmLock {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(1)), given: Mutex::default() }
    }
}

impl NpmLock {
    /// Waits for a run of ours; it is over when the permit is dropped.
    pub(super) async fn ours(&self) -> Option<OwnedSemaphorePermit> {
        self.free.clone().acquire_owned().await.ok()
    }

    /// Waits at most `patience` for a run of Node-RED's; its number, or `None` when the wait was in
    /// vain: npm that hangs must not keep flows from starting.
    pub(super) async fn acquire(&self, patience: Duration) -> Option<u32> {
        let permit = tokio::time::timeout(patience, self.ours()).await.ok()??;
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.last = given.last.wrapping_add(1);
        let number = given.last;
        given.permits.insert(number, permit);
        Some(number)
    }

    /// The run with this number is over.
    pub(super) fn release(&self, number: u32) {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).permits.remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_runs_at_a_time() {
        let lock = NpmLock::default();
        let first = lock.acquire(Duration::from_secs(60)).await.unwrap();
        assert_eq!(lock.acquire(Duration::ZERO).await, None);
        lock.release(first);
        let ours = lock.ours().await;
        assert!(ours.is_some());
        assert_eq!(lock.acquire(Duration::ZERO).await, None);
        drop(ours);
        assert!(lock.acquire(Duration::from_secs(60)).await.is_some());
    }
}
