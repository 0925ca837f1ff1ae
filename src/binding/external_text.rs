//! Texts that JavaScript takes over without copying them.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::LazyLock;

use napi::bindgen_prelude::check_status;
use napi::{Result, sys};

/// `node_api_create_external_string_latin1`.
pub(super) type Create = unsafe extern "C" fn(
    sys::napi_env,
    *const c_char,
    isize,
    Option<unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void)>,
    *mut c_void,
    *mut sys::napi_value,
    *mut bool,
) -> sys::napi_status;

/// What makes such strings, where the host has it: Node.js since 18.18 and 20.4, whatever version of Node-API
/// a module asks for. It is looked up, since one that asks for the version it belongs to is refused by older ones.
pub(super) fn create() -> Option<Create> {
    static CREATE: LazyLock<Option<Create>> = LazyLock::new(|| {
        #[cfg(unix)]
        let host = libloading::os::unix::Library::this();
        #[cfg(windows)]
        let host = libloading::os::windows::Library::this().ok()?;
        // SAFETY: what has this name has this type, and stays as long as the process.
        unsafe { host.get(b"node_api_create_external_string_latin1\0") }.ok().map(|create| *create)
    });
    *CREATE
}

/// A JavaScript string that is this text, which must be of ASCII alone.
///
/// # Safety
/// The thread and the environment must be those of JavaScript.
pub(super) unsafe fn hand_over(
    create: Create,
    env: sys::napi_env,
    mut text: String,
) -> Result<sys::napi_value> {
    // It may be held for long.
    text.shrink_to_fit();
    let (bytes, length) = (text.as_ptr().cast(), text.len().cast_signed());
    let held = Box::into_raw(Box::new(text));
    let (mut value, mut copied) = (ptr::null_mut(), false);
    // SAFETY: the environment is that of the call.
    unsafe { account(env, length) };
    // Where the engine has no such strings, it has copied and released the text. If it fails, whether the text
    // was released is not known, and it is left where it is.
    check_status!(
        // SAFETY: nothing changes the text, and it stays where it is until it is released.
        unsafe { create(env, bytes, length, Some(release), held.cast(), &mut value, &mut copied) },
        "Failed to make a JavaScript string of a text"
    )?;
    Ok(value)
}

/// The engine needs the text no more. It may be collecting garbage, and its environment may have gone.
unsafe extern "C" fn release(env: *mut c_void, _: *mut c_void, held: *mut c_void) {
    // SAFETY: `hand_over` has made it, and it is released once.
    let text = unsafe { Box::from_raw(held.cast::<String>()) };
    if !env.is_null() {
        // SAFETY: this may be called while garbage is collected.
        unsafe { account(env.cast(), -text.len().cast_signed()) };
    }
}

/// Has the engine count so many bytes more, or fewer: by itself it would collect no garbage for the sake of these
/// strings, however many there are.
///
/// # Safety
/// The thread and the environment must be those of JavaScript.
unsafe fn account(env: sys::napi_env, bytes: isize) {
    let (bytes, mut all) = (i64::try_from(bytes).unwrap_or(0), 0);
    // SAFETY: nothing but that number is written. What comes of it changes nothing here.
    unsafe { sys::napi_adjust_external_memory(env, bytes, &mut all) };
}
