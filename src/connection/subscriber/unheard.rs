//! What keeps channels from being heard while there is a connection: said once, until it is another.

use std::sync::{Mutex, PoisonError};

use tracing::{info, warn};

use crate::config::ConnectionConfig;
use crate::connection::kind::with_hint;
use crate::connection::permission::of_channels;
use crate::error::Error;

/// When the connection has ended at SUBSCRIBE so often in a row, that is said: once is chance.
const CUT_OFF: u32 = 4;

/// What was said of it so far.
pub(super) struct Unheard {
    /// That of the keys: most channels begin with it.
    prefix: String,
    /// What comes of it.
    missed: &'static str,
    /// The last refusal that was logged.
    refusal: Mutex<Option<String>>,
    /// How often in a row the connection has ended instead of an answer to `SUBSCRIBE`.
    cut_off: u32,
}

impl Unheard {
    pub(super) fn new(config: &ConnectionConfig, missed: &'static str) -> Self {
        Self { prefix: config.key_prefix.clone(), missed, refusal: Mutex::default(), cut_off: 0 }
    }

    /// Takes that a connection has ended. A proxy may do that in place of an answer to what it does not
    /// know.
    pub(super) fn ends(&mut self, was_answered: bool, server: &str) {
        self.cut_off = if was_answered { 0 } else { self.cut_off.saturating_add(1) };
        if self.cut_off == CUT_OFF {
            warn!(
                "{server}: the connection ends at SUBSCRIBE each time: what listens there is a proxy without pub/sub; {}, connect to the Valkey server itself to hear of it at once",
                self.missed
            );
        }
    }

    /// Takes what the server has answered: the channels that it has refused, and why.
    pub(super) fn answered(&self, channels: &[&str], refusal: Option<Error>, server: &str) {
        let text =
            refusal.map(|error| of_channels(with_hint(error), &self.prefix, channels).to_string());
        let mut last = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        match &text {
            Some(text) if last.as_ref() != Some(text) => warn!("{server}: {text}; {}", self.missed),
            None if last.is_some() => info!("{server}: all channels are heard now"),
            _ => {}
        }
        *last = text;
    }
}
