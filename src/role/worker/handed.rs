//! What JavaScript was handed last and holds as objects, so that of the next it is handed the
//! difference.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Worker;
use crate::content::{FlowDifference, flow_difference};
use crate::store::snapshot::Snapshot;

/// Flows of that many bytes are compared faster than a thread is woken for it.
const AT_ONCE: usize = 128 * 1024;

/// The snapshot that was handed over last, and what the next one will be.
#[derive(Default)]
pub(super) struct Handed(Mutex<Hands>);

#[derive(Default)]
struct Hands {
    last: Option<Arc<Snapshot>>,
    next: Option<Comparison>,
}

/// How the flows of `snapshot` are made of those of the one before it.
struct Comparison {
    /// The id of the one before it.
    base: String,
    snapshot: Arc<Snapshot>,
    difference: Option<FlowDifference>,
}

/// A snapshot that is handed over.
pub struct Offer {
    /// What is to be applied.
    pub snapshot: Arc<Snapshot>,
    /// How its flows are made of those that JavaScript holds; `None` where they have to be read as a
    /// whole.
    pub difference: Option<FlowDifference>,
}

/// What waits to be applied, in hand from here on.
pub enum Beginning<F> {
    /// This, or nothing.
    Now(Option<Offer>),
    /// It has to be compared first.
    Comparing(F),
}

impl Handed {
    /// This one is handed over; gives the one before it.
    pub(super) fn replace(&self, snapshot: Arc<Snapshot>) -> Option<Arc<Snapshot>> {
        self.hands().last.replace(snapshot)
    }

    /// Compares what is about to be offered with what was handed over last, so that nobody has to wait
    /// for it then.
    pub(super) async fn prepare(&self, snapshot: &Arc<Snapshot>) {
        let last = self.hands().last.clone();
        let Some(before) = last else { return };
        let base = before.id();
        let difference = compare(before, snapshot.clone()).await;
        self.hands().next = Some(Comparison { base, snapshot: snapshot.clone(), difference });
    }

    /// What was prepared of this one for who holds `base`.
    fn take_prepared(&self, snapshot: &Arc<Snapshot>, base: Option<&str>) -> Option<Offer> {
        let mut hands = self.hands();
        let next = hands.next.take()?;
        if Some(next.base.as_str()) != base || !Arc::ptr_eq(&next.snapshot, snapshot) {
            return None;
        }
        hands.last = Some(snapshot.clone());
        Some(Offer { snapshot: next.snapshot, difference: next.difference })
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn compare(before: Arc<Snapshot>, next: Arc<Snapshot>) -> Option<FlowDifference> {
    if before.flows.len().max(next.flows.len()) <= AT_ONCE {
        return flow_difference(&before.flows, &next.flows);
    }
    let compare = move || flow_difference(&before.flows, &next.flows);
    // Should it end early, the whole is as good.
    tokio::task::spawn_blocking(compare).await.ok().flatten()
}

impl Worker {
    /// The snapshot that waits, as [`Worker::begin_pending`] gives it, for one that holds the flows of the
    /// snapshot with the id `base` as objects.
    pub fn begin_pending_after(
        &self,
        base: Option<String>,
    ) -> Beginning<impl Future<Output = Offer> + Send + use<>> {
        let Some(snapshot) = self.begin_pending() else { return Beginning::Now(None) };
        let handed = &self.inner.handed;
        if let Some(offer) = handed.take_prepared(&snapshot, base.as_deref()) {
            return Beginning::Now(Some(offer));
        }
        let before = handed.replace(snapshot.clone());
        let before = before.filter(|before| base.is_some_and(|base| base == before.id()));
        Beginning::Comparing(async move {
            let difference = match before {
                Some(before) => compare(before, snapshot.clone()).await,
                None => None,
            };
            Offer { snapshot, difference }
        })
    }
}
