//! The option `history`: how many deploys are kept.

use super::members::{given, members};
use super::notice::Notice;
use super::raw::RawOptions;
use super::value::{as_boolean, as_whole};
use crate::{Error, Result};

const MEMBERS: [&str; 2] = ["entries", "bytes"];
const DEFAULT_ENTRIES: u64 = 200;
const DEFAULT_BYTES: u64 = 8 * 1024 * 1024;
const MOST_ENTRIES: u64 = 10_000;
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// How many deploys an admin keeps; the oldest go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryConfig {
    /// Deploys.
    pub entries: u64,
    /// Bytes of all of them, as they are stored.
    pub bytes: u64,
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self { entries: DEFAULT_ENTRIES, bytes: DEFAULT_BYTES }
    }
}

impl HistoryConfig {
    /// Reads and checks the option. `None`: no history.
    pub(super) fn read(raw: &RawOptions, notices: &mut Vec<Notice>) -> Result<Option<Self>> {
        match raw.value("history").and_then(as_boolean) {
            Some(false) => return Ok(None),
            Some(true) => return Ok(Some(Self::default())),
            None => {}
        }
        let Some(members) = members(raw, "history", &MEMBERS, notices)? else {
            return Ok(Some(Self::default()));
        };
        let whole = |name: &str, most: u64, default: u64| match given(members, name) {
            None => Ok(default),
            Some(value) => {
                as_whole(value).filter(|number| (1..=most).contains(number)).ok_or_else(|| {
                    let problem =
                        format!("must have a '{name}' that is a whole number from 1 to {most}");
                    Error::option("history", problem)
                })
            }
        };
        Ok(Some(Self {
            entries: whole("entries", MOST_ENTRIES, DEFAULT_ENTRIES)?,
            bytes: whole("bytes", MOST_BYTES, DEFAULT_BYTES)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use serde_json::{Value, json};

    fn parse(history: Value) -> Result<Option<HistoryConfig>> {
        Ok(Config::parse(&json!({"role": "admin", "history": history}))?.0.history)
    }

    #[test]
    fn it_is_on_unless_it_is_false() {
        for default in [json!(null), json!({}), json!(true), json!({"entries": ""})] {
            assert_eq!(parse(default).unwrap(), Some(HistoryConfig::default()));
        }
        assert_eq!(parse(json!("false")).unwrap(), None);
        let chosen = Some(HistoryConfig { entries: 5, bytes: 1000 });
        assert_eq!(parse(json!({"entries": "5", "bytes": 1000})).unwrap(), chosen);
        for wrong in [json!(5), json!({"entries": 0}), json!({"bytes": "x"}), json!([])] {
            assert!(parse(wrong).unwrap_err().to_string().contains("'history'"));
        }
    }
}
