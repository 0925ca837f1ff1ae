//! How much of the history is kept.

use super::Entry;

/// What is kept at most; the newest entry always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Entries.
    pub entries: usize,
    /// Bytes of all payloads.
    pub bytes: u64,
}

/// How many of the oldest entries are too many.
pub fn to_drop(entries: &[Entry], bounds: Bounds) -> usize {
    let mut bytes = 0_u64;
    let mut kept = 0;
    for entry in entries.iter().rev() {
        bytes = bytes.saturating_add(entry.bytes);
        if kept > 0 && (kept >= bounds.entries || bytes > bounds.bytes) {
            break;
        }
        kept += 1;
    }
    entries.len() - kept
}
