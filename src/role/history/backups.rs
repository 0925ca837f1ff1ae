//! What Valkey keeps of replaced deploys under keys of their own (`backup:<time>`) becomes entries, once. The keys
//! stay.

use super::Inner;
use super::mirror::Mirror;
use super::taken::Taken;
use crate::content::history::Payload;
use crate::error::{Error, Result};

impl Inner {
    /// Once in a process: it goes over all keys of the server.
    pub(super) async fn take_backups(&self, mirror: &mut Mirror) -> Result<()> {
        if mirror.has_backups {
            return Ok(());
        }
        match self.take_new_backups().await {
            Err(error @ Error::Permission { .. }) => {
                let consequence =
                    "what was replaced before is not in the history, but under its key";
                self.store.connection().warn_missing_right(&error, consequence);
            }
            taken => taken?,
        }
        mirror.has_backups = true;
        Ok(())
    }

    async fn take_new_backups(&self) -> Result<()> {
        let known = self.book.lock().await.index.backups;
        let mut times = self.store.backup_times().await?;
        times.retain(|time| *time > known);
        let Some(&newest) = times.last() else { return Ok(()) };
        let (fitting, left) = self.fitting(&times).await?;
        let mut count = 0;
        for &time in &fitting {
            let Some(taken) = self.backup(time).await? else { continue };
            count += usize::from(self.on_disk(move |book| book.record(&taken)).await?);
        }
        self.on_disk(move |book| book.note_backups(newest)).await?;
        if count > 0 {
            tracing::info!("{count} deploys that were replaced before are in the history now");
        }
        if left > 0 {
            tracing::warn!(
                "{left} deploys that were replaced before do not fit into the history (option 'history'): they stay under their keys"
            );
        }
        Ok(())
    }

    /// The newest of them that cost no entry that is there, the oldest first, and how many are left.
    async fn fitting(&self, times: &[u64]) -> Result<(Vec<u64>, usize)> {
        let mut fitting = Vec::new();
        let mut used = 0;
        for (place, &time) in times.iter().enumerate().rev() {
            let Some(taken) = self.backup(time).await? else { continue };
            let count = fitting.len() + 1;
            let bytes = self.on_disk(move |book| {
                let secret = taken.secret.as_deref();
                let whole = Payload::whole(&taken.flows, &taken.credentials, secret).encode()?;
                let bytes = used + whole.len() as u64;
                Ok(Some(bytes).filter(|bytes| book.has_room(count, *bytes)))
            });
            match bytes.await? {
                Some(bytes) => used = bytes,
                None => return Ok((fitting.into_iter().rev().collect(), place + 1)),
            }
            fitting.push(time);
        }
        fitting.reverse();
        Ok((fitting, 0))
    }

    /// What is under a key; `None`: nothing that can be read, which is told.
    async fn backup(&self, time: u64) -> Result<Option<Taken>> {
        match self.store.read_backup(time).await {
            Ok(found) => {
                Ok(found.map(|snapshot| Taken::replaced(snapshot, self.shares_secret, time)))
            }
            Err(error @ Error::Value { .. }) => {
                tracing::warn!("{error}; it is not in the history");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
