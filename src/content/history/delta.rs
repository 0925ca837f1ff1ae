//! A flow array as what differs from another.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How to make an array of another: parts of that one, and entries of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delta {
    /// The array, beginning to end.
    pub runs: Vec<Run>,
    /// The entries that the other array lacks, as the text of an array.
    pub nodes: String,
}

/// `start`, `kept`, `taken`: so many entries of the other array from `start` on, then so many of those that
/// it lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run(pub u32, pub u32, pub u32);

/// The texts of the entries of an array.
pub(super) fn entries(array: &str) -> Option<Vec<&str>> {
    let raw: Vec<&RawValue> = serde_json::from_str(array).ok()?;
    Some(raw.into_iter().map(RawValue::get).collect())
}

/// The array of these entries, as `JSON.stringify` writes it.
pub(super) fn array(entries: &[&str]) -> String {
    let mut text =
        String::with_capacity(entries.iter().map(|entry| entry.len() + 1).sum::<usize>() + 2);
    text.push('[');
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(entry);
    }
    text.push(']');
    text
}

/// How to make the entries `wanted` of `base`; `None` where that can't be told.
pub(super) fn delta(base: &[&str], wanted: &[&str]) -> Option<Delta> {
    let places: HashMap<&str, usize> =
        base.iter().enumerate().map(|(place, text)| (*text, place)).collect();
    let mut runs: Vec<Run> = Vec::new();
    let mut own: Vec<&str> = Vec::new();
    let mut next = 0;
    for &text in wanted {
        // Where it is expected first: of several that are the same one is as good, but not as short.
        let place = match base.get(next) {
            Some(expected) if *expected == text => Some(next),
            _ => places.get(text).copied(),
        };
        match (place, runs.last_mut()) {
            (Some(place), Some(run)) if run.2 == 0 && place == next => run.1 += 1,
            (Some(place), _) => runs.push(Run(u32::try_from(place).ok()?, 1, 0)),
            (None, Some(run)) => run.2 += 1,
            (None, None) => runs.push(Run(0, 0, 1)),
        }
        match place {
            Some(place) => next = place + 1,
            None => {
                own.push(text);
                // One that was changed stood in the place of another.
                next += 1;
            }
        }
    }
    Some(Delta { runs, nodes: array(&own) })
}

impl Delta {
    /// The entries that `base` and these make; `None` where they do not fit.
    pub(super) fn apply<'t>(&'t self, base: &[&'t str]) -> Option<Vec<&'t str>> {
        let own = entries(&self.nodes)?;
        let mut own = own.into_iter();
        let mut made: Vec<&'t str> = Vec::with_capacity(base.len());
        for Run(start, kept, taken) in &self.runs {
            let start = usize::try_from(*start).ok()?;
            let end = start.checked_add(usize::try_from(*kept).ok()?)?;
            made.extend_from_slice(base.get(start..end)?);
            for _ in 0..*taken {
                made.push(own.next()?);
            }
        }
        own.next().is_none().then_some(made)
    }
}
