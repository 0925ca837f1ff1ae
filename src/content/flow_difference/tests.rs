use super::*;
use proptest::prelude::*;
use serde_json::Value;

/// What JavaScript makes of it: the entries of the array before, and those of the difference.
fn made(before: &str, difference: &FlowDifference) -> Vec<Value> {
    let before: Vec<Value> = serde_json::from_str(before).unwrap();
    let nodes: Vec<Value> = serde_json::from_str(&difference.nodes).unwrap();
    let mut nodes = nodes.into_iter();
    let mut made = vec![];
    for Run { start, kept, taken } in &difference.runs {
        made.extend_from_slice(&before[*start as usize..(*start + *kept) as usize]);
        made.extend(nodes.by_ref().take(*taken as usize));
    }
    assert_eq!(nodes.next(), None);
    made
}

fn parsed(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

fn array(nodes: &[(&str, u32)]) -> String {
    // What looks like an end of an entry, within a text.
    let pad = r#"}],{[\"\\"#.repeat(3);
    let nodes: Vec<String> = nodes
        .iter()
        .map(|(id, version)| format!(r#"{{"id":"{id}","type":"t","v":{version},"pad":"{pad}"}}"#))
        .collect();
    format!("[{}]", nodes.join(","))
}

#[test]
fn one_changed_node_is_all_that_is_handed_over() {
    let before = array(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)]);
    let next = array(&[("a", 1), ("b", 2), ("c", 1), ("d", 1)]);
    let difference = flow_difference(&before, &next).unwrap();
    let runs = vec![Run { start: 0, kept: 1, taken: 1 }, Run { start: 2, kept: 2, taken: 0 }];
    assert_eq!(difference.runs, runs);
    assert_eq!(difference.nodes, array(&[("b", 2)]));
}

#[test]
fn added_removed_and_moved_nodes_come_out_in_order() {
    let before = array(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("__proto__", 1)]);
    for next in [
        array(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("__proto__", 1)]),
        array(&[("__proto__", 1), ("d", 1), ("a", 1), ("b", 1)]),
        array(&[("e", 1), ("a", 1), ("b", 1), ("c", 1), ("d", 1), ("f", 1)]),
        array(&[("d", 1), ("__proto__", 2), ("c", 1), ("a", 1)]),
        "[]".into(),
    ] {
        let difference = flow_difference(&before, &next).unwrap();
        assert_eq!(made(&before, &difference), parsed(&next));
    }
}

#[test]
fn an_id_is_known_however_it_is_written() {
    let before = r#"[{"id":"a","type":"t"},{"id":"b","type":"t"},{"id":"c","type":"t"}]"#;
    let next = r#"[{"id":"b","type":"t"}, {"\u0069d":"\u0061","type":"t"}, {"id":"c","type":"t"}]"#;
    let difference = flow_difference(before, next);
    // Its text is another one, so it is handed over.
    assert_eq!(difference.map(|it| made(before, &it)), Some(parsed(next)));
    let twice = r#"[{"id":"a","type":"t"},{"id":"\u0061","type":"t"}]"#;
    assert_eq!(flow_difference(before, twice), None);
    assert_eq!(flow_difference(twice, before), None);
}

#[test]
fn what_has_no_id_of_its_own_makes_no_difference_by_ids() {
    let plain = array(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)]);
    for odd in [
        r#"[{"type":"t"}]"#,
        r#"[{"id":7,"type":"t"}]"#,
        r#"[{"id":null,"type":"t"}]"#,
        r#"[{"id":["a"],"type":"t"}]"#,
        r#"[{"id":"a","id":"b","type":"t"}]"#,
        r#"[{"id":"\ud800","type":"t"}]"#,
        r#"[{"id":"a","type":"t"},{"id":"a","type":"t"}]"#,
        "[1]",
        "{}",
        "not JSON",
    ] {
        assert_eq!(flow_difference(&plain, odd), None, "{odd}");
        assert_eq!(flow_difference(odd, &plain), None, "{odd}");
    }
}

#[test]
fn what_is_the_same_at_both_ends_is_not_looked_into() {
    let pad = "x".repeat(100);
    let of = |inner: &str| {
        format!(r#"[{{"id":7,"pad":"{pad}"}},{{"id":"a"}},{inner}{{"id":"a"}} , {{}} ]"#)
    };
    let [long, longer] =
        [40, 41].map(|length| format!(r#"{{"id":"b","t":"{}"}},"#, "x".repeat(length)));
    for (before, next) in [
        (of(""), of("")),
        (of(&long), of("")),
        (of(r#"{"id":"b"},"#), of(r#"{"id":"b","v":1},"#)),
        (of(&long), of(&longer)),
        (of(&long), of(&format!(r#"{long}{{"id":"c"}},"#))),
        (of(""), of("").replace(" , ", ",")),
        ("[{}]".into(), "[{},{}]".into()),
        ("[{},{}]".into(), "[{}]".into()),
        ("[{},{}]".into(), "[]".into()),
        (r#"[{"a":{}},{}]"#.into(), r#"[{"a":{"a":{}}},{}]"#.into()),
    ] {
        match flow_difference(&before, &next) {
            Some(difference) => assert_eq!(made(&before, &difference), parsed(&next)),
            None => assert!(before.contains("{}") && !before.contains('7'), "{before} {next}"),
        }
    }
}

#[test]
fn when_most_has_changed_the_whole_is_as_good() {
    let before = array(&[("a", 1), ("b", 1), ("c", 1)]);
    assert_eq!(flow_difference(&before, &array(&[("a", 2), ("b", 2), ("c", 1)])), None);
    assert_eq!(flow_difference("[]", &before), None);
}

#[test]
fn deep_nesting_and_halves_of_surrogate_pairs_are_no_trouble() {
    let deep = format!("{}{}", "[".repeat(4000), "]".repeat(4000));
    let node = |id: &str| format!(r#"{{"id":"{id}","type":"t","\ud800":"\udc00","deep":{deep}}}"#);
    let before = format!("[{},{},{}]", node("a"), node("b"), node("c"));
    let next = format!("[{},{},{}]", node("c"), node("a"), node("d"));
    let difference = flow_difference(&before, &next).unwrap();
    assert_eq!(difference.nodes, format!("[{}]", node("d")));
}

proptest! {
    #[test]
    fn random_edits_end_at_the_next_array(
        before in proptest::collection::btree_map("[a-e_]{1,3}", 0u32..3, 0..30),
        edits in proptest::collection::vec((0usize..40, 0u32..3), 0..6),
        added in proptest::collection::btree_map("[A-E]{1,2}", 0u32..3, 0..4),
        turn in 0usize..30,
        reversed in any::<bool>(),
        space in "[ \n\t]{0,2}",
    ) {
        let mut nodes: Vec<(&str, u32)> = before.iter().map(|(id, v)| (id.as_str(), *v)).collect();
        let text = array(&nodes);
        for (index, version) in edits {
            if index < nodes.len() {
                if version == 0 { nodes.remove(index); } else { nodes[index].1 = version; }
            }
        }
        nodes.extend(added.iter().map(|(id, v)| (id.as_str(), *v)));
        if !nodes.is_empty() {
            let turn = turn % nodes.len();
            nodes.rotate_left(turn);
        }
        if reversed {
            nodes.reverse();
        }
        let next = array(&nodes).replace("},{", &format!("}},{space}{{"));
        if let Some(difference) = flow_difference(&text, &next) {
            prop_assert_eq!(made(&text, &difference), parsed(&next));
            let naive: Vec<Value> = parsed(&next)
                .into_iter()
                .filter(|node| !parsed(&text).contains(node))
                .collect();
            prop_assert_eq!(parsed(&difference.nodes), naive);
        }
    }
}
