//! The editor's log-in sessions.

use std::borrow::Cow;
use std::time::Duration;

use super::Store;
use crate::codec;
use crate::error::Result;

impl Store {
    /// The text that is stored as the sessions object; `None` when there is none, or it has expired. Whether it is
    /// one, whoever reads it finds out: it may be of megabytes, and is read once.
    pub async fn read_sessions(&self) -> Result<Option<String>> {
        self.read_text(&self.keys().sessions()).await
    }

    /// Stores the sessions object for `ttl` from now on.
    pub async fn write_sessions(&self, text: &str, ttl: Duration) -> Result<()> {
        let key = self.keys().sessions();
        let value: Cow<'_, [u8]> = match self.compress {
            true => codec::encode(text, true).into(),
            false => text.as_bytes().into(),
        };
        let mut command = redis::cmd("SET");
        command.arg(&key).arg(value).arg("EX").arg(ttl.as_secs().max(1));
        self.connection().command(&command).await.map(drop)
    }

    /// Whether sessions are stored.
    pub async fn has_sessions(&self) -> Result<bool> {
        let key = self.keys().sessions();
        self.exists_if_allowed(&key, "log-in sessions are stored anew after each connect").await
    }
}
