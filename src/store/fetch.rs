//! How a stored value is fetched: never more of it than somebody can use, so that a value that nobody
//! can use does not fill the memory of everybody who looks at it. Its size need not be asked for first.

use redis::{Cmd, Value};

use super::Store;
use super::reply::stored_text;
use crate::codec;
use crate::error::Result;

/// Gives the value under `key`, and of one that is larger than `most` bytes a byte more than that:
/// [`stored_text`] tells it by this.
pub(super) fn fetch(key: &str, most: usize) -> Cmd {
    let mut command = redis::cmd("GETRANGE");
    command.arg(key).arg(0).arg(most);
    command
}

impl Store {
    /// The text under `key`, of any kind of value; `None` when there is none.
    pub(super) async fn read_text(&self, key: &str) -> Result<Option<String>> {
        let reply = self.connection().command(&fetch(key, codec::MAX_VALUE_BYTES)).await;
        stored_text(key, reply, codec::MAX_VALUE_BYTES)
    }
}

/// How many bytes the server says there are.
pub(super) fn length(reply: Value) -> u64 {
    match reply {
        Value::Int(bytes) => u64::try_from(bytes).unwrap_or(0),
        _ => 0,
    }
}
