//! Lines that an instance logs once, whichever of its connections has reason to.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What was said so far; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Once {
    said: Arc<Mutex<BTreeSet<String>>>,
    silent: bool,
}

impl Once {
    /// As if everything had been said.
    pub(super) fn silent() -> Self {
        Self { silent: true, ..Self::default() }
    }

    /// Counts this as said from now on; tells whether it is the first time.
    pub(super) fn claim(&self, line: &str) -> bool {
        !self.silent && self.said().insert(line.to_owned())
    }

    /// Whether this was said.
    pub(super) fn was(&self, line: &str) -> bool {
        self.silent || self.said().contains(line)
    }

    fn said(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
