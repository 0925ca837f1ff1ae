//! What only JavaScript can do: telling the running Node-RED of packages that came or go.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::role::{Event, Host};

/// The longest that Node-RED may take over one job.
const JOB_LIMIT: Duration = Duration::from_secs(600);

/// A package whose files are on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Its name.
    pub name: String,
    /// The version that is installed now.
    pub version: String,
    /// The version that was installed before, for an upgrade.
    pub from: Option<String>,
}

/// One change of the palette that the running Node-RED is to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number, to be given back with what came of it.
    pub id: u32,
    /// What is to be done.
    pub task: Task,
}

/// What a [`Job`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Take the types of these modules away.
    Remove(Vec<String>),
    /// Load these modules.
    Load(Vec<Load>),
}

/// What came of a job. Of a load, what is in neither `loaded` nor `restart` is tried again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Modules that are gone, or never were loaded.
    pub removed: BTreeSet<String>,
    /// Modules that the running flows use.
    pub in_use: BTreeSet<String>,
    /// Modules that were loaded.
    pub loaded: BTreeSet<String>,
    /// Modules of which another version runs until the next start.
    pub restart: BTreeSet<String>,
    /// Modules that could not be loaded or taken away; JavaScript has said why in the log.
    pub failed: Vec<Failed>,
}

impl Outcome {
    /// Whether nothing is left to be done about a module that was to be loaded.
    pub(super) fn has_loaded(&self, name: &str) -> bool {
        self.loaded.contains(name) || self.restart.contains(name)
    }
}

/// A module that could not be loaded or taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Its name.
    pub name: String,
    /// Why, for the log.
    pub reason: String,
    /// Trying again would end the same until other packages are installed, or flows let go of some.
    pub lasting: bool,
}

/// The job in hand.
#[derive(Default)]
pub(super) struct Jobs {
    in_hand: Mutex<Option<InHand>>,
    last: AtomicU32,
}

struct InHand {
    job: Job,
    outcome: oneshot::Sender<Outcome>,
}

impl Jobs {
    /// Hands a job over and waits for what comes of it.
    pub(super) async fn ask(&self, host: &dyn Host, task: Task) -> Result<Outcome> {
        let id = self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let (sender, outcome) = oneshot::channel();
        *self.in_hand() = Some(InHand { job: Job { id, task }, outcome: sender });
        host.event(Event::Packages);
        match tokio::time::timeout(JOB_LIMIT, outcome).await {
            Ok(Ok(outcome)) => Ok(outcome),
            _ => {
                *self.in_hand() = None;
                Err(Error::Internal("Node-RED has not ended a change of its palette".into()))
            }
        }
    }

    /// The job in hand.
    pub(super) fn current(&self) -> Option<Job> {
        self.in_hand().as_ref().map(|in_hand| in_hand.job.clone())
    }

    /// Takes the outcome of job `id`. That of a job that was given up says nothing about the one in
    /// hand.
    pub(super) fn done(&self, id: u32, outcome: Outcome) {
        if let Some(in_hand) = self.in_hand().take_if(|in_hand| in_hand.job.id == id) {
            // Nobody waits for it any more.
            let _ = in_hand.outcome.send(outcome);
        }
    }

    fn in_hand(&self) -> std::sync::MutexGuard<'_, Option<InHand>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Answers each job with these outcomes, as those of the jobs with these numbers.
    struct Answering(Arc<Jobs>, Vec<(u32, Outcome)>);

    impl Host for Answering {
        fn event(&self, event: Event) {
            assert_eq!(event, Event::Packages);
            self.1.iter().for_each(|(id, outcome)| self.0.done(*id, outcome.clone()));
        }
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    async fn ask(jobs: &Arc<Jobs>, answers: Vec<(u32, Outcome)>) -> Outcome {
        let load = Load { name: "a".into(), version: "1.0.0".into(), from: None };
        jobs.ask(&Answering(jobs.clone(), answers), Task::Load(vec![load])).await.unwrap()
    }

    #[tokio::test]
    async fn a_job_comes_back_with_its_outcome() {
        let jobs = Arc::new(Jobs::default());
        let answer =
            Outcome { loaded: names(&["d"]), restart: names(&["e"]), ..Outcome::default() };
        let outcome = ask(&jobs, vec![(1, answer.clone())]).await;
        assert_eq!(outcome, answer);
        assert!(outcome.has_loaded("d") && outcome.has_loaded("e") && !outcome.has_loaded("f"));
        assert_eq!(jobs.current(), None);
    }

    #[tokio::test]
    async fn the_outcome_of_another_job_is_ignored() {
        let jobs = Arc::new(Jobs::default());
        ask(&jobs, vec![(1, Outcome::default())]).await;
        let loaded = |name| Outcome { loaded: names(&[name]), ..Outcome::default() };
        let outcome = ask(&jobs, vec![(1, loaded("late")), (2, loaded("own"))]).await;
        assert_eq!(outcome, loaded("own"));
    }

    #[tokio::test]
    async fn a_job_has_a_number() {
        struct Seeing(Arc<Jobs>);
        impl Host for Seeing {
            fn event(&self, _: Event) {
                let job = Job { id: 1, task: Task::Remove(vec!["a".into()]) };
                assert_eq!(self.0.current(), Some(job));
                self.0.done(1, Outcome::default());
            }
        }
        let jobs = Arc::new(Jobs::default());
        let task = Task::Remove(vec!["a".into()]);
        let outcome = jobs.ask(&Seeing(jobs.clone()), task).await.unwrap();
        assert!(outcome.removed.is_empty());
    }
}
