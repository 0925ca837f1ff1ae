//! What was replaced and is kept: not for ever.

use std::collections::HashMap;

use redis::Value;

use super::Store;
use super::head::Record;
use super::reply::plain_text;
use super::snapshot::{Check, Snapshot, snapshot};
use crate::error::{Error, Result};

/// Backups that are kept.
pub const KEPT: usize = 20;
/// Keys that are deleted in one command.
const AT_ONCE: usize = 100;
/// Pages of a backup, which has four fields: with more it is none.
const MOST_PAGES: usize = 10;

impl Store {
    /// The times of all backups, the oldest first. It goes over all keys of the server.
    pub async fn backup_times(&self) -> Result<Vec<u64>> {
        let keys = self.scan(&self.keys().backup_pattern()).await?;
        let times = keys.iter().filter_map(|key| self.keys().parse_backup_key(key));
        let mut times: Vec<u64> = times.collect();
        times.sort_unstable();
        times.dedup();
        Ok(times)
    }

    /// What was replaced at that time; `None` when no flows are in it, or there is no backup.
    pub async fn read_backup(&self, time_ms: u64) -> Result<Option<Snapshot>> {
        let key = self.keys().backup(time_ms);
        let mut fields = self.backup_fields(&key).await?;
        let mut field = |name: &str| fields.remove(name).map(Ok);
        let values = [field("flows"), field("credentials"), field("settings")];
        let names = ["flows", "credentials", "settings", "revision"];
        let names = names.map(|name| format!("{key} {name}"));
        let record = Record::from_reply(&names[3], field("revision"));
        snapshot(&names, values, record, Check::Form)
    }

    /// By `HSCAN`: a right that an admin has.
    async fn backup_fields(&self, key: &str) -> Result<HashMap<String, Value>> {
        let mut fields = HashMap::new();
        let mut cursor = "0".to_owned();
        for _ in 0..MOST_PAGES {
            let reply = self.connection().command(redis::cmd("HSCAN").arg(key).arg(&cursor)).await;
            let reply = match reply {
                Err(Error::Server { detail, .. }) if detail.starts_with("WRONGTYPE") => {
                    return Err(Error::value(key, "it is no hash"));
                }
                reply => reply?,
            };
            let Value::Array(reply) = reply else { break };
            let [next, Value::Array(page)] = reply.as_slice() else { break };
            for pair in page.chunks_exact(2) {
                if let [name, value] = pair
                    && let Some(name) = plain_text(name)
                {
                    fields.insert(name, value.clone());
                }
            }
            cursor = plain_text(next).unwrap_or_else(|| "0".into());
            if cursor == "0" {
                break;
            }
        }
        Ok(fields)
    }

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
