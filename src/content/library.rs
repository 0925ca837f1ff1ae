//! Library entries: `{…meta, fn: body}` under their key, and as items of a folder's listing.

use serde_json::value::RawValue;

use super::json::{Text, members};
use crate::{Error, Result};

/// The member that holds the body of an entry, and the file name of an item in a listing.
const BODY: &str = "fn";

/// The name that errors give to meta that come from Node-RED and not from a key.
const META: &str = "library meta";

/// A library entry taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryEntry {
    /// The meta as a JSON object, without the body.
    pub meta: String,
    /// The body.
    pub body: String,
}

/// Takes the text of a library entry apart.
pub fn library_entry(key: &str, text: &str) -> Result<LibraryEntry> {
    let members = members(key, text)?;
    let body = members.iter().find(|(name, _)| name == BODY).map(|(_, value)| value.get());
    match body.map(serde_json::from_str::<Text>) {
        Some(Ok(Text(body))) => Ok(LibraryEntry { meta: without_body(&members)?, body }),
        _ => Err(Error::value(key, "not a library entry: it has no 'fn' that is a string")),
    }
}

/// An item of a folder's listing, as Node-RED's own storage gives it after a way through a file:
/// meta whose names are words, their values strings of one line, and the name of the file.
pub fn library_list_item(meta: &str, file_name: &str) -> Result<String> {
    let members = members(META, meta)?;
    let mut item = String::from("{");
    for (name, value) in members.iter().filter(|(name, _)| name != BODY && is_word(name)) {
        let Some(value) = as_header(value) else { continue };
        push_member(&mut item, name, &quoted(&value)?)?;
    }
    push_member(&mut item, BODY, &quoted(file_name)?)?;
    item.push('}');
    Ok(item)
}

/// The file of an entry, as Node-RED's own storage writes it: the meta as comments, and the body.
/// `None` where what it reads back would not be that entry.
pub fn library_file(entry: &str) -> Option<String> {
    let LibraryEntry { meta, body } = library_entry(META, entry).ok()?;
    let mut file = String::new();
    for (name, value) in members(META, &meta).ok()? {
        let Text(value) = serde_json::from_str(value.get()).ok()?;
        if !is_word(&name) || name == "__proto__" || value.contains(LINE_ENDS) {
            return None;
        }
        let line = value.replace('\\', "\\\\").replace('\n', "\\n");
        file.push_str(&format!("// {name}: {line}\n"));
    }
    if body.starts_with('\n') || is_header(body.lines().next().unwrap_or_default()) {
        return None;
    }
    file.push_str(&body);
    Some(file)
}

/// Whether Node-RED's own storage would take a line of a body for a meta: `/^\/\/ \w+: /`.
fn is_header(line: &str) -> bool {
    let name = line.strip_prefix("// ").and_then(|rest| rest.split_once(": "));
    name.is_some_and(|(name, _)| is_word(name))
}

/// Where `.` of a regular expression stops, besides a line feed.
const LINE_ENDS: [char; 3] = ['\r', '\u{2028}', '\u{2029}'];

/// What Node-RED's own storage reads back of a name: `/^\/\/ (\w+): (.*)/`.
fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A value as JavaScript writes it into a file's header line; an object becomes what JavaScript
/// makes of one.
fn as_header(value: &RawValue) -> Option<String> {
    let raw = value.get();
    let text = match raw.as_bytes().first()? {
        b'"' => serde_json::from_str::<Text>(raw).ok()?.0,
        b'{' => "[object Object]".to_owned(),
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
            let items: Vec<String> = items
                .iter()
                .map(
                    |item| if item.get() == "null" { Some(String::new()) } else { as_header(item) },
                )
                .collect::<Option<_>>()?;
            items.join(",")
        }
        _ => raw.to_owned(),
    };
    // Node-RED escapes a line feed; at the other ends of a line `.` stops.
    Some(text.split(LINE_ENDS).next().unwrap_or_default().to_owned())
}

fn without_body(members: &[(String, &RawValue)]) -> Result<String> {
    let mut object = String::from("{");
    for (name, value) in members.iter().filter(|(name, _)| name != BODY) {
        push_member(&mut object, name, value.get())?;
    }
    object.push('}');
    Ok(object)
}

fn push_member(object: &mut String, name: &str, value: &str) -> Result<()> {
    if object.len() > 1 {
        object.push(',');
    }
    object.push_str(&quoted(name)?);
    object.push(':');
    object.push_str(value);
    Ok(())
}

fn quoted(text: &str) -> Result<String> {
    serde_json::to_string(text).map_err(|error| Error::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const KEY: &str = "n:library:functions:a.js";

    #[test]
    fn takes_an_entry_apart() {
        for (text, meta, body) in [
            (r#"{"fn":"return msg;"}"#, "{}", "return msg;"),
            (
                r#"{"outputs":1.0,"fn":"a\n\"b\"","name":"N" }"#,
                r#"{"outputs":1.0,"name":"N"}"#,
                "a\n\"b\"",
            ),
            (r#"{"fn":"x\ud800y"}"#, "{}", "x\u{fffd}\u{fffd}\u{fffd}y"),
        ] {
            let entry = library_entry(KEY, text).unwrap();
            assert_eq!((entry.meta.as_str(), entry.body.as_str()), (meta, body));
        }
    }

    #[test]
    fn anything_else_is_an_error() {
        for text in ["", "[]", "{}", r#"{"fn":1}"#, r#"{"fn":["a"]}"#, r#"{"fn":"a""#, "\"fn\""] {
            let error = library_entry(KEY, text);
            assert!(matches!(&error, Err(Error::Value { key, .. }) if key == KEY), "{text}");
        }
    }

    #[test]
    fn a_listed_item_is_what_a_file_gives() {
        let meta = r#"{"outputs":2,"name":"My \"fn\"","ok":true,"none":null,"a-b":"x","fn":"body",
            "list":[1,"b",null,[2]],"object":{"x":1},"lines":"first\nsecond\rthird","":"x"}"#;
        assert_eq!(
            library_list_item(meta, "a.js").unwrap(),
            r#"{"outputs":"2","name":"My \"fn\"","ok":"true","none":"null","list":"1,b,,2","object":"[object Object]","lines":"first\nsecond","fn":"a.js"}"#
        );
        assert_eq!(library_list_item("{}", "ä\"").unwrap(), r#"{"fn":"ä\""}"#);
    }

    #[test]
    fn a_file_has_the_meta_as_comments() {
        let entry = r#"{"name":"a \\ b\nc","outputs":"2","fn":"// a comment\nreturn msg;"}"#;
        let file = "// name: a \\\\ b\\nc\n// outputs: 2\n// a comment\nreturn msg;";
        assert_eq!(library_file(entry).as_deref(), Some(file));
        assert_eq!(library_file(r#"{"fn":""}"#).as_deref(), Some(""));
    }

    #[test]
    fn an_entry_that_would_be_read_back_as_another_has_no_file() {
        for entry in [
            r#"{"outputs":2,"fn":"x"}"#,
            r#"{"a-b":"x","fn":"x"}"#,
            r#"{"__proto__":"x","fn":"x"}"#,
            r#"{"name":"a\rb","fn":"x"}"#,
            r#"{"fn":"// name: a\nx"}"#,
            r#"{"fn":"\nx"}"#,
            r#"{"fn":1}"#,
            "",
        ] {
            assert_eq!(library_file(entry), None, "{entry}");
        }
    }

    proptest! {
        #[test]
        fn what_node_red_puts_together_comes_apart(body in "\\PC{0,40}", name in "\\PC{0,9}", value in "\\PC{0,9}") {
            prop_assume!(name != BODY);
            let text = json!({&name: &value, BODY: &body}).to_string();
            let meta = json!({name: value}).to_string();
            prop_assert_eq!(library_entry(KEY, &text).unwrap(), LibraryEntry { meta, body });
        }

        #[test]
        fn no_text_panics(text in "[\\[\\]{}\",:fn1\\\\ ]{0,40}") {
            let _ = library_entry(KEY, &text);
            let _ = library_list_item(&text, "");
        }
    }
}
