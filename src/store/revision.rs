//! The revision record: the small value that says which deploy is stored.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Says which deploy is stored under the prefix. Written in one step with the deploy itself, so
/// that who reads both in one step knows that they belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Rises with every write; only writers compare its order, workers compare for difference.
    pub sequence: u64,
    /// SHA-256 of the flow text, hex.
    pub flows: String,
    /// SHA-256 of the credentials text, hex.
    pub credentials: String,
    /// SHA-256 of the settings text, hex.
    pub settings: String,
    /// When it was written, ms since 1970 by the admin's clock.
    pub time: u64,
    /// Id of the admin that wrote it.
    pub owner: String,
    /// Name of the Project that the flows come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Bytes under `flows`, `credentials` and `settings` as this write stored them. Who finds
    /// others knows that somebody wrote there since who keeps no record. Missing in old records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<[u64; 3]>,
}

impl Revision {
    /// Reads a record; `key` names it in the error.
    pub fn parse(key: &str, text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            Error::value(key, format!("it is not a revision record (column {})", error.column()))
        })
    }

    /// The record as stored.
    pub fn to_text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Internal(error.to_string()))
    }

    /// Whether values of these sizes can be what this record tells of.
    pub fn fits(&self, stored: [u64; 3]) -> bool {
        self.sizes.is_none_or(|written| written == stored)
    }

    /// Whether both say that the same flows and credentials are stored.
    pub fn same_flows(&self, other: &Self) -> bool {
        self.flows == other.flows && self.credentials == other.credentials
    }

    /// Whether both say that the same content is stored.
    pub fn same_content(&self, other: &Self) -> bool {
        self.same_flows(other) && self.settings == other.settings && self.project == other.project
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Revision {
        Revision {
            sequence: 1_700_000_000_001,
            flows: "a".into(),
            credentials: "b".into(),
            settings: "c".into(),
            time: 1,
            owner: "me".into(),
            project: None,
            sizes: Some([3, 2, 1]),
        }
    }

    #[test]
    fn a_record_survives_the_round_trip() {
        let text = record().to_text().unwrap();
        assert_eq!(Revision::parse("k", &text).unwrap(), record());
    }

    #[test]
    fn a_record_from_before_the_sizes_is_read() {
        let text = Revision { sizes: None, ..record() }.to_text().unwrap();
        assert!(!text.contains("sizes"), "{text}");
        assert_eq!(Revision::parse("k", &text).unwrap().sizes, None);
    }

    #[test]
    fn a_broken_record_names_its_key_and_shows_no_content() {
        let error = Revision::parse("nodered:revision", "{\"secret\":").unwrap_err();
        assert!(error.to_string().contains("nodered:revision"));
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn the_sequence_is_no_part_of_the_content() {
        let later = Revision { sequence: 2, time: 9, owner: "other".into(), ..record() };
        assert!(later.same_content(&record()));
        let changed = Revision { credentials: "x".into(), ..record() };
        assert!(!changed.same_content(&record()));
    }
}
