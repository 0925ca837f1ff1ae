//! Large texts on their way to JavaScript and from there.

use std::ptr;

use napi::bindgen_prelude::{
    FromNapiValue, ToNapiValue, TypeName, ValidateNapiValue, check_status,
};
use napi::{Result, ValueType, sys};

use super::external_text;

/// Texts from this length on, in bytes, are handed over as they are.
const HANDED_OVER_FROM: usize = 64 * 1024;

/// A text that may be large. One of ASCII alone, as most flows are, is handed over, or copied byte by byte at
/// least; the general conversion looks at each character.
#[derive(Debug, Clone)]
pub struct LargeText(String);

impl From<String> for LargeText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<LargeText> for String {
    fn from(LargeText(text): LargeText) -> Self {
        text
    }
}

impl TypeName for LargeText {
    fn type_name() -> &'static str {
        "String"
    }

    fn value_type() -> ValueType {
        ValueType::String
    }
}

impl ValidateNapiValue for LargeText {}

impl ToNapiValue for LargeText {
    unsafe fn to_napi_value(env: sys::napi_env, text: Self) -> Result<sys::napi_value> {
        let Self(text) = text;
        if !text.is_ascii() {
            // SAFETY: the environment is that of the call, as the caller promises.
            return unsafe { ToNapiValue::to_napi_value(env, text) };
        }
        if let Some(create) = external_text::create().filter(|_| text.len() >= HANDED_OVER_FROM) {
            // SAFETY: as above.
            return unsafe { external_text::hand_over(create, env, text) };
        }
        let mut value = ptr::null_mut();
        // SAFETY: the engine copies so many bytes of the text, before it is dropped.
        check_status!(
            unsafe {
                let length = text.len().cast_signed();
                sys::napi_create_string_latin1(env, text.as_ptr().cast(), length, &mut value)
            },
            "Failed to make a JavaScript string of a text"
        )?;
        Ok(value)
    }
}

impl FromNapiValue for LargeText {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: the environment and the value are those of the call, as the caller promises.
        match unsafe { ascii(env, value) } {
            Some(text) => Ok(Self(text)),
            // SAFETY: as above.
            None => unsafe { String::from_napi_value(env, value) }.map(Self),
        }
    }
}

/// The text of a string, if it is of ASCII alone. The general conversion counts the bytes twice before it copies them.
///
/// # Safety
/// As for any conversion.
unsafe fn ascii(env: sys::napi_env, value: sys::napi_value) -> Option<String> {
    let (mut length, mut written) = (0, 0);
    // SAFETY: nothing is written but the number of characters.
    let status =
        unsafe { sys::napi_get_value_string_latin1(env, value, ptr::null_mut(), 0, &mut length) };
    if status != sys::Status::napi_ok {
        return None;
    }
    // A byte for each, and a zero behind them.
    let room = length.checked_add(1)?;
    let mut bytes: Vec<u8> = Vec::with_capacity(room);
    // SAFETY: there is as much room as is said, and as many bytes of it are filled as `written` says.
    let status = unsafe {
        let place = bytes.as_mut_ptr().cast();
        let status = sys::napi_get_value_string_utf8(env, value, place, room, &mut written);
        bytes.set_len(written.min(length));
        status
    };
    // Where a character took more than a byte, what is there is not of ASCII, even if not all had room.
    let is_whole = status == sys::Status::napi_ok && written == length && bytes.is_ascii();
    is_whole.then(|| String::from_utf8(bytes).ok()).flatten()
}
