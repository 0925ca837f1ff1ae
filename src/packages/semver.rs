//! One version of npm's semver: how it is written and which of two is the higher.

use std::cmp::Ordering;

/// The longest version or range that is read.
pub(super) const MAX_RANGE_BYTES: usize = 256;
/// npm counts in JavaScript numbers and takes no greater one.
const GREATEST: u64 = (1 << 53) - 1;

/// A version. Build metadata is left out: it counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Semver {
    pub(super) numbers: [u64; 3],
    /// `beta.1` of `1.0.0-beta.1`, or empty.
    pub(super) prerelease: Vec<Identifier>,
}

/// A part of a prerelease. The order of the variants is that of precedence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Identifier {
    /// Digits: how many, and which.
    Number(usize, String),
    Word(String),
}

impl Semver {
    /// Reads `1.2.3`, `v1.2.3-beta.1+build`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_RANGE_BYTES {
            return None;
        }
        let (core, prerelease) = split_suffixes(text.strip_prefix('v').unwrap_or(text))?;
        let mut numbers = core.split('.').map(number);
        let version =
            Self { numbers: [numbers.next()??, numbers.next()??, numbers.next()??], prerelease };
        numbers.next().is_none().then_some(version)
    }
}

impl PartialOrd for Semver {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Semver {
    fn cmp(&self, other: &Self) -> Ordering {
        let release_last = |version: &Self| version.prerelease.is_empty();
        (self.numbers.cmp(&other.numbers))
            .then_with(|| release_last(self).cmp(&release_last(other)))
            .then_with(|| self.prerelease.cmp(&other.prerelease))
    }
}

/// Splits prerelease and build metadata off what is before them, and checks both.
pub(super) fn split_suffixes(text: &str) -> Option<(&str, Vec<Identifier>)> {
    let (text, build) = match text.split_once('+') {
        Some((text, build)) => (text, Some(build)),
        None => (text, None),
    };
    if build.is_some_and(|build| !build.split('.').all(is_word)) {
        return None;
    }
    match text.split_once('-') {
        Some((core, prerelease)) => {
            Some((core, prerelease.split('.').map(identifier).collect::<Option<_>>()?))
        }
        None => Some((text, Vec::new())),
    }
}

fn identifier(text: &str) -> Option<Identifier> {
    if !is_word(text) {
        None
    } else if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        Some(Identifier::Word(text.to_owned()))
    } else if text.len() > 1 && text.starts_with('0') {
        None
    } else {
        Some(Identifier::Number(text.len(), text.to_owned()))
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A number without leading zeros.
pub(super) fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || (text.len() > 1 && text.starts_with('0')) {
        return None;
    }
    text.parse().ok().filter(|number| is_in_reach(*number))
}

/// Whether npm can count that far.
pub(super) fn is_in_reach(number: u64) -> bool {
    number <= GREATEST
}
