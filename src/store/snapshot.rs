//! Everything that a worker runs, read in one step.

use std::sync::OnceLock;

use super::Store;
use super::fetch::fetch;
use super::head::{Head, LARGEST_RECORD, Record};
use super::reply::stored_text;
use super::revision::Revision;
use crate::codec::MAX_VALUE_BYTES;
use crate::content;
use crate::error::{Error, Result};

/// What the admin deployed, as one atomic read found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The flow array as JSON text.
    pub flows: String,
    /// The credentials object as JSON text, encrypted or not; `{}` when none is stored.
    pub credentials: String,
    /// The shared settings as JSON text; `{}` when none are stored.
    pub settings: String,
    /// The revision record; earlier modules wrote none.
    pub revision: Option<Revision>,
    id: KnownId,
}

/// Made of the rest, once: of large flows it takes a while.
#[derive(Debug, Clone, Default)]
struct KnownId(OnceLock<String>);

impl PartialEq for KnownId {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for KnownId {}

impl Snapshot {
    /// A snapshot of these texts.
    pub fn new(
        flows: String,
        credentials: String,
        settings: String,
        revision: Option<Revision>,
    ) -> Self {
        Self { flows, credentials, settings, revision, id: KnownId::default() }
    }

    /// Identifies the content: two snapshots with the same id differ in nothing that a worker
    /// could notice.
    pub fn id(&self) -> String {
        let parts = [&self.flows, &self.credentials, &self.settings];
        self.id.0.get_or_init(|| content::sha256_hex(&parts.map(String::as_bytes))).clone()
    }

    /// The head while this is stored; `None` when its record does not tell.
    pub fn head(&self) -> Option<Head> {
        let record = self.revision.clone()?;
        let sizes = record.sizes?;
        Some(Head { record: Record::Read(record), sizes })
    }

    /// A short name for logs: the sequence, or the beginning of the content hash.
    pub fn label(&self) -> String {
        match &self.revision {
            Some(revision) => revision.sequence.to_string(),
            None => self.id().chars().take(12).collect(),
        }
    }
}

/// How far a reader relies on what it reads; what falls short of it is an error that names its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It only compares: any text will do, also one that nobody could run.
    AsStored,
    /// It looks into it: each value has its form.
    Form,
    /// It runs it: each value has its form, and what the record tells of is there. Without its
    /// credentials (evicted by the server, or deleted) it is no deploy without credentials.
    Whole,
}

impl Store {
    /// Reads flows, credentials, settings and record in one step (`MULTI`), none of them beyond
    /// what may be stored. `None` when no flows
    /// are stored.
    pub async fn read_snapshot(&self, check: Check) -> Result<Option<Snapshot>> {
        let names = self.names();
        let mut pipe = redis::pipe();
        let [.., revision_key] = &names;
        for name in names.iter().take(3) {
            pipe.add_command(fetch(name, MAX_VALUE_BYTES));
        }
        pipe.add_command(fetch(revision_key, LARGEST_RECORD));
        let mut replies = self.connection().transaction(&pipe).await?.into_iter();
        let values = [replies.next(), replies.next(), replies.next()];
        let record = Record::from_reply(revision_key, replies.next());
        snapshot(&names, values, record, check)
    }

    /// The same beside the head, as [`Store::read_head`] reads it, in one step. `None` where a value is
    /// larger than `most` bytes: of none more than that is fetched.
    pub async fn read_head_and_snapshot(
        &self,
        most: usize,
        check: Check,
    ) -> Result<(Head, Option<Result<Option<Snapshot>>>)> {
        let names = self.names();
        let mut pipe = self.head_commands();
        for name in names.iter().take(3) {
            pipe.add_command(fetch(name, most));
        }
        let mut replies = self.connection().transaction(&pipe).await?.into_iter();
        let head = self.head_of(&mut replies)?;
        let values = [replies.next(), replies.next(), replies.next()];
        let is_whole =
            head.sizes.iter().all(|size| usize::try_from(*size).is_ok_and(|size| size <= most));
        let record = Ok(head.record.clone());
        let read = is_whole.then(|| snapshot(&names, values, record, check));
        Ok((head, read))
    }

    /// The keys of flows, credentials, settings and record.
    fn names(&self) -> [String; 4] {
        let keys = self.keys();
        [keys.flows(), keys.credentials(), keys.settings(), keys.revision()]
    }
}

/// What was read under `names`: flows, credentials and settings as the server answered, and the record.
pub(super) fn snapshot(
    names: &[String; 4],
    values: [Option<Result<redis::Value>>; 3],
    record: Result<Record>,
    check: Check,
) -> Result<Option<Snapshot>> {
    let [flows_key, credentials_key, settings_key, _] = names;
    let text = |key: &str, reply: Option<Result<redis::Value>>| {
        stored_text(key, reply.unwrap_or(Ok(redis::Value::Nil)), MAX_VALUE_BYTES)
    };
    let [flows, credentials, settings] = values;
    let flows = text(flows_key, flows);
    let credentials = text(credentials_key, credentials);
    let settings = text(settings_key, settings);

    // A record that can't be read is the admin's to mend; the deploy itself is whole.
    let revision = match record {
        Ok(record) => record.revision().cloned(),
        Err(error) => {
            tracing::debug!("{error}");
            None
        }
    };
    let (flows, credentials, settings) = (flows?, credentials?, settings?);
    if check == Check::Whole
        && let Some(record) = &revision
    {
        let none = content::sha256_hex(&[b"{}"]);
        for (key, text, told) in [
            (flows_key, &flows, &record.flows),
            (credentials_key, &credentials, &record.credentials),
            (settings_key, &settings, &record.settings),
        ] {
            if text.is_none() && *told != none {
                let problem = "it is missing or empty, though the revision record tells of it";
                return Err(Error::value(key, problem));
            }
        }
    }
    let Some(flows) = flows else { return Ok(None) };
    let flows = match content::flows_text(flows_key, &flows) {
        Err(_) if check == Check::AsStored => flows,
        found => found?.array.to_string(),
    };
    let credentials = credentials.unwrap_or_else(|| "{}".into());
    let settings = settings.unwrap_or_else(|| "{}".into());
    let credentials = match check {
        Check::AsStored => credentials,
        Check::Form | Check::Whole => {
            content::object_text(settings_key, &settings)?;
            content::credentials_text(credentials_key, &credentials)?.to_string()
        }
    };
    Ok(Some(Snapshot::new(flows, credentials, settings, revision)))
}
