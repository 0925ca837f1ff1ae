//! The time of day, as it is written into what is stored.

use std::time::{SystemTime, UNIX_EPOCH};

/// ms since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
