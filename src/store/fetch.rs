//! How a stored value is fetched: never more of it than somebody can use, so that a value that nobody
//! can use does not fill the memory of everybody who looks at it.

use redis::{Cmd, Value};

use super::Store;
use super::reply::{stored_text, too_large};
use crate::codec;
use crate::error::{Error, Result};

/// Gives the value under `key`, and of one that is larger than `most` bytes a byte more than that:
/// [`stored_text`] tells it by this.
pub(super) fn fetch(key: &str, most: usize) -> Cmd {
    let mut command = redis::cmd("GETRANGE");
    command.arg(key).arg(0).arg(most);
    command
}

impl Store {
    /// The text under `key`, of any kind of value; `None` when there is none. Asks for the size first:
    /// nobody waits for it, and of what anybody may have put there nothing is to be fetched in vain.
    pub(super) async fn read_text(&self, key: &str) -> Result<Option<String>> {
        let most = codec::MAX_VALUE_BYTES;
        let size = match self.connection().command(redis::cmd("STRLEN").arg(key)).await {
            Ok(reply) => length(reply),
            // What is no string has no length: fetching it says so.
            Err(Error::Server { .. }) => 0,
            Err(error) => return Err(error),
        };
        if usize::try_from(size).map_or(true, |size| size > most) {
            return Err(too_large(key, most));
        }
        stored_text(key, self.connection().command(&fetch(key, most)).await, most)
    }
}

/// How many bytes the server says there are.
pub(super) fn length(reply: Value) -> u64 {
    match reply {
        Value::Int(bytes) => u64::try_from(bytes).unwrap_or(0),
        _ => 0,
    }
}
