//! The user's retry strategies.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use napi::bindgen_prelude::Function;
use napi_derive::napi;

use super::callbacks::Callbacks;
use super::js_call::JsCall;
use crate::connection::{Advice, Strategy};

/// `(times)`
#[napi]
pub type RetryFunction<'a> = Function<'a, u32, RetryAnswer>;

/// What came of a strategy: one of these.
#[napi(object, object_to_js = false)]
pub struct RetryAnswer {
    /// The wait in ms.
    pub delay: Option<f64>,
    /// No further attempt; says what it was that was returned, unless that was to be expected.
    pub end: Option<String>,
    /// It threw, and says what.
    pub failed: Option<String>,
}

impl From<RetryAnswer> for Advice {
    fn from(answer: RetryAnswer) -> Self {
        match answer {
            RetryAnswer { delay: Some(ms), .. } => Self::Wait(ms),
            RetryAnswer { failed: Some(why), .. } => Self::Failed(why),
            RetryAnswer { end, .. } => Self::End(end.filter(|what| !what.is_empty())),
        }
    }
}

/// A strategy of the user's. The connection layer limits how long it may take.
pub(super) struct JsStrategy(JsCall<u32, RetryAnswer>);

impl JsStrategy {
    pub(super) fn new(
        function: &RetryFunction<'_>,
        callbacks: &mut Callbacks,
    ) -> napi::Result<Self> {
        Ok(Self(JsCall::new(function, callbacks)?))
    }
}

impl Strategy for JsStrategy {
    fn ask(&self, times: u32) -> BoxFuture<'_, Advice> {
        async move { self.0.call(times).await.map_or(Advice::Unreachable, Advice::from) }.boxed()
    }
}
