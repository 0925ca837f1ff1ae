//! What an instance does to a key, and what comes of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::path::{self, Segment};

/// JSON text; `None`: there is no such key.
pub(in crate::role::context) type Text = Option<Arc<str>>;

/// A part that is set, or taken away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::role::context) struct Part {
    /// The way from the value of the key.
    pub(in crate::role::context) path: Vec<Segment>,
    /// JSON text; `None` takes it away.
    pub(in crate::role::context) text: Text,
}

/// What is done to a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::role::context) enum Change {
    /// It becomes this, whatever it was.
    Whole(Text),
    /// Parts of it, in this order.
    Parts(Vec<Part>),
}

impl Change {
    /// What comes of it on this value.
    pub(in crate::role::context) fn on(&self, text: &Text) -> Text {
        match self {
            Self::Whole(whole) => whole.clone(),
            Self::Parts(parts) => apply(parts, text).unwrap_or_else(|| text.clone()),
        }
    }

    /// This and then the other.
    pub(in crate::role::context) fn then(self, next: Self) -> Self {
        match (self, next) {
            (_, whole @ Self::Whole(_)) => whole,
            (Self::Whole(text), parts @ Self::Parts(_)) => Self::Whole(parts.on(&text)),
            (Self::Parts(mut first), Self::Parts(second)) => {
                first.extend(second);
                Self::Parts(first)
            }
        }
    }
}

/// What comes of parts on a value; `None` when nothing does.
pub(in crate::role::context) fn apply(parts: &[Part], text: &Text) -> Option<Text> {
    let mut root = parse(text)?;
    let mut done = false;
    for Part { path, text } in parts {
        let Some(value) = parse(text) else { continue };
        done |= path::set(&mut root, path, value);
    }
    if !done {
        return None;
    }
    Some(root.map(|root| root.to_string().into()))
}

/// Those of our parts that still count on `now`, and those in whose place somebody else has set
/// something since `base`.
pub(in crate::role::context) fn merge(
    parts: Vec<Part>,
    base: &Text,
    now: &Text,
) -> (Vec<Part>, Vec<Part>) {
    let (Some(base), Some(now)) = (parse(base), parse(now)) else { return (Vec::new(), parts) };
    let mut kept = Vec::new();
    let mut lost = Vec::new();
    for part in parts {
        let before = path::get(base.as_ref(), &part.path);
        let theirs = path::get(now.as_ref(), &part.path);
        let ours = parse(&part.text).flatten();
        if theirs == before {
            kept.push(part);
        } else if theirs != ours.as_ref() {
            lost.push(part);
        }
    }
    (kept, lost)
}

/// Whether parts of it can be set.
pub(in crate::role::context) fn is_parsed(text: &Text) -> bool {
    parse(text).is_some()
}

/// `None` when it is no JSON.
fn parse(text: &Text) -> Option<Option<Value>> {
    match text {
        None => Some(None),
        Some(text) => serde_json::from_str(text).ok().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Some(text.into())
    }

    fn part(name: &str, value: &str) -> Part {
        Part { path: vec![Segment::Name(name.into())], text: text(value) }
    }

    #[test]
    fn parts_on_a_whole_are_a_whole() {
        let change = Change::Whole(text("{}")).then(Change::Parts(vec![part("a", "1")]));
        assert_eq!(change, Change::Whole(text(r#"{"a":1}"#)));
        assert_eq!(change.then(Change::Whole(None)), Change::Whole(None));
    }

    #[test]
    fn parts_of_different_places_survive_each_other() {
        let ours = vec![part("a", "2"), part("b", "2"), part("c", "2")];
        let now = text(r#"{"a":1,"b":3,"c":2}"#);
        let (kept, lost) = merge(ours, &text(r#"{"a":1,"b":1,"c":1}"#), &now);
        assert_eq!((kept, lost), (vec![part("a", "2")], vec![part("b", "2")]));
    }

    #[test]
    fn what_is_no_json_is_left_alone() {
        assert_eq!(apply(&[part("a", "1")], &text("{")), None);
        assert_eq!(Change::Parts(vec![part("a", "1")]).on(&text("5")), text("5"));
    }
}
