//! Installing many packages with few runs of npm.

use super::marker::Marker;
use super::outcome::{Failure, Outcome};
use super::run::{self, CEILING, NoRun};
use super::words::{Kind, Words};
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
            Some(words) => self.without_the_bad(packages, words),
            None => Ok(()),
        }
    }

    /// One run: npm's words when it has failed.
    fn run(&mut self, packages: &[Wanted]) -> Result<Option<Words>> {
        if self.outcome.runs >= MOST_RUNS {
            let problem =
                format!("given up after {MOST_RUNS} runs; the rest waits for the next try");
            return Err(Error::npm(problem));
        }
        if let Some(words) = self.npm.install(packages, self.outcome)? {
            return Ok(Some(words));
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
    fn without_the_bad(&mut self, packages: &[Wanted], words: Words) -> Result<()> {
        let mut suspects = packages.to_vec();
        let mut put_off = Vec::new();
        // What npm said of just these suspects, where they were tried together.
        let mut said = Some(words);
        while suspects.len() > 1 {
            let culprit = said.as_ref().and_then(|words| Some((words.culprit(&suspects)?, words)));
            if let Some((culprit, words)) = culprit {
                let (culprit, text) = (culprit.clone(), words.text());
                self.fail(&culprit, text, true);
                suspects.retain(|wanted| *wanted != culprit);
                said = self.run(&suspects)?;
                if said.is_none() {
                    suspects.clear();
                }
                continue;
            }
            let by_its_folder = said.as_ref().and_then(|words| words.suspect(&suspects)).cloned();
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
            let words = match said {
                Some(words) => Some(words),
                None => self.run(&suspects)?,
            };
            if let Some(words) = words {
                self.refuse(one, &words)?;
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
                Some(words) => self.refuse(&one, &words)?,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn refuse(&mut self, wanted: &Wanted, words: &Words) -> Result<()> {
        // Asked for alone: what npm did not find is this one, or something it can't do without.
        self.fail(wanted, words.text(), words.is_not_found());
        if let (Kind::Doubtful, Some(code)) = (words.kind(), &words.code) {
            self.refused.push(code.clone());
            let alike = self.refused.iter().filter(|other| *other == code).count();
            if alike >= ALIKE && self.outcome.installed.is_empty() {
                return Err(Error::npm(words.text()));
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

    /// One run of `npm install`: its words when it failed, none when it did not.
    fn install(&self, packages: &[Wanted], outcome: &mut Outcome) -> Result<Option<Words>> {
        let specs: Vec<String> = packages.iter().map(Wanted::spec).collect();
        let args = command::install(&self.program, &specs);
        let words = self.run(&args, &specs, &[], outcome)?;
        // Left behind by runs that were none of ours.
        let in_the_way =
            words.as_ref().is_some_and(|words| words.code.as_deref() == Some("ENOTEMPTY"));
        if in_the_way && repair::remove_moved_aside(&self.user_dir.join("node_modules"))? {
            return self.run(&args, &specs, &[], outcome);
        }
        Ok(words)
    }

    /// One run of `npm uninstall`, likewise.
    pub(super) fn uninstall(
        &self,
        names: &[String],
        outcome: &mut Outcome,
    ) -> Result<Option<Words>> {
        self.run(&command::uninstall(&self.program, names), &[], names, outcome)
    }

    fn run(
        &self,
        args: &[String],
        install: &[String],
        remove: &[String],
        outcome: &mut Outcome,
    ) -> Result<Option<Words>> {
        self.running.check_open()?;
        let mut marker = Marker::before(&self.user_dir, install.to_vec(), remove.to_vec());
        self.mark(&marker)?;
        outcome.runs += 1;
        let command = command::command(&self.program, args, &self.user_dir);
        let finished = self.running.run(command, CEILING, |pid| {
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
                let words = Words::read(&finished.output);
                match words.kind() {
                    Kind::General => Err(Error::npm(words.text())),
                    Kind::Package | Kind::Doubtful => Ok(Some(words)),
                }
            }
            Err(NoRun::Start(error)) => {
                self.unmark()?;
                Err(Error::npm(self.program.not_started(&error)))
            }
            Err(NoRun::Ceiling) => {
                self.repair_in_turn()?;
                Err(Error::npm(format!("no end after {} minutes", CEILING.as_secs() / 60)))
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
