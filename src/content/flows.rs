//! The flow array.

use std::fmt;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use super::json::{broken, check_nesting, members, not_expected};
use crate::{Error, Result};

/// A flow array that has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowsText<'t> {
    /// The array, byte for byte as it was stored.
    pub array: &'t str,
    /// The number of its entries: tabs, nodes, groups, subflows.
    pub nodes: usize,
}

/// Checks that a text is a flow array: of objects, each with an `id` and a `type` that are
/// strings. What earlier modules wrote, `{"flows": [...], "rev": …}`, gives the array in it.
pub fn flows_text<'t>(key: &str, text: &'t str) -> Result<FlowsText<'t>> {
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'[') => {
            check_nesting(key, text)?;
            array(key, text)
        }
        Some(b'{') => {
            let inner = members(key, text)?.into_iter().find(|(name, _)| name == "flows");
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
                Entry { id: false, .. } => "has no 'id' that is a string",
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
    id: bool,
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
                Name::Id => entry.id = is_text(map.next_value()?),
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
    Id,
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
            b"id" => Name::Id,
            b"type" => Name::Type,
            _ => Name::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::NESTING_LIMIT;
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "n:flows";

    fn problem(text: &str) -> String {
        match flows_text(KEY, text) {
            Err(Error::Value { key, problem }) => {
                assert_eq!(key, KEY);
                problem
            }
            other => panic!("{text}: expected an error, got {other:?}"),
        }
    }

    #[test]
    fn an_array_comes_back_byte_for_byte() {
        for (text, nodes) in [
            ("[]", 0),
            (" [ ]\n", 0),
            (r#"[{"id":"a","type":"tab"}]"#, 1),
            ("[ {\"x\" : 1.50,\n\"type\":\"t\", \"id\":\"\" } , {\"id\":\"b\",\"type\":\"t\"}]", 2),
            (r#"[{"\u0069d":"a","type":"\ud83d","\ud800":"\udc00 \ud83d\ude00"}]"#, 1),
            (r#"[{"id":1,"id":"a","type":"t"}]"#, 1),
        ] {
            assert_eq!(flows_text(KEY, text).unwrap(), FlowsText { array: text, nodes });
        }
    }

    #[test]
    fn the_array_of_earlier_modules_comes_back_byte_for_byte() {
        let array = "[ {\"id\":\"a\" ,\"type\":\"tab\",\"n\":1.0}]";
        for text in [
            format!(r#"{{"flows":{array},"rev":"abc"}}"#),
            format!(r#" {{ "rev" : null , "flows" : {array} }} "#),
            format!(r#"{{"flows":{array}}}"#),
        ] {
            assert_eq!(flows_text(KEY, &text).unwrap(), FlowsText { array, nodes: 1 });
        }
    }

    #[test]
    fn anything_else_is_an_error_that_shows_no_content() {
        for (text, expected) in [
            ("", "it is empty"),
            ("  ", "it is empty"),
            ("null", "it is not an array of nodes"),
            ("\"[]\"", "it is not an array of nodes"),
            ("{}", "it is not an array of nodes"),
            (r#"{"flows":{}}"#, "it is not an array of nodes"),
            (r#"{"rev":[]}"#, "it is not an array of nodes"),
            ("[1]", "it is not an array of nodes: entry 0 is not an object"),
            ("[null]", "it is not an array of nodes: entry 0 is not an object"),
            ("[-1.5]", "it is not an array of nodes: entry 0 is not an object"),
            ("[\"secret\"]", "it is not an array of nodes: entry 0 is not an object"),
            ("[[{}]]", "it is not an array of nodes: entry 0 is not an object"),
            ("[true]", "it is not an array of nodes: entry 0 is not an object"),
            (
                r#"[{"id":"a","type":"t"},{"type":"t"}]"#,
                "it is not an array of nodes: entry 1 has no 'id' that is a string",
            ),
            (
                r#"[{"id":5,"type":"t"}]"#,
                "it is not an array of nodes: entry 0 has no 'id' that is a string",
            ),
            (
                r#"{"flows":[{"id":"a","type":null}]}"#,
                "it is not an array of nodes: entry 0 has no 'type' that is a string",
            ),
            ("[", "it is cut off: the JSON text ends early"),
            (r#"[{"id":"a","type":"sec"#, "it is cut off: the JSON text ends early"),
            (r#"{"flows":[{"id":"a""#, "it is cut off: the JSON text ends early"),
            (r#"[{"id":"a","type":"t"},]"#, "not JSON (line 1, column 24)"),
            ("[] []", "not JSON (line 1, column 4)"),
            (r#"[{"id":"a","type":"t","x":tru}]"#, "not JSON (line 1, column 30)"),
        ] {
            assert_eq!(problem(text), expected, "{text}");
        }
    }

    #[test]
    fn every_cut_of_a_flow_is_an_error() {
        let text = r#"[{"id":"a","type":"tab","wires":[["b"]],"n":12}]"#;
        let wrapped = format!(r#"{{"flows":{text},"rev":"r"}}"#);
        for whole in [text, &wrapped] {
            for length in 0..whole.len() {
                assert!(flows_text(KEY, &whole[..length]).is_err(), "{}", &whole[..length]);
            }
        }
    }

    #[test]
    fn nesting_is_limited() {
        let flows = |depth: usize| {
            let inner = depth - 2;
            let (open, close) = ("[".repeat(inner), "]".repeat(inner));
            format!(r#"[{{"id":"a","type":"t","x":{open}{close}}}]"#)
        };
        let deepest = flows(NESTING_LIMIT);
        assert!(flows_text(KEY, &deepest).is_ok());
        assert!(serde_json::from_str::<serde_json::Value>(&deepest).is_ok());
        assert!(problem(&flows(NESTING_LIMIT + 1)).contains("nested deeper"));
        assert!(problem(&flows(3_000_000)).contains("nested deeper"));
        assert!(problem(&"[".repeat(3_000_000)).contains("nested deeper"));
        assert!(problem(&r#"{"flows":"#.repeat(300_000)).contains("nested deeper"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}", array in "[\\[\\]{}\",:a1\\\\ ]{0,40}") {
            let _ = flows_text(KEY, &text);
            let _ = flows_text(KEY, &format!("[{array}"));
        }

        #[test]
        fn what_json_stringify_gives_is_taken(
            nodes in prop::collection::vec(("\\PC{0,9}", "\\PC{0,9}", "\\PC{0,30}"), 0..20),
            wrapped: bool,
        ) {
            let array: Vec<_> = nodes
                .iter()
                .map(|(id, kind, x)| serde_json::json!({"id": id, "type": kind, "func": x}))
                .collect();
            let array = serde_json::to_string(&array).unwrap();
            let text = if wrapped { format!(r#"{{"flows":{array}}}"#) } else { array.clone() };
            let found = flows_text(KEY, &text).unwrap();
            prop_assert_eq!(found, FlowsText { array: &array, nodes: nodes.len() });
        }
    }
}
