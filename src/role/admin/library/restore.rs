//! What only Valkey has of the library, written to the admin's disk.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};

use super::{Entry, Inner, READS};
use crate::content;
use crate::error::{Error, Result};
use crate::library_dir::{DRAFT_ENDING, LibraryDir, LibraryFile};
use crate::store::library::EntryName;

/// Files that are written at a time, one wait for the disk each time.
const FILES: usize = 4000;
/// Bytes of them; a single entry may have more.
const BYTES: usize = 16 << 20;
/// Entries that the log names; the others are counted.
const NAMED: usize = 100;

/// What came of the entries that only Valkey has.
#[derive(Default)]
pub(super) struct Restored {
    /// Those that are on disk now.
    pub(super) written: BTreeSet<EntryName>,
    /// Those that JavaScript is to write.
    pub(super) left: Vec<Entry>,
}

impl Inner {
    /// Reads entries that only Valkey has, and writes to disk those whose file Node-RED reads back as
    /// they are; `flows` are among them unless Node-RED is to format them. An entry that the disk
    /// refuses is told, and tried again at the next comparison. `index` adds them to the index.
    pub(super) async fn restore_library(
        &self,
        names: Vec<EntryName>,
        flows: Option<bool>,
        index: bool,
    ) -> Result<Restored> {
        let dir = self.user_dir.as_deref().map(LibraryDir::in_user_dir);
        let mut restored = Restored::default();
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut reads = stream::iter(names)
            .map(|(kind, path)| async move {
                let entry = self.read_foreign_entry(&kind, &path).await?;
                if let Some(entry) = entry.as_deref().filter(|_| index) {
                    self.store.write_library_entry(&kind, &path, entry).await?;
                }
                Ok::<_, Error>(entry.map(|entry| Entry { kind, path, entry }))
            })
            .buffer_unordered(READS);
        while let Some(entry) = reads.next().await {
            let Some(entry) = entry? else { continue };
            match (&dir, flows.and_then(|flows| file_of(&entry, flows))) {
                (Some(dir), Some(file)) => {
                    bytes += file.text.len();
                    batch.push(file);
                    if batch.len() >= FILES || bytes >= BYTES {
                        bytes = 0;
                        write(dir, std::mem::take(&mut batch), &mut restored.written).await?;
                    }
                }
                _ => restored.left.push(entry),
            }
        }
        if let Some(dir) = dir.filter(|_| !batch.is_empty()) {
            write(&dir, batch, &mut restored.written).await?;
        }
        if restored.written.len() > NAMED {
            let others = restored.written.len() - NAMED;
            tracing::info!("{others} more library entries were restored from Valkey");
        }
        Ok(restored)
    }
}

/// The file of an entry, where it is as Node-RED itself would write and read it.
fn file_of(entry: &Entry, flows: bool) -> Option<LibraryFile> {
    let Entry { kind, path, entry } = entry;
    let is_plain = kind != "flows" || (flows && path.ends_with(".json"));
    if !is_plain || path.ends_with(DRAFT_ENDING) {
        return None;
    }
    let text = content::library_file(entry)?;
    Some(LibraryFile { kind: kind.clone(), path: path.clone(), text })
}

/// Writes a batch, and notes which of it is on disk.
async fn write(
    dir: &LibraryDir,
    batch: Vec<LibraryFile>,
    written: &mut BTreeSet<EntryName>,
) -> Result<()> {
    let dir = dir.clone();
    let work = move || {
        let results = dir.write(&batch);
        batch.into_iter().zip(results).collect::<Vec<_>>()
    };
    let results = tokio::task::spawn_blocking(work).await;
    for (LibraryFile { kind, path, .. }, result) in
        results.map_err(|error| Error::Internal(error.to_string()))?
    {
        match result {
            Ok(()) => {
                if written.len() < NAMED {
                    tracing::info!("library entry {kind}/{path} was restored from Valkey");
                }
                written.insert((kind, path));
            }
            Err(error) => {
                tracing::error!(
                    "library entry {kind}/{path} could not be restored to disk: {error}"
                );
            }
        }
    }
    Ok(())
}
