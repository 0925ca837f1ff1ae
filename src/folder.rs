//! Our own folder in the user directory, and how files in it are written.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;

use crate::error::{Error, Result};

/// Name of the folder in Node-RED's user directory. Nothing outside it is ever written here.
const NAME: &str = ".node-red-storage-valkey";

/// Our own folder in the user directory; created at the first write.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
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
        let draft = self.0.join(format!("{name}.new"));
        self.write_draft(&draft, text).await.map_err(|error| disk(&draft, &error))?;
        tokio::fs::rename(&draft, &path).await.map_err(|error| disk(&path, &error))
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
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(draft).await?;
        file.write_all(text.as_bytes()).await?;
        file.sync_all().await
    }
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
        let folder = Folder::in_user_dir(dir.path());
        assert_eq!(folder.read("a.json").await.unwrap(), None);
        folder.write("a.json", "a longer first text").await.unwrap();
        folder.write("a.json", "two").await.unwrap();
        assert_eq!(folder.read("a.json").await.unwrap().as_deref(), Some("two"));
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

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_an_error_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(NAME), "in the way").unwrap();
        let error = Folder::in_user_dir(dir.path()).write("a.json", "x").await.unwrap_err();
        assert_eq!(error.code(), "ERR_VALKEY_DISK");
        assert!(error.to_string().contains(NAME));
    }
}
