//! The library: entries, and an index with one hash a folder.
//!
//! The index makes a listing cost what the folder holds, not what the server holds. A hash
//! `index:library:<type>:<folder>` has a field for each name in that folder: the entry's meta as
//! a JSON object, or nothing for a subfolder.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use redis::Value;

use super::Store;
use super::reply::{plain_text, text_pairs, verdict};
use super::script_prelude::PRELUDE;
use crate::codec;
use crate::connection::Script;
use crate::content;
use crate::error::{Error, Result};

/// What stands in one folder at most; nobody made one that holds more by hand.
const FOLDER_NAMES: usize = 100_000;
/// Names that are asked for at once.
const FOLDER_PAGE: usize = 100;

/// Names one entry: its type (`flows`, `functions`, …) and its path below that.
pub type EntryName = (String, String);

/// One folder: `None` for a subfolder, the meta (a JSON object) for a file, sorted by name.
pub type Folder = BTreeMap<String, Option<String>>;

// KEYS: entry, its folder, the folder above, … the top. ARGV: the name in each of these folders.
// A folder leaves the one above only when it has become empty.
static DELETE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        &[
            PRELUDE,
            r"
redis.call('DEL', KEYS[1])
for depth, name in ipairs(ARGV) do
  note('HDEL', redis.pcall('HDEL', KEYS[depth + 1], name))
  local exists = redis.pcall('EXISTS', KEYS[depth + 1])
  note('EXISTS', exists)
  if exists ~= 0 then break end
end
return done('done')
",
        ]
        .concat(),
    )
});

impl Store {
    /// The stored text of an entry, `{…meta, fn: body}`; `None` when there is none.
    pub async fn read_library_entry(&self, kind: &str, path: &str) -> Result<Option<String>> {
        let key = self.keys().library_entry(kind, path);
        self.read_text(&key).await.map_err(|error| self.of_library(error))
    }

    /// Whether the index was built, so that listings can be answered from it.
    pub async fn has_library_index(&self) -> Result<bool> {
        let key = self.keys().library_index_built();
        self.exists_if_allowed(&key, "its index counts as not built, and is built anew").await
    }

    /// One folder (`""` is the top) as the index has it; empty when there is none. It is read page
    /// by page, so one that changes meanwhile may be seen half changed.
    pub async fn read_library_folder(&self, kind: &str, folder: &str) -> Result<Folder> {
        let key = self.keys().library_folder(kind, folder);
        let mut found = Folder::new();
        match self.connection().command(redis::cmd("HLEN").arg(&key)).await {
            Ok(Value::Int(0)) => return Ok(found),
            Ok(Value::Int(names)) => {
                check_names(&key, usize::try_from(names).unwrap_or(usize::MAX))?;
            }
            Err(error @ Error::Permission { .. }) => {
                let consequence = "how large a folder of the library is shows only as it is read";
                self.connection().warn_missing_right(&self.of_library(error), consequence);
            }
            other => drop(other?),
        }
        let mut bytes = 0;
        let mut cursor = "0".to_owned();
        loop {
            let mut scan = redis::cmd("HSCAN");
            scan.arg(&key).arg(&cursor).arg("COUNT").arg(FOLDER_PAGE);
            let reply = self.connection().command(&scan).await;
            let Value::Array(reply) = reply.map_err(|error| self.of_library(error))? else { break };
            let [next, page] = reply.as_slice() else { break };
            for (name, meta) in text_pairs(page) {
                bytes += name.len() + meta.len();
                found.insert(name, (!meta.is_empty()).then_some(meta));
            }
            check_names(&key, found.len())?;
            if bytes > codec::MAX_VALUE_BYTES {
                return Err(too_large(&key, &format!("{} bytes", codec::MAX_VALUE_BYTES)));
            }
            cursor = plain_text(next).unwrap_or_else(|| "0".into());
            if cursor == "0" {
                break;
            }
        }
        Ok(found)
    }

    /// Stores an entry and its place in the index, in one step.
    pub async fn write_library_entry(&self, kind: &str, path: &str, entry: &str) -> Result<()> {
        content::check_library_type(kind)?;
        content::check_library_path(path)?;
        let key = self.keys().library_entry(kind, path);
        let meta = content::library_entry(&key, entry)?.meta;
        let mut pipe = redis::pipe();
        let value = codec::encode(entry, self.compress);
        pipe.cmd("SET").arg(key).arg(value);
        for (folder, name, meta) in places(path, &meta) {
            pipe.cmd("HSET").arg(self.keys().library_folder(kind, folder)).arg(name).arg(meta);
        }
        self.apply(&pipe).await
    }

    /// Deletes an entry and what the index says of it, folders that it leaves empty included.
    pub async fn delete_library_entry(&self, kind: &str, path: &str) -> Result<()> {
        let mut keys = vec![self.keys().library_entry(kind, path)];
        let mut names = Vec::new();
        for (folder, name, _) in places(path, "") {
            keys.push(self.keys().library_folder(kind, folder));
            names.push(name);
        }
        let reply = self.connection().script(&DELETE, &keys, &names).await?;
        let (_, notes) = verdict("library script", reply)?;
        self.warn_of_notes(notes, "");
        Ok(())
    }

    /// Every entry under the prefix, from one scan over the server's keys: for building the index
    /// from what earlier modules wrote, not for answering a call.
    pub async fn scan_library(&self) -> Result<BTreeSet<EntryName>> {
        let keys = self.scan(&self.keys().library_pattern()).await?;
        let names = keys.iter().filter_map(|key| self.keys().parse_library_key(key));
        Ok(names.map(|(kind, path)| (kind.to_string(), path.to_string())).collect())
    }

    /// Says that the index is complete from now on.
    pub async fn mark_library_index_built(&self) -> Result<()> {
        let key = self.keys().library_index_built();
        self.connection().command(redis::cmd("SET").arg(key).arg("1")).await.map(drop)
    }

    async fn apply(&self, pipe: &redis::Pipeline) -> Result<()> {
        self.connection().transaction(pipe).await?.into_iter().collect::<Result<Vec<_>>>().map(drop)
    }
}

fn check_names(key: &str, names: usize) -> Result<()> {
    if names > FOLDER_NAMES {
        return Err(too_large(key, &format!("{FOLDER_NAMES} names")));
    }
    Ok(())
}

fn too_large(key: &str, limit: &str) -> Error {
    Error::value(key, format!("too large for a folder of the library: more than {limit}"))
}

/// Where an entry stands in the index: its own folder first, then each folder in the one above.
fn places<'a>(path: &'a str, meta: &'a str) -> Vec<(&'a str, &'a str, &'a str)> {
    let mut places = Vec::new();
    let mut rest = path;
    let mut text = meta;
    loop {
        match rest.rsplit_once('/') {
            Some((folder, name)) => {
                places.push((folder, name, text));
                rest = folder;
                text = "";
            }
            None => {
                places.push(("", rest, text));
                return places;
            }
        }
    }
}

/// Builds the index in memory from entry texts, for a worker whose admin never built it.
pub fn folder_of(entries: &BTreeMap<EntryName, String>, kind: &str, folder: &str) -> Folder {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut listing = Folder::new();
    for ((entry_kind, path), text) in entries {
        let Some(below) = path.strip_prefix(&prefix).filter(|_| entry_kind == kind) else {
            continue;
        };
        match below.split_once('/') {
            Some((subfolder, _)) => {
                listing.insert(subfolder.into(), None);
            }
            None => {
                let meta = content::library_entry(below, text).map(|entry| entry.meta);
                let meta = meta.unwrap_or_else(|_| "{}".into());
                listing.insert(below.into(), Some(meta));
            }
        }
    }
    listing
}

/// A missing entry, as Node-RED's own storage says it (`localfilesystem/library.js`).
pub fn not_found(path: &str) -> Error {
    Error::LibraryEntryNotFound { path: path.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_stands_in_every_folder_above_it() {
        assert_eq!(
            places("a/b/c.js", "{}"),
            [("a/b", "c.js", "{}"), ("a", "b", ""), ("", "a", "")]
        );
        assert_eq!(places("c.js", "{}"), [("", "c.js", "{}")]);
    }

    #[test]
    fn a_folder_lists_files_and_subfolders_of_its_own_type() {
        let entries = BTreeMap::from([
            (("functions".into(), "a.js".into()), r#"{"name":"A","fn":"x"}"#.into()),
            (("functions".into(), "sub/b.js".into()), r#"{"fn":"y"}"#.into()),
            (("flows".into(), "c.json".into()), r#"{"fn":"z"}"#.into()),
        ]);
        let top = folder_of(&entries, "functions", "");
        assert_eq!(top.keys().collect::<Vec<_>>(), ["a.js", "sub"]);
        assert_eq!(top.get("sub"), Some(&None));
        assert_eq!(folder_of(&entries, "functions", "sub").len(), 1);
        assert!(folder_of(&entries, "functions", "su").is_empty());
    }
}
