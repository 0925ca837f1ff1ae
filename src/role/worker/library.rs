//! Library calls on a worker: the same answers as Node-RED's own local library
//! (`@node-red/runtime/lib/storage/localfilesystem/library.js`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Inner, Worker};
use crate::content;
use crate::error::{Error, Result};
use crate::store::library::{EntryName, Folder, folder_of, not_found};

/// How long the names found without an index are good for.
const NAMES_KEEP: Duration = Duration::from_secs(30);

/// Names of entries that earlier modules wrote, while no admin has built the index yet.
#[derive(Default)]
pub(super) struct Fallback(Mutex<Option<(Instant, BTreeSet<EntryName>)>>);

impl Worker {
    /// A library entry as JSON text: a string (the body) for a file; for a folder an array with
    /// the names of its subfolders and then, for each file, its meta with the name as `fn`.
    pub async fn read_library_entry(&self, kind: &str, path: &str) -> Result<String> {
        let inner = &self.inner;
        inner.check_open()?;
        content::check_library_type(kind)?;
        let trimmed = content::normal_library_path(path)?;
        let trimmed = trimmed.as_str();
        if !path.ends_with('/')
            && !trimmed.is_empty()
            && let Some(body) = inner.body(kind, trimmed).await?
        {
            return Ok(Value::String(body).to_string());
        }
        let folder = inner.folder(kind, trimmed).await?;
        if !folder.is_empty() || path.is_empty() || path.ends_with('/') {
            return listing(folder);
        }
        // As the local library does: flows are found with and without their ending.
        if kind == "flows"
            && !trimmed.ends_with(".json")
            && let Some(body) = inner.body(kind, &format!("{trimmed}.json")).await?
        {
            return Ok(Value::String(body).to_string());
        }
        Err(not_found(path))
    }
}

impl Inner {
    async fn body(&self, kind: &str, path: &str) -> Result<Option<String>> {
        let Some(text) = self.store.read_library_entry(kind, path).await? else { return Ok(None) };
        let key = self.store.keys().library_entry(kind, path);
        content::library_entry(&key, &text).map(|entry| Some(entry.body))
    }

    async fn folder(&self, kind: &str, folder: &str) -> Result<Folder> {
        match self.store.read_library_folder(kind, folder).await {
            Err(error @ Error::Permission { .. }) => {
                let consequence = "the library is listed without its index";
                self.store.connection().warn_missing_right(&error, consequence);
            }
            indexed => {
                let indexed = indexed?;
                if !indexed.is_empty() || self.store.has_library_index().await? {
                    return Ok(indexed);
                }
            }
        }
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut entries = BTreeMap::new();
        for name in self.names().await? {
            let (entry_kind, path) = &name;
            let Some(below) = path.strip_prefix(&prefix).filter(|_| entry_kind == kind) else {
                continue;
            };
            let text = if below.contains('/') {
                String::new()
            } else {
                // One broken entry is listed without its meta and spoils nothing else.
                match self.store.read_library_entry(kind, path).await {
                    Ok(text) => text.unwrap_or_default(),
                    Err(Error::Value { .. }) => String::new(),
                    Err(error @ Error::Permission { .. }) => {
                        let consequence = "entries of the library are only listed";
                        self.store.connection().warn_missing_right(&error, consequence);
                        String::new()
                    }
                    Err(error) => return Err(error),
                }
            };
            entries.insert(name, text);
        }
        Ok(folder_of(&entries, kind, folder))
    }

    async fn names(&self) -> Result<BTreeSet<EntryName>> {
        let lock = || self.library.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((found, names)) = lock().as_ref()
            && found.elapsed() < NAMES_KEEP
        {
            return Ok(names.clone());
        }
        let names = match self.store.scan_library().await {
            Err(error @ Error::Permission { .. }) => {
                let consequence = "a library without an index is not listed";
                self.store.connection().warn_missing_right(&error, consequence);
                return Ok(BTreeSet::new());
            }
            names => names?,
        };
        *lock() = Some((Instant::now(), names.clone()));
        Ok(names)
    }
}

fn listing(folder: Folder) -> Result<String> {
    let mut folders = Vec::new();
    let mut files = Vec::new();
    for (name, meta) in folder.into_iter().filter(|(name, _)| !name.starts_with('.')) {
        match meta {
            None => folders.push(Value::String(name).to_string()),
            Some(meta) => files.push(content::library_list_item(&meta, &name)?),
        }
    }
    folders.extend(files);
    Ok(format!("[{}]", folders.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_first_then_files_with_their_meta_and_nothing_hidden() {
        let folder = Folder::from([
            ("b.js".into(), Some(r#"{"name":"B","outputs":"2"}"#.into())),
            ("a".into(), None),
            (".hidden".into(), Some("{}".into())),
            ("z".into(), None),
        ]);
        assert_eq!(listing(folder).unwrap(), r#"["a","z",{"name":"B","outputs":"2","fn":"b.js"}]"#);
    }
}
