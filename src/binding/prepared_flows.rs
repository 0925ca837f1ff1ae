//! Flows that the core holds for JavaScript, which needs no text of them.

use std::sync::{Mutex, PoisonError};

use napi::Env;
use napi::bindgen_prelude::{Either, PromiseRaw, ToNapiValue};
use napi_derive::napi;

use super::snapshot::FlowRun;
use super::text::LargeText;
use crate::content::{entries_with, flow_difference};
use crate::error::{Error, Result};
use crate::low_priority;
use crate::store::deploy_text::DeployText;

/// The flow array of a deploy, held by the core until it is released.
#[napi]
pub struct PreparedFlows(Mutex<Option<DeployText>>);

#[napi]
impl PreparedFlows {
    /// The flow array as JSON text without indentation; `null` when it was released.
    #[napi(ts_return_type = "string | null")]
    pub fn text(&self) -> Option<LargeText> {
        self.held().map(|text| text.to_string().into())
    }

    /// How the array is made of this one, which was held before; `null` where much has changed, or one of the two was
    /// released.
    #[napi]
    pub fn since<'env>(
        &self,
        env: &'env Env,
        before: &PreparedFlows,
    ) -> napi::Result<PromiseRaw<'env, Option<Vec<FlowRun>>>> {
        let texts = before.held().zip(self.held());
        found(env, move || {
            let (before, next) = texts?;
            let difference = flow_difference(&before, &next)?;
            Some(difference.runs.into_iter().map(Into::into).collect())
        })
    }

    /// The indexes of the entries that may refer to one of these texts, each as `JSON.stringify` writes it without its
    /// quotes; may give more. `null` when it was released.
    #[napi]
    pub fn entries_with<'env>(
        &self,
        env: &'env Env,
        texts: Vec<String>,
    ) -> napi::Result<PromiseRaw<'env, Option<Vec<u32>>>> {
        let array = self.held();
        found(env, move || array.map(|array| entries_with(&array, &texts)))
    }

    /// Nobody needs it here any more; whoever it was handed to keeps it.
    #[napi]
    pub fn release(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl PreparedFlows {
    fn held(&self) -> Option<DeployText> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A promise of what is found beside the event loop, and beside what a deploy has to wait for.
fn found<'env, T: ToNapiValue + Send + 'static>(
    env: &'env Env,
    find: impl FnOnce() -> Option<T> + Send + 'static,
) -> napi::Result<PromiseRaw<'env, Option<T>>> {
    env.spawn_future(async move { Ok(low_priority::run(find).await.ok().flatten()) })
}

impl From<DeployText> for PreparedFlows {
    fn from(text: DeployText) -> Self {
        Self(Mutex::new(Some(text)))
    }
}

/// Flows as they are given to be mirrored.
pub(super) fn text_of(given: Either<LargeText, &PreparedFlows>) -> Result<DeployText> {
    match given {
        Either::A(text) => Ok(String::from(text).into()),
        Either::B(prepared) => {
            prepared.held().ok_or_else(|| Error::Internal("these flows were released".into()))
        }
    }
}
