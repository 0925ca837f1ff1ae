//! Callbacks into JavaScript: events.

use std::sync::Arc;

use napi::Status;
use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use super::gate::{Gate, Gates};
use crate::role::{Event, Host};

type EventCallback = ThreadsafeFunction<String, (), String, Status, false, true, 64>;

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
            Event::Packages => "packages",
        };
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        self.0.with(|callback| callback.call(name.to_string(), mode));
    }
}

/// What crosses the boundary as callbacks.
pub(super) type LogFunction<'a> = Function<'a, FnArgs<(String, String)>, ()>;
/// See [`JsHost`].
pub(super) type EventFunction<'a> = Function<'a, String, ()>;
