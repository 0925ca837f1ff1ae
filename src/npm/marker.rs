//! The mark of a run that goes on, on disk as long as it does: what it changes and how the
//! directory was before.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Inner;
use super::tree::{self, Tree};
use crate::clock::now;
use crate::{Error, Result};

/// Name of the file in our own folder.
const FILE: &str = "npm-run.json";
/// npm writes this one last of all.
const HIDDEN_LOCK: &str = "node_modules/.package-lock.json";

/// What is known of a run that goes on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Marker {
    /// Process of npm, once started; also the id of its process group.
    pub(super) pid: Option<u32>,
    /// When it began, in ms since 1970.
    pub(super) started: u64,
    /// What it installs, as `name@version`.
    pub(super) install: Vec<String>,
    /// What it removes.
    pub(super) remove: Vec<String>,
    /// package.json before it; npm does not replace it as a whole.
    pub(super) package_json: Option<String>,
    /// Hash of npm's own record of `node_modules` before it.
    pub(super) hidden_lock: Option<String>,
    /// The packages before it.
    pub(super) tree: Tree,
}

impl Marker {
    /// For a run that is about to begin.
    pub(super) fn before(user_dir: &Path, install: Vec<String>, remove: Vec<String>) -> Self {
        Self {
            pid: None,
            started: now(),
            install,
            remove,
            package_json: fs::read_to_string(user_dir.join("package.json")).ok(),
            hidden_lock: hidden_lock_hash(user_dir),
            tree: tree::read(&user_dir.join("node_modules")),
        }
    }

    /// Whether npm has come to its end: it has written its record anew since.
    pub(super) fn is_outdated(&self, user_dir: &Path) -> bool {
        hidden_lock_hash(user_dir).is_some_and(|now| self.hidden_lock.as_ref() != Some(&now))
    }
}

fn hidden_lock_hash(user_dir: &Path) -> Option<String> {
    Some(crate::content::sha256_hex(&[&fs::read(user_dir.join(HIDDEN_LOCK)).ok()?]))
}

impl Inner {
    pub(super) fn mark(&self, marker: &Marker) -> Result<()> {
        let text = serde_json::to_string(marker).map_err(|e| Error::Internal(e.to_string()))?;
        self.wait_for(self.state_dir.write(FILE, &text))
    }

    pub(super) fn unmark(&self) -> Result<()> {
        self.wait_for(self.state_dir.remove(FILE))
    }

    /// The mark that was left behind. One that can't be read says that a run began and no more.
    pub(super) fn left_mark(&self) -> Result<Option<std::result::Result<Marker, ()>>> {
        let text = self.wait_for(self.state_dir.read(FILE))?;
        Ok(text.map(|text| serde_json::from_str(&text).map_err(|_| ())))
    }
}
