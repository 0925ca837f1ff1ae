//! What a single value stands for, and what may be shown of it.

use serde_json::Value;

/// Longer strings are cut in an error.
const SHOWN: usize = 40;

/// Whether JavaScript passed a function.
pub(super) fn is_function(value: &Value) -> bool {
    value.get("$function").is_some()
}

/// Whether a value is the empty text that an environment variable which is not set leaves, most of all in a
/// Compose file.
pub(super) fn is_empty_text(value: &Value) -> bool {
    value.as_str().is_some_and(str::is_empty)
}

/// The boolean that a value stands for.
pub(super) fn as_boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(boolean) => Some(*boolean),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    }
}

/// The whole number, zero or more, that a value stands for.
pub(super) fn as_whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            // JavaScript writes large whole numbers as 1e21, and so may a settings file.
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            format!("{float:.0}").parse().ok()
        }),
        Value::String(text) => {
            let text = text.trim();
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            if digits { text.parse().ok() } else { None }
        }
        _ => None,
    }
}

/// What a value is, for an error that must not show it.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null (or NaN)",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty string",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) if is_function(value) => "a function",
        Value::Object(object) if object.contains_key("$buffer") => "a Buffer",
        Value::Object(_) => "an object",
    }
}

/// A value for an error: itself when it is short and plain, otherwise what it is.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        // A URL in the wrong place may carry a password.
        Value::String(text) if text.is_empty() || text.contains("://") || text.contains('@') => {
            kind_of(value).to_owned()
        }
        Value::String(text) if text.chars().count() > SHOWN => {
            let start: String = text.chars().take(SHOWN).collect();
            format!("{}…", Value::String(start))
        }
        Value::String(_) => value.to_string(),
        _ => kind_of(value).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_whole_numbers() {
        for (value, number) in [
            (json!(0), Some(0)),
            (json!(6379), Some(6379)),
            (json!("6379"), Some(6379)),
            (json!(" 6379 "), Some(6379)),
            (json!(1e3), Some(1000)),
            (json!(1.5), None),
            (json!(-1), None),
            (json!(-1.0), None),
            (json!(1e300), None),
            (json!("-1"), None),
            (json!("+1"), None),
            (json!("0x10"), None),
            (json!("1e3"), None),
            (json!(""), None),
            (json!("99999999999999999999"), None),
            (json!(true), None),
            (json!(null), None),
            (json!([1]), None),
        ] {
            assert_eq!(as_whole(&value), number, "{value}");
        }
    }
}
