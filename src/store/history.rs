//! The mirror of the history: its index, and what is kept of each deploy.

use std::sync::LazyLock;

use redis::Value;

use super::Store;
use super::fetch::{fetch, length};
use super::lease::{Holder, owner_of};
use super::reply::{too_large, verdict};
use super::script_prelude::PRELUDE;
use crate::codec::{self, MAX_VALUE_BYTES};
use crate::connection::Script;
use crate::content::history::Index;
use crate::error::{Error, Result};

// KEYS: lease, index, payloads…, what goes… ARGV: token, index (or nothing), payloads…
static WRITE: LazyLock<Script> = LazyLock::new(|| {
    Script::guarded(
        &[
            PRELUDE,
            r"
local holder = holder(KEYS[1])
if holder and holder ~= ARGV[1] then return {'other', string.sub(holder, 1, 300)} end
for i = 3, #ARGV do redis.call('SET', KEYS[i], ARGV[i]) end
if ARGV[2] ~= '' then redis.call('SET', KEYS[2], ARGV[2]) end
for i = #ARGV + 1, #KEYS do redis.call('DEL', KEYS[i]) end
return done('done')
",
        ]
        .concat(),
    )
});

/// One step of writing the history.
#[derive(Debug, Default)]
pub struct HistoryStep<'a> {
    /// The index as it is after this step; `None`: it stays.
    pub index: Option<&'a str>,
    /// Payloads that are new or others, under their sequences.
    pub payloads: Vec<(u64, Vec<u8>)>,
    /// Sequences of payloads that go.
    pub gone: Vec<u64>,
}

impl Store {
    /// The stored index; `None` when there is none.
    pub async fn read_history(&self) -> Result<Option<Index>> {
        let key = self.keys().history();
        let text = self.read_text(&key).await?;
        text.map(|text| Index::parse(&key, &text)).transpose()
    }

    /// What is stored of an entry, as it was written.
    pub async fn read_history_bytes(&self, sequence: u64) -> Result<Vec<u8>> {
        let key = self.keys().history_entry(sequence);
        let reply = self.connection().command(&fetch(&key, MAX_VALUE_BYTES)).await;
        match reply? {
            Value::BulkString(bytes) if bytes.len() > MAX_VALUE_BYTES => {
                Err(too_large(&key, MAX_VALUE_BYTES))
            }
            Value::BulkString(bytes) if !bytes.is_empty() => Ok(bytes),
            _ => Err(Error::history(sequence, format!("is not stored under '{key}'"))),
        }
    }

    /// Sizes in bytes of the index and of what is stored of these entries; 0 where there is nothing.
    pub async fn history_sizes(&self, sequences: &[u64]) -> Result<(u64, Vec<u64>)> {
        let mut pipe = redis::pipe();
        pipe.cmd("STRLEN").arg(self.keys().history());
        for sequence in sequences {
            pipe.cmd("STRLEN").arg(self.keys().history_entry(*sequence));
        }
        let replies = self.connection().transaction(&pipe).await?;
        let mut sizes = replies.into_iter().map(|reply| match reply {
            Ok(reply) => Ok(length(reply)),
            // What is no string.
            Err(Error::Server { .. }) => Ok(0),
            Err(error) => Err(error),
        });
        let index = sizes.next().unwrap_or(Ok(0))?;
        Ok((index, sizes.collect::<Result<_>>()?))
    }

    /// Makes one step, unless another admin holds the lease: which, for people.
    pub async fn write_history(
        &self,
        holder: &Holder,
        step: &HistoryStep<'_>,
    ) -> Result<Option<String>> {
        let mut names = vec![self.keys().lease(), self.keys().history()];
        let mut arguments = vec![
            holder.token().into_bytes(),
            step.index.map(|text| codec::encode(text, true)).unwrap_or_default(),
        ];
        for (sequence, bytes) in &step.payloads {
            names.push(self.keys().history_entry(*sequence));
            arguments.push(bytes.clone());
        }
        names.extend(step.gone.iter().map(|sequence| self.keys().history_entry(*sequence)));
        let reply = self.connection().script(&WRITE, &names, &arguments).await?;
        Ok(match verdict("history script", reply)? {
            (word, notes) if word == "done" => {
                self.warn_of_notes(notes, "");
                None
            }
            (_, holder) => Some(owner_of(&holder.unwrap_or_default())),
        })
    }
}
