//! The state directory, our own folder in the user directory, and how files in it are written.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::error::{Error, Result};

/// Name of the folder in Node-RED's user directory. Nothing outside it is ever written here.
const NAME: &str = ".node-red-storage-valkey";

/// A draft that has not become its file by then was left behind by a process that was killed.
const LONGEST_DRAFT: Duration = Duration::from_secs(3600);

/// Our own folder in the user directory; created at the first write.
#[derive(Debug, Clone)]
pub(crate) struct StateDir(PathBuf);

impl StateDir {
    pub(crate) fn in_user_dir(user_dir: &Path) -> Self {
        Self(user_dir.join(NAME))
    }

    /// The text of a file; `None` when it is not there.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<String>> {
        let path = self.0.join(name);
        match tokio::fs::read_to_string(&path).await {
            Ok(text) => Ok(Some(text)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(disk(&path, &error)),
        }
    }

    /// Replaces a file as a whole: whoever reads it, also after a power cut, finds the old text
    /// or the new one. Only the owner can read it.
    pub(crate) async fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.0.join(name);
        let draft = self.0.join(draft_name(name));
        let written = match self.write_draft(&draft, text).await {
            Ok(()) => tokio::fs::rename(&draft, &path).await.map_err(|error| disk(&path, &error)),
            Err(error) => Err(disk(&draft, &error)),
        };
        if written.is_err() {
            let _ = tokio::fs::remove_file(&draft).await;
        }
        self.tidy(name).await;
        written
    }

    /// Removes old drafts of a file. One that can't be removed does no harm.
    async fn tidy(&self, name: &str) {
        let Ok(mut entries) = tokio::fs::read_dir(&self.0).await else { return };
        while let Ok(Some(entry)) = entries.next_entry().await {
            let is_old = async || {
                let modified = entry.metadata().await?.modified()?;
                Ok::<_, io::Error>(modified.elapsed().is_ok_and(|age| age > LONGEST_DRAFT))
            };
            if is_draft(&entry.file_name().to_string_lossy(), name)
                && is_old().await.unwrap_or_default()
            {
                let _ = tokio::fs::remove_file(entry.path()).await;
            }
        }
    }

    /// Removes a file; one that is not there is as good.
    pub(crate) async fn remove(&self, name: &str) -> Result<()> {
        let path = self.0.join(name);
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk(&path, &error)),
            _ => Ok(()),
        }
    }

    async fn write_draft(&self, draft: &Path, text: &str) -> io::Result<()> {
        tokio::fs::create_dir_all(&self.0).await?;
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(draft).await?;
        file.write_all(text.as_bytes()).await?;
        file.sync_all().await
    }
}

/// No other writer's: two at a time, also of two processes, must not move away each other's draft.
/// Containers with one folder may have the same process ids.
fn draft_name(name: &str) -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    format!("{name}.{}-{number}-{:08x}.new", std::process::id(), rand::random::<u32>())
}

/// Whether a file is a draft of `name`, as this release or an earlier one called it.
fn is_draft(file: &str, name: &str) -> bool {
    let rest = file.strip_prefix(name).and_then(|rest| rest.strip_suffix(".new"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Where something else stands in the folder's place, no file of ours can be.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn disk(path: &Path, error: &io::Error) -> Error {
    Error::Disk { path: path.display().to_string(), problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_replaced_as_a_whole_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::in_user_dir(dir.path());
        assert_eq!(state_dir.read("a.json").await.unwrap(), None);
        state_dir.write("a.json", "a longer first text").await.unwrap();
        state_dir.write("a.json", "two").await.unwrap();
        assert_eq!(state_dir.read("a.json").await.unwrap().as_deref(), Some("two"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = dir.path().join(NAME).join("a.json");
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let left: Vec<_> = std::fs::read_dir(dir.path().join(NAME)).unwrap().collect();
        assert_eq!(left.len(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_writers_of_one_file_do_not_take_each_others_draft() {
        let dir = tempfile::tempdir().unwrap();
        let texts = ["one".repeat(5000), "two".repeat(7000)];
        let writer = |text: String| {
            let state_dir = StateDir::in_user_dir(dir.path());
            tokio::spawn(async move {
                for _ in 0..100 {
                    state_dir.write("a.json", &text).await.unwrap();
                    let found = state_dir.read("a.json").await.unwrap().unwrap();
                    assert!(found == "one".repeat(5000) || found == "two".repeat(7000));
                }
            })
        };
        let writers = texts.map(writer);
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(names(&dir.path().join(NAME)), ["a.json"]);
    }

    #[tokio::test]
    async fn drafts_of_killed_processes_go_and_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::in_user_dir(dir.path());
        state_dir.write("a.json", "one").await.unwrap();
        let path = dir.path().join(NAME);
        let old = std::time::SystemTime::now() - 2 * LONGEST_DRAFT;
        for (name, modified) in [
            ("a.json.new", Some(old)),
            ("a.json.12-0-0a.new", Some(old)),
            ("a.json.13-0-0b.new", None),
            ("b.json.14-0-0c.new", Some(old)),
        ] {
            let file = std::fs::File::create(path.join(name)).unwrap();
            if let Some(modified) = modified {
                file.set_modified(modified).unwrap();
            }
        }
        state_dir.write("a.json", "two").await.unwrap();
        assert_eq!(names(&path), ["a.json", "a.json.13-0-0b.new", "b.json.14-0-0c.new"]);
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_an_error_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(NAME), "in the way").unwrap();
        let error = StateDir::in_user_dir(dir.path()).write("a.json", "x").await.unwrap_err();
        assert_eq!(error.code(), "ERR_VALKEY_DISK");
        assert!(error.to_string().contains(NAME));
    }
}
