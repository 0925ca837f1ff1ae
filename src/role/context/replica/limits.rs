//! How much an instance takes in.

use super::change::Text;
use crate::config::ContextConfig;
use crate::error::{Error, Result};

/// Bytes of a key.
pub(in crate::role::context) const LONGEST_KEY: usize = 1024;
/// Bytes of a scope: nested subflows join the ids of their nodes.
pub(in crate::role::context) const LONGEST_SCOPE: usize = 1024;

/// The limits.
#[derive(Debug, Clone, Copy)]
pub(in crate::role::context) struct Limits {
    max_value: usize,
    max_total: usize,
}

impl Limits {
    /// What a key costs beside its name and its text.
    pub(in crate::role::context) const PER_KEY: usize = 100;

    pub(in crate::role::context) fn new(config: &ContextConfig) -> Self {
        Self { max_value: config.max_value, max_total: config.max_total }
    }

    /// Bytes of one value.
    pub(in crate::role::context) fn max_value(&self) -> usize {
        self.max_value
    }

    /// Bytes of all.
    pub(in crate::role::context) fn max_total(&self) -> usize {
        self.max_total
    }

    /// What others have set may be a little more than what may be set here: they set at the same time.
    pub(in crate::role::context) fn bearable(&self) -> usize {
        self.max_total.saturating_add(self.max_total / 4)
    }

    /// More keys than these don't fit, however small they are.
    pub(in crate::role::context) fn most_keys(&self) -> usize {
        self.bearable() / Self::PER_KEY
    }

    /// Whether a key may become this, with which all is of `bytes` after `before`.
    pub(in crate::role::context) fn check(
        &self,
        scope: &str,
        key: &str,
        text: &Text,
        bytes: usize,
        before: usize,
    ) -> Result<()> {
        let length = text.as_ref().map_or(0, |text| text.len());
        let shown: String = key.chars().take(60).collect();
        let problem = if key.len() > LONGEST_KEY || scope.len() > LONGEST_SCOPE {
            format!("the name of context key '{shown}…' is longer than {LONGEST_KEY} bytes")
        } else if length > self.max_value {
            format!(
                "the value of context key '{shown}' has {length} bytes, and 'context.maxValue' is {}",
                self.max_value
            )
        } else if bytes > self.max_total && bytes > before {
            format!(
                "with the value of context key '{shown}', the shared context would have {bytes} bytes, and 'context.maxTotal' is {}",
                self.max_total
            )
        } else {
            return Ok(());
        };
        Err(Error::ContextLimit { problem })
    }

    /// What the server has under a key did not fit: nobody knows what would be overwritten.
    pub(in crate::role::context) fn left_out(&self, key: &str) -> Error {
        let shown: String = key.chars().take(60).collect();
        let problem = format!(
            "the value of context key '{shown}' in Valkey was not read, because the shared context has more than 'context.maxTotal', which is {}",
            self.max_total
        );
        Error::ContextLimit { problem }
    }
}
