//! Files of the history that are damaged: what Valkey has of them is written again.

use std::collections::HashSet;

use super::Inner;
use super::book::Found;
use crate::content::history::State;
use crate::error::{Error, Result};

impl Inner {
    /// The deploy of an entry, with what is damaged on this disk mended as far as Valkey has it.
    pub(super) async fn state(&self, sequence: u64) -> Result<State> {
        let mut tried = HashSet::new();
        loop {
            let Found { state, mut damage } =
                self.on_disk(move |book| Ok(book.state(sequence))).await?;
            // Once each: whatever the disk makes of it.
            damage.retain(|(damaged, _)| tried.insert(*damaged));
            if self.mend(&damage).await {
                continue;
            }
            match (&state, damage.first()) {
                (Ok(_), Some((_, error))) => {
                    tracing::warn!("{error}; other entries are read without it")
                }
                (Err(error @ Error::History { .. }), Some(_)) => tracing::error!("{error}"),
                _ => {}
            }
            return state;
        }
    }

    /// Writes again what Valkey has of damaged entries; `false`: of none.
    async fn mend(&self, damage: &[(u64, Error)]) -> bool {
        let mut is_any = false;
        for (sequence, error) in damage {
            let sequence = *sequence;
            if !self.store.connection().is_ready() {
                break;
            }
            let Ok(bytes) = self.store.read_history_bytes(sequence).await else { continue };
            match self.on_disk(move |book| book.mend(sequence, &bytes)).await {
                Ok(true) => {
                    tracing::warn!("{error}; it was taken from Valkey");
                    is_any = true;
                }
                Ok(false) => {}
                Err(error) => tracing::warn!("{error}"),
            }
        }
        is_any
    }
}
