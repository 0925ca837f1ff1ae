//! Errors on their way to JavaScript.

use napi::{Error as JsError, Status};

use crate::error::Error;

/// An async export can only reject with napi's own status, so the stable code travels at the
/// beginning of the message; `lib/binding/core.js` takes it off and sets it as `error.code`.
impl From<Error> for JsError {
    fn from(error: Error) -> Self {
        JsError::new(Status::GenericFailure, format!("{}: {error}", error.code()))
    }
}
