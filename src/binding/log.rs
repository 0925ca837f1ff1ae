//! The logging bridge: one tracing dispatch an instance, never a process-wide subscriber.

use std::fmt::Write as _;
use std::sync::Arc;

use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

use super::callbacks::{Callback, Callbacks};

/// How a line is logged.
#[napi(string_enum = "lowercase")]
pub enum LogLevel {
    /// Something is wrong and stays so.
    Error,
    /// Probably a mistake, or something that mends itself.
    Warn,
    /// Worth knowing.
    Info,
    /// For whoever looks for a fault.
    Debug,
}

type Line = FnArgs<(LogLevel, String)>;

/// `(level, text)`
#[napi]
pub type LogFunction<'a> = Function<'a, FnArgs<(LogLevel, String)>, ()>;

/// A dispatch that hands each line to `function(level, text)`. Weak: it keeps no process alive.
pub(super) fn dispatch(
    function: &LogFunction<'_>,
    callbacks: &mut Callbacks,
) -> napi::Result<Dispatch> {
    Ok(Dispatch::new(Lines { callback: Callback::to(function, callbacks)? }))
}

struct Lines {
    callback: Arc<Callback<Line, (), 1024>>,
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Other crates' own events are no news for an operator.
        *metadata.level() <= Level::DEBUG && metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
    }

    fn event(&self, event: &Event<'_>) {
        let level = match *event.metadata().level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warn,
            Level::INFO => LogLevel::Info,
            _ => LogLevel::Debug,
        };
        let mut message = Message(String::new());
        event.record(&mut message);
        // A full queue drops the line: logging never blocks and never grows without bound.
        let line = (level, message.0).into();
        self.callback.with(|log| log.call(line, ThreadsafeFunctionCallMode::NonBlocking));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}
