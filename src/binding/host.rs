//! Callbacks into JavaScript: events.

use std::sync::Arc;

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use super::callbacks::{Callback, Callbacks};
use crate::role::{Event, Host};

/// What happens outside a call.
#[napi(string_enum = "lowercase")]
pub enum EventName {
    /// Worker: a new revision waits to be applied.
    Revision,
    /// Admin: what the disk had lost at start can be restored now.
    Restore,
    /// Admin: a deploy that was refused is on the disk, and has to be loaded now.
    Refused,
    /// Admin: the library has to be compared with the disk.
    Library,
    /// Admin: how it stands has changed.
    Standing,
    /// A change of the palette is to be made.
    Packages,
    /// Member: other tabs are held here than before.
    Tabs,
    /// Others look at this instance, or no longer.
    Watched,
    /// Something was heard of those that this instance looks at.
    Heard,
}

/// `(event)`
#[napi]
pub type EventFunction<'a> = Function<'a, EventName, ()>;

/// Hands events to `function(name)`.
pub(super) struct JsHost(Arc<Callback<EventName, (), 64>>);

impl JsHost {
    pub(super) fn new(
        function: &EventFunction<'_>,
        callbacks: &mut Callbacks,
    ) -> napi::Result<Self> {
        Ok(Self(Callback::to(function, callbacks)?))
    }
}

impl Host for JsHost {
    fn event(&self, event: Event) {
        let name = match event {
            Event::Revision => EventName::Revision,
            Event::Restore => EventName::Restore,
            Event::RefusedDeploy => EventName::Refused,
            Event::LibraryWanted => EventName::Library,
            Event::Standing => EventName::Standing,
            Event::Packages => EventName::Packages,
            Event::Tabs => EventName::Tabs,
            Event::Watched => EventName::Watched,
            Event::Heard => EventName::Heard,
        };
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        self.0.with(|function| function.call(name, mode));
    }
}
