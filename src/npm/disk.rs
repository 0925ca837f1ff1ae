//! What is installed, read from disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::package_json;
use super::tree::{self, Package, Tree};
use crate::Result;
use crate::packages::{Dependencies, Installed, Skipped, check_name, check_version, is_exact};

/// The part of a lock file that matters here.
#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
struct Locked {
    version: Option<String>,
    #[serde(default)]
    link: bool,
}

/// See [`super::Npm::installed`].
pub(super) fn installed(user_dir: &Path, names: &BTreeSet<String>) -> Result<Installed> {
    let mut found = Installed::default();
    let package = package_json::read(user_dir)?.unwrap_or_default();
    for (name, declared) in package_json::dependencies(&package) {
        if let (true, Some(declared)) = (names.contains(name), declared.as_str()) {
            found.declared.insert(name.clone(), declared.to_owned());
        }
    }
    for name in names {
        if let Some(version) = version_on_disk(user_dir, name) {
            found.versions.insert(name.clone(), version);
        }
    }
    Ok(found)
}

/// See [`super::Npm::on_disk`].
pub(super) fn on_disk(user_dir: &Path) -> BTreeMap<String, String> {
    let names = tree::names(&user_dir.join("node_modules"));
    let versioned = |name: String| Some((version_on_disk(user_dir, &name)?, name));
    names.into_iter().filter_map(versioned).map(|(version, name)| (name, version)).collect()
}

/// The version of a package in `node_modules`; `None` when it is not there, or not as a package.
pub(super) fn version_on_disk(user_dir: &Path, name: &str) -> Option<String> {
    check_name(name).ok()?;
    tree::version_in(&user_dir.join("node_modules").join(name))
}

/// npm's own record of `node_modules`, of which only versions and links are filled in.
pub(super) fn locked(user_dir: &Path) -> Tree {
    let lock = read_lock(&user_dir.join("node_modules/.package-lock.json"));
    let packages = lock.map(|lock| lock.packages).unwrap_or_default();
    let package = |(place, locked): (String, Locked)| {
        let place = place.strip_prefix("node_modules/")?.to_owned();
        Some((place, Package { version: locked.version, files: 0, link: locked.link }))
    };
    packages.into_iter().filter_map(package).collect()
}

/// See [`super::Npm::dependencies`].
pub(super) fn dependencies(user_dir: &Path, excluded: &BTreeSet<String>) -> Result<Dependencies> {
    let mut found = Dependencies::default();
    let package = package_json::read(user_dir)?.unwrap_or_default();
    let optional = package.get("optionalDependencies").and_then(Value::as_object);
    let mut locks = None;
    for (name, declared) in package_json::dependencies(&package) {
        if excluded.contains(name) || optional.is_some_and(|names| names.contains_key(name)) {
            continue;
        }
        let reason = declared.as_str().map_or(Some("has no text for a version"), |declared| {
            local_reason(name, declared).or_else(|| is_link(user_dir, name).then_some(LINKED))
        });
        if let Some(reason) = reason {
            found.skipped.push(Skipped { name: shown(name), reason: reason.to_owned() });
            continue;
        }
        let version = version_on_disk(user_dir, name).filter(|version| is_exact(version));
        let version = version.or_else(|| {
            locks.get_or_insert_with(|| read_locks(user_dir)).iter().find_map(|lock| {
                let locked = lock.packages.get(&format!("node_modules/{name}"))?;
                locked.version.clone().filter(|version| !locked.link && is_exact(version))
            })
        });
        match version {
            Some(version) if check_version(&version).is_err() => {
                // One such would have the whole list refused.
                let reason =
                    format!("has a version that is not to be asked for: {}", shown(&version));
                found.skipped.push(Skipped { name: shown(name), reason });
            }
            Some(version) => {
                found.versions.insert(name.clone(), version);
            }
            None => found.unknown.push(name.clone()),
        }
    }
    Ok(found)
}

const LINKED: &str = "is linked to a local folder";

/// Why a dependency can't be installed elsewhere.
fn local_reason(name: &str, declared: &str) -> Option<&'static str> {
    let declared = declared.trim();
    let starts = |starts: &[&str]| starts.iter().any(|start| declared.starts_with(start));
    if check_name(name).is_err() {
        Some("has a name that npm does not install")
    } else if starts(&["file:", "link:", ".", "/", "~/"]) || declared.get(1..3) == Some(":\\") {
        Some("is a local folder or file")
    } else if starts(&["http:", "https:"]) {
        Some("comes from a URL")
    } else if starts(&["npm:"]) {
        Some("is an alias of another package")
    } else if starts(&["workspace:"]) {
        Some("is part of a workspace")
    } else if starts(&["git", "bitbucket:", "gist:"]) || declared.contains([':', '/']) {
        Some("comes from a git repository")
    } else {
        None
    }
}

/// Whether a package is a link to somewhere outside `node_modules`, as `npm link` makes it.
fn is_link(user_dir: &Path, name: &str) -> bool {
    let node_modules = user_dir.join("node_modules");
    let folder = node_modules.join(name);
    let is_link = fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_symlink());
    is_link
        && match (fs::canonicalize(&folder), fs::canonicalize(&node_modules)) {
            (Ok(target), Ok(inside)) => !target.starts_with(inside),
            _ => true,
        }
}

fn read_locks(user_dir: &Path) -> Vec<Lock> {
    ["node_modules/.package-lock.json", "package-lock.json"]
        .iter()
        .filter_map(|name| read_lock(&user_dir.join(name)))
        .collect()
}

fn read_lock(path: &Path) -> Option<Lock> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// A name as it can stand in a log line.
fn shown(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    name.chars().take(60).map(plain).collect()
}
