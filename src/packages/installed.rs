//! What a user directory has.

use std::collections::BTreeMap;

/// What is on disk and in package.json, for the packages that were asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installed {
    /// Name → version in `node_modules/<name>/package.json`.
    pub versions: BTreeMap<String, String>,
    /// Name → what `dependencies` in package.json says, e.g. `~1.2.0`.
    pub declared: BTreeMap<String, String>,
}

impl Installed {
    /// The version on disk.
    pub fn version(&self, name: &str) -> Option<&str> {
        self.versions.get(name).map(String::as_str)
    }
}

/// What package.json of an admin has for the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Name → exact version, for the list.
    pub versions: BTreeMap<String, String>,
    /// What can't be on the list.
    pub skipped: Vec<Skipped>,
    /// In package.json, and neither on disk nor in a lock file.
    pub unknown: Vec<String>,
}

/// A dependency that no other instance could install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Name of the package; may be anything that package.json can hold, cut for a log line.
    pub name: String,
    /// Why, as the rest of a sentence: "is a local folder or file".
    pub reason: String,
}
