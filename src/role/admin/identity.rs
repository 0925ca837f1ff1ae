//! Who this admin is, kept in its user directory.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::state_dir::StateDir;

const FILE: &str = "admin.json";

/// Stays with the user directory, so that a restarted or restored admin is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) id: String,
    /// The highest sequence that this admin ever used.
    pub(super) sequence: u64,
}

impl Identity {
    /// Reads the identity, or makes one and keeps it.
    pub(super) async fn load(state_dir: Option<&StateDir>) -> Self {
        let new = Self { id: fresh(), sequence: 0 };
        let Some(state_dir) = state_dir else { return new };
        match state_dir.read(FILE).await {
            Ok(Some(text)) => match serde_json::from_str::<Self>(&text) {
                Ok(known) if !known.id.is_empty() && !known.id.contains(':') => return known,
                _ => tracing::warn!("{FILE} can't be read: this admin gets a new id"),
            },
            Ok(None) => {}
            Err(error) => tracing::warn!("{error}: this admin gets a new id"),
        }
        if let Err(error) = new.save(state_dir).await {
            tracing::warn!("{error}: this admin is not known again after a restart");
        }
        new
    }

    /// Keeps the identity on disk.
    pub(super) async fn save(&self, state_dir: &StateDir) -> Result<()> {
        let text =
            serde_json::to_string(self).map_err(|error| Error::Internal(error.to_string()))?;
        state_dir.write(FILE, &text).await
    }
}

/// 16 hex digits that nobody else has.
pub(super) fn fresh() -> String {
    format!("{:016x}", rand::random::<u64>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_id_stays_with_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::in_user_dir(dir.path());
        let first = Identity::load(Some(&state_dir)).await;
        let second = Identity::load(Some(&state_dir)).await;
        assert_eq!(first, second);
        assert_ne!(first.id, Identity::load(None).await.id);
    }

    #[tokio::test]
    async fn a_broken_file_gives_a_new_id_that_stays() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::in_user_dir(dir.path());
        state_dir.write(FILE, "{").await.unwrap();
        let first = Identity::load(Some(&state_dir)).await;
        assert_eq!(Identity::load(Some(&state_dir)).await, first);
    }
}
