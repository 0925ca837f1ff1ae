//! How a worker stands, for probes.

use std::time::{Duration, Instant};

use super::{Inner, Worker};
use crate::error::Error;

/// How often a worker looks at what is stored without having been told to: the longest that a
/// revision can stay unnoticed, whatever was missed.
pub(super) const REREAD_HEAD: Duration = Duration::from_secs(20);
/// The same at least, however small `maxAge` is.
const REREAD_HEAD_SOONEST: Duration = Duration::from_secs(1);
/// The longest that a look may take until it counts as missing.
const LATE: Duration = Duration::from_secs(3);

/// How a worker stands at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// `connecting`, `ready`, `reconnecting` or `closed`.
    pub connection: &'static str,
    /// Why there is no connection, as far as it is known: without address and the server's words.
    pub reason: Option<String>,
    /// The revision that runs, as logs name it; `None` as long as none does.
    pub revision: Option<String>,
    /// While nobody can say that what runs is what is stored: how long ago it was last seen to be.
    /// `None` when it is known, and when nothing runs.
    pub copy_age: Option<Duration>,
    /// What keeps this worker from what is stored, besides the connection.
    pub problem: Option<String>,
    /// The channels that nothing is heard of.
    pub unheard: Vec<String>,
}

/// When something was seen in Valkey.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    at: Instant,
    /// How long ago it was at that time, if it was found in the copy on disk.
    copied: Option<Duration>,
}

impl Seen {
    pub(super) fn now() -> Self {
        Self { at: Instant::now(), copied: None }
    }

    /// In the copy on disk, which is of this age now.
    pub(super) fn in_copy(age: Duration) -> Self {
        Self { at: Instant::now(), copied: Some(age) }
    }

    pub(super) fn age(self) -> Duration {
        self.at.elapsed().saturating_add(self.copied.unwrap_or_default())
    }
}

/// What is stored, compared with what runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing runs yet.
    #[default]
    Unknown,
    /// It is the same.
    InStep,
    /// It is newer, and is being applied or waits for its packages.
    Coming,
    /// It can't be used, for this reason.
    Problem(String),
}

/// What runs, and when it was last known to be what is stored.
#[derive(Debug, Default)]
pub(super) struct Running {
    revision: Option<String>,
    matched: Option<Seen>,
    /// When what is offered was seen.
    offered: Option<Seen>,
    /// What the last look that could read has found; it holds while the head is the same.
    standing: Standing,
    /// Why Valkey could not be read since.
    failure: Option<String>,
}

impl Running {
    /// Something was found that is to run.
    pub(super) fn finds(&mut self, seen: Seen) {
        self.offered = Some(seen);
    }

    /// What was found runs now. Returns whether it was found in Valkey.
    pub(super) fn begins(&mut self, revision: String) -> bool {
        self.revision = Some(revision);
        self.matched = self.offered.take();
        self.standing = Standing::InStep;
        self.matched.is_some_and(|seen| seen.copied.is_none())
    }

    /// What runs is stored under this name: a server that was emptied has it under another than before.
    pub(super) fn is_called(&mut self, revision: String) {
        self.revision = Some(revision);
    }

    /// A look has found this.
    pub(super) fn looks(&mut self, standing: Standing) {
        self.standing = standing;
        self.note_same_look();
    }

    /// A look has found the same as the last.
    pub(super) fn note_same_look(&mut self) {
        self.failure = None;
        if self.standing == Standing::InStep {
            self.matched = Some(Seen::now());
        }
    }

    /// What is stored can't be used, for this reason.
    pub(super) fn cant_use(&mut self, why: String) {
        self.looks(Standing::Problem(why));
    }

    /// Nobody can say what is stored.
    pub(super) fn fails(&mut self, error: &Error) {
        match error {
            Error::Value { .. } => self.cant_use(words(error)),
            _ => self.failure = Some(words(error)),
        }
    }

    /// When what runs was last seen in Valkey, if nothing else was seen there since.
    pub(super) fn in_step(&self) -> Option<Seen> {
        self.matched.filter(|_| self.standing == Standing::InStep)
    }

    fn problem(&self) -> Option<String> {
        match (&self.failure, &self.standing) {
            (Some(words), _) | (None, Standing::Problem(words)) => Some(words.clone()),
            _ => None,
        }
    }

    /// How long ago what runs was seen in Valkey, unless it is known to be there at this moment:
    /// there is a connection (`ready`), and a look, as they come `every` so often, has said so.
    fn age(&self, ready: bool, every: Duration) -> Option<Duration> {
        let matched = self.matched?;
        let is_known = self.failure.is_none()
            && match self.standing {
                Standing::InStep => matched.age() <= every + LATE,
                // Applying takes as long as it takes, and there are no looks meanwhile.
                Standing::Coming => true,
                Standing::Unknown | Standing::Problem(_) => false,
            };
        (!ready || !is_known).then(|| matched.age())
    }
}

/// What a probe tells of an error, shorter than the log: without the server's words, which name
/// its user, and without its address.
fn words(error: &Error) -> String {
    match error {
        Error::Value { .. } => error.to_string(),
        Error::Permission { command, .. } => {
            format!("the server user lacks a permission for {command}")
        }
        Error::Server { command, .. } => format!("{command} failed"),
        Error::Timeout { command, .. } => format!("no answer to {command}"),
        _ => "Valkey could not be read".into(),
    }
}

impl Inner {
    /// How often to look without having been told to: so often that a worker that is in step
    /// never is older than it may be.
    pub(super) fn reread_head(&self) -> Duration {
        let max_age = self.config.health.as_ref().and_then(|health| health.max_age);
        max_age.map_or(REREAD_HEAD, |max_age| (max_age / 2).clamp(REREAD_HEAD_SOONEST, REREAD_HEAD))
    }
}

impl Worker {
    /// How it stands. Reads nothing and waits for nothing.
    pub fn health(&self) -> Health {
        let inner = &self.inner;
        let (word, ready) = {
            let state = inner.store.connection().state();
            let state = state.borrow();
            (state.word(), state.reason().is_none())
        };
        let state = inner.state();
        let running = &state.running;
        Health {
            connection: word,
            reason: inner.store.connection().verdict(),
            revision: running.revision.clone(),
            copy_age: running.age(ready, inner.reread_head()),
            problem: running.problem(),
            unheard: if ready { inner.subscriber.unheard() } else { Vec::new() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_secs(60);

    fn running(standing: Standing, seen: Seen) -> Running {
        Running { matched: Some(seen), standing, ..Running::default() }
    }

    fn denied() -> Error {
        Error::Permission { command: "GET".into(), detail: "user x".into(), rule: "+get".into() }
    }

    #[test]
    fn what_comes_from_a_copy_is_as_old_as_the_copy_until_it_is_seen() {
        let mut running = Running::default();
        assert_eq!(running.age(true, SHORT), None, "nothing runs");
        running.finds(Seen::in_copy(HOUR));
        assert!(!running.begins("1".into()));
        assert!(running.age(true, SHORT).unwrap() >= HOUR);
        running.fails(&denied());
        assert!(running.age(true, SHORT).unwrap() >= HOUR);
        running.looks(Standing::InStep);
        assert_eq!(running.age(true, SHORT), None);
        assert!(running.age(false, SHORT).unwrap() < SHORT);
    }

    #[test]
    fn what_cant_be_used_is_a_problem_for_as_long_as_it_is_stored() {
        let mut running = running(Standing::InStep, Seen::in_copy(HOUR));
        running.fails(&Error::value("flows", "no JSON"));
        running.fails(&denied());
        let problem = running.problem().unwrap();
        assert_eq!(problem, "the server user lacks a permission for GET");
        running.note_same_look();
        assert!(running.problem().unwrap().contains("'flows'"));
        assert!(running.age(true, SHORT).unwrap() >= HOUR);
        running.looks(Standing::InStep);
        assert_eq!((running.problem(), running.age(true, SHORT)), (None, None));
    }

    #[test]
    fn what_could_not_be_read_is_over_with_the_next_look() {
        let mut running = running(Standing::InStep, Seen::now());
        running.fails(&denied());
        assert!(running.age(true, SHORT).is_some());
        running.note_same_look();
        assert_eq!((running.problem(), running.age(true, SHORT)), (None, None));
    }

    #[test]
    fn looks_that_do_not_come_are_no_proof() {
        assert!(running(Standing::InStep, Seen::in_copy(HOUR)).age(true, SHORT).is_some());
        assert!(running(Standing::InStep, Seen::now()).age(true, SHORT).is_none());
        assert!(running(Standing::Coming, Seen::in_copy(HOUR)).age(true, SHORT).is_none());
    }
}
