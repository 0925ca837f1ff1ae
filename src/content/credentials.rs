//! The credentials of a deploy.

use super::json::object_text;
use crate::Result;

/// Checks that a text is a credentials object, and hands it back as it is. An empty array, which
/// Node-RED can write, means an empty object.
pub fn credentials_text<'t>(key: &str, text: &'t str) -> Result<&'t str> {
    let inner = text.trim_ascii().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(inner) if inner.trim_ascii().is_empty() => Ok("{}"),
        _ => object_text(key, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_array_means_no_credentials() {
        for text in ["[]", " [ \n] "] {
            assert_eq!(credentials_text("n:credentials", text).unwrap(), "{}");
        }
    }

    #[test]
    fn an_object_comes_back_as_it_is() {
        for text in ["{}", " {\"$\": \"00ff\"}\n", r#"{"a":[]}"#] {
            assert_eq!(credentials_text("n:credentials", text).unwrap(), text);
        }
    }

    #[test]
    fn anything_else_is_an_error() {
        for text in ["", "[", "]", "[[]]", "[1]", "[}", "null", "[]x"] {
            assert!(credentials_text("n:credentials", text).is_err(), "{text}");
        }
    }
}
