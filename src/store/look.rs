//! One look of an admin: its lease is renewed, and it sees what is stored, in one step.

use std::sync::LazyLock;

use redis::Value;

use super::Store;
use super::fetch::length;
use super::head::{Head, Record};
use super::lease::{Holder, LEASE, Lease, owner_of};
use super::reply::plain_text;
use super::script_prelude::PRELUDE;
use crate::connection::Script;
use crate::error::{Error, Result};
use crate::packages::{MOST_TEXT, PackageList};

/// The stored record and the sizes of what it tells of, as a write compares them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The record as it is stored; empty when there is none.
    pub record: Vec<u8>,
    /// As in [`Head::sizes`].
    pub sizes: [u64; 3],
}

/// What a look has found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which deploy is stored.
    pub head: Head,
    /// The same, for a write that is based on it.
    pub seen: Seen,
    /// The package list, if it was asked for; an error when it can't be used.
    pub packages: Option<Result<Option<PackageList>>>,
}

/// What came of a look.
#[derive(Debug, Clone)]
pub enum Look {
    /// The lease is ours for the next [`LEASE`].
    Held(Box<Found>),
    /// A living admin has it: its id.
    Other(String),
}

// KEYS: lease, revision, flows, credentials, settings, and the package list when it is asked for.
// ARGV: admin id, token, ms, 'first' at the first time in a process, largest package list.
// Every lease expires: what never does is none, and would keep all admins out for good.
// A restarted admin takes the lease of its former self over at once; a renewal does not, because
// then the other process with the same id is the newer one.
static LOOK: LazyLock<Script> = LazyLock::new(|| {
    Script::guarded(
        &[
            PRELUDE,
            r"
local holder = holder(KEYS[1])
if holder and holder ~= ARGV[2] then
  local same = string.sub(holder, 1, #ARGV[1] + 1) == ARGV[1] .. ':'
  if not (same and ARGV[4] == 'first') then return {'other', string.sub(holder, 1, 300)} end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
local function value(key, most)
  local value = redis.pcall('GETRANGE', key, 0, most)
  if type(value) ~= 'table' then return value end
  if not string.find(value.err, 'WRONGTYPE', 1, true) then redis.call('GETRANGE', key, 0, most) end
  return 0
end
local answer = done('held')
answer[3] = value(KEYS[2], 65536)
for i = 3, 5 do answer[i + 1] = size(KEYS[i]) end
if KEYS[6] then answer[7] = value(KEYS[6], ARGV[5]) end
return answer
",
        ]
        .concat(),
    )
});

impl Store {
    /// Takes or renews the lease for [`LEASE`], and tells what is stored, the package list included
    /// if that is asked for. With `first`, a lease that an earlier process of the same admin left
    /// behind is taken over.
    pub async fn look(&self, holder: &Holder, first: bool, with_packages: bool) -> Result<Look> {
        let keys = self.keys();
        let arguments = [
            holder.id().into(),
            holder.token().into(),
            LEASE.as_millis().to_string().into_bytes(),
            if first { b"first".to_vec() } else { b"again".to_vec() },
            MOST_TEXT.to_string().into_bytes(),
        ];
        let mut names =
            vec![keys.lease(), keys.revision(), keys.flows(), keys.credentials(), keys.settings()];
        if with_packages {
            names.push(keys.packages());
        }
        let reply = self.connection().script(&LOOK, &names, &arguments).await?;
        let malformed =
            || Error::Server { command: "look script".into(), detail: "unexpected answer".into() };
        let Value::Array(items) = reply else { return Err(malformed()) };
        let mut items = items.into_iter();
        let mut text = || items.next().as_ref().and_then(plain_text);
        let (word, words) = (text().ok_or_else(malformed)?, text());
        if word != "held" {
            return Ok(Look::Other(owner_of(&words.unwrap_or_default())));
        }
        self.warn_of_notes(words, "");
        let value = items.next().ok_or_else(malformed)?;
        let record = match &value {
            Value::BulkString(bytes) => bytes.clone(),
            _ => Vec::new(),
        };
        let key = keys.revision();
        let mut size = || items.next().map_or(0, length);
        let sizes = [size(), size(), size()];
        let head = Head { record: Record::from_reply(&key, Some(of_string(&key, value)))?, sizes };
        let packages = items.next().map(|value| {
            let key = keys.packages();
            self.package_list(of_string(&key, value))
        });
        Ok(Look::Held(Box::new(Found { head, seen: Seen { record, sizes }, packages })))
    }

    /// The same without looking at anything but the lease's own holder.
    pub async fn renew_lease(&self, holder: &Holder, first: bool) -> Result<Lease> {
        Ok(match self.look(holder, first, false).await? {
            Look::Held(_) => Lease::Held,
            Look::Other(owner) => Lease::Other(owner),
        })
    }
}

/// What the script answers instead of a value that is none: a number.
fn of_string(key: &str, value: Value) -> Result<Value> {
    match value {
        Value::Int(_) => Err(Error::value(key, "it is not a string; delete the key")),
        value => Ok(value),
    }
}
