use super::*;

fn found(array: &str, wanted: &[&str]) -> Vec<u32> {
    entries_with(array, &wanted.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
}

#[test]
fn entries_are_cut_at_their_commas() {
    let list = r#" {"a":[1,{"b":"},{"}]} , 7,"x,\"y" ,[ ] "#;
    assert_eq!(entries(list), [r#"{"a":[1,{"b":"},{"}]}"#, "7", r#""x,\"y""#, "[ ]"]);
    assert_eq!(entries("  "), [""; 0]);
    assert_eq!(inside(" [1] "), Some("1"));
    assert_eq!(inside("1"), None);
}

#[test]
fn what_holds_a_text_anywhere_but_in_its_place_and_wires_is_found() {
    let flows = r#"[
        {"id":"a","z":"tab","wires":[["a","b"]]},
        {"id":"b","z":"tab","server":"a","wires":[]},
        {"id":"c","list":[1,{"deep":["a"]}]},
        {"id":"d","inner":{"id":"a"}},
        {"id":"e","inner":{"wires":"x"},"text":"not a, but \"a\" in it"},
        {"z":"a", "wires" : [["a"]], "after": "a"}
    ]"#;
    assert_eq!(found(flows, &["a"]), [1, 2, 3, 5]);
    assert_eq!(found(flows, &["tab"]), [0; 0]);
    assert_eq!(found(flows, &["x", "none"]), [4]);
    assert_eq!(found(flows, &[]), [0; 0]);
}

#[test]
fn numbers_and_words_count_as_their_text_and_escapes_as_they_are_written() {
    let flows = r#"[{"n":7},{"n":-7.5e3},{"b":true},{"b":null},{"s":"7"},{"e":"a\"b\\"},{"n":77}]"#;
    assert_eq!(found(flows, &["7"]), [0, 4]);
    assert_eq!(found(flows, &["-7.5e3"]), [1]);
    assert_eq!(found(flows, &["true"]), [2]);
    assert_eq!(found(flows, &["null", "false"]), [3]);
    assert_eq!(found(flows, &[r#"a\"b\\"#]), [5]);
    assert_eq!(found(r#"[{"e":"\""},{"e":"\\"}]"#, &[r#"\""#]), [0]);
}

#[test]
fn what_is_no_array_holds_nothing_and_what_is_cut_off_ends() {
    for text in ["", "{", "[", r#"{"a":"x"}"#, r#"[{"a":"x"#, r#"[{"a":x]"#, "[}]"] {
        assert!(found(text, &["y"]).is_empty(), "{text}");
    }
}
