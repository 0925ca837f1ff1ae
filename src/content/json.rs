//! Reading JSON text piece by piece: members of an object as raw text, and how deep it nests.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::well_formed;
use crate::{Error, Result};

/// The deepest nesting of arrays and objects that is taken. It is what `serde_json` reads into a
/// tree without risk for the stack, and far more than any flow has.
pub(super) const NESTING_LIMIT: usize = 127;

/// Checks that a text is a JSON object, and hands it back as it is.
pub fn object_text<'t>(key: &str, text: &'t str) -> Result<&'t str> {
    if !well_formed::is_object(text, NESTING_LIMIT) {
        members(key, text)?;
    }
    Ok(text)
}

/// The members of a JSON object in their order, each value as its raw text. Of members with the
/// same name the last counts, as in JavaScript, at the place of the first.
pub(crate) fn members<'t>(key: &str, text: &'t str) -> Result<Vec<(String, &'t RawValue)>> {
    members_within(key, text, NESTING_LIMIT)
}

/// The same, with another limit of nesting.
pub(super) fn members_within<'t>(
    key: &str,
    text: &'t str,
    limit: usize,
) -> Result<Vec<(String, &'t RawValue)>> {
    if !text.trim_ascii_start().starts_with('{') {
        return Err(not_expected(key, text, "not a JSON object"));
    }
    check_nesting_within(key, text, limit)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = reader.deserialize_map(MembersVisitor).map_err(|error| broken(key, &error))?;
    reader.end().map_err(|error| broken(key, &error))?;
    Ok(members)
}

struct MembersVisitor;

impl<'t> Visitor<'t> for MembersVisitor {
    type Value = Vec<(String, &'t RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        let mut members: Self::Value = Vec::new();
        let mut places = std::collections::HashMap::new();
        while let Some(Text(name)) = map.next_key()? {
            let value = map.next_value()?;
            let place = *places.entry(name.clone()).or_insert(members.len());
            match members.get_mut(place) {
                Some(member) => member.1 = value,
                None => members.push((name, value)),
            }
        }
        Ok(members)
    }
}

/// A string that may hold half of a surrogate pair, which JavaScript writes (as `\ud83d`) and
/// `String` can't hold; it becomes a replacement character.
pub(crate) struct Text(pub(crate) String);

impl<'de> serde::Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> std::result::Result<Text, E> {
        Ok(Text(String::from_utf8_lossy(bytes).into_owned()))
    }
}

/// Refuses text that nests deeper than [`NESTING_LIMIT`]; it may be no JSON otherwise.
pub(crate) fn check_nesting(key: &str, text: &str) -> Result<()> {
    check_nesting_within(key, text, NESTING_LIMIT)
}

/// The same, with another limit.
pub(super) fn check_nesting_within(key: &str, text: &str, limit: usize) -> Result<()> {
    let mut depth = 0_usize;
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = behind_string(after),
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    let problem = format!("nested deeper than {limit} levels");
                    return Err(Error::value(key, problem));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// What follows a string whose first quote was read.
pub(super) fn behind_string(mut bytes: &[u8]) -> &[u8] {
    loop {
        let special = bytes.get(well_formed::plain_length(bytes)..).unwrap_or_default();
        match special {
            [] => return special,
            [b'"', after @ ..] => return after,
            [b'\\', _, after @ ..] | [_, after @ ..] => bytes = after,
        }
    }
}

/// The error for text that does not begin as it should; empty text is named as such.
pub(crate) fn not_expected(key: &str, text: &str, problem: &str) -> Error {
    match text.trim_ascii().is_empty() {
        true => Error::value(key, "it is empty"),
        false => Error::value(key, problem),
    }
}

/// The error for broken JSON: where, never what, since values hold credentials.
pub(crate) fn broken(key: &str, error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Eof => {
            Error::value(key, "it is cut off: the JSON text ends early")
        }
        serde_json::error::Category::Data => {
            Error::value(key, format!("not of the expected form (line {line}, column {column})"))
        }
        _ => Error::value(key, format!("not JSON (line {line}, column {column})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problem(text: &str) -> String {
        match members("n:settings", text) {
            Err(Error::Value { key, problem }) => {
                assert_eq!(key, "n:settings");
                problem
            }
            other => panic!("{text}: expected an error, got {other:?}"),
        }
    }

    #[test]
    fn an_object_comes_back_as_it_is() {
        for text in ["{}", " {\"a\" : 1.0e0 }\n", r#"{"$":"00ff"}"#, r#"{"a":"\ud800"}"#] {
            assert_eq!(object_text("k", text).unwrap(), text);
        }
    }

    #[test]
    fn anything_else_is_an_error() {
        for (text, expected) in [
            ("", "it is empty"),
            (" \n", "it is empty"),
            ("[]", "not a JSON object"),
            ("null", "not a JSON object"),
            ("\"{}\"", "not a JSON object"),
            ("secret", "not a JSON object"),
            ("{", "it is cut off: the JSON text ends early"),
            (r#"{"a":"secret"#, "it is cut off: the JSON text ends early"),
            (r#"{"a":1,}"#, "not JSON (line 1, column 8)"),
            ("{\n'a':1}", "not JSON (line 2, column 1)"),
            ("{}{}", "not JSON (line 1, column 3)"),
        ] {
            assert_eq!(problem(text), expected, "{text}");
        }
    }

    #[test]
    fn the_last_of_a_name_counts() {
        let found = members("k", r#"{"a":1,"b":2,"\u0061":3}"#).unwrap();
        let found: Vec<_> = found.iter().map(|(n, v)| (n.as_str(), v.get())).collect();
        assert_eq!(found, [("a", "3"), ("b", "2")]);
    }

    #[test]
    fn nesting_is_limited_where_a_tree_can_be_read() {
        let nested = |depth: usize| {
            let inner = depth - 1;
            format!("{{\"a\":{}{}}}", "[".repeat(inner), "]".repeat(inner))
        };
        let deepest = nested(NESTING_LIMIT);
        assert!(object_text("k", &deepest).is_ok());
        assert!(serde_json::from_str::<serde_json::Value>(&deepest).is_ok());
        assert!(problem(&nested(NESTING_LIMIT + 1)).contains("nested deeper"));
        assert!(problem(&nested(1_000_000)).contains("nested deeper"));
        assert!(problem(&format!("{{\"a\":{}", "[".repeat(10_000_000))).contains("nested deeper"));
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        let text = format!(r#"{{"a":"{}\"\\","b":"{}"}}"#, "[{".repeat(500), "\\\"[".repeat(500));
        assert!(object_text("k", &text).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}", object in "[\\[\\]{}\",:a1\\\\ ]{0,40}") {
            let _ = members("k", &text);
            let _ = members("k", &object);
            let _ = members("k", &format!("{{{object}"));
        }
    }
}
