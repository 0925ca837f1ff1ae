//! A user directory for a test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use node_red_storage_valkey::npm::{Npm, Outcome};
use node_red_storage_valkey::packages::Wanted;
use serde_json::Value;

use super::registry::Registry;

/// A user directory that is removed at the end.
pub(crate) struct Directory {
    root: tempfile::TempDir,
}

impl Directory {
    /// With npm set to a registry and a cache of its own.
    pub(crate) fn new(registry: &Registry) -> Self {
        let directory = Self { root: tempfile::tempdir().unwrap() };
        fs::create_dir(directory.path()).unwrap();
        let cache = directory.root.path().join("cache");
        let options =
            format!("registry={}\ncache={}\nfetch-retries=0\n", registry.url(), cache.display());
        directory.write(".npmrc", &options);
        directory
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("user")
    }

    /// The folder around it.
    pub(crate) fn above(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn npm(&self) -> Npm {
        npm_in(&self.path())
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        fs::symlink_metadata(self.path().join(name)).is_ok()
    }

    /// What package.json says of a kind of dependencies.
    pub(crate) fn dependencies(&self, kind: &str) -> BTreeMap<String, String> {
        let package: Value = serde_json::from_str(&self.read("package.json")).unwrap();
        let dependencies = package.get(kind).and_then(Value::as_object).cloned();
        let text = |(name, version): (String, Value)| (name, version.as_str().unwrap().to_owned());
        dependencies.unwrap_or_default().into_iter().map(text).collect()
    }

    /// Version on disk; none where npm is still writing it.
    pub(crate) fn version(&self, name: &str) -> Option<String> {
        let path = self.path().join("node_modules").join(name).join("package.json");
        let package: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        Some(package["version"].as_str()?.to_owned())
    }

    /// Every file and link below `node_modules` with its content, but for npm's own record.
    pub(crate) fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(&self.path().join("node_modules"), "", &mut found);
        found.remove(".package-lock.json");
        found
    }
}

fn collect(folder: &Path, place: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        let place = format!("{place}{}", entry.file_name().to_str().unwrap());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            collect(&entry.path(), &format!("{place}/"), found);
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path()).unwrap();
            found.insert(place, target.to_str().unwrap().as_bytes().to_vec());
        } else {
            found.insert(place, fs::read(entry.path()).unwrap());
        }
    }
}

pub(crate) fn npm_in(path: &Path) -> Npm {
    Npm::new(path, "npm", Vec::new(), None)
}

/// `name@version`, as packages to install.
pub(crate) fn wanted(specs: &[&str]) -> Vec<Wanted> {
    let split = |spec: &&str| {
        let (name, version) = spec.rsplit_once('@').unwrap();
        Wanted { name: name.to_owned(), version: version.to_owned(), from: None }
    };
    specs.iter().map(split).collect()
}

pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "not within 60 s: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether all was done that was asked for.
pub(crate) fn is_complete(outcome: &Outcome) -> bool {
    outcome.failed.is_empty() && outcome.fault.is_none()
}
