//! The package list as it is stored.

use std::collections::BTreeMap;

use super::name::check_name;
use super::version::{ANY, check_version};
use crate::content::{Text, broken, check_nesting, members, not_expected};
use crate::{Error, Result};

/// The longest text of a list, in bytes.
pub const MOST_TEXT: usize = 1_000_000;
/// The most packages of a list.
const MOST_PACKAGES: usize = 2000;

/// Package names, each with an exact version, a plain range, or `*`.
///
/// Whatever is in one has been checked: npm can be given it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageList(BTreeMap<String, String>);

impl PackageList {
    /// Reads the text under a key: an object name → version, or an array of names as earlier
    /// modules wrote it (each then stands for any version). One bad entry refuses the whole list.
    pub fn parse(key: &str, text: &str) -> Result<Self> {
        if text.len() > MOST_TEXT {
            return Err(Error::value(key, format!("it is longer than {MOST_TEXT} bytes")));
        }
        let packages: Vec<(String, String)> = match text.trim_ascii_start().bytes().next() {
            Some(b'{') => members(key, text)?
                .into_iter()
                .map(|(name, version)| match serde_json::from_str::<Text>(version.get()) {
                    Ok(Text(version)) => Ok((name, version)),
                    Err(_) => Err(entry(key, &name, "has a version that is no text")),
                })
                .collect::<Result<_>>()?,
            Some(b'[') => {
                names(key, text)?.into_iter().map(|name| (name, ANY.to_owned())).collect()
            }
            _ => return Err(not_a_list(key, text)),
        };
        if packages.len() > MOST_PACKAGES {
            let problem = format!("it has {} packages, at most {MOST_PACKAGES}", packages.len());
            return Err(Error::value(key, problem));
        }
        for (name, version) in &packages {
            check(key, name, version)?;
        }
        Ok(Self(packages.into_iter().collect()))
    }

    /// A list of what is installed here, checked as [`PackageList::parse`] does.
    pub fn from_versions(versions: BTreeMap<String, String>) -> Result<Self> {
        const KEY: &str = "packages";
        if versions.len() > MOST_PACKAGES {
            let problem = format!("it has {} packages, at most {MOST_PACKAGES}", versions.len());
            return Err(Error::value(KEY, problem));
        }
        for (name, version) in &versions {
            check(KEY, name, version)?;
        }
        Ok(Self(versions))
    }

    /// The text that is stored: a JSON object, sorted by name.
    pub fn text(&self) -> String {
        let object: serde_json::Map<_, _> =
            self.iter().map(|(name, version)| (name.to_owned(), version.into())).collect();
        serde_json::Value::Object(object).to_string()
    }

    /// Names and versions, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, version)| (name.as_str(), version.as_str()))
    }

    /// The version or range of a package.
    pub fn version(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether a package is on the list.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// How many packages there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn names(key: &str, text: &str) -> Result<Vec<String>> {
    check_nesting(key, text)?;
    let names: Vec<Text> = serde_json::from_str(text).map_err(|error| match error.is_data() {
        true => not_a_list(key, text),
        false => broken(key, &error),
    })?;
    Ok(names.into_iter().map(|Text(name)| name).collect())
}

fn check(key: &str, name: &str, version: &str) -> Result<()> {
    if let Err(problem) = check_name(name) {
        return Err(Error::value(key, format!("the name {} {problem}", shown(name))));
    }
    if let Err(problem) = check_version(version) {
        let problem = format!("the version {} {problem}", shown(version));
        return Err(entry(key, name, &problem));
    }
    Ok(())
}

fn entry(key: &str, name: &str, problem: &str) -> Error {
    Error::value(key, format!("package {}: {problem}", shown(name)))
}

/// A name or version as it can stand in a log line, whatever it is.
fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    let mut short: String = text.chars().take(MOST).map(plain).collect();
    if text.chars().nth(MOST).is_some() {
        short.push_str("...");
    }
    format!("'{short}'")
}

fn not_a_list(key: &str, text: &str) -> Error {
    not_expected(key, text, "neither an object of package names and versions nor an array of names")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "n:packages";

    fn problem(text: &str) -> String {
        match PackageList::parse(KEY, text) {
            Err(Error::Value { key, problem }) => {
                assert_eq!(key, KEY);
                problem
            }
            Ok(_) => panic!("{text:.80}: expected an error"),
            Err(error) => panic!("{text:.80}: {error}"),
        }
    }

    #[test]
    fn reads_both_forms() {
        for (text, expected) in [
            ("{}", vec![]),
            ("[]", vec![]),
            (
                r#"{"node-red-node-random":"0.4.1","@a/b":"^1.0.0"}"#,
                vec![("@a/b", "^1.0.0"), ("node-red-node-random", "0.4.1")],
            ),
            (r#" ["a","@b/c","a"]"#, vec![("@b/c", "*"), ("a", "*")]),
            (r#"{"a":"1.0.0","a":"2.0.0"}"#, vec![("a", "2.0.0")]),
        ] {
            let list = PackageList::parse(KEY, text).unwrap();
            assert_eq!(list.iter().collect::<Vec<_>>(), expected, "{text}");
            assert_eq!(PackageList::parse(KEY, &list.text()).unwrap(), list);
        }
    }

    #[test]
    fn the_text_is_sorted() {
        let list = PackageList::parse(KEY, r#"{ "b" : "1.0.0", "@a/b":"2.0.0" }"#).unwrap();
        assert_eq!(list.text(), r#"{"@a/b":"2.0.0","b":"1.0.0"}"#);
        assert_eq!((list.len(), list.version("b"), list.contains("c")), (2, Some("1.0.0"), false));
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
            r#"{"a":{}}"#,
            r#"{"":"1.0.0"}"#,
            r#"{"a":""}"#,
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
            problem(text);
        }
    }

    #[test]
    fn one_bad_entry_refuses_the_list_and_is_named() {
        for (text, said) in [
            (r#"{"good":"1.0.0","--global":"1.0.0"}"#, "'--global'"),
            (r#"{"good":"1.0.0","bad":"file:../x"}"#, "package 'bad': the version 'file:../x'"),
            (r#"["good","../bad"]"#, "'../bad'"),
            (r#"{"a":"latest"}"#, "package 'a': the version 'latest'"),
            (r#"{"a":7}"#, "package 'a'"),
        ] {
            let problem = problem(text);
            assert!(problem.contains(said), "{problem}");
        }
    }

    #[test]
    fn what_is_named_is_fit_for_a_log_line() {
        let text = format!("{{\"\\u001b[31m\\nforged\\u202e{}\":\"1.0.0\"}}", "a".repeat(500));
        let problem = problem(&text);
        assert!(problem.len() < 200 && problem.contains("forged"), "{problem}");
        assert!(problem.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{problem}");
    }

    #[test]
    fn there_are_limits() {
        let list = |count: usize| {
            let names: Vec<String> = (0..count).map(|n| format!("\"a{n}\":\"1.0.0\"")).collect();
            format!("{{{}}}", names.join(","))
        };
        assert_eq!(PackageList::parse(KEY, &list(2000)).unwrap().len(), 2000);
        assert!(problem(&list(2001)).contains("2001 packages"));
        let long = format!("{{}}{}", " ".repeat(MOST_TEXT));
        assert!(problem(&long).contains("longer than 1000000 bytes"));
        let many = (0..2001).map(|n| (format!("a{n}"), "1.0.0".to_owned())).collect();
        assert!(PackageList::from_versions(many).is_err());
        let bad = BTreeMap::from([("a".to_owned(), "file:x".to_owned())]);
        assert!(PackageList::from_versions(bad).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{}\",:a1\\\\ ]{0,40}", name in "\\PC{0,100}", version in "\\PC{0,40}") {
            let _ = PackageList::parse("k", &text);
            let object = serde_json::json!({ name: version }).to_string();
            if let Err(error) = PackageList::parse("k", &object) {
                prop_assert!(error.to_string().len() < 400);
            }
        }
    }
}
