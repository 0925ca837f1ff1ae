//! Files that are replaced as a whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A draft that has not become its file by then was left behind by a process that was killed.
const LONGEST_DRAFT: Duration = Duration::from_secs(3600);

/// Who can read a file that was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// The owner alone.
    Owner,
    /// Who could read the one before; whoever the process lets when there was none.
    AsBefore,
}

/// Replaces a file as a whole: whoever reads it, also after a power cut, finds the old content or the
/// new one. A link is not followed. What fails leaves the file as it was, and no draft.
pub(crate) fn replace(path: &Path, content: impl AsRef<[u8]>, access: Access) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let draft = path.with_file_name(draft_name(name));
    let written =
        write_draft(&draft, path, content.as_ref(), access).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    tidy(path);
    written
}

fn write_draft(draft: &Path, path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    let mut file = open(draft, access)?;
    file.write_all(content)?;
    if access == Access::AsBefore
        && let Ok(before) = fs::metadata(path)
    {
        file.set_permissions(before.permissions())?;
    }
    file.sync_all()
}

fn open(draft: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if access == Access::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = access;
    options.open(draft)
}

/// No other writer's: two at a time, also of two processes, must not move away each other's draft.
/// Containers with one folder may have the same process ids.
fn draft_name(name: &std::ffi::OsStr) -> OsString {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let mut draft = name.to_owned();
    draft.push(format!(".{}-{number}-{:08x}.new", std::process::id(), rand::random::<u32>()));
    draft
}

/// Whether a file is a draft of `name`, as this release or an earlier one called it.
fn is_draft(file: &str, name: &str) -> bool {
    let rest = file.strip_prefix(name).and_then(|rest| rest.strip_suffix(".new"));
    rest.is_some_and(|rest| {
        let numbers = rest.strip_prefix('.').map(|rest| rest.split('-'));
        rest.is_empty()
            || numbers.is_some_and(|mut numbers| {
                numbers.clone().count() == 3
                    && numbers.all(|number| u64::from_str_radix(number, 16).is_ok())
            })
    })
}

/// Removes old drafts of a file. One that can't be removed does no harm.
fn tidy(path: &Path) {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else { return };
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let is_old = || {
            let modified = entry.metadata()?.modified()?;
            Ok::<_, io::Error>(modified.elapsed().is_ok_and(|age| age > LONGEST_DRAFT))
        };
        if is_draft(&entry.file_name().to_string_lossy(), &name.to_string_lossy())
            && is_old().unwrap_or_default()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_fails_leaves_the_old_file_and_no_draft() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        // A folder can't be replaced by a file: it is the last step that fails.
        fs::create_dir(&path).unwrap();
        fs::write(path.join("b"), "old").unwrap();
        for access in [Access::Owner, Access::AsBefore] {
            replace(&path, "new", access).unwrap_err();
            assert_eq!(names(dir.path()), ["a.json"]);
            assert_eq!(fs::read_to_string(path.join("b")).unwrap(), "old");
        }
    }

    #[cfg(unix)]
    #[test]
    fn who_can_read_it_is_as_asked() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        replace(&path, "one", Access::Owner).unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, "two", Access::AsBefore).unwrap();
        assert_eq!(mode(), 0o640);
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        replace(&path, "three", Access::Owner).unwrap();
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn drafts_of_killed_processes_go_and_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        let old = std::time::SystemTime::now() - 2 * LONGEST_DRAFT;
        for (name, modified) in [
            ("a.json.new", Some(old)),
            ("a.json.12-0-0a.new", Some(old)),
            ("a.json.13-0-0b.new", None),
            ("a.json.mine.new", Some(old)),
            ("b.json.14-0-0c.new", Some(old)),
        ] {
            let file = File::create(dir.path().join(name)).unwrap();
            if let Some(modified) = modified {
                file.set_modified(modified).unwrap();
            }
        }
        replace(&path, "two", Access::Owner).unwrap();
        let left = ["a.json", "a.json.13-0-0b.new", "a.json.mine.new", "b.json.14-0-0c.new"];
        assert_eq!(names(dir.path()), left);
    }

    #[test]
    fn a_draft_is_known_by_its_name() {
        let draft = draft_name("a.json".as_ref()).into_string().unwrap();
        assert!(is_draft(&draft, "a.json") && !is_draft(&draft, "b.json"), "{draft}");
    }
}
