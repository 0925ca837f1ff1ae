//! What differs between two deploys, by tab, node and property.

use std::collections::HashMap;

use serde::Serialize;

use super::State;
use super::changes::{Change, Node, changes, plain, tab_names};
use super::entry::cut;

/// Nodes that are listed; the rest is counted.
const MOST_NODES: usize = 1000;
/// Characters of a value that are shown.
const MOST_VALUE: usize = 200;
/// Characters of a value that are shown before what differs.
const LEAD: usize = 40;
/// Characters of a name.
const MOST_NAME: usize = 200;

/// What differs, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// By tab, those first that come first in the newer deploy.
    pub tabs: Vec<TabDifference>,
    /// The credentials, of whatever nodes, are not the same.
    pub credentials_changed: bool,
    /// Nodes that differ and are not listed, because there are too many.
    pub left_out: usize,
}

/// What differs on one tab or subflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TabDifference {
    /// Its id; empty for nodes that are on none.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The nodes; the tab itself may be one.
    pub nodes: Vec<NodeDifference>,
}

/// A node that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeDifference {
    /// Its id.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name or label; may be empty.
    pub name: String,
    /// `added`, `changed` or `removed`.
    pub change: &'static str,
    /// Of one that was changed, what.
    pub properties: Vec<PropertyDifference>,
}

/// A property that differs. Of a value that holds credentials neither side is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PropertyDifference {
    /// Its name.
    pub name: String,
    /// Its value before; a text as it is, anything else as JSON. `None`: it had none.
    pub before: Option<String>,
    /// Its value after.
    pub after: Option<String>,
}

/// Compares two deploys.
pub fn difference(older: &State, newer: &State) -> Difference {
    let mut names = HashMap::new();
    tab_names(&older.flows, &mut names);
    tab_names(&newer.flows, &mut names);
    let changes = changes(&older.flows, &newer.flows);
    let mut tabs: Vec<TabDifference> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for change in changes.iter().take(MOST_NODES) {
        let Some(node) = change.node() else { continue };
        let place = *places.entry(node.tab.clone()).or_insert(tabs.len());
        if place == tabs.len() {
            let name = names.get(&node.tab).unwrap_or(&node.tab);
            let (id, name) = (node.tab.clone(), cut(name, MOST_NAME));
            tabs.push(TabDifference { id, name, nodes: Vec::new() });
        }
        if let Some(tab) = tabs.get_mut(place) {
            tab.nodes.push(node_difference(node, change));
        }
    }
    Difference {
        tabs,
        credentials_changed: older.credentials != newer.credentials,
        left_out: changes.len().saturating_sub(MOST_NODES),
    }
}

fn node_difference(node: &Node<'_>, change: &Change<'_>) -> NodeDifference {
    let (change, properties) = match (&change.before, &change.after) {
        (Some(before), Some(after)) => ("changed", properties(before, after)),
        (None, _) => ("added", Vec::new()),
        _ => ("removed", Vec::new()),
    };
    NodeDifference {
        id: cut(&node.id, MOST_NAME),
        kind: cut(&node.kind, MOST_NAME),
        name: cut(&node.name, MOST_NAME),
        change,
        properties,
    }
}

fn properties(before: &Node<'_>, after: &Node<'_>) -> Vec<PropertyDifference> {
    let value = |node: &Node<'_>, wanted: &str| {
        node.properties
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| (*value).to_owned())
    };
    let gone = before.properties.iter().filter(|(name, _)| value(after, name).is_none());
    let names = after.properties.iter().chain(gone).map(|(name, _)| name);
    let mut found = Vec::new();
    for name in names {
        let (before, after) = (value(before, name), value(after, name));
        if before == after {
            continue;
        }
        let (before, after) = match name.as_str() {
            "credentials" => (None, None),
            _ => shown(before.as_deref(), after.as_deref()),
        };
        found.push(PropertyDifference { name: cut(name, MOST_NAME), before, after });
    }
    found
}

/// Both values, of long ones the part where they begin to differ.
fn shown(before: Option<&str>, after: Option<&str>) -> (Option<String>, Option<String>) {
    let text = |value: &str| plain(value).unwrap_or_else(|| value.to_owned());
    let (before, after) = (before.map(text), after.map(text));
    let is_long = |text: &Option<String>| {
        text.as_ref().is_some_and(|text| text.chars().nth(MOST_VALUE).is_some())
    };
    let same = match (&before, &after) {
        (Some(before), Some(after))
            if is_long(&Some(before.clone())) || is_long(&Some(after.clone())) =>
        {
            before.chars().zip(after.chars()).take_while(|(one, other)| one == other).count()
        }
        _ => 0,
    };
    let start = same.saturating_sub(LEAD);
    let part = |text: String| {
        let rest: String = text.chars().skip(start).take(MOST_VALUE + 1).collect();
        let rest = cut(&rest, MOST_VALUE);
        if start > 0 { format!("…{rest}") } else { rest }
    };
    (before.map(part), after.map(part))
}
