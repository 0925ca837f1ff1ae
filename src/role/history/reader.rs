//! The history as Valkey has it, for who has no admin to ask.

use std::sync::Arc;
use std::time::Duration;

use super::listing::{before, listing, told};
use crate::config::Config;
use crate::connection::{Connection, Hooks};
use crate::content::history::{Chain, Index, State};
use crate::error::{Error, Result};
use crate::store::Store;

/// Reads the mirror of the history.
pub struct HistoryReader {
    store: Store,
}

/// The deploy of an entry of the stored index, also while a newer one is being written.
async fn stored_state(store: &Store, index: &Index, sequence: u64) -> Result<State> {
    let strictly = read(store, Chain::new(index, sequence)?).await?.state();
    match strictly {
        Ok(state) => Ok(state),
        Err(error) => {
            let leniently = read(store, Chain::lenient(index, sequence)?).await?.state();
            leniently.map_err(|_| error)
        }
    }
}

async fn read<'i>(store: &Store, mut chain: Chain<'i>) -> Result<Chain<'i>> {
    while let Some(entry) = chain.wants() {
        let read = store.read_history_bytes(entry.sequence).await;
        if let Err(error) = &read
            && !matches!(error, Error::History { .. } | Error::Value { .. })
        {
            return read.map(|_| chain);
        }
        chain.give(&store.keys().history_entry(entry.sequence), read);
    }
    Ok(chain)
}

impl HistoryReader {
    /// Opens a connection. Must be called inside a tokio runtime.
    pub fn open(config: &Config, hooks: Hooks) -> Self {
        let connection = Connection::open(Arc::new(config.connection.clone()), hooks);
        Self { store: Store::new(config, connection) }
    }

    /// All entries, the newest first, as JSON text (docs/history.md), waiting at most `patience` for the
    /// connection.
    pub async fn entries(&self, patience: Duration) -> Result<String> {
        listing(&self.index(patience).await?)
    }

    /// What differs between two deploys, as JSON text; with one alone, what it has changed.
    pub async fn difference(
        &self,
        from: Option<u64>,
        to: u64,
        patience: Duration,
    ) -> Result<String> {
        let index = self.index(patience).await?;
        let newer = stored_state(&self.store, &index, to).await?;
        let Some(from) = from.or_else(|| before(&index, to)) else {
            return told(None, (to, &newer));
        };
        let older = stored_state(&self.store, &index, from).await?;
        told(Some((from, &older)), (to, &newer))
    }

    async fn index(&self, patience: Duration) -> Result<Index> {
        self.store.connection().wait_ready(patience).await?;
        Ok(self.store.read_history().await?.unwrap_or_default())
    }

    /// Ends the connection; idempotent.
    pub async fn close(&self) {
        self.store.connection().close().await;
    }
}
