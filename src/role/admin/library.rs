//! The library: the admin's disk is the source, Valkey a mirror of it.

mod restore;

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::{Admin, Inner, Mirrored};
use crate::content;
use crate::error::{Error, Result};
use crate::store::library::EntryName;

/// Names of the entries that this admin has mirrored.
const FILE: &str = "library.json";
/// Entries that are asked for at once: no waiting for one answer after the other.
const READS: usize = 64;

/// One entry as it crosses the boundary to JavaScript.
#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    /// `{…meta, fn: body}` as JSON text.
    entry: String,
}

/// The library on disk.
#[derive(Deserialize)]
struct Listing {
    types: BTreeSet<String>,
    entries: Vec<Entry>,
    /// What only Valkey has is to be written to disk by the core.
    restore: Option<Restore>,
}

/// How the core is to write entries to disk.
#[derive(Deserialize)]
struct Restore {
    /// Flows too: Node-RED writes them as they are, not with line breaks.
    flows: bool,
}

impl Admin {
    /// Mirrors one entry that was saved on disk; `entry` is `{…meta, fn: body}` as JSON text.
    /// With Valkey away the comparison after the next connect does it.
    pub async fn mirror_library_entry(
        &self,
        kind: &str,
        path: &str,
        entry: &str,
    ) -> Result<Mirrored> {
        let inner = &self.inner;
        if !inner.store.connection().is_ready() {
            return Ok(Mirrored::Away("no connection".into()));
        }
        inner.check_lease()?;
        match inner.store.write_library_entry(kind, path, entry).await {
            Ok(()) => {}
            Err(error) if error.is_passing() => return Ok(Mirrored::Away(error.to_string())),
            Err(error) => return Err(error),
        }
        let mut mirrored = inner.mirrored_entries().await;
        if mirrored.insert((kind.into(), path.into())) {
            inner.keep_mirrored_entries(&mirrored).await;
        }
        Ok(Mirrored::Done)
    }

    /// Compares the whole library on disk with Valkey: `{types, entries}` as JSON text, the types
    /// that have a folder and an array of `{type, path, entry}`. The disk wins. An entry that only
    /// Valkey has is deleted there when this admin had mirrored it and its type's folder stands
    /// (then it was deleted on disk); otherwise it is to be written to disk: a folder that is gone
    /// as a whole was lost, not tidied. With `restore: {flows}` in the listing that is done here,
    /// `flows` included where that is true; entries that are left to Node-RED's way of writing are
    /// returned, in the form of `entries`.
    pub async fn reconcile_library(&self, on_disk: &str) -> Result<String> {
        let inner = &self.inner;
        inner.check_lease()?;
        let listing: Listing = serde_json::from_str(on_disk)
            .map_err(|error| Error::Internal(format!("library listing: {error}")))?;
        let only_there = inner.converge_library(listing).await?;
        serde_json::to_string(&only_there).map_err(|error| Error::Internal(error.to_string()))
    }
}

impl Inner {
    async fn converge_library(&self, listing: Listing) -> Result<Vec<Entry>> {
        let Listing { types, entries, restore } = listing;
        let mut names: BTreeSet<EntryName> =
            entries.iter().map(|entry| (entry.kind.clone(), entry.path.clone())).collect();
        let indexed = self.store.has_library_index().await?;
        let mirrored = self.mirrored_entries().await;
        stream::iter(entries)
            .map(|entry| self.converge_entry(entry, indexed))
            .buffer_unordered(READS)
            .try_collect::<()>()
            .await?;
        let mut only_there = Vec::new();
        let mut all_known = true;
        let there = match self.store.scan_library().await {
            Err(error @ Error::Permission { .. }) => {
                all_known = false;
                let consequence = "library entries that this admin never mirrored are not found";
                self.store.connection().warn_missing_right(&error, consequence);
                mirrored.clone()
            }
            scanned => scanned?,
        };
        for name in there.into_iter().filter(|name| !names.contains(name)) {
            let (kind, path) = &name;
            if mirrored.contains(&name) && types.contains(kind) {
                self.store.delete_library_entry(kind, path).await?;
                tracing::info!("library entry {kind}/{path} was deleted here: deleted in Valkey");
            } else {
                only_there.push(name);
            }
        }
        let flows = restore.map(|restore| restore.flows);
        let restored = self.restore_library(only_there, flows, !indexed).await?;
        if !indexed && all_known {
            self.store.mark_library_index_built().await?;
        }
        names.extend(restored.written);
        if names != mirrored {
            self.keep_mirrored_entries(&names).await;
        }
        Ok(restored.left)
    }

    /// Writes an entry of the disk to Valkey where that has another.
    async fn converge_entry(&self, entry: Entry, indexed: bool) -> Result<()> {
        let Entry { kind, path, entry } = entry;
        let stored = self.read_usable_entry(&kind, &path).await?;
        if indexed && stored.as_ref() == Some(&entry) {
            return Ok(());
        }
        match self.store.write_library_entry(&kind, &path, &entry).await {
            Err(error @ Error::LibraryPath { .. }) => {
                tracing::warn!("{error}");
                Ok(())
            }
            other => other,
        }
    }

    /// An entry's stored text, or `None` when it can't be used and is to be written again.
    async fn read_usable_entry(&self, kind: &str, path: &str) -> Result<Option<String>> {
        match self.store.read_library_entry(kind, path).await {
            Err(error @ Error::Value { .. }) => {
                tracing::warn!("{error}; writing it again");
                Ok(None)
            }
            other => other,
        }
    }

    /// An entry that somebody else wrote, checked before it may come near this disk.
    async fn read_foreign_entry(&self, kind: &str, path: &str) -> Result<Option<String>> {
        let checked = async {
            content::check_library_type(kind)?;
            content::check_library_path(path)?;
            let text = self.store.read_library_entry(kind, path).await?;
            if let Some(text) = &text {
                content::library_entry(&self.store.keys().library_entry(kind, path), text)?;
            }
            Ok(text)
        };
        match checked.await {
            Err(error @ (Error::Value { .. } | Error::LibraryPath { .. })) => {
                let key = self.store.keys().library_entry(kind, path);
                tracing::error!("key '{key}' is left alone: {error}");
                Ok(None)
            }
            other => other,
        }
    }

    fn check_lease(&self) -> Result<()> {
        match &self.progress.borrow().other {
            Some(owner) => Err(Error::OtherAdmin { owner: owner.clone() }),
            None => Ok(()),
        }
    }

    async fn mirrored_entries(&self) -> BTreeSet<EntryName> {
        let Some(state_dir) = &self.state_dir else { return BTreeSet::new() };
        match state_dir.read(FILE).await {
            Ok(Some(text)) => serde_json::from_str(&text).unwrap_or_else(|_| {
                tracing::warn!("{FILE} can't be read: no library entry is deleted in Valkey");
                BTreeSet::new()
            }),
            Ok(None) => BTreeSet::new(),
            Err(error) => {
                tracing::warn!("{error}");
                BTreeSet::new()
            }
        }
    }

    async fn keep_mirrored_entries(&self, names: &BTreeSet<EntryName>) {
        let Some(state_dir) = &self.state_dir else { return };
        let kept = match serde_json::to_string(names) {
            Ok(text) => state_dir.write(FILE, &text).await,
            Err(error) => Err(Error::Internal(error.to_string())),
        };
        if let Err(error) = kept {
            tracing::warn!("{error}");
        }
    }
}
