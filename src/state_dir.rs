//! The state directory, our own folder in the user directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::atomic_write::{Access, replace};
use crate::error::{Error, Result};
use crate::low_priority;

/// Name of the folder in Node-RED's user directory. Nothing outside it is ever written by
/// [`StateDir`].
const NAME: &str = ".node-red-storage-valkey";

/// Our own folder in the user directory; created at the first write.
#[derive(Debug, Clone)]
pub(crate) struct StateDir(PathBuf);

impl StateDir {
    pub(crate) fn in_user_dir(user_dir: &Path) -> Self {
        Self(user_dir.join(NAME))
    }

    /// A folder in it; created at the first write, too.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.0.join(name)
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
        let (state_dir, name, text) = (self.clone(), name.to_owned(), text.to_owned());
        match tokio::task::spawn_blocking(move || state_dir.write_now(&name, &text)).await {
            Ok(written) => written,
            Err(error) => Err(Error::Internal(error.to_string())),
        }
    }

    /// The same, and `text` is made, where whatever else runs comes first: see [`low_priority`].
    pub(crate) async fn write_aside(
        &self,
        name: &str,
        text: impl FnOnce() -> Result<String> + Send + 'static,
    ) -> Result<()> {
        let (state_dir, name) = (self.clone(), name.to_owned());
        low_priority::run(move || state_dir.write_now(&name, &text()?)).await?
    }

    fn write_now(&self, name: &str, text: &str) -> Result<()> {
        let path = self.0.join(name);
        let written =
            fs::create_dir_all(&self.0).and_then(|()| replace(&path, text, Access::Owner));
        written.map_err(|error| disk(&path, &error))
    }

    /// Removes a file; one that is not there is as good.
    pub(crate) async fn remove(&self, name: &str) -> Result<()> {
        let path = self.0.join(name);
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk(&path, &error)),
            _ => Ok(()),
        }
    }
}

/// Where something else stands in the folder's place, no file of ours can be.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

pub(crate) fn disk(path: &Path, error: &io::Error) -> Error {
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
