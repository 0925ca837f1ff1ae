//! The package list, and its announcement.

use std::sync::LazyLock;

use redis::Value;

use super::Store;
use super::fetch::fetch;
use super::lease::{Holder, owner_of};
use super::reply::{stored_text, verdict};
use super::script_prelude::PRELUDE;
use crate::codec;
use crate::connection::Script;
use crate::error::Result;
use crate::packages::{MOST_TEXT, PackageList};

// KEYS: packages, lease. ARGV: token, list, channel, message.
// A list that can't be announced is found by looking.
static WRITE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        &[
            PRELUDE,
            r"
local holder = holder(KEYS[2])
if holder and holder ~= ARGV[1] then return {'other', string.sub(holder, 1, 300)} end
redis.call('SET', KEYS[1], ARGV[2])
note('PUBLISH', redis.pcall('PUBLISH', ARGV[3], ARGV[4]))
return done('done')
",
        ]
        .concat(),
    )
});

/// What came of writing a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListWritten {
    /// It is stored and announced.
    Done,
    /// Another living admin holds the lease: which, for people. Nothing was written.
    Other(String),
}

impl Store {
    /// The stored package list; `None` when there is none. A list that is too large (see
    /// [`MOST_TEXT`], before and after decompression) or holds anything but package names and
    /// versions is an [`Error::Value`].
    pub async fn read_packages(&self) -> Result<Option<PackageList>> {
        let key = self.keys().packages();
        let reply = self.connection().command(&fetch(&key, MOST_TEXT)).await;
        self.package_list(reply)
    }

    /// The list that was fetched with at most [`MOST_TEXT`] bytes.
    pub(super) fn package_list(&self, reply: Result<Value>) -> Result<Option<PackageList>> {
        let key = self.keys().packages();
        let text = stored_text(&key, reply, MOST_TEXT)?;
        text.map(|text| PackageList::parse(&key, &text)).transpose()
    }

    /// Stores a list and announces it, in one step, unless another admin holds the lease. The
    /// message is the list as JSON text, which earlier modules read.
    pub async fn write_packages(&self, holder: &Holder, list: &PackageList) -> Result<ListWritten> {
        let keys = self.keys();
        let text = list.text();
        let arguments = [
            holder.token().into_bytes(),
            codec::encode(&text, self.compress),
            self.package_channel.as_bytes().to_vec(),
            text.into_bytes(),
        ];
        let names = [keys.packages(), keys.lease()];
        let reply = self.connection().script(&WRITE, &names, &arguments).await?;
        Ok(match verdict("package list script", reply)? {
            (word, notes) if word == "done" => {
                self.warn_of_notes(notes, &self.package_channel);
                ListWritten::Done
            }
            (_, holder) => ListWritten::Other(owner_of(&holder.unwrap_or_default())),
        })
    }
}
