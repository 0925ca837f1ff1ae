//! What JavaScript was handed last and holds as objects, so that of the next it is handed the
//! difference.

use std::sync::{Arc, Mutex, PoisonError};

use super::Worker;
use crate::content::{FlowDifference, flow_difference};
use crate::store::snapshot::Snapshot;

/// The snapshot that was handed over last.
#[derive(Default)]
pub(super) struct Handed(Mutex<Option<Arc<Snapshot>>>);

/// A snapshot that is handed over.
pub struct Offer {
    /// What is to be applied.
    pub snapshot: Arc<Snapshot>,
    /// How its flows are made of those that JavaScript holds; `None` where they have to be read as a
    /// whole.
    pub difference: Option<FlowDifference>,
}

impl Handed {
    /// This one is handed over; gives the one before it.
    pub(super) fn replace(&self, snapshot: Arc<Snapshot>) -> Option<Arc<Snapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(snapshot)
    }
}

impl Worker {
    /// The snapshot that waits, as [`Worker::begin_pending`] gives it, for one that holds the flows of the
    /// snapshot with the id `base` as objects.
    pub async fn begin_pending_after(&self, base: Option<String>) -> Option<Offer> {
        let snapshot = self.begin_pending()?;
        let before = self.inner.handed.replace(snapshot.clone());
        let compared = snapshot.clone();
        let compare = move || {
            let before = before.filter(|before| base.is_some_and(|base| base == before.id()))?;
            flow_difference(&before.flows, &compared.flows)
        };
        // Should it end early, the whole is as good.
        let difference = tokio::task::spawn_blocking(compare).await.ok().flatten();
        Some(Offer { snapshot, difference })
    }
}
