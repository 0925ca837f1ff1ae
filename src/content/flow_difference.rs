//! What of a flow array differs from another, as slices of its text.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How to make the next flow array of the one before it: its entries in order, as runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlowDifference {
    /// The array, beginning to end.
    pub runs: Vec<Run>,
    /// The entries that are not in the array before, changed or added, as the text of an array.
    pub nodes: String,
}

/// Some entries that are taken from the array before, then some of [`FlowDifference::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Run {
    /// Index of the first entry that is taken from the array before.
    pub start: u32,
    /// How many are, in their order there.
    pub kept: u32,
    /// How many of the next changed or added ones follow.
    pub taken: u32,
}

/// The difference between two flow arrays, the same text giving the same node. `None` where it can't
/// be told by ids, or a part is not much less than the whole: an entry without an id that is a text, two with
/// one id, more than half of the text changed.
pub fn flow_difference(before: &str, next: &str) -> Option<FlowDifference> {
    let before = Entries::of(before)?;
    let next_text = next;
    let next = Entries::of(next)?;
    let mut difference = FlowDifference { runs: vec![Run::default()], nodes: "[".into() };
    for (text, id) in next.texts.iter().zip(&next.ids) {
        match before.by_id.get(id.as_str()) {
            Some(&index) if before.texts.get(index) == Some(text) => difference.keep(index),
            _ => difference.take(text),
        }
        if difference.nodes.len() > next_text.len() / 2 {
            return None;
        }
    }
    difference.nodes.push(']');
    Some(difference)
}

impl FlowDifference {
    fn keep(&mut self, index: usize) {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        match self.runs.last_mut() {
            Some(run) if run.taken == 0 && run.kept > 0 && run.start + run.kept == index => {
                run.kept += 1;
            }
            Some(run) if run.taken == 0 && run.kept == 0 => {
                *run = Run { start: index, kept: 1, taken: 0 };
            }
            _ => self.runs.push(Run { start: index, kept: 1, taken: 0 }),
        }
    }

    fn take(&mut self, text: &str) {
        if self.nodes.len() > 1 {
            self.nodes.push(',');
        }
        self.nodes.push_str(text);
        if let Some(run) = self.runs.last_mut() {
            run.taken += 1;
        }
    }
}

/// The entries of an array, each with an id of its own.
struct Entries<'t> {
    texts: Vec<&'t str>,
    ids: Vec<String>,
    by_id: HashMap<String, usize>,
}

impl<'t> Entries<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let raw: Vec<&'t RawValue> = serde_json::from_str(text).ok()?;
        let mut texts = Vec::with_capacity(raw.len());
        let mut ids = Vec::with_capacity(raw.len());
        let mut by_id = HashMap::with_capacity(raw.len());
        for (index, entry) in raw.into_iter().enumerate() {
            let Id(id) = serde_json::from_str(entry.get()).ok()?;
            if by_id.insert(id.clone(), index).is_some() {
                return None;
            }
            texts.push(entry.get());
            ids.push(id);
        }
        Some(Self { texts, ids, by_id })
    }
}

/// The `id` of an object that has exactly one, a text.
struct Id(String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(IdVisitor)
    }
}

struct IdVisitor;

impl<'de> Visitor<'de> for IdVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with an id")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Id, A::Error> {
        let mut found = None;
        while let Some(Name { is_id }) = map.next_key()? {
            if !is_id {
                map.next_value::<IgnoredAny>()?;
            } else if found.replace(map.next_value::<String>()?).is_some() {
                return Err(serde::de::Error::duplicate_field("id"));
            }
        }
        found.map(Id).ok_or_else(|| serde::de::Error::missing_field("id"))
    }
}

/// The name of a member, as far as it matters here.
struct Name {
    is_id: bool,
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
        Ok(Name { is_id: bytes == b"id" })
    }
}

#[cfg(test)]
mod tests;
