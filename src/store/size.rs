//! How large a stored value is, asked before it is fetched: a value that nobody can use must not
//! fill the memory of everybody who looks at it.

use redis::Value;

use super::Store;
use crate::codec;
use crate::error::{Error, Result};

impl Store {
    /// An error that names the first of these keys whose value is too large to be fetched.
    pub(super) async fn check_sizes(&self, keys: &[&str]) -> Result<()> {
        let largest = u64::try_from(codec::MAX_VALUE_BYTES).unwrap_or(u64::MAX);
        let mut pipe = redis::pipe();
        for key in keys {
            pipe.cmd("STRLEN").arg(*key);
        }
        let replies = self.connection().transaction(&pipe).await?;
        for (key, reply) in keys.iter().zip(replies) {
            // What is no string has no length: fetching it says so.
            let length = reply.map_or(0, length);
            if length > largest {
                return Err(Error::value(
                    *key,
                    format!("too large: {length} bytes, and no more than {largest} are read"),
                ));
            }
        }
        Ok(())
    }
}

pub(super) fn length(reply: Value) -> u64 {
    match reply {
        Value::Int(bytes) => u64::try_from(bytes).unwrap_or(0),
        _ => 0,
    }
}
