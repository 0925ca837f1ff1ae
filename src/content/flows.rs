//! The flow array.

use std::fmt;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use super::json::{broken, check_nesting_within, members_within, not_expected};
use super::well_formed;
use crate::{Error, Result};

/// The deepest nesting of arrays and objects in flows. What is read here is read without a tree,
/// whatever its depth; Node-RED itself, which calls itself for each level, gives up before this one.
const FLOWS_NESTING_LIMIT: usize = 5000;

/// A flow array that has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowsText<'t> {
    /// The array, byte for byte as it was stored.
    pub array: &'t str,
    /// The number of its entries: tabs, nodes, groups, subflows.
    pub nodes: usize,
}

/// Checks that a text is a flow array: of objects, each with a `type` that is a string. Node-RED
/// takes any `id`, and none. What earlier modules wrote, `{"flows": [...], "rev": …}`, gives the array in it.
pub fn flows_text<'t>(key: &str, text: &'t str) -> Result<FlowsText<'t>> {
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'[') => match well_formed::nodes_in(text) {
            Some(nodes) => Ok(FlowsText { array: text, nodes }),
            None => {
                check_nesting_within(key, text, FLOWS_NESTING_LIMIT)?;
                array(key, text)
            }
        },
        Some(b'{') => {
            let members = members_within(key, text, FLOWS_NESTING_LIMIT)?;
            let inner = members.into_iter().find(|(name, _)| name == "flows");
            match inner.map(|(_, value)| value.get()) {
                Some(inner) if inner.starts_with('[') => array(key, inner),
                _ => Err(not_an_array(key, text)),
            }
        }
        _ => Err(not_an_array(key, text)),
    }
}

fn not_an_array(key: &str, text: &str) -> Error {
    not_expected(key, text, "it is not an array of nodes")
}

fn array<'t>(key: &str, text: &'t str) -> Result<FlowsText<'t>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut fault = None;
    let nodes =
        reader.deserialize_seq(NodesVisitor { fault: &mut fault }).map_err(
            |error| match fault {
                Some(fault) => Error::value(key, fault),
                None => broken(key, &error),
            },
        )?;
    reader.end().map_err(|error| broken(key, &error))?;
    Ok(FlowsText { array: text, nodes })
}

/// Counts the entries; the first that is no node is described in `fault`.
struct NodesVisitor<'f> {
    fault: &'f mut Option<String>,
}

impl<'de> Visitor<'de> for NodesVisitor<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of nodes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<usize, A::Error> {
        let mut index = 0;
        while let Some(node) = entries.next_element_seed(EntrySeed)? {
            let lacking = match node {
                Entry { object: false, .. } => "is not an object",
                Entry { kind: false, .. } => "has no 'type' that is a string",
                _ => {
                    index += 1;
                    continue;
                }
            };
            *self.fault = Some(format!("it is not an array of nodes: entry {index} {lacking}"));
            return Err(A::Error::custom("not a node"));
        }
        Ok(index)
    }
}

/// What an entry of the array was found to be.
#[derive(Default)]
struct Entry {
    object: bool,
    kind: bool,
}

struct EntrySeed;

impl<'de> DeserializeSeed<'de> for EntrySeed {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let mut entry = Entry { object: true, ..Entry::default() };
        while let Some(name) = map.next_key()? {
            match name {
                Name::Type => entry.kind = is_text(map.next_value()?),
                Name::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(entry)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Entry, A::Error> {
        while entries.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Entry::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Entry, E> {
        Ok(Entry::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Entry, E> {
        Ok(Entry::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Entry, E> {
        Ok(Entry::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Entry, E> {
        Ok(Entry::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Entry, E> {
        Ok(Entry::default())
    }

    fn visit_unit<E>(self) -> Result<Entry, E> {
        Ok(Entry::default())
    }
}

fn is_text(value: &RawValue) -> bool {
    value.get().starts_with('"')
}

/// The name of a node's member, as far as it matters here.
enum Name {
    Type,
    Other,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As bytes: a name with half of a surrogate pair is JSON, too.
        deserializer.deserialize_bytes(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Name, E> {
        Ok(match bytes {
            b"type" => Name::Type,
            _ => Name::Other,
        })
    }
}

#[cfg(test)]
mod tests;
