//! Callbacks into JavaScript: events, and the user's `retryStrategy`.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use napi::Status;
use napi::bindgen_prelude::{Either, FnArgs, Function, Null};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::connection::{DefaultRetry, Retry};
use crate::role::{Event, Host};

type EventCallback = ThreadsafeFunction<String, (), String, Status, false, true, 64>;
type RetryCallback = ThreadsafeFunction<u32, Either<f64, Null>, u32, Status, false, true, 16>;

/// Hands events to `callback(name)`.
pub(super) struct JsHost(EventCallback);

impl JsHost {
    pub(super) fn new(callback: &Function<String, ()>) -> napi::Result<Self> {
        let callback = callback
            .build_threadsafe_function()
            .weak::<true>()
            .callee_handled::<false>()
            .max_queue_size::<64>()
            .build()?;
        Ok(Self(callback))
    }
}

impl Host for JsHost {
    fn event(&self, event: Event) {
        let name = match event {
            Event::Revision => "revision",
            Event::Restore => "restore",
            Event::LibraryWanted => "library",
        };
        let _ = self.0.call(name.to_string(), ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// The user's `retryStrategy(times)`: ms, or `null` to stop. The connection layer limits how
/// long it may take.
pub(super) struct JsRetry(RetryCallback);

impl JsRetry {
    pub(super) fn new(callback: &Function<u32, Either<f64, Null>>) -> napi::Result<Self> {
        let callback = callback
            .build_threadsafe_function()
            .weak::<true>()
            .callee_handled::<false>()
            .max_queue_size::<16>()
            .build()?;
        Ok(Self(callback))
    }
}

impl Retry for JsRetry {
    fn delay(&self, times: u32) -> BoxFuture<'_, Option<Duration>> {
        async move {
            match self.0.call_async(times).await {
                Ok(Either::A(ms)) if ms.is_finite() && ms >= 0.0 => {
                    Some(Duration::from_secs_f64((ms / 1000.0).min(86_400.0)))
                }
                Ok(_) => None,
                // The callback could not be called (the process is ending, or its queue is full).
                Err(_) => DefaultRetry.delay(times).await,
            }
        }
        .boxed()
    }
}

/// What crosses the boundary as callbacks.
pub(super) type LogFunction<'a> = Function<'a, FnArgs<(String, String)>, ()>;
/// See [`JsHost`].
pub(super) type EventFunction<'a> = Function<'a, String, ()>;
/// See [`JsRetry`].
pub(super) type RetryFunction<'a> = Function<'a, u32, Either<f64, Null>>;
