//! The head: which deploy is stored. Small enough to be read often, and all that a write is based on.

use redis::Value;

use super::Store;
use super::fetch::{fetch, length};
use super::reply::{stored_text, too_large};
use super::revision::Revision;
use crate::codec;
use crate::error::{Error, Result};

/// No revision record is nearly as large, in bytes.
pub(super) const LARGEST_RECORD: usize = 64 * 1024;

/// The record and the sizes of what it tells of, as one atomic read found them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The revision record.
    pub record: Record,
    /// Bytes under `flows`, `credentials` and `settings`; 0 when missing or no string.
    pub sizes: [u64; 3],
}

/// The revision record, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Record {
    /// There is none.
    #[default]
    Missing,
    /// There is one that can't be read, for this reason: nothing that it says counts.
    Broken(Error),
    /// It says this.
    Read(Revision),
}

impl Record {
    /// What it says.
    pub fn revision(&self) -> Option<&Revision> {
        match self {
            Self::Read(revision) => Some(revision),
            Self::Missing | Self::Broken(_) => None,
        }
    }

    /// What was fetched with at most [`LARGEST_RECORD`] bytes.
    ///
    /// # Errors
    /// Not when it is only the record that can't be used.
    pub(super) fn from_reply(key: &str, reply: Option<Result<Value>>) -> Result<Self> {
        let text = stored_text(key, reply.unwrap_or(Ok(Value::Nil)), LARGEST_RECORD);
        match text.and_then(|text| text.map(|text| Revision::parse(key, &text)).transpose()) {
            Ok(Some(revision)) => Ok(Self::Read(revision)),
            Ok(None) => Ok(Self::Missing),
            Err(error @ Error::Value { .. }) => Ok(Self::Broken(error)),
            Err(error) => Err(error),
        }
    }
}

impl Head {
    /// What the record says.
    pub fn revision(&self) -> Option<&Revision> {
        self.record.revision()
    }

    /// Whether the record is what counts: earlier modules write flows and leave it as it was.
    pub fn is_telling(&self) -> bool {
        self.revision().is_some_and(|record| record.fits(self.sizes))
    }

    /// Bytes under `flows`.
    pub fn flows_size(&self) -> u64 {
        let [flows, ..] = self.sizes;
        flows
    }

    /// The sequence in the record; 0 when there is none.
    pub fn sequence(&self) -> u64 {
        self.revision().map_or(0, |revision| revision.sequence)
    }

    /// The sequence that a write is based on; `None` when there is a record that says nothing.
    pub fn base(&self) -> Option<u64> {
        (!matches!(self.record, Record::Broken(_))).then_some(self.sequence())
    }
}

impl Store {
    /// An error that names the first of the values that is larger than anybody reads: it need not be
    /// fetched to find that out.
    pub fn check_sizes(&self, head: &Head) -> Result<()> {
        let keys = [self.keys().flows(), self.keys().credentials(), self.keys().settings()];
        let most = u64::try_from(codec::MAX_VALUE_BYTES).unwrap_or(u64::MAX);
        match keys.iter().zip(head.sizes).find(|(_, size)| *size > most) {
            Some((key, _)) => Err(too_large(key, codec::MAX_VALUE_BYTES)),
            None => Ok(()),
        }
    }

    /// Reads the record, and how large the values are, in one step (`MULTI`).
    pub async fn read_head(&self) -> Result<Head> {
        let mut replies = self.connection().transaction(&self.head_commands()).await?.into_iter();
        self.head_of(&mut replies)
    }

    /// What is asked to know the head.
    pub(super) fn head_commands(&self) -> redis::Pipeline {
        let keys = self.keys();
        let mut pipe = redis::pipe();
        pipe.add_command(fetch(&keys.revision(), LARGEST_RECORD));
        for key in [keys.flows(), keys.credentials(), keys.settings()] {
            pipe.cmd("STRLEN").arg(key);
        }
        pipe
    }

    /// The head, from the answers to [`Store::head_commands`].
    pub(super) fn head_of(
        &self,
        replies: &mut impl Iterator<Item = Result<Value>>,
    ) -> Result<Head> {
        let record = Record::from_reply(&self.keys().revision(), replies.next())?;
        let mut size = || replies.next().and_then(Result::ok).map_or(0, length);
        Ok(Head { record, sizes: [size(), size(), size()] })
    }
}
