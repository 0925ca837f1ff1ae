//! Work that nobody waits for.
//!
//! napi's own promises keep the process alive until they are settled. That is right where somebody
//! waits for the answer, and wrong for what goes on beside: a process that has nothing else to do
//! would end late. Such work answers through a weak callback instead, out of which `lib/binding/core.js`
//! makes promises.

use std::sync::Arc;

use napi::Error as JsError;
use napi::bindgen_prelude::{Either3, FnArgs, Function, spawn};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use super::callbacks::{Callback, Callbacks};
use super::mirroring::Mirroring;
use crate::error::{Error, Result};

/// What such work can answer.
pub(super) type Value = Either3<Mirroring, String, bool>;

type Answer = FnArgs<(u32, Option<Value>, Option<String>)>;
/// `(call, value, error)`: exactly one of value and error is given.
#[napi]
pub type SettleFunction<'a> =
    Function<'a, FnArgs<(u32, Option<Either3<Mirroring, String, bool>>, Option<String>)>, ()>;

/// Where the answers go: as many as JavaScript has asked for, so their queue needs no limit.
pub(super) struct Background(Arc<Callback<Answer, (), 0>>);

impl Background {
    pub(super) fn new(
        settle: &SettleFunction<'_>,
        callbacks: &mut Callbacks,
    ) -> napi::Result<Self> {
        Ok(Self(Callback::to(settle, callbacks)?))
    }

    /// Does the work and answers under the number of the call, unless the process ends before.
    pub(super) fn run(
        &self,
        call: u32,
        work: impl Future<Output = Result<Value>> + Send + 'static,
    ) {
        let callback = self.0.clone();
        spawn(async move {
            // A task of its own: work that panics has an answer too.
            let outcome = match tokio::spawn(work).await {
                Ok(outcome) => outcome,
                Err(error) => Err(Error::Internal(error.to_string())),
            };
            let answer = match outcome {
                Ok(value) => (call, Some(value), None),
                Err(error) => (call, None, Some(JsError::from(error).reason.clone())),
            };
            callback
                .with(|settle| settle.call(answer.into(), ThreadsafeFunctionCallMode::NonBlocking));
        });
    }
}
