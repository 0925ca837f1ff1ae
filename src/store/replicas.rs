//! Waiting until replicas have a deploy, too.

use std::time::Duration;

use redis::{Cmd, Value};

use super::Store;
use crate::error::{Error, Result};

/// How long replicas may take: less than a save waits for its answer.
const WITHIN: Duration = Duration::from_secs(3);

impl Store {
    /// The command that waits for replicas, when the options ask for that.
    pub(super) fn wait_command(&self) -> Option<Cmd> {
        (self.wait_replicas > 0).then(|| {
            let mut wait = redis::cmd("WAIT");
            wait.arg(self.wait_replicas).arg(WITHIN.as_millis().to_string());
            wait
        })
    }

    /// What the answer to it lacks, as a sentence; `None` when enough have confirmed.
    pub(super) fn missing_replicas(&self, answer: Result<Value>) -> Option<String> {
        let wanted = self.wait_replicas;
        match answer {
            Ok(Value::Int(count)) if count >= i64::from(wanted) => None,
            Ok(Value::Int(count)) => Some(format!(
                "{count} of {wanted} replicas confirmed it within {} s",
                WITHIN.as_secs()
            )),
            Ok(_) => Some("the server gave no number of replicas".into()),
            Err(error @ Error::Permission { .. }) => Some(error.to_string()),
            Err(error) => Some(format!("no replica is known to have it: {error}")),
        }
    }
}
