//! Ranges of npm's semver, held against npm's answers (`answers/semver.tsv`).
//!
//! Our own, because no crate is as sure. Of the 476 rows,
//! - nodejs-semver 7.0 answers 118 otherwise: it takes `!= v3.1.0` and `=2-rc.01 - 3`, which npm refuses, refuses `==0.0`
//!   and `^ X`, and has 0.3.1 in `=3.3 <1.0`;
//! - js-semver 1.0 answers none otherwise, and reads 72 ranges more than is read here. It comes nearest; but in millions
//!   of random ranges beside npm it has 0.2.0 not in `*.10.4 - 2.0.*` and 0.0.10 not in `x.1 - x.10`, and it keeps
//!   identifiers behind `unsafe` code of its own, where lists come over the network.
//!
//! Stricter than npm in what nobody writes: no empty alternative (`1 ||`), no number after an `x`,
//! at most one `v` before a version.

use super::semver::{MAX_RANGE_BYTES, Semver, is_in_reach, number, split_suffixes};

/// A range: alternatives, each of bounds that hold together.
#[derive(Debug, Clone)]
pub(super) struct Range(Vec<Vec<Bound>>);

/// A bound; none at all admits every release.
#[derive(Debug, Clone)]
struct Bound {
    relation: Relation,
    version: Semver,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Below,
    AtMost,
    Equal,
    AtLeast,
    Above,
}

/// What stands before a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Caret,
    Tilde,
    Relation(Relation),
}

/// A version of which the end may be left out or an `x`.
struct Partial {
    /// As many numbers as there are before the first `x`.
    numbers: Vec<u64>,
    /// The version, if nothing is left out.
    full: Option<Semver>,
}

impl Range {
    /// Reads a range; `None` for everything else, tags included.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_RANGE_BYTES {
            return None;
        }
        text.split("||").map(bounds).collect::<Option<_>>().map(Self)
    }

    /// Whether a version lies in it. A prerelease does only if an alternative that admits it
    /// names a prerelease of the same version.
    pub(super) fn admits(&self, version: &Semver) -> bool {
        self.0.iter().any(|bounds| {
            bounds.iter().all(|bound| bound.admits(version))
                && (version.prerelease.is_empty()
                    || bounds.iter().any(|bound| {
                        !bound.version.prerelease.is_empty()
                            && bound.version.numbers == version.numbers
                    }))
        })
    }
}

impl Bound {
    fn admits(&self, version: &Semver) -> bool {
        match self.relation {
            Relation::Below => *version < self.version,
            Relation::AtMost => *version <= self.version,
            Relation::Equal => *version == self.version,
            Relation::AtLeast => *version >= self.version,
            Relation::Above => *version > self.version,
        }
    }

    fn at_least(numbers: [u64; 3]) -> Option<Self> {
        Self::new(Relation::AtLeast, numbers)
    }

    /// Below a release and all its prereleases.
    fn well_below(numbers: [u64; 3]) -> Option<Self> {
        let mut bound = Self::new(Relation::Below, numbers)?;
        bound.version.prerelease = vec![super::semver::Identifier::Number(1, "0".to_owned())];
        Some(bound)
    }

    fn new(relation: Relation, numbers: [u64; 3]) -> Option<Self> {
        let version = Semver { numbers, prerelease: Vec::new() };
        numbers.iter().all(|number| is_in_reach(*number)).then_some(Self { relation, version })
    }
}

/// One alternative: `1.0.0 - 2.0.0`, or comparators side by side.
fn bounds(text: &str) -> Option<Vec<Bound>> {
    let mut words: Vec<&str> = text.split_ascii_whitespace().collect();
    if let [from, "-", to] = words.as_slice() {
        return between(&Partial::parse(from)?, &Partial::parse(to)?);
    }
    if words.is_empty() {
        return None;
    }
    let mut bounds = Vec::new();
    words.reverse();
    while let Some(word) = words.pop() {
        let (operator, mut version) = operator(word);
        // `>= 1` is `>=1`.
        if version.is_empty() {
            version = words.pop().filter(|_| operator.is_some())?;
        }
        bounds.extend(comparator(operator, &Partial::parse(version)?)?);
    }
    Some(bounds)
}

fn operator(word: &str) -> (Option<Operator>, &str) {
    const OPERATORS: &[(&str, Operator)] = &[
        ("^", Operator::Caret),
        ("~>", Operator::Tilde),
        ("~", Operator::Tilde),
        ("<=", Operator::Relation(Relation::AtMost)),
        ("<", Operator::Relation(Relation::Below)),
        (">=", Operator::Relation(Relation::AtLeast)),
        (">", Operator::Relation(Relation::Above)),
        ("=", Operator::Relation(Relation::Equal)),
    ];
    OPERATORS
        .iter()
        .find_map(|(sign, operator)| Some((Some(*operator), word.strip_prefix(sign)?)))
        .unwrap_or((None, word))
}

impl Partial {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        if let Some(full) = Semver::parse(text).filter(|_| !text.starts_with('v')) {
            return Some(Self { numbers: full.numbers.to_vec(), full: Some(full) });
        }
        let (core, _) = split_suffixes(text)?;
        let parts: Vec<&str> = core.split('.').collect();
        // Only a version of three parts can have a prerelease or build metadata.
        if parts.len() > 3 || (parts.len() < 3 && core.len() < text.len()) {
            return None;
        }
        let mut numbers = Vec::new();
        let mut left_out = false;
        for part in parts {
            match part {
                "x" | "X" | "*" => left_out = true,
                _ if left_out => return None,
                _ => numbers.push(number(part)?),
            }
        }
        Some(Self { numbers, full: None })
    }

    /// Its lowest release.
    fn lowest(&self) -> [u64; 3] {
        let at = |place: usize| self.numbers.get(place).copied().unwrap_or(0);
        [at(0), at(1), at(2)]
    }

    /// The first release after all that it stands for. Not for one without numbers.
    fn next(&self) -> [u64; 3] {
        match self.numbers.as_slice() {
            [major] => [major + 1, 0, 0],
            [major, minor, ..] => [*major, minor + 1, 0],
            [] => [0, 0, 0],
        }
    }
}

fn between(from: &Partial, to: &Partial) -> Option<Vec<Bound>> {
    let mut bounds = Vec::new();
    match &from.full {
        Some(version) => {
            bounds.push(Bound { relation: Relation::AtLeast, version: version.clone() });
        }
        None if from.numbers.is_empty() => {}
        None => bounds.push(Bound::at_least(from.lowest())?),
    }
    match &to.full {
        Some(version) => {
            bounds.push(Bound { relation: Relation::AtMost, version: version.clone() });
        }
        None if to.numbers.is_empty() => {}
        None => bounds.push(Bound::well_below(to.next())?),
    }
    Some(bounds)
}

fn comparator(operator: Option<Operator>, partial: &Partial) -> Option<Vec<Bound>> {
    let relation = match operator {
        None => Relation::Equal,
        Some(Operator::Relation(relation)) => relation,
        Some(operator) => return up_to(operator, partial),
    };
    if let Some(version) = &partial.full {
        return Some(vec![Bound { relation, version: version.clone() }]);
    }
    if partial.numbers.is_empty() {
        return match relation {
            Relation::Below | Relation::Above => Some(vec![Bound::well_below([0, 0, 0])?]),
            _ => Some(Vec::new()),
        };
    }
    let (lowest, next) = (partial.lowest(), partial.next());
    Some(match relation {
        Relation::Below => vec![Bound::well_below(lowest)?],
        Relation::AtMost => vec![Bound::well_below(next)?],
        Relation::AtLeast => vec![Bound::at_least(lowest)?],
        Relation::Above => vec![Bound::at_least(next)?],
        Relation::Equal => vec![Bound::at_least(lowest)?, Bound::well_below(next)?],
    })
}

/// `^` and `~`: from a version up to the next that may break.
fn up_to(operator: Operator, partial: &Partial) -> Option<Vec<Bound>> {
    if partial.numbers.is_empty() {
        return Some(Vec::new());
    }
    let [major, minor, patch] = partial.lowest();
    let next = match operator {
        _ if partial.numbers.len() == 1 => [major + 1, 0, 0],
        Operator::Caret if major > 0 => [major + 1, 0, 0],
        Operator::Caret if minor == 0 && partial.numbers.len() == 3 => [0, 0, patch + 1],
        _ => [major, minor + 1, 0],
    };
    let lowest = match &partial.full {
        Some(version) => Bound { relation: Relation::AtLeast, version: version.clone() },
        None => Bound::at_least([major, minor, patch])?,
    };
    Some(vec![lowest, Bound::well_below(next)?])
}
