//! Installing many packages with few runs of npm.

use super::change::{Failure, Outcome};
use super::run::{CEILING, NoRun};
use super::words::{Kind, kind, words};
use super::{Inner, command, disk, marker};
use crate::packages::{Wanted, fits};
use crate::{Error, Result};

/// One installation.
pub(super) struct Install<'i> {
    pub(super) npm: &'i Inner,
    pub(super) outcome: &'i mut Outcome,
}

impl Install<'_> {
    /// Installs all, or all but those that fail.
    pub(super) fn all(&mut self, packages: &[Wanted]) -> Result<()> {
        let run = self.npm.install(packages, self.outcome)?;
        let missing: Vec<&Wanted> =
            packages.iter().filter(|wanted| self.npm.version_as_wanted(wanted).is_none()).collect();
        if missing.is_empty() {
            for wanted in packages {
                if let Some(version) = self.npm.version_as_wanted(wanted) {
                    self.outcome.installed.push(Wanted { version, ..wanted.clone() });
                }
            }
            return Ok(());
        }
        if let [one] = packages {
            let reason = match run.is_empty() {
                true => "npm ended without installing it".to_owned(),
                false => run.join("\n"),
            };
            self.outcome.failed.push(Failure { name: one.name.clone(), reason });
            return Ok(());
        }
        let (first, second) = packages.split_at(packages.len() / 2);
        self.all(first)?;
        self.all(second)
    }
}

impl Inner {
    /// The exact version on disk, where it is as wanted.
    fn version_as_wanted(&self, wanted: &Wanted) -> Option<String> {
        let version = disk::version_on_disk(&self.user_dir, &wanted.name)?;
        fits(&version, &wanted.version).then_some(version)
    }

    /// One run of `npm install`: its words when it failed, none when it did not.
    fn install(&self, packages: &[Wanted], outcome: &mut Outcome) -> Result<Vec<String>> {
        let names: Vec<String> =
            packages.iter().map(|wanted| format!("{}@{}", wanted.name, wanted.version)).collect();
        self.run(command::install(&self.program, packages), names, Vec::new(), outcome)
    }

    /// One run of `npm uninstall`, likewise.
    pub(super) fn uninstall(&self, names: &[String], outcome: &mut Outcome) -> Result<Vec<String>> {
        self.run(command::uninstall(&self.program, names), Vec::new(), names.to_vec(), outcome)
    }

    fn run(
        &self,
        args: Vec<String>,
        install: Vec<String>,
        remove: Vec<String>,
        outcome: &mut Outcome,
    ) -> Result<Vec<String>> {
        let started = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        let mut mark = marker::Marker { pid: None, started, install, remove };
        self.mark(&mark)?;
        outcome.runs += 1;
        let command = command::command(&self.program, &args, &self.user_dir);
        let finished = self.running.run(command, CEILING, |pid| {
            mark.pid = Some(pid);
            if let Err(error) = self.mark(&mark) {
                tracing::debug!("the id of npm's process could not be written down: {error}");
            }
        });
        match finished {
            Ok(finished) => {
                self.wait_for(self.folder.remove(marker::FILE))?;
                if finished.success {
                    return Ok(Vec::new());
                }
                let mut said = words(&finished.output);
                if said.is_empty() {
                    said.push("npm failed and said nothing".to_owned());
                }
                match kind(&finished.output) {
                    Kind::General => Err(Error::npm(said.join("\n"))),
                    Kind::Package => Ok(said),
                }
            }
            Err(NoRun::Start(error)) => {
                self.wait_for(self.folder.remove(marker::FILE))?;
                let path = self.program.path.display();
                Err(Error::npm(format!("{path} can't be run: {error}")))
            }
            Err(NoRun::Ceiling) => {
                Err(Error::npm(format!("no end after {} minutes", CEILING.as_secs() / 60)))
            }
            Err(NoRun::Ended) => Err(Error::Closed),
        }
    }

    fn mark(&self, mark: &marker::Marker) -> Result<()> {
        let text = serde_json::to_string(mark).map_err(|e| Error::Internal(e.to_string()))?;
        self.wait_for(self.folder.write(marker::FILE, &text))
    }
}
