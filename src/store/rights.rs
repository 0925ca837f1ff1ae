//! What goes on although the server's user lacks the right to a part of it.

use redis::Value;
use tracing::debug;

use super::Store;
use crate::connection::{of_channels, refused_in_script};
use crate::error::{Error, Result};

impl Store {
    /// Tells what a script has noted; `channel` is the one that it announces on.
    pub(super) fn warn_of_notes(&self, notes: Option<String>, channel: &str) {
        for note in notes.unwrap_or_default().lines() {
            let Some((command, words)) = note.split_once(' ') else { continue };
            let consequence = match command {
                "PUBLISH" => {
                    "it is stored all the same, and workers find it by looking, every 20 s"
                }
                "PTTL" => "a lease that never ends is not noticed",
                "HDEL" => "the index of the library keeps the names of what was deleted",
                "EXISTS" => "the index of the library keeps folders that are empty",
                _ => "it goes on without",
            };
            let connection = self.connection();
            match refused_in_script(command, words) {
                Some(error) => {
                    let error = of_channels(error, self.keys().prefix(), &[channel]);
                    connection.warn_missing_right(&error, consequence);
                }
                None if command == "PUBLISH" => {
                    connection.warn_once(
                        command,
                        format_args!("{command} failed: {words}; {consequence}"),
                    );
                }
                None => debug!("{command} failed: {words}; {consequence}"),
            }
        }
    }

    /// The error of a refused key of the library with the pattern that grants all of them; any other
    /// as it is.
    pub(super) fn of_library(&self, error: Error) -> Error {
        let Error::Permission { command, detail, rule } = error else { return error };
        let patterns = [self.keys().library_pattern(), self.keys().library_index_pattern()];
        let granting = patterns
            .into_iter()
            .map(|pattern| format!("~{pattern}"))
            .find(|granting| rule.starts_with(granting.trim_end_matches('*')));
        Error::Permission { command, detail, rule: granting.unwrap_or(rule) }
    }

    /// Whether there is this key. Where the server does not let its user ask, there is none:
    /// `consequence` says what comes of that.
    pub(super) async fn exists_if_allowed(&self, key: &str, consequence: &str) -> Result<bool> {
        match self.connection().command(redis::cmd("EXISTS").arg(key)).await {
            Ok(reply) => Ok(matches!(reply, Value::Int(count) if count > 0)),
            Err(error @ Error::Permission { .. }) => {
                self.connection().warn_missing_right(&self.of_library(error), consequence);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
