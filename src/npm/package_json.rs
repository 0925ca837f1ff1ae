//! package.json of the user directory.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::atomic_write::{Access, replace};
use crate::{Error, Result};

/// What Node-RED's own storage writes when there is none.
const FIRST: &str = r#"{
    "name": "node-red-project",
    "description": "A Node-RED Project",
    "version": "0.0.1",
    "private": true
}"#;

/// Makes a package.json as Node-RED does, if there is none: without one npm would work in a
/// directory further up.
pub(super) fn ensure(user_dir: &Path) -> Result<()> {
    let path = path(user_dir);
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => write(user_dir, FIRST),
        _ => Ok(()),
    }
}

/// Reads it; `None` when it is not there.
pub(super) fn read(user_dir: &Path) -> Result<Option<Map<String, Value>>> {
    let path = path(user_dir);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(disk(&path, error.to_string())),
    };
    match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(object)) => Ok(Some(object)),
        Ok(_) => Err(disk(&path, "it holds no JSON object".to_owned())),
        Err(error) => Err(disk(&path, format!("it is not JSON ({error})"))),
    }
}

/// Its `dependencies`, as name and what stands for the version.
pub(super) fn dependencies(
    package: &Map<String, Value>,
) -> impl Iterator<Item = (&String, &Value)> {
    package.get("dependencies").and_then(Value::as_object).into_iter().flatten()
}

/// Takes packages out of `dependencies` and `optionalDependencies`.
pub(super) fn take_out(user_dir: &Path, names: &BTreeSet<&str>) -> Result<()> {
    let path = path(user_dir);
    let Some(mut package) = read(user_dir)? else { return Ok(()) };
    let text = fs::read_to_string(&path).map_err(|error| disk(&path, error.to_string()))?;
    let mut changed = false;
    for part in ["dependencies", "optionalDependencies"] {
        if let Some(Value::Object(dependencies)) = package.get_mut(part) {
            let before = dependencies.len();
            dependencies.retain(|name, _| !names.contains(name.as_str()));
            changed |= dependencies.len() != before;
        }
    }
    match changed {
        true => write(user_dir, &formatted(&package, &text)?),
        false => Ok(()),
    }
}

/// Puts back what it was before an interrupted run, if npm has left it half written.
pub(super) fn restore(user_dir: &Path, before: Option<&str>) -> Result<()> {
    let is_json = |text: &str| serde_json::from_str::<Map<String, Value>>(text).is_ok();
    match (fs::read_to_string(path(user_dir)), before) {
        (Ok(now), _) if is_json(&now) => Ok(()),
        (_, Some(before)) if is_json(before) => write(user_dir, before),
        _ => Ok(()),
    }
}

/// The text of a package.json, indented as another text is.
fn formatted(package: &Map<String, Value>, like: &str) -> Result<String> {
    let indent: String = like
        .lines()
        .find(|line| line.starts_with([' ', '\t']) && line.trim_start().starts_with('"'))
        .map(|line| line.chars().take_while(|c| matches!(c, ' ' | '\t')).take(10).collect())
        .unwrap_or_else(|| "  ".to_owned());
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    let written = package.serialize(&mut serializer);
    written.map_err(|error| Error::Internal(error.to_string()))?;
    if like.ends_with('\n') {
        bytes.push(b'\n');
    }
    String::from_utf8(bytes).map_err(|error| Error::Internal(error.to_string()))
}

/// Replaces it as a whole. A link is followed: what it points to is replaced.
fn write(user_dir: &Path, text: &str) -> Result<()> {
    let named = path(user_dir);
    let path = fs::canonicalize(&named).unwrap_or(named);
    replace(&path, text, Access::AsBefore).map_err(|error| disk(&path, error.to_string()))
}

fn path(user_dir: &Path) -> PathBuf {
    user_dir.join("package.json")
}

/// The error for something in the user directory.
pub(super) fn disk(path: &Path, problem: String) -> Error {
    Error::Disk { path: path.display().to_string(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("package.json"), text).unwrap();
        dir
    }

    fn text(dir: &tempfile::TempDir) -> String {
        fs::read_to_string(dir.path().join("package.json")).unwrap()
    }

    #[test]
    fn what_is_taken_out_leaves_the_rest_as_it_was() {
        for (before, after) in [
            (
                "{\n    \"name\": \"x\",\n    \"dependencies\": {\n        \"b\": \"1\",\n        \"a\": \"~1.0\"\n    },\n    \"z\": 1.50\n}\n",
                "{\n    \"name\": \"x\",\n    \"dependencies\": {\n        \"a\": \"~1.0\"\n    },\n    \"z\": 1.50\n}\n",
            ),
            (
                "{\n  \"optionalDependencies\": {\n    \"b\": \"1\",\n    \"c\": \"1\"\n  }\n}",
                "{\n  \"optionalDependencies\": {\n    \"c\": \"1\"\n  }\n}",
            ),
            (
                "{\n\t\"dependencies\": {\n\t\t\"b\": \"1\",\n\t\t\"c\": \"1\"\n\t}\n}",
                "{\n\t\"dependencies\": {\n\t\t\"c\": \"1\"\n\t}\n}",
            ),
            ("{ \"dependencies\":{\"a\":\"1\"} }", "{ \"dependencies\":{\"a\":\"1\"} }"),
            ("{ \"dependencies\": 7 }", "{ \"dependencies\": 7 }"),
        ] {
            let dir = with(before);
            take_out(dir.path(), &BTreeSet::from(["b", "not-there"])).unwrap();
            assert_eq!(text(&dir).replace("1.50", "1.5"), after.replace("1.50", "1.5"));
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn one_is_made_where_there_is_none() {
        let dir = tempfile::tempdir().unwrap();
        ensure(dir.path()).unwrap();
        assert!(text(&dir).contains("    \"name\": \"node-red-project\""));
        let dir = with("{ broken");
        ensure(dir.path()).unwrap();
        assert_eq!(text(&dir), "{ broken");
        assert_eq!(read(dir.path()).unwrap_err().code(), "ERR_VALKEY_DISK");
    }

    #[test]
    fn only_a_broken_one_is_put_back() {
        let dir = with("{\"half");
        restore(dir.path(), Some("{\"was\":1}")).unwrap();
        assert_eq!(text(&dir), "{\"was\":1}");
        restore(dir.path(), Some("{\"older\":1}")).unwrap();
        assert_eq!(text(&dir), "{\"was\":1}");
        let dir = with("{\"half");
        restore(dir.path(), Some("{\"also half")).unwrap();
        restore(dir.path(), None).unwrap();
        assert_eq!(text(&dir), "{\"half");
    }

    #[test]
    fn a_failed_write_leaves_no_draft() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("package.json")).unwrap();
        let error = write(dir.path(), FIRST).unwrap_err();
        assert_eq!(error.code(), "ERR_VALKEY_DISK");
        assert!(error.to_string().contains("package.json"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real.json");
        fs::write(&real, "{\"dependencies\":{\"b\":\"1\"}}").unwrap();
        let user_dir = dir.path().join("user");
        fs::create_dir(&user_dir).unwrap();
        std::os::unix::fs::symlink(&real, user_dir.join("package.json")).unwrap();
        take_out(&user_dir, &BTreeSet::from(["b"])).unwrap();
        assert!(fs::symlink_metadata(user_dir.join("package.json")).unwrap().is_symlink());
        assert!(!fs::read_to_string(real).unwrap().contains("\"b\""));
    }
}
