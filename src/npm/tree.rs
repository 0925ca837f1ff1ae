//! What `node_modules` holds, package by package, to tell afterwards what an interrupted run of
//! npm has touched.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// One package folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Package {
    /// As its package.json says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) version: Option<String>,
    /// How many files there are in it, without those of packages nested in it.
    pub(super) files: u32,
    /// A link, to a folder elsewhere.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub(super) link: bool,
}

impl Package {
    /// What a folder holds now.
    pub(super) fn read(folder: &Path) -> Self {
        let link = fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_symlink());
        match link {
            true => Self { version: None, files: 0, link },
            false => Self { version: version_in(folder), files: files(folder, true), link },
        }
    }

    /// Whether this is still what it was before. A package may have made files of its own since.
    pub(super) fn is_still(&self, before: &Self) -> bool {
        match before.link {
            true => self.link,
            false => !self.link && self.version == before.version && self.files >= before.files,
        }
    }
}

/// The parts of a package's own package.json that matter here.
#[derive(Deserialize)]
struct Versioned {
    version: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Place below `node_modules` (`a`, `@scope/b`, `a/node_modules/c`) → package.
pub(super) type Tree = BTreeMap<String, Package>;

/// Reads all packages below a `node_modules` folder. What can't be read is not in it.
pub(super) fn read(node_modules: &Path) -> Tree {
    let mut tree = Tree::new();
    collect(node_modules, "", &mut tree);
    tree
}

fn collect(node_modules: &Path, place: &str, tree: &mut Tree) {
    for name in names(node_modules) {
        if is_hidden(&name) {
            continue;
        }
        let folder = node_modules.join(&name);
        let package = Package::read(&folder);
        let place = format!("{place}{name}");
        if !package.link {
            collect(&folder.join("node_modules"), &format!("{place}/node_modules/"), tree);
        }
        tree.insert(place, package);
    }
}

/// The folders and links in a `node_modules` folder, those of a scope as `@scope/name`. Also
/// hidden ones.
pub(super) fn names(node_modules: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for (name, entry) in entries(node_modules) {
        if !is_folder_or_link(&entry) {
            continue;
        }
        if name.starts_with('@') && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let inside = entries(&entry.path());
            let inside = inside.into_iter().filter(|(_, entry)| is_folder_or_link(entry));
            found.extend(inside.map(|(inner, _)| format!("{name}/{inner}")));
        } else {
            found.push(name);
        }
    }
    found
}

/// Whether the last part of a name begins with a period: nothing that can be required.
pub(super) fn is_hidden(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|last| last.starts_with('.'))
}

/// The entries of a folder whose names are text; none if there is no such folder.
pub(super) fn entries(folder: &Path) -> Vec<(String, DirEntry)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named = |entry: io::Result<DirEntry>| {
        let entry = entry.ok()?;
        Some((entry.file_name().into_string().ok()?, entry))
    };
    entries.filter_map(named).collect()
}

/// The version of the package in a folder.
pub(super) fn version_in(folder: &Path) -> Option<String> {
    let text = fs::read(folder.join("package.json")).ok()?;
    serde_json::from_slice::<Versioned>(&text).ok()?.version
}

/// The name of the package in a folder.
pub(super) fn name_in(folder: &Path) -> Option<String> {
    let text = fs::read(folder.join("package.json")).ok()?;
    Some(serde_json::from_slice::<Named>(&text).ok()?.name)
}

fn is_folder_or_link(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_symlink())
}

fn files(folder: &Path, outermost: bool) -> u32 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let mut count = 0_u32;
    for entry in entries.flatten() {
        let nested = outermost && entry.file_name() == "node_modules";
        count = count.saturating_add(match entry.file_type() {
            Ok(kind) if kind.is_dir() && nested => 0,
            Ok(kind) if kind.is_dir() => files(&entry.path(), false),
            _ => 1,
        });
    }
    count
}
