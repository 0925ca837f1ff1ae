//! The package list.

use std::collections::BTreeMap;

use super::json::{Text, broken, check_nesting, members, not_expected};
use crate::{Error, Result};

/// Reads a package list: an object name → version, or an array of names as earlier modules wrote
/// it. Names and versions are what the server says: check them before npm sees them.
pub fn packages(key: &str, text: &str) -> Result<BTreeMap<String, Option<String>>> {
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'{') => members(key, text)?
            .into_iter()
            .map(|(name, version)| match serde_json::from_str::<Text>(version.get()) {
                Ok(Text(version)) if !name.is_empty() => Ok((name, Some(version))),
                _ => Err(not_a_list(key, text)),
            })
            .collect(),
        Some(b'[') => {
            check_nesting(key, text)?;
            let names: Vec<Text> =
                serde_json::from_str(text).map_err(|error| match error.is_data() {
                    true => not_a_list(key, text),
                    false => broken(key, &error),
                })?;
            match names.iter().any(|Text(name)| name.is_empty()) {
                true => Err(not_a_list(key, text)),
                false => Ok(names.into_iter().map(|Text(name)| (name, None)).collect()),
            }
        }
        _ => Err(not_a_list(key, text)),
    }
}

fn not_a_list(key: &str, text: &str) -> Error {
    not_expected(key, text, "neither an object of package names and versions nor an array of names")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(entries: &[(&str, Option<&str>)]) -> BTreeMap<String, Option<String>> {
        entries.iter().map(|(name, v)| ((*name).to_owned(), v.map(str::to_owned))).collect()
    }

    #[test]
    fn reads_both_forms() {
        for (text, expected) in [
            ("{}", list(&[])),
            ("[]", list(&[])),
            (
                r#"{"node-red-node-random":"0.4.1","@a/b":"1.0.0"}"#,
                list(&[("@a/b", Some("1.0.0")), ("node-red-node-random", Some("0.4.1"))]),
            ),
            (r#" ["a","@b/c","a"]"#, list(&[("a", None), ("@b/c", None)])),
        ] {
            assert_eq!(packages("n:packages", text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn anything_else_is_an_error() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            "null",
            "\"a\"",
            r#"{"a":1}"#,
            r#"{"a":null}"#,
            r#"{"":"1.0.0"}"#,
            "[1]",
            "[[]]",
            r#"[""]"#,
            r#"["a",null]"#,
            r#"["a""#,
            r#"{"a":"1"#,
            "[]x",
            r#"[{"name":"a"}]"#,
            &deep,
        ] {
            let error = packages("n:packages", text);
            assert!(
                matches!(&error, Err(Error::Value { key, .. }) if key == "n:packages"),
                "{text}: {error:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{}\",:a1\\\\ ]{0,40}") {
            let _ = packages("k", &text);
        }
    }
}
