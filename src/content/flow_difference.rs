//! What of a flow array differs from another, as slices of its text.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::flow_entries::{entries, inside};

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

/// The difference between two flow arrays that have been checked, the same text giving the same node. Most deploys
/// change little, so what is the same at the beginning and at the end is passed over as bytes. `None` where the
/// difference of what is between can't be told by ids, or a part is not much less than the whole: an entry without an
/// id that is a text, two with one id, more than half of the text changed.
pub fn flow_difference(before: &str, next: &str) -> Option<FlowDifference> {
    let (before, next) = (inside(before)?, inside(next)?);
    let old = entries(before);
    let Ends { front, back, between } = Ends::of(before, &old, next)?;
    let old_between = Entries::of(old.get(front..old.len() - back)?)?;
    let mut difference = FlowDifference { runs: vec![Run::default()], nodes: "[".into() };
    for index in 0..front {
        difference.keep(index);
    }
    for (text, id) in Entries::of(&entries(between))?.each() {
        match old_between.find(id) {
            Some((index, same)) if same == text => difference.keep(front + index),
            _ => difference.take(text),
        }
        if difference.nodes.len() > next.len() / 2 {
            return None;
        }
    }
    for index in old.len() - back..old.len() {
        difference.keep(index);
    }
    difference.nodes.push(']');
    Some(difference)
}

/// How many objects at the beginning and at the end of two arrays are the same, and what the next one has between.
struct Ends<'t> {
    front: usize,
    back: usize,
    between: &'t str,
}

impl<'t> Ends<'t> {
    /// `before` and `next` are what is between the brackets, `old` the entries of `before`.
    fn of(before: &str, old: &[&str], next: &'t str) -> Option<Self> {
        // An object that ends within what is the same is the same; a number could go on.
        let offset = |entry: &str| entry.as_ptr().addr().saturating_sub(before.as_ptr().addr());
        let end = |entry: &str| offset(entry) + entry.len();
        let same = same_bytes(before.bytes(), next.bytes());
        let is_same = |entry: &&&str| end(entry) <= same && entry.ends_with('}');
        let front = old.iter().take_while(is_same).count();
        let front_end = front.checked_sub(1).and_then(|last| old.get(last)).map_or(0, |it| end(it));

        let (rest, next_rest) = (before.get(front_end..)?, next.get(front_end..)?);
        let same = before.len() - same_bytes(rest.bytes().rev(), next_rest.bytes().rev());
        let is_same = |entry: &&&str| offset(entry) >= same && entry.starts_with('{');
        let back = old.get(front..)?.iter().rev().take_while(is_same).count();
        let first = old.len().checked_sub(back).and_then(|first| old.get(first));
        let tail = first.map_or(0, |entry| before.len() - offset(entry));

        let mut between = next_rest.get(..next_rest.len().checked_sub(tail)?)?.trim_ascii();
        if front > 0 {
            between = between.strip_prefix(',').unwrap_or(between);
        }
        if back > 0 {
            between = between.strip_suffix(',').unwrap_or(between);
        }
        Some(Self { front, back, between })
    }
}

fn same_bytes(one: impl Iterator<Item = u8>, other: impl Iterator<Item = u8>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).count()
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

/// Entries of an array, each with an id of its own.
struct Entries<'t> {
    texts: Vec<&'t str>,
    ids: Vec<String>,
    by_id: HashMap<String, usize>,
}

impl<'t> Entries<'t> {
    fn of(texts: &[&'t str]) -> Option<Self> {
        let mut ids = Vec::with_capacity(texts.len());
        let mut by_id = HashMap::with_capacity(texts.len());
        for (index, entry) in texts.iter().enumerate() {
            let Id(id) = serde_json::from_str(entry).ok()?;
            if by_id.insert(id.clone(), index).is_some() {
                return None;
            }
            ids.push(id);
        }
        Some(Self { texts: texts.to_vec(), ids, by_id })
    }

    /// Text and id of each, in their order.
    fn each(&self) -> impl Iterator<Item = (&'t str, &str)> {
        self.texts.iter().copied().zip(self.ids.iter().map(String::as_str))
    }

    /// Index and text of the one with this id.
    fn find(&self, id: &str) -> Option<(usize, &'t str)> {
        let index = *self.by_id.get(id)?;
        Some((index, self.texts.get(index)?))
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
