//! The user's retry strategies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use napi::bindgen_prelude::Function;
use napi_derive::napi;

use super::gate::Gates;
use super::question::Question;
use crate::connection::Retry;

/// See [`JsRetry`].
pub(super) type RetryFunction<'a> = Function<'a, u32, RetryAnswer>;

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

/// A strategy of the user's. The connection layer limits how long it may take.
pub(super) struct JsRetry {
    option: &'static str,
    callback: Question<u32, RetryAnswer>,
    otherwise: Arc<dyn Retry>,
    complained: AtomicBool,
}

impl JsRetry {
    pub(super) fn new(
        option: &'static str,
        function: &RetryFunction<'_>,
        otherwise: Arc<dyn Retry>,
        gates: &mut Gates,
    ) -> napi::Result<Self> {
        let callback = Question::new(function, gates)?;
        Ok(Self { option, callback, otherwise, complained: AtomicBool::new(false) })
    }

    /// Once until it works again.
    fn complain(&self, what: &str) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            tracing::warn!("option '{}' {what}", self.option);
        }
    }
}

impl Retry for JsRetry {
    fn delay(&self, times: u32) -> BoxFuture<'_, Option<Duration>> {
        async move {
            match self.callback.ask(times).await {
                Ok(RetryAnswer { delay: Some(ms), .. }) if ms.is_finite() && ms >= 0.0 => {
                    self.complained.store(false, Ordering::Relaxed);
                    Some(Duration::from_secs_f64((ms / 1000.0).min(86_400.0)))
                }
                Ok(RetryAnswer { failed: Some(why), .. }) => {
                    self.complain(&format!("{why}; the default wait is used instead"));
                    self.otherwise.delay(times).await
                }
                Ok(RetryAnswer { end, .. }) => {
                    if let Some(what) = end.filter(|what| !what.is_empty()) {
                        self.complain(&what);
                    }
                    None
                }
                // The callback could not be called (the process is ending, or its queue is full).
                Err(_) => self.otherwise.delay(times).await,
            }
        }
        .boxed()
    }
}
