//! Callbacks into JavaScript: events, and the user's `retryStrategy`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use napi::Status;
use napi::bindgen_prelude::{Either, FnArgs, Function, Null};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use tokio::sync::oneshot;

use super::gate::{Gate, Gates};
use crate::connection::{DefaultRetry, Retry};
use crate::role::{Event, Host};

type EventCallback = ThreadsafeFunction<String, (), String, Status, false, true, 64>;
type RetryCallback = ThreadsafeFunction<u32, Either<f64, Null>, u32, Status, false, true, 16>;

/// Hands events to `callback(name)`.
pub(super) struct JsHost(Arc<Gate<EventCallback>>);

impl JsHost {
    pub(super) fn new(callback: &Function<String, ()>, gates: &mut Gates) -> napi::Result<Self> {
        let callback = callback
            .build_threadsafe_function()
            .weak::<true>()
            .callee_handled::<false>()
            .max_queue_size::<64>()
            .build()?;
        let gate = Gate::new(callback);
        gates.add(gate.clone());
        Ok(Self(gate))
    }
}

impl Host for JsHost {
    fn event(&self, event: Event) {
        let name = match event {
            Event::Revision => "revision",
            Event::Restore => "restore",
            Event::LibraryWanted => "library",
        };
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        self.0.with(|callback| callback.call(name.to_string(), mode));
    }
}

/// The user's `retryStrategy(times)`: ms, or `null` to stop. The connection layer limits how
/// long it may take.
pub(super) struct JsRetry(Arc<Gate<RetryCallback>>);

impl JsRetry {
    pub(super) fn new(
        callback: &Function<u32, Either<f64, Null>>,
        gates: &mut Gates,
    ) -> napi::Result<Self> {
        let callback = callback
            .build_threadsafe_function()
            .weak::<true>()
            .callee_handled::<false>()
            .max_queue_size::<16>()
            .build()?;
        let gate = Gate::new(callback);
        gates.add(gate.clone());
        Ok(Self(gate))
    }
}

impl Retry for JsRetry {
    fn delay(&self, times: u32) -> BoxFuture<'_, Option<Duration>> {
        async move {
            let (sender, answer) = oneshot::channel();
            self.0.with(|callback| {
                callback.call_with_return_value(
                    times,
                    ThreadsafeFunctionCallMode::NonBlocking,
                    move |answer, _| {
                        // Nobody waits for it any more.
                        let _ = sender.send(answer);
                        Ok(())
                    },
                )
            });
            match answer.await {
                Ok(Ok(Either::A(ms))) if ms.is_finite() && ms >= 0.0 => {
                    Some(Duration::from_secs_f64((ms / 1000.0).min(86_400.0)))
                }
                Ok(Ok(_)) => None,
                // The callback could not be called (the process is ending, or its queue is full).
                Ok(Err(_)) | Err(_) => DefaultRetry.delay(times).await,
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
