//! The package list as it is stored.

use std::collections::BTreeMap;

use super::name::check_name;
use super::version::check_version;
use crate::content::{Text, broken, check_nesting, members, not_expected};
use crate::{Error, Result};

/// The longest text of a list, in bytes.
pub const MOST_TEXT: usize = 1_000_000;
/// The most packages of a list.
pub const MOST_PACKAGES: usize = 2000;

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
            Some(b'[') => names(key, text)?.into_iter().map(|name| (name, "*".into())).collect(),
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
