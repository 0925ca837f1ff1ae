//! A whole difference: what is installed, removed, and what fails.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{MutexGuard, PoisonError};

use super::install::Install;
use super::outcome::{Failure, Outcome};
use super::{Inner, command, disk, package_json};
use crate::Result;
use crate::packages::Wanted;

impl Inner {
    /// See [`super::Npm::change`].
    pub(super) fn change(&self, install: &[Wanted], remove: &[String]) -> Outcome {
        let _turn = self.turn();
        let mut outcome = Outcome::default();
        if install.is_empty() && remove.is_empty() {
            return outcome;
        }
        self.running.begin();
        if let Err(fault) = self.change_all(install, remove, &mut outcome) {
            outcome.fault = Some(fault);
        }
        outcome.stopped = self.running.was_stopped();
        outcome
    }

    fn change_all(
        &self,
        install: &[Wanted],
        remove: &[String],
        outcome: &mut Outcome,
    ) -> Result<()> {
        self.running.check_open()?;
        // What an earlier run has left half done is put right first: the next run would take the
        // place of its mark.
        self.repair_in_turn()?;
        package_json::ensure(&self.user_dir)?;
        if !install.is_empty() {
            let gone: BTreeSet<&str> = remove.iter().map(String::as_str).collect();
            if !gone.is_empty() {
                package_json::take_out(&self.user_dir, &gone)?;
            }
            let mut installing = Install::new(self, outcome);
            for portion in command::portions(install, |wanted| wanted.spec().len()) {
                installing.all(portion)?;
            }
        }
        self.remove(remove, outcome)
    }

    fn remove(&self, names: &[String], outcome: &mut Outcome) -> Result<()> {
        let declared = disk::installed(&self.user_dir, &names.iter().cloned().collect())?;
        let left: Vec<String> = names
            .iter()
            .filter(|name| {
                declared.versions.contains_key(*name) || declared.declared.contains_key(*name)
            })
            .cloned()
            .collect();
        let mut output = None;
        for portion in command::portions(&left, String::len) {
            output = self.uninstall(portion, outcome)?.or(output);
        }
        for name in names {
            match disk::version_on_disk(&self.user_dir, name) {
                None => outcome.removed.push(name.clone()),
                Some(_) => {
                    let reason = match &output {
                        None => "npm ended without an error, but did not remove it".to_owned(),
                        Some(output) => output.text(),
                    };
                    outcome.failed.push(Failure { name: name.clone(), reason, unknown: false });
                }
            }
        }
        Ok(())
    }

    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for work of the runtime on this thread, which is not one of its own.
    pub(super) fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::runtime::Handle::current().block_on(work)
    }
}
