//! What only JavaScript can do: telling the running Node-RED of packages that came or go.

use std::collections::BTreeSet;
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

/// What came of a job.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Outcome {
    /// Modules that are gone, or never were loaded.
    pub(super) removed: BTreeSet<String>,
    /// Modules that the running flows use.
    pub(super) in_use: BTreeSet<String>,
}

/// The job in hand.
#[derive(Default)]
pub(super) struct Jobs(Mutex<Option<InHand>>);

struct InHand {
    text: String,
    outcome: oneshot::Sender<Outcome>,
}

impl Jobs {
    /// Hands a job over and waits for what comes of it.
    pub(super) async fn ask(&self, host: &dyn Host, job: Job<'_>) -> Result<Outcome> {
        let text =
            serde_json::to_string(&job).map_err(|error| Error::Internal(error.to_string()))?;
        let (sender, outcome) = oneshot::channel();
        *self.in_hand() = Some(InHand { text, outcome: sender });
        host.event(Event::Packages);
        match tokio::time::timeout(PATIENCE, outcome).await {
            Ok(Ok(outcome)) => Ok(outcome),
            _ => Err(Error::Internal("Node-RED has not ended a change of its palette".into())),
        }
    }

    /// The job in hand as JSON text, `{remove: [name]}` or `{load: [{name, version, from}]}`.
    pub(super) fn current(&self) -> Option<String> {
        self.in_hand().as_ref().map(|job| job.text.clone())
    }

    /// Takes the outcome, `{removed: [name], inUse: [name]}`. One that can't be read says that
    /// nothing was done.
    pub(super) fn done(&self, outcome: &str) {
        if let Some(job) = self.in_hand().take() {
            let outcome = serde_json::from_str(outcome).unwrap_or_else(|error| {
                tracing::error!("outcome of a change of the palette: {error}");
                Outcome::default()
            });
            // Nobody waits for it any more.
            let _ = job.outcome.send(outcome);
        }
    }

    fn in_hand(&self) -> std::sync::MutexGuard<'_, Option<InHand>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    struct Answering(Arc<Jobs>);

    impl Host for Answering {
        fn event(&self, event: Event) {
            assert_eq!(event, Event::Packages);
            let expected = r#"{"load":[{"name":"a","version":"1.0.0","from":null}]}"#;
            assert_eq!(self.0.current().as_deref(), Some(expected));
            self.0.done(r#"{"removed":["b"],"inUse":["c"],"loaded":["d"]}"#);
        }
    }

    #[tokio::test]
    async fn a_job_comes_back_with_its_outcome() {
        let jobs = Arc::new(Jobs::default());
        let load = [Load { name: "a".into(), version: "1.0.0".into(), from: None }];
        let outcome = jobs.ask(&Answering(jobs.clone()), Job::Load(&load)).await.unwrap();
        assert!(outcome.removed.contains("b") && outcome.in_use.contains("c"));
        assert_eq!(jobs.current(), None);
    }
}
