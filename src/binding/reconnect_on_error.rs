//! The user's `reconnectOnError`.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use napi::bindgen_prelude::{Either, FnArgs, Function};
use napi_derive::napi;

use super::callbacks::Callbacks;
use super::js_call::JsCall;
use crate::connection::{Reaction, ReconnectOnError};

type Reply = FnArgs<(String, String)>;
type Answer = Either<u32, String>;

/// `(words, command)`: 0, 1 or 2 for what to do, or why nobody knows.
#[napi]
pub type ReconnectFunction<'a> = Function<'a, FnArgs<(String, String)>, Either<u32, String>>;

/// Asks `(words, command)`. The connection layer limits how long it may take.
pub(super) struct JsReconnectOnError(JsCall<Reply, Answer>);

impl JsReconnectOnError {
    pub(super) fn new(
        function: &ReconnectFunction<'_>,
        callbacks: &mut Callbacks,
    ) -> napi::Result<Self> {
        Ok(Self(JsCall::new(function, callbacks)?))
    }
}

impl ReconnectOnError for JsReconnectOnError {
    fn decide(&self, words: String, command: String) -> BoxFuture<'_, Result<Reaction, String>> {
        async move {
            match self.0.call((words, command).into()).await {
                Ok(Either::A(0)) => Ok(Reaction::Stay),
                Ok(Either::A(1)) => Ok(Reaction::Reconnect),
                Ok(Either::A(_)) => Ok(Reaction::Resend),
                Ok(Either::B(why)) => Err(why),
                Err(error) => Err(format!("could not be called ({error})")),
            }
        }
        .boxed()
    }
}
