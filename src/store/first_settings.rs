//! The shared settings as long as there is no deploy that they belong to.

use std::sync::LazyLock;

use super::Store;
use super::lease::{Holder, owner_of};
use super::reply::verdict;
use super::script_prelude::PRELUDE;
use crate::codec;
use crate::connection::Script;
use crate::error::Result;

// KEYS: lease, revision, flows, settings. ARGV: token, settings.
// Where there is a record or flows of whatever kind, the settings are a part of them.
static WRITE: LazyLock<Script> = LazyLock::new(|| {
    Script::guarded(
        &[
            PRELUDE,
            r"
local holder = holder(KEYS[1])
if holder and holder ~= ARGV[1] then return {'other', string.sub(holder, 1, 300)} end
for i = 2, 3 do
  if redis.pcall('STRLEN', KEYS[i]) ~= 0 then return done('done') end
end
redis.call('SET', KEYS[4], ARGV[2])
return done('done')
",
        ]
        .concat(),
    )
});

impl Store {
    /// Stores the shared settings, as JSON text, unless something is deployed. Returns the other
    /// admin that holds the lease.
    pub async fn write_first_settings(
        &self,
        holder: &Holder,
        text: &str,
    ) -> Result<Option<String>> {
        let keys = self.keys();
        let names = [keys.lease(), keys.revision(), keys.flows(), keys.settings()];
        let arguments = [holder.token().into_bytes(), codec::encode(text, self.compress)];
        let reply = self.connection().script(&WRITE, &names, &arguments).await?;
        Ok(match verdict("settings script", reply)? {
            (word, notes) if word == "done" => {
                self.warn_of_notes(notes, "");
                None
            }
            (_, holder) => Some(owner_of(&holder.unwrap_or_default())),
        })
    }
}
