//! What a deploy has changed, in a few words.

use std::collections::HashMap;

use super::changes::{changes, tab_names};
use super::entry::cut;

/// Names of tabs that are told.
const MOST_TABS: usize = 20;
/// Characters of each.
const MOST_NAME: usize = 60;

/// Counts of nodes, and where they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Nodes that were not there before.
    pub added: usize,
    /// Nodes that were others before.
    pub changed: usize,
    /// Nodes that are no more.
    pub removed: usize,
    /// Names of the tabs and subflows that they are on; of many the first.
    pub tabs: Vec<String>,
}

/// Counts what differs between two flow arrays.
pub fn summary(older: &str, newer: &str) -> Summary {
    let changes = changes(older, newer);
    let mut summary = Summary::default();
    let mut tabs: Vec<&str> = Vec::new();
    for change in &changes {
        match (&change.before, &change.after) {
            (None, _) => summary.added += 1,
            (_, None) => summary.removed += 1,
            _ => summary.changed += 1,
        }
        for node in [&change.after, &change.before].into_iter().flatten() {
            if !node.tab.is_empty() && tabs.len() < MOST_TABS && !tabs.contains(&node.tab.as_str())
            {
                tabs.push(&node.tab);
            }
        }
    }
    if !tabs.is_empty() {
        let mut names = HashMap::new();
        tab_names(older, &mut names);
        tab_names(newer, &mut names);
        let name = |id: &str| cut(names.get(id).map_or(id, String::as_str), MOST_NAME);
        summary.tabs = tabs.into_iter().map(name).collect();
    }
    summary
}
