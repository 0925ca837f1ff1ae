//! The admin lease: who may write under the prefix.

use std::sync::LazyLock;
use std::time::Duration;

use super::Store;
use super::reply::verdict;
use super::script_prelude::PRELUDE;
use crate::connection::Script;
use crate::error::Result;

/// How long a lease lives without being renewed.
pub const LEASE: Duration = Duration::from_secs(10);

/// One running admin process. The id stays with the user directory, the process part is new at
/// every start, so that two processes on copies of one directory are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    id: String,
    process: String,
}

impl Holder {
    /// A holder from the admin's id and something that no other process has.
    pub fn new(id: impl Into<String>, process: impl Into<String>) -> Self {
        Self { id: id.into(), process: process.into() }
    }

    /// The admin's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The lease value.
    pub fn token(&self) -> String {
        format!("{}:{}", self.id, self.process)
    }
}

/// What came of asking for the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// It is ours for the next [`LEASE`].
    Held,
    /// A living admin has it: its id.
    Other(String),
}

// KEYS: lease. ARGV: admin id, token, ms, 'first' at the first time in a process.
// Every lease expires: what never does is none, and would keep all admins out for good.
// A restarted admin takes the lease of its former self over at once; a renewal does not, because
// then the other process with the same id is the newer one.
static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::guarded(
        &[
            PRELUDE,
            r"
local holder = holder(KEYS[1])
if holder and holder ~= ARGV[2] then
  local same = string.sub(holder, 1, #ARGV[1] + 1) == ARGV[1] .. ':'
  if not (same and ARGV[4] == 'first') then return {'other', string.sub(holder, 1, 100)} end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return done('held')
",
        ]
        .concat(),
    )
});

impl Store {
    /// Takes or renews the lease for [`LEASE`]. With `first`, a lease that an earlier process of
    /// the same admin left behind is taken over.
    pub async fn renew_lease(&self, holder: &Holder, first: bool) -> Result<Lease> {
        let arguments = [
            holder.id().into(),
            holder.token().into(),
            LEASE.as_millis().to_string().into_bytes(),
            if first { b"first".to_vec() } else { b"again".to_vec() },
        ];
        let reply = self.connection().script(&RENEW, &[self.keys().lease()], &arguments).await?;
        Ok(match verdict("lease script", reply)? {
            (word, notes) if word == "held" => {
                self.warn_of_notes(notes, "");
                Lease::Held
            }
            (_, holder) => Lease::Other(owner_of(&holder.unwrap_or_default())),
        })
    }
}

/// The admin id in a lease value.
pub(super) fn owner_of(token: &str) -> String {
    token.split(':').next().unwrap_or_default().to_string()
}
