//! One entry of the history, and the index of them all.

use serde::{Deserialize, Serialize};

use crate::content::sha256_hex;
use crate::error::{Error, Result};

/// The form of the index; another one is not read.
const VERSION: u32 = 1;
/// Characters of a name that are kept.
const MOST_NAME: usize = 100;
/// Characters of a message that are kept.
const MOST_MESSAGE: usize = 500;
/// The index of more entries than anybody is allowed to keep.
const MOST_INDEX: usize = 32 * 1024 * 1024;

/// What has brought a deploy about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Somebody has deployed it.
    Deploy,
    /// It was found on the disk: at a start, or after "Restart flows".
    #[default]
    Load,
    /// It came with a Project: another one, or a pull.
    Project,
    /// The disk had lost it and has it again from Valkey.
    Restore,
    /// An earlier entry was brought back.
    Rollback,
    /// Credentials were saved without flows.
    Credentials,
    /// Valkey held it and this admin had never seen it, when its own took its place.
    Replaced,
    /// Of a later release.
    #[serde(other)]
    Other,
}

/// What is known of a deploy beside its content. Texts may come from anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    /// What has brought it about.
    pub origin: Origin,
    /// The user name of who did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// From which address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How it was deployed: `full`, `flows`, `nodes`, `reload`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub deploy_type: Option<String>,
    /// What somebody has to say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The sequence of the entry that a rollback has brought back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

impl Note {
    /// One with nothing but where it comes from.
    pub fn of(origin: Origin) -> Self {
        Self { origin, ..Self::default() }
    }

    /// A note as JavaScript gives it.
    pub fn parse(text: &str) -> Result<Self> {
        let note: Self = serde_json::from_str(text)
            .map_err(|error| Error::Internal(format!("a note of the history: {error}")))?;
        Ok(note.within_bounds())
    }

    /// The same with texts of bounded length.
    #[must_use]
    pub fn within_bounds(self) -> Self {
        let name = |text: Option<String>| text.map(|text| cut(&text, MOST_NAME));
        Self {
            user: name(self.user),
            address: name(self.address),
            deploy_type: name(self.deploy_type),
            message: self.message.map(|text| cut(text.trim(), MOST_MESSAGE)),
            ..self
        }
    }
}

/// The beginning of a text, in characters; what is left out shows as `…`.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// One deploy in the history; what it was is in its [`super::Payload`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number; rises by one with each.
    pub sequence: u64,
    /// When, in ms since 1970.
    pub time: u64,
    /// What is known of it.
    #[serde(flatten)]
    pub note: Note,
    /// The Project that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub project: Option<String>,
    /// Nodes that the entry before did not have.
    pub added: usize,
    /// Nodes that were others in the entry before.
    pub changed: usize,
    /// Nodes that the entry before had.
    pub removed: usize,
    /// Names of the tabs and subflows concerned, of many the first.
    pub tabs: Vec<String>,
    /// SHA-256 of the flows, in hex digits.
    pub flows: String,
    /// SHA-256 of the credentials, in hex digits.
    pub credentials: String,
    /// Size of the payload in bytes.
    pub bytes: u64,
    /// The beginning of the payload's SHA-256.
    pub payload: String,
}

impl Entry {
    /// Whether both are the same deploy.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.sequence, self.time, &self.flows) == (other.sequence, other.time, &other.flows)
    }

    /// Notes what is stored of it.
    pub fn set_payload(&mut self, bytes: &[u8]) {
        self.bytes = bytes.len() as u64;
        self.payload = fingerprint(bytes);
    }

    /// Whether these bytes are what was stored of it.
    pub fn has_payload(&self, bytes: &[u8]) -> bool {
        self.payload == fingerprint(bytes)
    }
}

fn fingerprint(bytes: &[u8]) -> String {
    let mut digits = sha256_hex(&[bytes]);
    digits.truncate(16);
    digits
}

/// All entries, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    version: u32,
    /// The entries, by rising sequence.
    pub entries: Vec<Entry>,
    /// The newest backup key that was made an entry, by its time; 0: none was.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub backups: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Default for Index {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

impl Index {
    /// The index of these entries, which are in order.
    pub fn of(entries: Vec<Entry>) -> Self {
        Self { version: VERSION, entries, backups: 0 }
    }

    /// The same with these entries.
    #[must_use]
    pub fn with(&self, entries: Vec<Entry>) -> Self {
        Self { entries, ..*self }
    }

    /// The index in a text; `name` is that of the file or key, for the error.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        if text.len() > MOST_INDEX {
            return Err(Error::value(name, format!("more than {MOST_INDEX} bytes")));
        }
        let read: serde_json::Result<Self> = serde_json::from_str(text);
        let mut index = read.map_err(|error| crate::content::broken(name, &error))?;
        if index.version != VERSION {
            let problem = format!("it has the form {} of another release", index.version);
            return Err(Error::value(name, problem));
        }
        let rises = index.entries.is_sorted_by(|one, next| one.sequence < next.sequence);
        if !rises {
            return Err(Error::value(name, "its entries are not in order"));
        }
        for entry in &mut index.entries {
            entry.note = std::mem::take(&mut entry.note).within_bounds();
        }
        Ok(index)
    }

    /// As it is stored.
    pub fn text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Internal(error.to_string()))
    }

    /// The place of an entry.
    pub fn place(&self, sequence: u64) -> Option<usize> {
        self.entries.binary_search_by_key(&sequence, |entry| entry.sequence).ok()
    }

    /// The sequence of the next entry.
    pub fn next_sequence(&self) -> u64 {
        self.entries.last().map_or(1, |entry| entry.sequence.saturating_add(1))
    }

    /// What runs: the newest that was not replaced.
    pub fn current(&self) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.note.origin != Origin::Replaced)
    }

    /// These entries, and then those that `newer` has got since the last that both have, under
    /// sequences of their own. Returns how many of `newer` were taken, which are the last ones of it.
    pub fn followed_by(&self, newer: &Self) -> (Self, usize) {
        let known = |entry: &Entry| {
            self.place(entry.sequence)
                .and_then(|place| self.entries.get(place))
                .is_some_and(|own| own.is_same(entry))
        };
        let taken = newer.entries.iter().rev().take_while(|entry| !known(entry)).count();
        let mut both = Self { backups: self.backups.max(newer.backups), ..self.clone() };
        let further = newer.entries.iter().skip(newer.entries.len() - taken);
        let clashes =
            further.clone().next().is_some_and(|entry| entry.sequence < self.next_sequence());
        // None that either has: what is stored under it is not to be written over.
        let free = self.next_sequence().max(newer.next_sequence());
        for (free, entry) in (free..).zip(further) {
            let sequence = if clashes { free } else { entry.sequence };
            both.entries.push(Entry { sequence, ..entry.clone() });
        }
        (both, taken)
    }
}
