//! What came of a change.

use crate::Error;
use crate::packages::Wanted;

/// What came of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// On disk as wanted; `version` is now the exact one. Also those that were already so.
    pub installed: Vec<Wanted>,
    /// No longer on disk.
    pub removed: Vec<String>,
    /// Packages that could not be installed or removed, each with npm's own words.
    pub failed: Vec<Failure>,
    /// Conflicts between peer dependencies that npm had refused and that were left as they are, each
    /// with npm's own words.
    pub overridden: Vec<String>,
    /// What kept everything that is in neither of the above from being done, e.g. a full disk or
    /// a registry that does not answer.
    pub fault: Option<Error>,
    /// [`super::Npm::stop`] has ended it before its end.
    pub stopped: bool,
    /// How often npm was run.
    pub runs: u32,
}

/// A package that could not be installed or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its name.
    pub name: String,
    /// npm's own words, in at most ten lines.
    pub reason: String,
    /// The registry was asked, and has no such package or version: trying again is of no use
    /// until somebody publishes it.
    pub unknown: bool,
}

impl Outcome {
    pub(super) fn failed(fault: Error) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }
}
