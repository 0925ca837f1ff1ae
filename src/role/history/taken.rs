//! A deploy that is to be recorded.

use std::sync::Arc;

use crate::content::history::{Note, Origin};
use crate::content::shared_secret;
use crate::store::deploy_text::DeployText;
use crate::store::snapshot::Snapshot;

/// A deploy that is to be recorded.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The flow array as JSON text.
    pub flows: DeployText,
    /// The credentials as they were encrypted.
    pub credentials: Arc<str>,
    /// The secret that decrypts them, of credentials that are not this admin's.
    pub secret: Option<String>,
    /// Name of the Project that the flows come from.
    pub project: Option<String>,
    /// When, in ms since 1970.
    pub time: u64,
    /// What else is known.
    pub note: Note,
}

impl Taken {
    /// What Valkey held before an admin that had never seen it put its own in its place; `time`: where its record
    /// does not say when.
    pub(crate) fn replaced(snapshot: Snapshot, shares_secret: bool, time: u64) -> Self {
        let secret = shared_secret(&snapshot.settings).filter(|_| shares_secret);
        Self {
            flows: snapshot.flows.into(),
            credentials: snapshot.credentials.into(),
            secret,
            project: snapshot.revision.as_ref().and_then(|record| record.project.clone()),
            time: snapshot.revision.map_or(time, |record| record.time),
            note: Note::of(Origin::Replaced),
        }
    }
}
