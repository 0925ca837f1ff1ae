//! The reports that could be read, and what follows from all of them together.

use std::collections::HashMap;
use std::time::Duration;

use super::received::{Report, read_report};
use super::standing::LOST_AFTER;
use crate::config::Role;
use crate::store::fleet::Heard;

/// One report that could be read.
pub(super) struct Told {
    pub(super) id: String,
    pub(super) silent: Duration,
    pub(super) report: Report,
}

/// `None` where nothing was told that could be read.
pub(super) fn told_by(Heard { id, silent, report }: Heard) -> Option<Told> {
    let report = read_report(&report?)?;
    Some(Told { id, silent, report })
}

/// Without those that were started anew since: another process of the same installation lives.
pub(super) fn without_former(told: Vec<Told>) -> Vec<Told> {
    let place = |one: &Told| (one.report.role, one.report.host.clone(), one.report.place.clone());
    let mut newest = HashMap::new();
    for one in &told {
        let silent = newest.entry(place(one)).or_insert(one.silent);
        *silent = one.silent.min(*silent);
    }
    let is_last = |one: &Told| newest.get(&place(one)) == Some(&one.silent);
    told.into_iter().filter(|one| one.silent <= LOST_AFTER || is_last(one)).collect()
}

/// What is stored, by the admin that was heard last.
pub(super) fn told_stored(told: &[Told]) -> Option<String> {
    let admins = told.iter().filter(|one| one.report.role == Role::Admin);
    let admin = admins.filter(|one| one.report.revision.is_some()).min_by_key(|one| one.silent)?;
    admin.report.revision.clone()
}

/// What is stored and the revisions before, the newest first, as far back as anybody tells.
pub(super) fn recent_from(told: &[Told], stored: Option<&str>) -> Vec<String> {
    let Some(stored) = stored else { return Vec::new() };
    let from_stored = |one: &Told| {
        let recent = &one.report.recent;
        let place = recent.iter().position(|revision| revision == stored)?;
        Some((recent.len(), recent.get(place..)?.to_vec()))
    };
    let lists = told.iter().filter_map(from_stored);
    let longest = lists.reduce(|longest, list| if list.0 > longest.0 { list } else { longest });
    longest.map(|(_, list)| list).unwrap_or_default()
}
