//! The history on the disk of an admin: a folder with a file for each entry, and the index.

use std::fs;
use std::path::{Path, PathBuf};

use crate::atomic_write::{Access, replace};
use crate::content::history::Index;
use crate::error::{Error, Result};
use crate::state_dir::{disk, is_missing};

const INDEX: &str = "index.json";
/// The same once more, written after it.
const COPY: &str = "index.copy.json";
/// What the file of an entry is called after its sequence.
const SUFFIX: &str = ".gz";

/// The folder; created at the first write. Nothing here may be called on the threads of the runtime.
#[derive(Debug, Clone)]
pub(super) struct Dir(PathBuf);

impl Dir {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    fn file(&self, sequence: u64) -> PathBuf {
        self.0.join(format!("{sequence}{SUFFIX}"))
    }

    /// The index, of a damaged one its copy; `None` when there is none.
    pub(super) fn read_index(&self) -> Result<Option<Index>> {
        let found = self.read_index_of(INDEX);
        match found {
            Ok(Some(index)) => Ok(Some(index)),
            Ok(None) => self.read_index_of(COPY),
            Err(error) => match self.read_index_of(COPY) {
                Ok(Some(index)) => {
                    tracing::warn!("{error}; its copy is used");
                    Ok(Some(index))
                }
                _ => Err(error),
            },
        }
    }

    fn read_index_of(&self, name: &str) -> Result<Option<Index>> {
        let path = self.0.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Index::parse(&path.display().to_string(), &text).map(Some),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(disk(&path, &error)),
        }
    }

    /// Whoever reads it finds the old one or the new one. Its copy may be older: it counts where this one is
    /// damaged.
    pub(super) fn write_index(&self, index: &Index) -> Result<()> {
        let text = index.text()?;
        self.write(&self.0.join(INDEX), text.as_bytes())?;
        if let Err(error) = self.write(&self.0.join(COPY), text.as_bytes()) {
            tracing::warn!("{error}: the index of the history has no copy of today");
        }
        Ok(())
    }

    /// What is kept of an entry, as it was written.
    pub(super) fn read_bytes(&self, sequence: u64) -> Result<Vec<u8>> {
        let path = self.file(sequence);
        fs::read(&path).map_err(|error| disk(&path, &error))
    }

    /// What the file of an entry is called, for people.
    pub(super) fn name_of(&self, sequence: u64) -> String {
        self.file(sequence).display().to_string()
    }

    pub(super) fn write_bytes(&self, sequence: u64, bytes: &[u8]) -> Result<()> {
        self.write(&self.file(sequence), bytes)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let written =
            fs::create_dir_all(&self.0).and_then(|()| replace(path, bytes, Access::Owner));
        written.map_err(|error| disk(path, &error))
    }

    /// One that is not there is as good; one that stays is tried again by [`Dir::tidy`].
    pub(super) fn remove(&self, sequence: u64) {
        let _ = fs::remove_file(self.file(sequence));
    }

    /// Removes files of entries that the index does not have.
    pub(super) fn tidy(&self, index: &Index) {
        let Ok(files) = fs::read_dir(&self.0) else { return };
        for file in files.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let sequence = name.strip_suffix(SUFFIX).and_then(|number| number.parse().ok());
            if sequence.is_some_and(|sequence| index.place(sequence).is_none()) {
                let _ = fs::remove_file(file.path());
            }
        }
    }

    /// An index that can't be read goes out of the way, to be looked at.
    pub(super) fn set_aside(&self) -> Result<()> {
        let (path, aside) = (self.0.join(INDEX), self.0.join(format!("{INDEX}.damaged")));
        fs::rename(&path, aside).map_err(|error| Error::Disk {
            path: path.display().to_string(),
            problem: error.to_string(),
        })
    }
}
