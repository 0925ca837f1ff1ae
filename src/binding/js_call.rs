//! Functions of the user's that are asked and answer.

use std::sync::Arc;

use napi::bindgen_prelude::{FromNapiValue, Function, JsValuesTupleIntoVec};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Error, Status};
use tokio::sync::oneshot;

use super::callbacks::{Callback, Callbacks};

/// A function of the user's that takes `A` and answers with `R`, and that must not throw. Weak: it
/// keeps no process alive.
pub(super) struct JsCall<A, R>(Arc<Callback<A, R, 64>>)
where
    A: JsValuesTupleIntoVec + 'static,
    R: FromNapiValue + 'static;

impl<A, R> JsCall<A, R>
where
    A: JsValuesTupleIntoVec + Send + 'static,
    R: FromNapiValue + Send + 'static,
{
    pub(super) fn new(
        function: &Function<'_, A, R>,
        callbacks: &mut Callbacks,
    ) -> napi::Result<Self> {
        Ok(Self(Callback::to(function, callbacks)?))
    }

    /// Calls it and waits for the answer; fails when the function can't be called, because the process is ending or too many
    /// calls wait.
    pub(super) async fn call(&self, arguments: A) -> napi::Result<R> {
        let (sender, answer) = oneshot::channel();
        self.0.with(|function| {
            let mode = ThreadsafeFunctionCallMode::NonBlocking;
            function.call_with_return_value(arguments, mode, move |answer, _| {
                // Nobody waits for it any more.
                let _ = sender.send(answer);
                Ok(())
            })
        });
        answer.await.unwrap_or_else(|_| Err(Error::from_status(Status::Closing)))
    }
}
