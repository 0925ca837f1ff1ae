//! What was replaced and is kept: not for ever.

use super::Store;
use crate::error::Result;

/// Backups that are kept.
pub const KEPT: usize = 20;
/// Keys that are deleted in one command.
const AT_ONCE: usize = 100;

impl Store {
    /// Deletes all backups but the newest [`KEPT`], of which the one of `time_ms` is one whatever
    /// the clock said when the others were made. Returns how many were deleted.
    pub async fn prune_backups(&self, time_ms: u64) -> Result<usize> {
        let keys = self.scan(&self.keys().backup_pattern()).await?;
        let mut others: Vec<u64> = keys
            .iter()
            .filter_map(|key| self.keys().parse_backup_key(key))
            .filter(|time| *time != time_ms)
            .collect();
        others.sort_unstable_by(|one, other| other.cmp(one));
        others.dedup();
        let old = others.get(KEPT - 1..).unwrap_or_default();
        for times in old.chunks(AT_ONCE) {
            let keys: Vec<String> = times.iter().map(|time| self.keys().backup(*time)).collect();
            self.connection().command(redis::cmd("DEL").arg(keys)).await?;
        }
        Ok(old.len())
    }
}
