//! Memory of the process.

use napi::bindgen_prelude::spawn_blocking;
use napi_derive::napi;

use crate::memory;

/// Has the system get back what the process has freed, in the background.
#[napi]
pub fn give_back_freed() {
    spawn_blocking(memory::give_back);
}
