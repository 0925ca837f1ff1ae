//! The whole fleet, from what was read of it.

use std::time::Duration;

use serde::Serialize;

use super::Fleet;
use super::names::{by_name, names_of};
use super::received::Report;
use super::standing::{State, behind_by, state_of};
use super::told::{Told, recent_from, told_by, told_stored, without_former};
use crate::config::Role;

/// An instance as the others see it.
#[derive(Debug, Serialize)]
pub struct Instance {
    /// Of its process.
    pub id: String,
    /// Its host's; with a suffix where several have the same.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// What tabs can be placed by.
    pub labels: Vec<String>,
    /// What it runs; of an admin what the server has.
    pub revision: Option<String>,
    /// So many deploys; `None` when nobody knows.
    pub behind: Option<usize>,
    /// How it stands.
    pub state: State,
    /// Why it is not in step.
    pub error: Option<String>,
    /// Since when it runs that, in ms since 1970 by the server's clock.
    pub since: Option<i64>,
    /// All that it has told.
    pub(super) report: Report,
}

impl Instance {
    /// What keeps it from its work in part.
    pub fn notes(&self) -> &[String] {
        &self.report.notes
    }

    /// Its options of tabs that run once.
    pub fn once(&self) -> Option<(f64, &str)> {
        let once = self.report.once.as_ref()?;
        Some((once.lease.get(), &once.when_away))
    }
}

/// The fleet as docs/fleet.md has it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// The last deploy.
    pub revision: Option<String>,
    /// Workers.
    pub total: usize,
    /// So many of them run it.
    pub in_step: usize,
    /// All, by name.
    pub instances: Vec<Instance>,
}

impl View {
    /// What is made of what was read; `known` is what the reader itself knows to be stored.
    pub(super) fn new(fleet: Fleet, known: Option<&str>) -> Self {
        let Fleet { now, entries, revision } = fleet;
        let told = without_former(entries.into_iter().filter_map(told_by).collect());
        let stored = revision.or_else(|| known.map(str::to_owned)).or_else(|| told_stored(&told));
        let recent = recent_from(&told, stored.as_deref());
        let names = names_of(&told);
        let mut instances: Vec<Instance> = told
            .into_iter()
            .zip(names)
            .map(|(Told { id, silent, report }, name)| {
                let (state, error) = state_of(&report, silent, stored.as_deref());
                let behind = behind_by(report.revision.as_deref(), stored.as_deref(), &recent);
                Instance {
                    id,
                    name,
                    role: report.role,
                    labels: report.labels.clone(),
                    revision: report.revision.clone(),
                    behind,
                    state,
                    error,
                    since: since(now, silent, &report),
                    report,
                }
            })
            .collect();
        instances.sort_by(|one, other| {
            by_name(&one.name, &other.name).then_with(|| one.id.cmp(&other.id))
        });
        let workers = || instances.iter().filter(|instance| instance.role == Role::Worker);
        let total = workers().count();
        let in_step = workers().filter(|worker| worker.state == State::InStep).count();
        Self { revision: stored, total, in_step, instances }
    }

    /// So many workers stand so.
    pub fn workers(&self, state: State) -> usize {
        let is_such = |one: &&Instance| one.role == Role::Worker && one.state == state;
        self.instances.iter().filter(is_such).count()
    }
}

/// Since when it runs what it runs, to the second. All of it is of no more than 2^53 ms.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "in range")]
fn since(now: u64, silent: Duration, report: &Report) -> Option<i64> {
    let since = report.since?.get();
    let told = now as f64 - silent.as_millis() as f64 - report.tick.get();
    Some((told / 1000.0 - since).round() as i64 * 1000)
}
