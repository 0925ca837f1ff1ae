//! Makes the history in Valkey that of the disk, and gives an emptied disk back what Valkey has.

use std::collections::HashMap;
use std::time::Duration;

use super::Inner;
use crate::content::history::{Entry, Index};
use crate::error::{Error, Result};
use crate::store::history::HistoryStep;

/// How often it is asked whether Valkey still has it.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// After something went wrong.
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// Bytes and entries of one step: deploys must not wait for it.
const STEP_BYTES: usize = 512 * 1024;
const STEP_ENTRIES: usize = 50;

/// What Valkey is known to have.
#[derive(Default)]
pub(super) struct Mirror {
    /// Fingerprints of the payloads, by sequence; `None`: nothing is known.
    stored: Option<HashMap<u64, String>>,
    /// The index as it was written last.
    index: Option<String>,
    /// Backup keys were looked for.
    pub(super) has_backups: bool,
    /// The last trouble that was told.
    told: Option<String>,
}

impl Mirror {
    /// The connection is another one.
    pub(super) fn forget(&mut self) {
        self.stored = None;
        self.index = None;
    }
}

impl Inner {
    /// One round; returns how long until the next, if nothing happens.
    pub(super) async fn mirror(&self) -> Duration {
        let mut mirror = self.mirror.lock().await;
        if !self.store.connection().is_ready() {
            mirror.forget();
            return LOOK_AGAIN;
        }
        let outcome = self.mirror_round(&mut mirror).await;
        let Err(error) = outcome else {
            mirror.told = None;
            return LOOK_AGAIN;
        };
        mirror.forget();
        match &error {
            Error::Permission { .. } => {
                let consequence = "the history of deploys is kept on this admin's disk alone";
                self.store.connection().warn_missing_right(&error, consequence);
                return LOOK_AGAIN;
            }
            error if error.is_passing() => tracing::debug!("the history is not mirrored: {error}"),
            error => {
                let text = error.to_string();
                if mirror.told.as_ref() != Some(&text) {
                    tracing::warn!("the history is not mirrored: {text}; trying again");
                    mirror.told = Some(text);
                }
            }
        }
        TRY_AGAIN
    }

    async fn mirror_round(&self, mirror: &mut Mirror) -> Result<()> {
        if !self.is_known(mirror).await? {
            self.compare(mirror).await?;
        }
        let (index, steps, gone) = self.to_write(mirror).await?;
        let text = index.text()?;
        if mirror.index.as_ref() == Some(&text) && gone.is_empty() {
            return Ok(());
        }
        let count = steps.len();
        for (number, payloads) in steps.into_iter().enumerate() {
            let is_last = number + 1 == count;
            let step = HistoryStep {
                index: is_last.then_some(text.as_str()),
                gone: if is_last { gone.clone() } else { Vec::new() },
                payloads,
            };
            if self.store.write_history(&self.holder, &step).await?.is_some() {
                mirror.forget();
                return Ok(());
            }
        }
        let stored = index.entries.into_iter().map(|entry| (entry.sequence, entry.payload));
        mirror.stored = Some(stored.collect());
        mirror.index = Some(text);
        Ok(())
    }

    /// Whether Valkey still has what was written last: a server can be emptied without a word, also between two
    /// steps of writing it, which leaves the oldest entry out.
    async fn is_known(&self, mirror: &Mirror) -> Result<bool> {
        let (Some(stored), Some(text)) = (&mirror.stored, &mirror.index) else { return Ok(false) };
        let oldest: Vec<u64> = stored.keys().min().copied().into_iter().collect();
        let (size, sizes) = self.store.history_sizes(&oldest).await?;
        let is_index = size == crate::codec::encode(text, true).len() as u64;
        Ok(is_index && sizes.iter().all(|size| *size > 0))
    }

    /// Finds out what Valkey has; takes over what this disk lacks.
    pub(super) async fn compare(&self, mirror: &mut Mirror) -> Result<()> {
        mirror.forget();
        let stored = match self.store.read_history().await {
            Err(error @ Error::Value { .. }) => {
                tracing::warn!("{error}; it is written again");
                None
            }
            read => read?,
        };
        let stored = stored.unwrap_or_default();
        let own = self.book.lock().await.index.clone();
        let newest_is_known = stored.entries.last().is_none_or(|newest| knows(&own, newest));
        if !newest_is_known {
            self.take_over(&stored, &own).await?;
        }
        self.take_backups(mirror).await?;
        let sequences: Vec<u64> = stored.entries.iter().map(|entry| entry.sequence).collect();
        let (_, sizes) = self.store.history_sizes(&sequences).await?;
        let whole = stored.entries.into_iter().zip(sizes);
        let whole = whole.map(|(entry, size)| match size == entry.bytes {
            true => (entry.sequence, entry.payload),
            // To be written again, or removed.
            false => (entry.sequence, String::new()),
        });
        mirror.stored = Some(whole.collect());
        Ok(())
    }

    async fn take_over(&self, stored: &Index, own: &Index) -> Result<()> {
        let mut payloads = Vec::new();
        for entry in stored.entries.iter().filter(|entry| !knows(own, entry)) {
            match self.store.read_history_bytes(entry.sequence).await {
                Ok(bytes) => payloads.push((entry.sequence, bytes)),
                // Asked for, it says so; the others are none the worse.
                Err(error @ (Error::History { .. } | Error::Value { .. })) => {
                    tracing::warn!("{error}");
                }
                Err(error) => return Err(error),
            }
        }
        let (count, stored) = (payloads.len(), stored.clone());
        self.on_disk(move |book| book.adopt(&stored, &payloads)).await?;
        tracing::info!("history taken over from Valkey: {count} deploys that this disk lacked");
        Ok(())
    }

    /// The index, the payloads that Valkey lacks in steps (one at least), and what is to go.
    async fn to_write(&self, mirror: &Mirror) -> Result<ToWrite> {
        let stored = mirror.stored.clone().unwrap_or_default();
        self.on_disk(move |book| {
            let index = book.index.clone();
            let mut steps = vec![Vec::new()];
            let mut bytes_of_step = 0;
            // First what is new: what is stored needs it, once less of that is kept.
            let is_known = |entry: &&Entry| stored.contains_key(&entry.sequence);
            let (known, new): (Vec<&Entry>, Vec<_>) = index.entries.iter().partition(is_known);
            for entry in new.into_iter().chain(known) {
                if stored.get(&entry.sequence) == Some(&entry.payload) {
                    continue;
                }
                let bytes = match book.sound_bytes(entry) {
                    Ok(bytes) => bytes,
                    // The others are none the worse, and asked for, it says so.
                    Err(error) => {
                        tracing::debug!("{error}");
                        continue;
                    }
                };
                let is_full = |step: &Vec<(u64, Vec<u8>)>| {
                    step.len() >= STEP_ENTRIES || bytes_of_step + bytes.len() > STEP_BYTES
                };
                if steps.last().is_some_and(|step| !step.is_empty() && is_full(step)) {
                    steps.push(Vec::new());
                    bytes_of_step = 0;
                }
                bytes_of_step += bytes.len();
                if let Some(step) = steps.last_mut() {
                    step.push((entry.sequence, bytes));
                }
            }
            let gone = stored.into_keys().filter(|&sequence| index.place(sequence).is_none());
            let gone = gone.collect();
            Ok((index, steps, gone))
        })
        .await
    }
}

/// The index, steps of payloads, and what goes.
type ToWrite = (Index, Vec<Vec<(u64, Vec<u8>)>>, Vec<u64>);

fn knows(index: &Index, entry: &Entry) -> bool {
    let own = index.place(entry.sequence).and_then(|place| index.entries.get(place));
    own.is_some_and(|own| own.is_same(entry))
}
