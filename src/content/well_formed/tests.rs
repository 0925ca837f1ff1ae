use proptest::prelude::*;

use super::*;
use crate::content::json::{NESTING_LIMIT, members};

/// What the quick pass says, which must be what the thorough one says; but that one lets a name have
/// control characters in it.
fn accepted(text: &str) -> bool {
    let accepted = is_object(text, NESTING_LIMIT);
    let is_odd = text.chars().any(|character| character < ' ');
    assert!(members("k", text).is_ok() == accepted || is_odd && !accepted, "{text:?}");
    accepted
}

#[test]
fn objects_are_accepted() {
    for text in [
        "{}",
        " {\t\"a\" :\r\n[ ] , \"b\":[1 , {} ,[ [ ] ]] } ",
        r#"{"":"","a":{"a":{"b":null}},"c":[true,false,null]}"#,
        r#"{"a":[0,-0,10,1.5,-1.25e3,1E+9,2e-7,0.0,1e999]}"#,
        r#"{"a":"\"\\\/\b\f\n\r\t\u00e9\uD83D\ude00\ud800","\u0061":"äöü €😀"}"#,
    ] {
        assert!(accepted(text), "{text}");
    }
}

#[test]
fn anything_else_is_not() {
    for text in [
        "",
        " ",
        "[]",
        "null",
        "{",
        "}",
        "{]",
        "{\"a\":[}",
        "{\"a\":{]}",
        "{}{}",
        "{} x",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":+1}",
        "{\"a\":1e+}",
        "{\"a\":tru}",
        "{\"a\":nul",
        "{\"a\":NaN}",
        "{\"a\":\"",
        "{\"a\":\"\\\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u123",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\u{1f}\"}",
        "\u{c}{}",
        "{}\u{c}",
        "{}\0",
        "\u{feff}{}",
        "{\"a\":1 2}",
        "{\"a\":[1 2]}",
        "{1:1}",
        "{\"a\":1]",
        "{\"a\":\"b\"\"c\"}",
    ] {
        assert!(!accepted(text), "{text}");
    }
}

/// What the quick pass says of flows. What it is not sure of, the thorough reader may take all the same.
fn nodes(text: &str) -> Option<usize> {
    let found = nodes_in(text);
    if let Some(count) = found {
        let read: Vec<Box<serde_json::value::RawValue>> =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(count, read.len(), "{text}");
        assert!(read.iter().all(|node| node.get().starts_with('{')), "{text}");
    }
    found
}

#[test]
fn flows_are_counted() {
    assert_eq!(nodes("[]"), Some(0));
    assert_eq!(nodes(" [ ] "), Some(0));
    assert_eq!(nodes(r#"[{"type":"tab"}]"#), Some(1));
    let flows = r#" [ { "id" : 1, "type" : "" } ,{"type":"a","inner":{"type":7,"b":[{}]},"wires":[[],[]]}]"#;
    assert_eq!(nodes(flows), Some(2));
}

#[test]
fn what_is_not_surely_flows_is_left_to_others() {
    for text in [
        "",
        "{}",
        "[1]",
        "[null]",
        "[[]]",
        "[{}]",
        r#"["type"]"#,
        r#"[{"type":7}]"#,
        r#"[{"type":null}]"#,
        r#"[{"type":{"type":"a"}}]"#,
        r#"[{"inner":{"type":"a"}}]"#,
        r#"[{"a":"type","b":"c"}]"#,
        r#"[{"type":"a","type":"b"}]"#,
        r#"[{"type":"a","type":7}]"#,
        r#"[{"\u0074ype":"a"}]"#,
        r#"[{"type":"a","\u0074ype":7}]"#,
        r#"[{"\u0074ype":7,"type":"a"}]"#,
        r#"[{"type":"a"},{}]"#,
        r#"[{"type":"a"},{"type":"b"},7]"#,
        r#"[{"type":"a"}"#,
        r#"[{"type":"a"},]"#,
        r#"[{"type":"a"}]]"#,
    ] {
        assert_eq!(nodes(text), None, "{text}");
    }
}

#[test]
fn nesting_counts_arrays_and_objects_alike() {
    for open in ["[", "{\"a\":", "[{\"a\":["] {
        let levels = |times: usize| {
            let inner = open.repeat(times);
            let ends: String = inner.chars().rev().filter_map(end_of).collect();
            format!("{{\"a\":{inner}1{ends}}}")
        };
        let each = open.chars().filter_map(end_of).count();
        for times in 1..=NESTING_LIMIT {
            assert_eq!(accepted(&levels(times)), times * each < NESTING_LIMIT);
        }
        assert!(!is_object(&levels(LEVELS), usize::MAX));
    }
}

fn end_of(open: char) -> Option<char> {
    match open {
        '[' => Some(']'),
        '{' => Some('}'),
        _ => None,
    }
}

#[test]
fn a_special_byte_is_found_wherever_it_is() {
    for special in (0..b' ').chain([b'"', b'\\']) {
        for around in [b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
            for place in 0..40 {
                let mut bytes = vec![around; 40];
                assert_eq!(plain_length(&bytes), 40);
                bytes[place] = special;
                assert_eq!(plain_length(&bytes), place, "{special} among {around}");
                bytes[39] = special;
                assert_eq!(plain_length(&bytes), place, "{special} among {around}");
            }
        }
    }
}

/// Well-formed values of all kinds.
fn value() -> impl Strategy<Value = String> {
    let string = "(\\PC|[\u{7f}-\u{9f}]|\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-fA-F]{4}){0,30}"
        .prop_map(|text| format!("\"{}\"", text.replace('"', "\\\"")));
    let leaf = prop_oneof![
        string.clone(),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?",
        "(true|false|null)",
    ];
    let space = "[ \n\r\t]{0,2}";
    leaf.prop_recursive(6, 60, 6, move |inner| {
        let member = (string.clone(), space, inner.clone(), space)
            .prop_map(|(name, before, value, after)| format!("{name}{before}:{value}{after}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|all| format!("[{}]", all.join(", "))),
            prop::collection::vec(member, 0..6).prop_map(|all| format!("{{{}}}", all.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn it_says_what_the_thorough_reader_says(
        value in value(),
        at in any::<prop::sample::Index>(),
        other in "[\\[\\]{}\",:a1eE.+ntf\\\\u \u{1}\u{e9}-]{0,3}",
        left_out in 0..3_usize,
    ) {
        let text = format!("{{\"a\":{value}}}");
        accepted(&text);
        let mut place = at.index(text.len());
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        let (before, after) = text.split_at(place);
        let after: String = after.chars().skip(left_out).collect();
        accepted(&format!("{before}{other}{after}"));
        accepted(before);
    }

    #[test]
    fn of_flows_it_says_what_the_thorough_reader_says(
        values in prop::collection::vec((value(), "(type|typ|id|\\\\u0074ype)", "(\"a\"|7|\\{\\}|\\[\\])"), 0..4),
        at in any::<prop::sample::Index>(),
        other in "[\\[\\]{}\",:a1t]{0,2}",
    ) {
        let entries = values.iter().map(|(value, name, kind)| format!("{{\"{name}\":{kind},\"v\":{value}}}"));
        let text = format!("[{}]", entries.collect::<Vec<_>>().join(","));
        let is_sure = values.iter().all(|(value, name, kind)| {
            name == "type" && kind == "\"a\"" && accepted(&format!("{{\"v\":{value}}}"))
        });
        assert_eq!(nodes(&text), is_sure.then_some(values.len()), "{text}");
        let mut place = at.index(text.len());
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        let (before, after) = text.split_at(place);
        nodes(&format!("{before}{other}{after}"));
        nodes(before);
    }

    #[test]
    fn it_says_so_of_any_text(text in "[\\[\\]{}\",:a1eE.+ntf\\\\u \u{1}-]{0,40}") {
        accepted(&text);
        accepted(&format!("{{{text}"));
        accepted(&format!("{{\"a\":\"{text}"));
        accepted(&format!("{{\"a\":{text}}}"));
    }
}
