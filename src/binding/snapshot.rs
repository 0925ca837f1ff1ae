//! A snapshot as JavaScript sees it.

use napi_derive::napi;

use crate::store::snapshot::Snapshot;

/// Flows, credentials and settings of one deploy, each as JSON text.
#[napi(object)]
pub struct StoredDeploy {
    /// Identifies the content; outcomes are reported under it.
    pub id: String,
    /// The revision, for logs.
    pub revision: String,
    /// The flow array, byte for byte as deployed.
    pub flows: String,
    /// The credentials object, encrypted or not.
    pub credentials: String,
    /// The shared settings.
    pub settings: String,
    /// Name of the Project that the flows come from.
    pub project: Option<String>,
}

impl From<&Snapshot> for StoredDeploy {
    fn from(snapshot: &Snapshot) -> Self {
        Self {
            id: snapshot.id(),
            revision: snapshot.label(),
            flows: snapshot.flows.clone(),
            credentials: snapshot.credentials.clone(),
            settings: snapshot.settings.clone(),
            project: snapshot.revision.as_ref().and_then(|record| record.project.clone()),
        }
    }
}
