//! Lines that an instance logs once, whichever of its connections has reason to.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What was said so far; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Once(Arc<Mutex<BTreeSet<String>>>);

impl Once {
    /// Counts this as said from now on; tells whether it is the first time.
    pub(super) fn claim(&self, line: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(line.to_owned())
    }

    /// Whether this was said.
    pub(super) fn was(&self, line: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(line)
    }
}
