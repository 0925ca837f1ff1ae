//! Callbacks into JavaScript: events.

use std::sync::Arc;

use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;

use super::gate::{Callback, Gate, Gates};
use crate::role::{Event, Host};

/// Hands events to `callback(name)`.
pub(super) struct JsHost(Arc<Gate<Callback<String, (), 64>>>);

impl JsHost {
    pub(super) fn new(callback: &Function<String, ()>, gates: &mut Gates) -> napi::Result<Self> {
        Ok(Self(Gate::before(callback, gates)?))
    }
}

impl Host for JsHost {
    fn event(&self, event: Event) {
        let name = match event {
            Event::Revision => "revision",
            Event::Restore => "restore",
            Event::RefusedDeploy => "refused",
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
