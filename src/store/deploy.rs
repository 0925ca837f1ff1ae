//! One deploy, one transaction: flows, credentials, settings, record and announcement.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use super::Store;
use super::deploy_text::DeployText;
use super::lease::{Holder, LEASE, owner_of};
use super::look::Seen;
use super::reply::verdict;
use super::revision::Revision;
use super::script_prelude::PRELUDE;
use crate::codec;
use crate::connection::Script;
use crate::content::{sha256_hex, shared_settings};
use crate::error::{Error, Result};

/// What belongs together and reaches Valkey together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deploy {
    /// The flow array as `JSON.stringify` gave it.
    pub flows: DeployText,
    /// The credentials object as JSON text, as Node-RED encrypted it.
    pub credentials: Arc<str>,
    /// The shared settings, with the secret that decrypts these credentials (if it is shared).
    pub settings: Arc<str>,
    /// Name of the Project that the flows come from.
    pub project: Option<String>,
}

impl Deploy {
    /// The record that describes this deploy.
    pub fn revision(&self, sequence: u64, time: u64, owner: &str) -> Revision {
        Revision {
            sequence,
            flows: self.flows.digest().into(),
            credentials: sha256_hex(&[self.credentials.as_bytes()]),
            settings: sha256_hex(&[self.settings.as_bytes()]),
            time,
            owner: owner.into(),
            project: self.project.clone(),
            // Known once it is encoded.
            sizes: None,
        }
    }
}

/// What came of writing a deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is stored and announced.
    Done,
    /// The same, but fewer replicas than `waitReplicas` have confirmed it: what is lacking.
    Unconfirmed(String),
    /// Another living admin holds the lease: which, for people. Nothing was written.
    Other(String),
    /// What is stored is newer than, or not, what the write was based on. Nothing was written.
    Stale,
}

/// How a deploy is to be written.
#[derive(Debug, Clone)]
pub struct Write<'a> {
    /// The content.
    pub deploy: &'a Deploy,
    /// Its record.
    pub revision: &'a Revision,
    /// The sequence that was stored when this write was decided, 0 for none; `None` replaces a
    /// record that can't be read, whatever it says.
    pub base: Option<u64>,
    /// Keep what is stored now under `backup:<time>` first.
    pub backup: bool,
}

// KEYS: revision, lease, flows, credentials, settings, and backup when one is kept.
// ARGV: token, lease ms, base sequence (or nothing), record, flows, credentials, settings, channel, message,
// largest value to keep in a backup (or nothing: no backup), settings to keep in it (or nothing: those stored);
// and when the write is based on what was seen: the record, and the sizes of flows, credentials and settings.
// Of the commands that write, SET alone is refused or granted to all of them: a server must not be left
// with half a deploy. One that can't be announced is found by looking.
static WRITE: LazyLock<Script> = LazyLock::new(|| {
    Script::guarded(
        &[
            PRELUDE,
            r"
local holder = holder(KEYS[2])
if holder and holder ~= ARGV[1] then return {'other', string.sub(holder, 1, 300)} end
local record = text(KEYS[1])
if record and ARGV[3] ~= '' then
  local read, decoded = pcall(cjson.decode, record)
  local sequence = read and type(decoded) == 'table' and tonumber(decoded.sequence)
  if sequence and sequence > tonumber(ARGV[3]) then return {'stale', ''} end
end
if ARGV[12] then
  if (record or '') ~= ARGV[12] then return {'stale', ''} end
  for i = 3, 5 do
    if size(KEYS[i]) ~= tonumber(ARGV[10 + i]) then return {'stale', ''} end
  end
end
if ARGV[10] ~= '' then
  for i, field in ipairs({'revision', 'lease', 'flows', 'credentials', 'settings'}) do
    local most = tonumber(ARGV[10])
    local value = field ~= 'lease' and redis.pcall('GETRANGE', KEYS[i], 0, most)
    if type(value) == 'string' and value ~= '' and #value <= most then
      if field == 'settings' and ARGV[11] ~= '' then value = ARGV[11] end
      redis.call('HSET', KEYS[6], field, value)
    end
  end
end
redis.call('SET', KEYS[3], ARGV[5])
redis.call('SET', KEYS[4], ARGV[6])
redis.call('SET', KEYS[5], ARGV[7])
redis.call('SET', KEYS[1], ARGV[4])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
note('PUBLISH', redis.pcall('PUBLISH', ARGV[8], ARGV[9]))
return done('done')
",
        ]
        .concat(),
    )
});

impl Store {
    /// Writes a deploy with its record and announces it, in one step, if nobody else is ahead.
    pub async fn write_deploy(&self, holder: &Holder, write: &Write<'_>) -> Result<Written> {
        self.write_deploy_over(holder, write, None).await.map(|(written, _)| written)
    }

    /// The same if what is stored is what was `seen`. Returns as well what is seen now, if it was written.
    pub async fn write_deploy_over(
        &self,
        holder: &Holder,
        write: &Write<'_>,
        seen: Option<&Seen>,
    ) -> Result<(Written, Seen)> {
        let keys = self.keys();
        if write.deploy.flows.len() > codec::MAX_VALUE_BYTES {
            let most = codec::MAX_VALUE_BYTES;
            let problem = format!("it would be larger than the {most} bytes that workers read");
            return Err(Error::value(keys.flows(), problem));
        }
        let mut names =
            vec![keys.revision(), keys.lease(), keys.flows(), keys.credentials(), keys.settings()];
        // Only when it is written: while a cluster moves the slot, a script that names a key which
        // is not there yet is put off (`TRYAGAIN`).
        if write.backup {
            names.push(keys.backup(write.revision.time));
        }
        let deploy = write.deploy;
        let values = self.stored(deploy);
        let sizes = values.each_ref().map(|value| size(value));
        let record = Revision { sizes: Some(sizes), ..write.revision.clone() }.to_text()?;
        let now = Seen { record: record.clone().into(), sizes };
        let [flows, credentials, settings] = values;
        let (most, kept) = match write.backup {
            true => {
                (codec::MAX_VALUE_BYTES.to_string().into_bytes(), self.settings_to_keep().await?)
            }
            false => (Vec::new(), Vec::new()),
        };
        let mut arguments: Vec<Cow<'_, [u8]>> = vec![
            holder.token().into_bytes().into(),
            LEASE.as_millis().to_string().into_bytes().into(),
            write.base.map_or_else(Vec::new, |base| base.to_string().into_bytes()).into(),
            record.into_bytes().into(),
            flows,
            credentials,
            settings,
            self.update_channel.as_bytes().into(),
            write.revision.time.to_string().into_bytes().into(),
            most.into(),
            kept.into(),
        ];
        if let Some(seen) = seen {
            arguments.push(seen.record.as_slice().into());
            arguments.extend(seen.sizes.map(|size| size.to_string().into_bytes().into()));
        }
        // Run twice, it would keep the new flows as a backup of the old ones.
        let script =
            if write.base.is_some() || seen.is_some() { WRITE.clone() } else { WRITE.unguarded() };
        let (reply, missing) = match self.wait_command() {
            None => (self.connection().script(&script, &names, &arguments).await?, None),
            Some(wait) => {
                let written = self.connection().script_then(&script, &names, &arguments, &wait);
                let (reply, answer) = written.await?;
                (reply, self.missing_replicas(answer))
            }
        };
        let written = match verdict("deploy script", reply)? {
            (word, notes) if word == "done" => {
                self.warn_of_notes(notes, &self.update_channel);
                missing.map_or(Written::Done, Written::Unconfirmed)
            }
            (word, _) if word == "stale" => Written::Stale,
            (_, holder) => Written::Other(owner_of(&holder.unwrap_or_default())),
        };
        Ok((written, now))
    }

    /// The stored settings without the secret, when no secret may be stored; what can't be read may
    /// hold one. Nothing when they can be kept as they are.
    async fn settings_to_keep(&self) -> Result<Vec<u8>> {
        if self.share_secret {
            return Ok(Vec::new());
        }
        let key = self.keys().settings();
        let read = self.read_text(&key).await;
        let kept = read.and_then(|text| shared_settings(text.as_deref().unwrap_or("{}"), None));
        match kept {
            Ok(text) => Ok(self.encoded(&text)),
            Err(Error::Value { .. }) => Ok(self.encoded("{}")),
            Err(error) => Err(error),
        }
    }

    /// Sizes in bytes that `deploy` has when it is stored, to find a value that somebody else
    /// changed without reading it.
    pub fn stored_sizes(&self, deploy: &Deploy) -> [u64; 3] {
        self.stored(deploy).each_ref().map(|value| size(value))
    }

    fn stored<'a>(&self, deploy: &'a Deploy) -> [Cow<'a, [u8]>; 3] {
        let [credentials, settings] =
            [&deploy.credentials, &deploy.settings].map(|text| self.encoded(text).into());
        [deploy.flows.stored(self.compress), credentials, settings]
    }

    fn encoded(&self, text: &str) -> Vec<u8> {
        codec::encode(text, self.compress)
    }
}

fn size(value: &[u8]) -> u64 {
    u64::try_from(value.len()).unwrap_or(u64::MAX)
}
