//! Callbacks into JavaScript: events.

use napi::Status;
use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::role::{Event, Host};

type EventCallback = ThreadsafeFunction<String, (), String, Status, false, true, 64>;

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

/// What crosses the boundary as callbacks.
pub(super) type LogFunction<'a> = Function<'a, FnArgs<(String, String)>, ()>;
/// See [`JsHost`].
pub(super) type EventFunction<'a> = Function<'a, String, ()>;
