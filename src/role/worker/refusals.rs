//! What a worker was offered and can't use.

use std::collections::VecDeque;

/// How many refused snapshots are remembered.
const KEPT: usize = 4;

/// Snapshots that can't be used here, e.g. because their credentials don't decrypt; the last few, as
/// the stored one and the copy on disk may both be among them.
#[derive(Debug, Default)]
pub(super) struct Refusals(VecDeque<(String, String)>);

impl Refusals {
    /// The snapshot with this id can't be used, for this reason.
    pub(super) fn add(&mut self, id: &str, why: String) {
        if self.reason(id).is_none() {
            self.0.push_back((id.into(), why));
        }
        if self.0.len() > KEPT {
            self.0.pop_front();
        }
    }

    /// Why the snapshot with this id can't be used; `None` when it was not refused.
    pub(super) fn reason(&self, id: &str) -> Option<&str> {
        self.0.iter().find(|(refused, _)| refused == id).map(|(_, why)| why.as_str())
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
