use super::*;
use proptest::prelude::*;

const KEY: &str = "n:flows";

fn problem(text: &str) -> String {
    match flows_text(KEY, text) {
        Err(Error::Value { key, problem }) => {
            assert_eq!(key, KEY);
            problem
        }
        other => panic!("{text}: expected an error, got {other:?}"),
    }
}

#[test]
fn an_array_comes_back_byte_for_byte() {
    for (text, nodes) in [
        ("[]", 0),
        (" [ ]\n", 0),
        (r#"[{"id":"a","type":"tab"}]"#, 1),
        ("[ {\"x\" : 1.50,\n\"type\":\"t\", \"id\":\"\" } , {\"id\":\"b\",\"type\":\"t\"}]", 2),
        (r#"[{"\u0069d":"a","type":"\ud83d","\ud800":"\udc00 \ud83d\ude00"}]"#, 1),
        (r#"[{"id":1,"id":"a","type":"t"}]"#, 1),
        (r#"[{"id":7,"type":"t"},{"type":"t"},{"id":{},"type":"t"}]"#, 3),
    ] {
        assert_eq!(flows_text(KEY, text).unwrap(), FlowsText { array: text, nodes });
    }
}

#[test]
fn the_array_of_earlier_modules_comes_back_byte_for_byte() {
    let array = "[ {\"id\":\"a\" ,\"type\":\"tab\",\"n\":1.0}]";
    for text in [
        format!(r#"{{"flows":{array},"rev":"abc"}}"#),
        format!(r#" {{ "rev" : null , "flows" : {array} }} "#),
        format!(r#"{{"flows":{array}}}"#),
    ] {
        assert_eq!(flows_text(KEY, &text).unwrap(), FlowsText { array, nodes: 1 });
    }
}

#[test]
fn anything_else_is_an_error_that_shows_no_content() {
    for (text, expected) in [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("null", "it is not an array of nodes"),
        ("\"[]\"", "it is not an array of nodes"),
        ("{}", "it is not an array of nodes"),
        (r#"{"flows":{}}"#, "it is not an array of nodes"),
        (r#"{"rev":[]}"#, "it is not an array of nodes"),
        ("[1]", "it is not an array of nodes: entry 0 is not an object"),
        ("[null]", "it is not an array of nodes: entry 0 is not an object"),
        ("[-1.5]", "it is not an array of nodes: entry 0 is not an object"),
        ("[\"secret\"]", "it is not an array of nodes: entry 0 is not an object"),
        ("[[{}]]", "it is not an array of nodes: entry 0 is not an object"),
        ("[true]", "it is not an array of nodes: entry 0 is not an object"),
        (
            r#"[{"id":"a","type":"t"},{"id":"b"}]"#,
            "it is not an array of nodes: entry 1 has no 'type' that is a string",
        ),
        (
            r#"{"flows":[{"id":"a","type":null}]}"#,
            "it is not an array of nodes: entry 0 has no 'type' that is a string",
        ),
        ("[", "it is cut off: the JSON text ends early"),
        (r#"[{"id":"a","type":"sec"#, "it is cut off: the JSON text ends early"),
        (r#"{"flows":[{"id":"a""#, "it is cut off: the JSON text ends early"),
        (r#"[{"id":"a","type":"t"},]"#, "not JSON (line 1, column 24)"),
        ("[] []", "not JSON (line 1, column 4)"),
        (r#"[{"id":"a","type":"t","x":tru}]"#, "not JSON (line 1, column 30)"),
    ] {
        assert_eq!(problem(text), expected, "{text}");
    }
}

#[test]
fn every_cut_of_a_flow_is_an_error() {
    let text = r#"[{"id":"a","type":"tab","wires":[["b"]],"n":12}]"#;
    let wrapped = format!(r#"{{"flows":{text},"rev":"r"}}"#);
    for whole in [text, &wrapped] {
        for length in 0..whole.len() {
            assert!(flows_text(KEY, &whole[..length]).is_err(), "{}", &whole[..length]);
        }
    }
}

#[test]
fn nesting_is_limited() {
    let flows = |depth: usize| {
        let inner = depth - 2;
        let (open, close) = ("[".repeat(inner), "]".repeat(inner));
        format!(r#"[{{"id":"a","type":"t","x":{open}{close}}}]"#)
    };
    let deepest = flows(FLOWS_NESTING_LIMIT);
    assert!(flows_text(KEY, &deepest).is_ok());
    assert!(problem(&flows(FLOWS_NESTING_LIMIT + 1)).contains("nested deeper"));
    assert!(problem(&flows(3_000_000)).contains("nested deeper"));
    assert!(problem(&"[".repeat(3_000_000)).contains("nested deeper"));
    assert!(problem(&r#"{"flows":"#.repeat(300_000)).contains("nested deeper"));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,60}", array in "[\\[\\]{}\",:a1\\\\ ]{0,40}") {
        let _ = flows_text(KEY, &text);
        let _ = flows_text(KEY, &format!("[{array}"));
    }

    #[test]
    fn what_json_stringify_gives_is_taken(
        nodes in prop::collection::vec(("\\PC{0,9}", "\\PC{0,9}", "\\PC{0,30}"), 0..20),
        wrapped: bool,
    ) {
        let array: Vec<_> = nodes
            .iter()
            .map(|(id, kind, x)| serde_json::json!({"id": id, "type": kind, "func": x}))
            .collect();
        let array = serde_json::to_string(&array).unwrap();
        let text = if wrapped { format!(r#"{{"flows":{array}}}"#) } else { array.clone() };
        let found = flows_text(KEY, &text).unwrap();
        prop_assert_eq!(found, FlowsText { array: &array, nodes: nodes.len() });
    }
}
