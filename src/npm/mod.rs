//! Running npm in the user directory, and reading what is installed there.
//!
//! npm is run with [`std::process`] on threads for blocking work: the child handling of an async
//! runtime would take signals that belong to Node.

mod change;
mod command;
mod disk;
mod group;
mod install;
mod marker;
mod outcome;
mod output;
mod package_json;
mod repair;
mod run;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::packages::{Dependencies, Installed, Wanted};
use crate::state_dir::StateDir;
use crate::{Error, Result};

use command::Program;
pub use outcome::{Failure, Outcome};
use run::Running;

/// npm of one user directory.
///
/// One run at a time: a second call waits for the first. Dropping a future does not stop what it
/// began; the run goes on, owned by this value, and the next call waits for it. Dropping the value
/// ends it, as [`Npm::end`] does.
pub struct Npm {
    inner: Arc<Inner>,
}

struct Inner {
    user_dir: PathBuf,
    state_dir: StateDir,
    program: Program,
    /// Held by whoever changes the directory.
    turn: Mutex<()>,
    running: Running,
}

impl Npm {
    /// `program` and `first_args` start npm, e.g. `npm` alone, or Node with npm's script.
    /// `install_scripts: Some(false)` keeps packages from running theirs; `None` leaves it to
    /// npm's own configuration.
    pub fn new(
        user_dir: impl Into<PathBuf>,
        program: impl Into<PathBuf>,
        first_args: Vec<String>,
        install_scripts: Option<bool>,
    ) -> Self {
        let user_dir = user_dir.into();
        let program = Program { path: program.into(), first_args, install_scripts };
        let state_dir = StateDir::in_user_dir(&user_dir);
        let running = Running::default();
        Self {
            inner: Arc::new(Inner { user_dir, state_dir, program, turn: Mutex::new(()), running }),
        }
    }

    /// Reads which of these packages are on disk, and what package.json says of them. Runs no npm.
    pub async fn installed(&self, names: &BTreeSet<String>) -> Result<Installed> {
        let names = names.clone();
        self.blocking(move |inner| disk::installed(&inner.user_dir, &names)).await
    }

    /// Reads which packages are on disk, whoever has put them there: name → version.
    pub(crate) async fn on_disk(&self) -> Result<BTreeMap<String, String>> {
        self.blocking(|inner| Ok(disk::on_disk(&inner.user_dir))).await
    }

    /// Reads the dependencies in package.json with the exact versions that are installed. Runs no
    /// npm.
    pub async fn dependencies(&self, excluded: &BTreeSet<String>) -> Result<Dependencies> {
        let excluded = excluded.clone();
        self.blocking(move |inner| disk::dependencies(&inner.user_dir, &excluded)).await
    }

    /// Whether `node_modules` is missing or has nothing in it. npm leaves its record there, even
    /// when it has removed the last package.
    pub async fn is_bare(&self) -> Result<bool> {
        self.blocking(|inner| Ok(tree::entries(&inner.user_dir.join("node_modules")).is_empty()))
            .await
    }

    /// Installs and removes, with as few npm runs as possible: one, unless something fails. One
    /// package that fails doesn't keep the others out. What counts is what is on disk afterwards.
    pub async fn change(&self, install: &[Wanted], remove: &[String]) -> Outcome {
        let (install, remove) = (install.to_vec(), remove.to_vec());
        let done = self.blocking(move |inner| Ok(inner.change(&install, &remove))).await;
        done.unwrap_or_else(Outcome::failed)
    }

    /// For the start: when an earlier process ended in the middle of an npm run, ends an npm it
    /// has left behind and takes away what is half installed, so that the next run puts it right.
    /// Tells whether there was something to repair.
    pub async fn repair(&self) -> Result<bool> {
        self.blocking(|inner| inner.repair()).await
    }

    /// Ends the change that goes on, if any: a running npm with all its children. What it has left
    /// half done is put right before [`Npm::change`] returns. Later changes are not concerned.
    /// Returns at once.
    pub fn stop(&self) {
        self.inner.running.stop();
    }

    /// Ends a running npm with all its children, and lets no other begin. Returns at once.
    pub fn end(&self) {
        self.inner.running.end();
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(result) => result,
            Err(error) => Err(Error::Internal(error.to_string())),
        }
    }
}

impl Drop for Npm {
    fn drop(&mut self) {
        self.end();
    }
}
