//! What instances report of themselves: a text each, and an index of who did, by the server's own time.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Value;

use super::head::{LARGEST_RECORD, Record};
use super::reply::plain_text;
use crate::connection::{Connection, Script};
use crate::error::{Error, Result};
use crate::keyspace::Keyspace;

/// The largest report, in bytes.
pub const LARGEST_REPORT: usize = 2048;

/// How long a report is kept after the last.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// So many instances are kept in the index, those that reported last.
const MOST: usize = 5000;

/// So many reports are read in one go.
const BATCH: usize = 250;

/// How many letters an id has. What is none of ours is not looked at.
const ID_LENGTH: usize = 16;

// KEYS: the report, the index. ARGV: the id, the text, ms to keep it, 'trim' now and then, the most
// entries of the index. The clocks of instances differ, the server has one.
static REPORT: LazyLock<Script> = LazyLock::new(|| {
    Script::guarded(
        r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
local score = string.format('%.0f', now)
local added = redis.pcall('ZADD', KEYS[2], score, ARGV[1])
if type(added) == 'table' and added.err then
  if string.find(added.err, 'WRONGTYPE', 1, true) then redis.call('DEL', KEYS[2]) end
  redis.call('ZADD', KEYS[2], score, ARGV[1])
end
if ARGV[4] == 'trim' then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now - ARGV[3]))
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - ARGV[5])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return 1
",
    )
});

// KEYS: the report, the index. ARGV: the id.
static LEAVE: LazyLock<Script> = LazyLock::new(|| {
    Script::guarded(
        r"
redis.call('DEL', KEYS[1])
redis.pcall('ZREM', KEYS[2], ARGV[1])
return 1
",
    )
});

// KEYS: the index. ARGV: the most entries. Answers the time, and the ids with their scores.
static INDEX: LazyLock<Script> = LazyLock::new(|| {
    Script::guarded(
        r"
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local ids = redis.pcall('ZRANGE', KEYS[1], -ARGV[1], -1, 'WITHSCORES')
if ids.err then
  if not string.find(ids.err, 'WRONGTYPE', 1, true) then redis.call('ZRANGE', KEYS[1], 0, 0) end
  ids = {}
end
return {now, ids}
",
    )
});

// KEYS: reports. ARGV: the largest. Answers the text of each, or nothing.
static TEXTS: LazyLock<Script> = LazyLock::new(|| {
    Script::guarded(
        r"
local texts = {}
for at, key in ipairs(KEYS) do
  local text = redis.pcall('GETRANGE', key, 0, ARGV[1])
  if type(text) == 'table' then
    if not string.find(text.err, 'WRONGTYPE', 1, true) then redis.call('GETRANGE', key, 0, ARGV[1]) end
    text = ''
  end
  texts[at] = text
end
return texts
",
    )
});

/// What one instance has reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its id.
    pub id: String,
    /// How long ago, by the server's clock.
    pub silent: Duration,
    /// The text; `None` when there is none, or one that nobody of ours has written. It comes from the
    /// server: nothing in it is known to be so.
    pub report: Option<String>,
}

/// Everything that was reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// ms since 1970 by the server's clock.
    pub now: u64,
    /// Those that reported, the longest silent first.
    pub entries: Vec<Heard>,
}

/// The reports under one key prefix.
#[derive(Debug)]
pub struct FleetStore {
    connection: Connection,
    keys: Keyspace,
}

impl FleetStore {
    /// Those that are reached over `connection`.
    pub fn new(connection: Connection, keys: Keyspace) -> Self {
        Self { connection, keys }
    }

    /// Writes a report of at most [`LARGEST_REPORT`] bytes. With `trim`, the index loses what is too
    /// old and too much.
    pub async fn report(&self, id: &str, text: &str, trim: bool) -> Result<()> {
        if text.len() > LARGEST_REPORT {
            let size = text.len();
            let problem = format!("a report of {size} bytes is too large, {LARGEST_REPORT} fit");
            return Err(Error::Internal(problem));
        }
        let arguments = [
            id.to_owned(),
            text.to_owned(),
            KEPT.as_millis().to_string(),
            if trim { "trim" } else { "" }.to_owned(),
            MOST.to_string(),
        ];
        self.connection.script(&REPORT, &self.keys_of(id), &arguments).await.map(drop)
    }

    /// Takes a report away: its instance ends, as it should.
    pub async fn leave(&self, id: &str) -> Result<()> {
        self.connection.script(&LEAVE, &self.keys_of(id), &[id]).await.map(drop)
    }

    /// Reads what everybody reports, of no more than [`MOST`].
    pub async fn read(&self) -> Result<Reading> {
        let index = [self.keys.fleet()];
        let reply = self.connection.script(&INDEX, &index, &[MOST]).await?;
        let (now, seen) = index_of(reply)?;
        let mut entries = Vec::with_capacity(seen.len());
        for batch in seen.chunks(BATCH) {
            let names: Vec<String> =
                batch.iter().map(|(id, _)| self.keys.fleet_report(id)).collect();
            let reply = self.connection.script(&TEXTS, &names, &[LARGEST_REPORT]).await?;
            let texts = if let Value::Array(texts) = reply { texts } else { Vec::new() };
            let mut texts = texts.iter().map(plain_text);
            for (id, time) in batch {
                let report = texts.next().flatten();
                let report = report.filter(|text| !text.is_empty() && text.len() <= LARGEST_REPORT);
                let silent = Duration::from_millis(now.saturating_sub(*time));
                entries.push(Heard { id: id.clone(), silent, report });
            }
        }
        Ok(Reading { now, entries })
    }

    /// The revision that is stored, as logs name it; `None` when there is none, or no record of it.
    pub async fn stored_revision(&self) -> Result<Option<String>> {
        let key = self.keys.revision();
        let mut command = redis::cmd("GETRANGE");
        command.arg(&key).arg(0).arg(LARGEST_RECORD);
        let record = Record::from_reply(&key, Some(self.connection.command(&command).await))?;
        Ok(record.revision().map(|revision| revision.sequence.to_string()))
    }

    fn keys_of(&self, id: &str) -> [String; 2] {
        [self.keys.fleet_report(id), self.keys.fleet()]
    }
}

/// The server's time, and who reported when.
fn index_of(reply: Value) -> Result<(u64, Vec<(String, u64)>)> {
    let malformed =
        || Error::Server { command: "fleet script".into(), detail: "unexpected answer".into() };
    let Value::Array(items) = reply else { return Err(malformed()) };
    let [now, Value::Array(pairs)] = items.as_slice() else { return Err(malformed()) };
    let now = plain_text(now).and_then(|now| now.parse().ok()).ok_or_else(malformed)?;
    let seen = pairs.chunks_exact(2).filter_map(|pair| {
        let [id, score] = pair else { return None };
        let id = plain_text(id).filter(|id| is_id(id))?;
        Some((id, whole(&plain_text(score)?)?))
    });
    Ok((now, seen.collect()))
}

/// Whether it may be the id of an instance.
fn is_id(id: &str) -> bool {
    id.len() == ID_LENGTH && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A score that is a time in ms, whichever way the server writes it.
fn whole(score: &str) -> Option<u64> {
    let score: f64 = score.parse().ok()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    let whole = (0.0..9_007_199_254_740_992.0).contains(&score).then_some(score as u64);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn an_index_is_read_and_foreign_entries_are_left_out() {
        let entries = ["0123456789abcdef", "5000", "watch", "1", "0123456789ABCDEF", "1"];
        let reply = Value::Array(vec![text("9000"), Value::Array(entries.map(text).to_vec())]);
        assert_eq!(index_of(reply).unwrap(), (9000, vec![("0123456789abcdef".into(), 5000)]));
        for reply in [Value::Nil, Value::Array(vec![text("x"), Value::Array(vec![])])] {
            assert!(index_of(reply).is_err());
        }
    }

    #[test]
    fn a_score_is_a_time_or_nothing() {
        assert_eq!(whole("1700000000123"), Some(1_700_000_000_123));
        assert_eq!(whole("1.700000000123e+12"), Some(1_700_000_000_123));
        for other in ["-1", "inf", "nan", "1e300", "x", ""] {
            assert_eq!(whole(other), None, "{other}");
        }
    }
}
