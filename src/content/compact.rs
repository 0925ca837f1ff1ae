//! JSON text without indentation.

use super::json::behind_string;

/// Text of `JSON.stringify` without the white space between its tokens: of what was indented, byte for byte what it
/// gives without. Text that was not comes back as it is.
pub fn compact(text: String) -> String {
    // Where there is indentation, the first bracket is followed by the end of the line.
    if !text.as_bytes().get(1).is_some_and(u8::is_ascii_whitespace) {
        return text;
    }
    let mut compacted = String::new();
    let mut copied = 0;
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = behind_string(after),
            b' ' | b'\n' | b'\r' | b'\t' => {
                if copied == 0 {
                    compacted.reserve_exact(text.len());
                }
                // Both ends are at ASCII characters.
                let end = text.len() - after.len();
                compacted.push_str(text.get(copied..end - 1).unwrap_or_default());
                copied = end;
            }
            _ => {}
        }
    }
    if copied == 0 {
        return text;
    }
    compacted.push_str(text.get(copied..).unwrap_or_default());
    compacted.shrink_to_fit();
    compacted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn what_is_within_strings_stays() {
        let text = "[\n    {\n        \"a \\\" b\\\\\": \" \\n\t\u{e4} [ ]\",\n        \"c\": []\n    }\n]";
        assert_eq!(compact(text.into()), "[{\"a \\\" b\\\\\":\" \\n\t\u{e4} [ ]\",\"c\":[]}]");
    }

    #[test]
    fn compact_text_comes_back_without_being_copied() {
        let text = r#"[{"id":"a b","name":" "}]"#.to_owned();
        let place = text.as_ptr();
        let same = compact(text);
        assert_eq!(same, r#"[{"id":"a b","name":" "}]"#);
        assert_eq!(same.as_ptr(), place);
    }

    #[test]
    fn text_that_is_no_json_is_no_trouble() {
        for (text, expected) in
            [("", ""), ("\"a b", "\"a b"), ("\"a \\", "\"a \\"), ("a b \u{1f600} ", "ab\u{1f600}")]
        {
            assert_eq!(compact(text.into()), expected, "{text:?}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[\\PC\\s\"\\\\]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(|items| json!(items)),
                prop::collection::vec(("[\\PC\\s\"\\\\]{0,4}", inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn indented_text_becomes_what_it_is_without(value in value()) {
            let wanted = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(compact(serde_json::to_string_pretty(&value).unwrap()), wanted.clone());
            prop_assert_eq!(compact(wanted.clone()), wanted);
        }

        #[test]
        fn no_text_panics(text in "[\\PC\\s\"\\\\]{0,40}") {
            compact(text);
        }
    }
}
