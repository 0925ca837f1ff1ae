//! The addon as a library: whatever it asks of the system is there, and Node.js finds what it calls.
//! All that can be tried of a binary where there is no Node.js to load it.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// `ADDON`, or the one that cargo has built beside this test.
fn addon() -> PathBuf {
    std::env::var_os("ADDON").map_or_else(
        || {
            let name = format!("{DLL_PREFIX}node_red_storage_valkey{DLL_SUFFIX}");
            std::env::current_exe().unwrap().with_file_name(name)
        },
        PathBuf::from,
    )
}

#[test]
fn every_symbol_is_found_and_so_is_what_node_calls() {
    let file = CString::new(addon().as_os_str().as_bytes()).unwrap();
    // SAFETY: what runs at loading is the addon's own registration of its functions. Node-API is
    // looked up when Node.js calls in, which nothing here does.
    let library = unsafe { libc::dlopen(file.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    assert!(!library.is_null(), "{}", words());
    // SAFETY: a library that stays loaded, and a name that ends with a zero.
    let entry = unsafe { libc::dlsym(library, c"napi_register_module_v1".as_ptr()) };
    assert!(!entry.is_null(), "{}", words());
}

/// Why the last call failed.
fn words() -> String {
    // SAFETY: only asked after a failed call; then it is text until the next one.
    unsafe { CStr::from_ptr(libc::dlerror()) }.to_string_lossy().into_owned()
}
