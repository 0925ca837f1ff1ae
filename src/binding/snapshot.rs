//! Snapshots as JavaScript sees them.

use napi_derive::napi;

use super::text::LargeText;
use crate::content;
use crate::role::worker::Offer;
use crate::store::snapshot::Snapshot;

/// Flows, credentials and settings of one deploy, each as JSON text.
#[napi(object, object_from_js = false)]
pub struct StoredDeploy {
    /// Identifies the content; outcomes are reported under it.
    pub id: String,
    /// The revision, for logs.
    pub revision: String,
    /// The flow array, byte for byte as deployed.
    #[napi(ts_type = "string")]
    pub flows: LargeText,
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
            flows: snapshot.flows.clone().into(),
            credentials: snapshot.credentials.clone(),
            settings: snapshot.settings.clone(),
            project: snapshot.revision.as_ref().and_then(|record| record.project.clone()),
        }
    }
}

/// A deploy that is to be applied to what runs, each value as JSON text.
#[napi(object, object_from_js = false)]
pub struct PendingDeploy {
    /// Identifies the content; outcomes are reported under it.
    pub id: String,
    /// The revision, for logs.
    pub revision: String,
    /// The flow array, byte for byte as deployed; left out where there is a `difference`.
    #[napi(ts_type = "string")]
    pub flows: Option<LargeText>,
    /// How to make the flow array of the one before it.
    pub difference: Option<FlowDifference>,
    /// The credentials object, encrypted or not.
    pub credentials: String,
    /// The shared settings.
    pub settings: String,
}

/// How to make a flow array of the one before it.
#[napi(object, object_from_js = false)]
pub struct FlowDifference {
    /// The array, beginning to end.
    pub runs: Vec<FlowRun>,
    /// The entries that are changed or added, in their order: the text of an array.
    #[napi(ts_type = "string")]
    pub nodes: LargeText,
}

/// Some entries of the flow array before, then some of the changed or added ones.
#[napi(object, object_from_js = false)]
pub struct FlowRun {
    /// Index of the first entry that is taken from the array before.
    pub start: u32,
    /// How many are, in their order there.
    pub kept: u32,
    /// How many of the next changed or added ones follow.
    pub taken: u32,
}

impl From<Offer> for PendingDeploy {
    fn from(Offer { snapshot, difference }: Offer) -> Self {
        Self {
            id: snapshot.id(),
            revision: snapshot.label(),
            flows: difference.is_none().then(|| snapshot.flows.clone().into()),
            difference: difference.map(Into::into),
            credentials: snapshot.credentials.clone(),
            settings: snapshot.settings.clone(),
        }
    }
}

impl From<content::FlowDifference> for FlowDifference {
    fn from(content::FlowDifference { runs, nodes }: content::FlowDifference) -> Self {
        Self { runs: runs.into_iter().map(Into::into).collect(), nodes: nodes.into() }
    }
}

impl From<content::Run> for FlowRun {
    fn from(content::Run { start, kept, taken }: content::Run) -> Self {
        Self { start, kept, taken }
    }
}
