//! Installing many packages with few runs of npm.

use super::marker::Marker;
use super::outcome::{Failure, Outcome};
use super::output::{ErrorOutput, Kind};
use super::run::{self, NoRun, RUN_LIMIT};
use super::{Inner, command, disk, repair};
use crate::packages::{Wanted, fits};
use crate::{Error, Result};

/// The most runs of one change. Packages that are left by then wait for the next change.
const MOST_RUNS: u32 = 100;
/// After so many single packages were refused alike, and none was installed, all would be.
const ALIKE: usize = 4;

/// What is said of a package that npm has left out without a word.
const NOT_THERE: &str = "npm ended without an error, but it is not installed in that version";

/// One installation.
pub(super) struct Install<'i> {
    npm: &'i Inner,
    outcome: &'i mut Outcome,
    /// The doubtful codes with which single packages have failed.
    refused: Vec<String>,
}

impl<'i> Install<'i> {
    pub(super) fn new(npm: &'i Inner, outcome: &'i mut Outcome) -> Self {
        Self { npm, outcome, refused: Vec::new() }
    }

    /// Installs all, or all but those that fail. An error is one that concerns every package.
    pub(super) fn all(&mut self, packages: &[Wanted]) -> Result<()> {
        match self.run(packages)? {
            Some(output) => self.without_the_bad(packages, output),
            None => Ok(()),
        }
    }

    /// One run: what npm has put out when it has failed.
    fn run(&mut self, packages: &[Wanted]) -> Result<Option<ErrorOutput>> {
        if self.outcome.runs >= MOST_RUNS {
            let problem =
                format!("given up after {MOST_RUNS} runs; the rest waits for the next try");
            return Err(Error::npm(problem));
        }
        if let Some(output) = self.npm.install(packages, self.outcome)? {
            return Ok(Some(output));
        }
        for wanted in packages {
            match self.npm.version_as_wanted(wanted) {
                Some(version) => {
                    self.outcome.installed.push(Wanted { version, ..wanted.clone() });
                }
                None => self.fail(wanted, NOT_THERE.to_owned(), false),
            }
        }
        Ok(None)
    }

    /// Installs what can be of packages that failed together: narrows down to one that fails, and
    /// puts off what it has not been looked for among.
    fn without_the_bad(&mut self, packages: &[Wanted], output: ErrorOutput) -> Result<()> {
        let mut suspects = packages.to_vec();
        let mut put_off = Vec::new();
        // What npm said of just these suspects, where they were tried together.
        let mut said = Some(output);
        while suspects.len() > 1 {
            let culprit =
                said.as_ref().and_then(|output| Some((output.culprit(&suspects)?, output)));
            if let Some((culprit, output)) = culprit {
                let (culprit, text) = (culprit.clone(), output.text());
                self.fail(&culprit, text, true);
                suspects.retain(|wanted| *wanted != culprit);
                said = self.run(&suspects)?;
                if said.is_none() {
                    suspects.clear();
                }
                continue;
            }
            let by_its_folder = said.as_ref().and_then(|output| output.suspect(&suspects)).cloned();
            let rest = match by_its_folder {
                Some(suspect) => {
                    suspects.retain(|wanted| *wanted != suspect);
                    vec![suspect]
                }
                None => suspects.split_off(suspects.len() / 2),
            };
            said = self.run(&suspects)?;
            match said {
                Some(_) => put_off.extend(rest),
                None => suspects = rest,
            }
        }
        if let [one] = suspects.as_slice() {
            let output = match said {
                Some(output) => Some(output),
                None => self.run(&suspects)?,
            };
            if let Some(output) = output {
                self.refuse(one, &output)?;
            }
        }
        self.try_singly(&mut put_off)?;
        match put_off.is_empty() {
            true => Ok(()),
            false => self.all(&put_off),
        }
    }

    /// Where a registry has refused one and nothing came in yet, tells by a few others whether it
    /// refuses everything.
    fn try_singly(&mut self, packages: &mut Vec<Wanted>) -> Result<()> {
        while !self.refused.is_empty() && self.outcome.installed.is_empty() {
            let Some(one) = packages.pop() else { return Ok(()) };
            match self.run(std::slice::from_ref(&one))? {
                Some(output) => self.refuse(&one, &output)?,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn refuse(&mut self, wanted: &Wanted, output: &ErrorOutput) -> Result<()> {
        // Asked for alone: what npm did not find is this one, or something it can't do without.
        self.fail(wanted, output.text(), output.is_not_found());
        if let (Kind::Doubtful, Some(code)) = (output.kind(), &output.code) {
            self.refused.push(code.clone());
            let alike = self.refused.iter().filter(|other| *other == code).count();
            if alike >= ALIKE && self.outcome.installed.is_empty() {
                return Err(Error::npm(output.text()));
            }
        }
        Ok(())
    }

    fn fail(&mut self, wanted: &Wanted, reason: String, unknown: bool) {
        self.outcome.failed.push(Failure { name: wanted.name.clone(), reason, unknown });
    }
}

impl Inner {
    /// The exact version on disk, where it is as wanted.
    fn version_as_wanted(&self, wanted: &Wanted) -> Option<String> {
        let version = disk::version_on_disk(&self.user_dir, &wanted.name)?;
        fits(&version, &wanted.version).then_some(version)
    }

    /// One run of `npm install`: what it put out when it failed, none when it did not.
    fn install(&self, packages: &[Wanted], outcome: &mut Outcome) -> Result<Option<ErrorOutput>> {
        let specs: Vec<String> = packages.iter().map(Wanted::spec).collect();
        let args = command::install(&self.program, &specs);
        let output = self.run(&args, &specs, &[], outcome)?;
        // Left behind by runs that were none of ours.
        let in_the_way =
            output.as_ref().is_some_and(|output| output.code.as_deref() == Some("ENOTEMPTY"));
        if in_the_way && repair::remove_moved_aside(&self.user_dir.join("node_modules"))? {
            return self.run(&args, &specs, &[], outcome);
        }
        Ok(output)
    }

    /// One run of `npm uninstall`, likewise.
    pub(super) fn uninstall(
        &self,
        names: &[String],
        outcome: &mut Outcome,
    ) -> Result<Option<ErrorOutput>> {
        self.run(&command::uninstall(&self.program, names), &[], names, outcome)
    }

    /// One run, and where npm refuses a conflict between peer dependencies another that leaves it
    /// as it is: the list is what an admin really has, and so runs with it.
    fn run(
        &self,
        args: &[String],
        install: &[String],
        remove: &[String],
        outcome: &mut Outcome,
    ) -> Result<Option<ErrorOutput>> {
        let output = self.run_once(args, install, remove, outcome)?;
        let Some(conflict) = output.as_ref().and_then(ErrorOutput::conflict) else {
            return Ok(output);
        };
        let again = self.run_once(&command::with_conflicts(args), install, remove, outcome)?;
        if again.is_none() {
            outcome.overridden.push(conflict);
        }
        Ok(again)
    }

    fn run_once(
        &self,
        args: &[String],
        install: &[String],
        remove: &[String],
        outcome: &mut Outcome,
    ) -> Result<Option<ErrorOutput>> {
        self.running.check_open()?;
        let mut marker = Marker::before(&self.user_dir, install.to_vec(), remove.to_vec());
        self.mark(&marker)?;
        outcome.runs += 1;
        let command = command::command(&self.program, args, &self.user_dir);
        let finished = self.running.run(command, RUN_LIMIT, |pid| {
            marker.pid = Some(pid);
            if let Err(error) = self.mark(&marker) {
                tracing::debug!("the id of npm's process could not be written down: {error}");
            }
        });
        match finished {
            Ok(finished) if finished.killed => {
                self.repair_in_turn()?;
                Err(Error::npm("it was killed from outside, perhaps for lack of memory"))
            }
            Ok(finished) => {
                self.unmark()?;
                if finished.success {
                    return Ok(None);
                }
                let output = ErrorOutput::read(&finished.output);
                match output.kind() {
                    Kind::General => Err(Error::npm(output.text())),
                    Kind::Package | Kind::Doubtful => Ok(Some(output)),
                }
            }
            Err(NoRun::Start(error)) => {
                self.unmark()?;
                Err(Error::npm(self.program.not_started(&error)))
            }
            Err(NoRun::TimedOut) => {
                self.repair_in_turn()?;
                Err(Error::npm(format!("no end after {} minutes", RUN_LIMIT.as_secs() / 60)))
            }
            Err(NoRun::Stopped) => {
                self.repair_in_turn()?;
                Err(run::stopped())
            }
            // The mark stays: the next start looks whether npm has put everything back.
            Err(NoRun::Ended) => Err(Error::Closed),
        }
    }
}
