//! The library's folder in Node-RED's user directory: many files written at a time.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Node-RED's own ending of drafts: what a kill has left is known by it, whoever was writing.
pub(crate) const DRAFT_ENDING: &str = ".$$$";

/// The folder `lib` of a user directory.
#[derive(Debug, Clone)]
pub(crate) struct LibraryDir(PathBuf);

/// A file to be written, by its type (the folder in `lib`) and its path below that.
#[derive(Debug)]
pub(crate) struct LibraryFile {
    pub(crate) kind: String,
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A draft that is to take its file's place.
struct Draft {
    draft: PathBuf,
    file: PathBuf,
}

impl LibraryDir {
    pub(crate) fn in_user_dir(user_dir: &Path) -> Self {
        Self(user_dir.join("lib"))
    }

    /// Replaces each file as a whole; all are on disk when it returns. What came of each, in their
    /// order: what fails leaves its file as it was. No link is followed out of the library.
    /// Blocks.
    pub(crate) fn write(&self, files: &[LibraryFile]) -> Vec<io::Result<()>> {
        let drafts = match self.root() {
            Ok(root) => self.write_drafts(&root, files),
            Err(error) => files.iter().map(|_| Err(again(&error))).collect(),
        };
        // One wait for the disk for all of them, and none takes its place before.
        let on_disk = sync(&self.0);
        drafts
            .into_iter()
            .map(|draft| {
                let Draft { draft, file } = draft?;
                let placed = match &on_disk {
                    Ok(()) => fs::rename(&draft, file),
                    Err(error) => Err(again(error)),
                };
                if placed.is_err() {
                    let _ = fs::remove_file(draft);
                }
                placed
            })
            .collect()
    }

    fn root(&self) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.0)?;
        fs::canonicalize(&self.0)
    }

    fn write_drafts(&self, root: &Path, files: &[LibraryFile]) -> Vec<io::Result<Draft>> {
        let mut folders = HashMap::new();
        files
            .iter()
            .map(|LibraryFile { kind, path, text }| {
                let file = self.0.join(kind).join(path);
                let folder = file.parent().ok_or(io::ErrorKind::InvalidFilename)?;
                if !folders.contains_key(folder) {
                    folders.insert(folder.to_owned(), self.make(root, folder)?);
                }
                let own_sync = folders.get(folder).copied().unwrap_or(true);
                write_draft(&file, text, own_sync).map(|draft| Draft { draft, file })
            })
            .collect()
    }

    /// Makes a folder that stays below the root; whether its files have to be synced one by one.
    fn make(&self, root: &Path, folder: &Path) -> io::Result<bool> {
        let mut above = folder;
        let real = loop {
            match fs::canonicalize(above) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    above = above.parent().ok_or(error)?;
                }
                found => break found?,
            }
        };
        if !real.starts_with(root) {
            return Err(io::Error::other("a link leads out of the library folder"));
        }
        fs::create_dir_all(folder)?;
        is_elsewhere(root, folder)
    }
}

fn write_draft(file: &Path, text: &str, own_sync: bool) -> io::Result<PathBuf> {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{:012x}{DRAFT_ENDING}", rand::random::<u64>() >> 16));
    let draft = PathBuf::from(name);
    let mut written = OpenOptions::new().write(true).create_new(true).open(&draft)?;
    let whole = written.write_all(text.as_bytes()).and_then(|()| match own_sync {
        true => written.sync_all(),
        false => Ok(()),
    });
    match whole {
        Ok(()) => Ok(draft),
        Err(error) => {
            let _ = fs::remove_file(&draft);
            Err(error)
        }
    }
}

/// An error that several files meet.
fn again(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

/// Whether a folder is another filesystem's than the root, which [`sync`] does not reach.
#[cfg(target_os = "linux")]
fn is_elsewhere(root: &Path, folder: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(fs::metadata(root)?.dev() != fs::metadata(folder)?.dev())
}

#[cfg(not(target_os = "linux"))]
fn is_elsewhere(_root: &Path, _folder: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Waits until everything that was written to the filesystem of a folder is on disk.
#[cfg(target_os = "linux")]
fn sync(folder: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let folder = fs::File::open(folder)?;
    // SAFETY: the descriptor is open until the end of this function.
    match unsafe { libc::syncfs(folder.as_raw_fd()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Elsewhere each file is synced by itself.
#[cfg(not(target_os = "linux"))]
fn sync(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> LibraryFile {
        LibraryFile { kind: "functions".into(), path: path.into(), text: text.into() }
    }

    fn everything_below(dir: &Path) -> Vec<String> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => names.extend(everything_below(&entry.path())),
                false => names.push(entry.file_name().to_string_lossy().into_owned()),
            }
        }
        names.sort();
        names
    }

    #[test]
    fn files_are_written_with_their_folders_and_replaced_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let library = LibraryDir::in_user_dir(dir.path());
        for text in ["a longer first text", "two"] {
            let written = library.write(&[file("a.js", text), file("b/c/d.js", text)]);
            assert!(written.iter().all(Result::is_ok), "{written:?}");
            let path = dir.path().join("lib/functions");
            assert_eq!(fs::read_to_string(path.join("a.js")).unwrap(), text);
            assert_eq!(fs::read_to_string(path.join("b/c/d.js")).unwrap(), text);
            assert_eq!(everything_below(&path), ["a.js", "d.js"], "no draft is left");
        }
    }

    #[test]
    fn what_the_disk_refuses_leaves_no_draft_and_the_others_are_written() {
        let dir = tempfile::tempdir().unwrap();
        let library = LibraryDir::in_user_dir(dir.path());
        let functions = dir.path().join("lib/functions");
        fs::create_dir_all(functions.join("folder")).unwrap();
        fs::write(functions.join("a"), "a file in the place of a folder").unwrap();
        let written = library.write(&[file("a/b.js", "b"), file("folder", "f"), file("c.js", "c")]);
        let are_written: Vec<bool> = written.iter().map(Result::is_ok).collect();
        assert_eq!(are_written, [false, false, true], "{written:?}");
        assert_eq!(everything_below(&functions), ["a", "c.js"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_out_is_not_followed() {
        let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let library = LibraryDir::in_user_dir(dir.path());
        let functions = dir.path().join("lib/functions");
        fs::create_dir_all(&functions).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), functions.join("out")).unwrap();
        for path in ["out/a.js", "out/new/b.js"] {
            let written = library.write(&[file(path, "x")]);
            assert!(written[0].as_ref().unwrap_err().to_string().contains("leads out"));
        }
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
