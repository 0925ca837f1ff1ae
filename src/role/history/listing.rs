//! Entries and differences as they are given to the editor and the command line.

use serde::Serialize;

use crate::content::history::{Difference, Entry, Index, State, difference};
use crate::error::{Error, Result};

/// One entry, for people.
#[derive(Serialize)]
struct Listed<'a> {
    sequence: u64,
    time: u64,
    user: Option<&'a str>,
    origin: crate::content::history::Origin,
    added: usize,
    changed: usize,
    removed: usize,
    tabs: &'a [String],
    address: Option<&'a str>,
    #[serde(rename = "type")]
    deploy_type: Option<&'a str>,
    message: Option<&'a str>,
    to: Option<u64>,
    project: Option<&'a str>,
    current: bool,
}

fn listed(entry: &Entry, current: Option<u64>) -> Listed<'_> {
    Listed {
        sequence: entry.sequence,
        time: entry.time,
        user: entry.note.user.as_deref(),
        origin: entry.note.origin,
        added: entry.added,
        changed: entry.changed,
        removed: entry.removed,
        tabs: &entry.tabs,
        address: entry.note.address.as_deref(),
        deploy_type: entry.note.deploy_type.as_deref(),
        message: entry.note.message.as_deref(),
        to: entry.note.to,
        project: entry.project.as_deref(),
        current: current == Some(entry.sequence),
    }
}

/// All entries, the newest first, as JSON text.
pub(super) fn listing(index: &Index) -> Result<String> {
    let current = index.current().map(|entry| entry.sequence);
    let entries: Vec<_> = index.entries.iter().rev().map(|entry| listed(entry, current)).collect();
    text(&entries)
}

/// A difference, and between which entries.
#[derive(Serialize)]
struct Told {
    from: Option<u64>,
    to: u64,
    #[serde(flatten)]
    difference: Difference,
}

/// What differs between two deploys, as JSON text; without an earlier one everything is new.
pub(super) fn told(from: Option<(u64, &State)>, to: (u64, &State)) -> Result<String> {
    let none = State { flows: "[]".into(), credentials: to.1.credentials.clone(), secret: None };
    let difference = difference(from.map_or(&none, |(_, state)| state), to.1);
    text(&Told { from: from.map(|(sequence, _)| sequence), to: to.0, difference })
}

fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Internal(error.to_string()))
}

/// Which entries are compared where one is named: it with the one that ran before it.
pub(super) fn before(index: &Index, sequence: u64) -> Option<u64> {
    use crate::content::history::Origin;
    let earlier = index.entries.iter().rev().filter(|entry| entry.sequence < sequence);
    earlier.filter(|entry| entry.note.origin != Origin::Replaced).map(|entry| entry.sequence).next()
}
