//! How an instance stands, and how far it is behind.

use std::time::Duration;

use serde::Serialize;

use super::received::Report;
use crate::config::Role;

/// An instance of which nothing was heard for so long is lost.
pub(super) const LOST_AFTER: Duration = Duration::from_secs(7);
/// An event loop that did not turn for so long is blocked, in ms: JavaScript reports every 2 s.
const BLOCKED_AFTER: f64 = 4000.0;
/// An error that was logged within this time before the report may be why it is behind, in s.
const RECENT_ERROR: f64 = 60.0;

/// How an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum State {
    /// It does its work, a worker with the last deploy.
    #[serde(rename = "in step")]
    InStep,
    /// A worker that runs an earlier deploy.
    #[serde(rename = "behind")]
    Behind,
    /// It does not do its work.
    #[serde(rename = "not ready")]
    NotReady,
    /// Nothing is heard of it.
    #[serde(rename = "lost")]
    Lost,
}

impl State {
    /// As it is called wherever it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::InStep => "in step",
            Self::Behind => "behind",
            Self::NotReady => "not ready",
            Self::Lost => "lost",
        }
    }
}

/// How it stands, and why it is not in step.
pub(super) fn state_of(
    report: &Report,
    silent: Duration,
    stored: Option<&str>,
) -> (State, Option<String>) {
    if silent > LOST_AFTER {
        let silent = seconds(silent.as_secs_f64() * 1000.0);
        return (State::Lost, Some(format!("nothing was heard of it for {silent}")));
    }
    let tick = report.tick.get();
    if tick > BLOCKED_AFTER {
        let problem = format!("its event loop has been blocked for {}", seconds(tick));
        return (State::NotReady, Some(problem));
    }
    if !report.ready {
        let told = report.missing.first().cloned();
        return (State::NotReady, told.or_else(|| Some("it does not say why".into())));
    }
    if report.role == Role::Worker && stored.is_some() && report.revision.as_deref() != stored {
        let error = report.last_error.as_ref().filter(|error| error.ago.get() < RECENT_ERROR);
        let told = report.notes.first().or_else(|| error.map(|error| &error.text));
        return (State::Behind, told.cloned());
    }
    (State::InStep, None)
}

fn seconds(ms: f64) -> String {
    format!("{} s", (ms / 1000.0).round())
}

/// How many deploys a revision is behind the newest: 0 for that itself, `None` when nobody knows. `recent` begins
/// with what is stored.
pub(super) fn behind_by(
    revision: Option<&str>,
    stored: Option<&str>,
    recent: &[String],
) -> Option<usize> {
    let (revision, stored) = (revision?, stored?);
    if revision == stored {
        return Some(0);
    }
    recent.iter().position(|earlier| earlier == revision)
}
