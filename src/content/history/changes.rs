//! Which nodes differ between two flow arrays.

use std::collections::HashMap;

use super::delta::entries;
use crate::content::json::{Text, members_within};

/// The deepest nesting that is looked into.
const NESTING_LIMIT: usize = 5000;

/// A node that is not the same in both arrays.
pub(super) struct Change<'t> {
    /// As it was.
    pub(super) before: Option<Node<'t>>,
    /// As it is.
    pub(super) after: Option<Node<'t>>,
}

impl<'t> Change<'t> {
    /// The node, as it is or was last.
    pub(super) fn node(&self) -> Option<&Node<'t>> {
        self.after.as_ref().or(self.before.as_ref())
    }
}

/// An entry of a flow array.
pub(super) struct Node<'t> {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) name: String,
    /// The tab or subflow that it is on; its own id if it is one itself.
    pub(super) tab: String,
    /// Its properties, as JSON texts.
    pub(super) properties: Vec<(String, &'t str)>,
}

impl<'t> Node<'t> {
    /// `None`: no object.
    fn of(text: &'t str) -> Option<Self> {
        let members = members_within("a node", text, NESTING_LIMIT).ok()?;
        let properties: Vec<(String, &str)> =
            members.into_iter().map(|(name, value)| (name, value.get())).collect();
        let named = |wanted: &str| {
            let found = properties.iter().find(|(name, _)| name == wanted);
            found.and_then(|(_, value)| plain(value)).unwrap_or_default()
        };
        let (id, kind) = (named("id"), named("type"));
        let is_tab = matches!(kind.as_str(), "tab" | "subflow");
        let name = Some(named("label")).filter(|label| is_tab && !label.is_empty());
        let name = name.unwrap_or_else(|| named("name"));
        let tab = if is_tab { id.clone() } else { named("z") };
        Some(Self { id, kind, name, tab, properties })
    }
}

/// The text in a JSON text; `None` where it is no string.
pub(super) fn plain(value: &str) -> Option<String> {
    value
        .starts_with('"')
        .then(|| serde_json::from_str::<Text>(value).ok().map(|Text(text)| text))?
}

/// The nodes that differ, in the order of the newer array, then what is gone. What is only elsewhere in the
/// array is the same.
pub(super) fn changes<'t>(older: &'t str, newer: &'t str) -> Vec<Change<'t>> {
    let older = entries(older).unwrap_or_default();
    let newer = entries(newer).unwrap_or_default();
    let before = without(&older, &newer);
    let after = without(&newer, &older);
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut before: Vec<Option<Node<'t>>> = before.into_iter().map(Node::of).collect();
    for (place, node) in before.iter().enumerate() {
        if let Some(node) = node {
            places.insert(node.id.clone(), place);
        }
    }
    let mut changes = Vec::new();
    for node in after.into_iter().filter_map(Node::of) {
        let place = places.remove(&node.id);
        let was = place.and_then(|place| before.get_mut(place)).and_then(Option::take);
        changes.push(Change { before: was, after: Some(node) });
    }
    changes.extend(
        before.into_iter().flatten().map(|node| Change { before: Some(node), after: None }),
    );
    changes
}

/// What of `texts` is not among the `others`.
fn without<'t>(texts: &[&'t str], others: &[&'t str]) -> Vec<&'t str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for text in others {
        *counts.entry(text).or_default() += 1;
    }
    let is_left = |text: &&&str| match counts.get_mut(**text) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    texts.iter().filter(is_left).copied().collect()
}

/// The names of the tabs and subflows of an array, by their ids.
pub(super) fn tab_names(array: &str, names: &mut HashMap<String, String>) {
    for text in entries(array).unwrap_or_default() {
        let may_be_tab = text.contains(r#""tab""#) || text.contains(r#""subflow""#);
        let Some(node) = Some(text).filter(|_| may_be_tab).and_then(Node::of) else { continue };
        if node.tab == node.id && !node.id.is_empty() {
            let name = if node.name.is_empty() { node.id.clone() } else { node.name };
            names.insert(node.id, name);
        }
    }
}
