//! What only JavaScript can do: telling the running Node-RED of packages that came or go.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::role::{Event, Host};

/// The longest that Node-RED may take over one job.
const PATIENCE: Duration = Duration::from_secs(600);

/// A package whose files are on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Load {
    pub(super) name: String,
    /// The version that is installed now.
    pub(super) version: String,
    /// The version that was installed before, for an upgrade.
    pub(super) from: Option<String>,
}

/// One thing to do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Job<'a> {
    /// Take the types of these modules away.
    Remove(&'a [String]),
    /// Load these modules.
    Load(&'a [Load]),
}

/// A job as JavaScript sees it.
#[derive(Serialize)]
struct Numbered<'a> {
    id: u32,
    #[serde(flatten)]
    job: &'a Job<'a>,
}

/// What came of a job.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Outcome {
    /// The job that it is of; the one in hand when left out.
    id: Option<u32>,
    /// Modules that are gone, or never were loaded.
    pub(super) removed: BTreeSet<String>,
    /// Modules that the running flows use.
    pub(super) in_use: BTreeSet<String>,
    /// Modules that were loaded.
    pub(super) loaded: BTreeSet<String>,
    /// Modules of which another version runs until the next start.
    restart: Vec<Named>,
    /// Modules that could not be loaded or taken away; JavaScript has said why in the log.
    pub(super) failed: Vec<Failed>,
}

impl Outcome {
    /// Whether nothing is left to be done about a module that was to be loaded.
    pub(super) fn has_loaded(&self, name: &str) -> bool {
        self.loaded.contains(name) || self.restart.iter().any(|one| one.name == name)
    }
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

/// A module that could not be loaded or taken away.
#[derive(Debug, Deserialize)]
pub(super) struct Failed {
    pub(super) name: String,
    #[serde(default)]
    pub(super) reason: String,
}

/// The job in hand.
#[derive(Default)]
pub(super) struct Jobs {
    in_hand: Mutex<Option<InHand>>,
    last: AtomicU32,
}

struct InHand {
    id: u32,
    text: String,
    outcome: oneshot::Sender<Outcome>,
}

impl Jobs {
    /// Hands a job over and waits for what comes of it.
    pub(super) async fn ask(&self, host: &dyn Host, job: Job<'_>) -> Result<Outcome> {
        let id = self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let text = serde_json::to_string(&Numbered { id, job: &job })
            .map_err(|error| Error::Internal(error.to_string()))?;
        let (sender, outcome) = oneshot::channel();
        *self.in_hand() = Some(InHand { id, text, outcome: sender });
        host.event(Event::Packages);
        match tokio::time::timeout(PATIENCE, outcome).await {
            Ok(Ok(outcome)) => Ok(outcome),
            _ => {
                *self.in_hand() = None;
                Err(Error::Internal("Node-RED has not ended a change of its palette".into()))
            }
        }
    }

    /// The job in hand as JSON text, `{id, remove: [name]}` or `{id, load: [{name, version, from}]}`.
    pub(super) fn current(&self) -> Option<String> {
        self.in_hand().as_ref().map(|job| job.text.clone())
    }

    /// Takes the outcome, `{id, removed: [name], inUse: [name], loaded: [name], restart: [{name}],
    /// failed: [{name, reason}]}`. One that can't be read says that nothing was done; one of a job
    /// that was given up says nothing about the job in hand.
    pub(super) fn done(&self, outcome: &str) {
        let outcome = serde_json::from_str(outcome).unwrap_or_else(|error| {
            tracing::error!("outcome of a change of the palette: {error}");
            Outcome::default()
        });
        let mut in_hand = self.in_hand();
        let meant = |job: &mut InHand| outcome.id.is_none_or(|id| id == job.id);
        if let Some(job) = in_hand.take_if(meant) {
            // Nobody waits for it any more.
            let _ = job.outcome.send(outcome);
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

    /// Answers each job with this text.
    struct Answering(Arc<Jobs>, &'static [&'static str]);

    impl Host for Answering {
        fn event(&self, event: Event) {
            assert_eq!(event, Event::Packages);
            self.1.iter().for_each(|outcome| self.0.done(outcome));
        }
    }

    async fn ask(jobs: &Arc<Jobs>, answers: &'static [&'static str]) -> Outcome {
        let load = [Load { name: "a".into(), version: "1.0.0".into(), from: None }];
        jobs.ask(&Answering(jobs.clone(), answers), Job::Load(&load)).await.unwrap()
    }

    #[tokio::test]
    async fn a_job_comes_back_with_its_outcome() {
        let jobs = Arc::new(Jobs::default());
        const ANSWER: &str = r#"{"id":1,"removed":["b"],"inUse":["c"],"loaded":["d"],"restart":[{"name":"e","version":"1.0.0","reason":"r"}],"failed":[{"name":"f","reason":"why"}]}"#;
        let outcome = ask(&jobs, &[ANSWER]).await;
        assert!(outcome.removed.contains("b") && outcome.in_use.contains("c"));
        assert!(outcome.has_loaded("d") && outcome.has_loaded("e") && !outcome.has_loaded("f"));
        assert_eq!((&*outcome.failed[0].name, &*outcome.failed[0].reason), ("f", "why"));
        assert_eq!(jobs.current(), None);
    }

    #[tokio::test]
    async fn the_outcome_of_another_job_is_ignored() {
        let jobs = Arc::new(Jobs::default());
        ask(&jobs, &["{}"]).await;
        const LATE: &str = r#"{"id":1,"loaded":["late"]}"#;
        const OWN: &str = r#"{"id":2,"loaded":["own"]}"#;
        let outcome = ask(&jobs, &[LATE, OWN]).await;
        assert!(outcome.has_loaded("own") && !outcome.has_loaded("late"));
    }

    #[tokio::test]
    async fn a_job_has_a_number() {
        struct Seeing(Arc<Jobs>);
        impl Host for Seeing {
            fn event(&self, _: Event) {
                let expected = r#"{"id":1,"remove":["a"]}"#;
                assert_eq!(self.0.current().as_deref(), Some(expected));
                self.0.done("no JSON");
            }
        }
        let jobs = Arc::new(Jobs::default());
        let names = ["a".to_owned()];
        let outcome = jobs.ask(&Seeing(jobs.clone()), Job::Remove(&names)).await.unwrap();
        assert!(outcome.removed.is_empty());
    }
}
