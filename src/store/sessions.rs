//! The editor's log-in sessions.

use std::borrow::Cow;
use std::time::Duration;

use super::Store;
use crate::codec;
use crate::content;
use crate::error::Result;

impl Store {
    /// The sessions object as JSON text; `None` when none are stored or they expired.
    pub async fn read_sessions(&self) -> Result<Option<String>> {
        let key = self.keys().sessions();
        let text = self.read_text(&key).await?;
        if let Some(text) = &text {
            content::object_text(&key, text)?;
        }
        Ok(text)
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
