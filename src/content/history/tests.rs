use std::fmt::Write;

use proptest::prelude::*;

use super::difference::PropertyDifference;
use super::*;
use crate::content::sha256_hex;

fn entry(sequence: u64, flows: &str, credentials: &str) -> Entry {
    Entry {
        sequence,
        time: sequence,
        note: Note::default(),
        project: None,
        added: 0,
        changed: 0,
        removed: 0,
        tabs: Vec::new(),
        flows: sha256_hex(&[flows.as_bytes()]),
        credentials: sha256_hex(&[credentials.as_bytes()]),
        bytes: 0,
        payload: String::new(),
    }
}

fn state(flows: &str, credentials: &str) -> State {
    State { flows: flows.into(), credentials: credentials.into(), secret: None }
}

/// What is kept of deploys, oldest first, as an admin keeps it: the two newest whole.
fn kept(deploys: &[(String, String)]) -> (Index, Vec<Vec<u8>>) {
    let mut entries = Vec::new();
    let mut kept = Vec::new();
    for (place, (flows, credentials)) in deploys.iter().enumerate() {
        let whole = Payload::whole(flows, credentials, None);
        let payload = match (deploys.get(place + 1), deploys.get(place + 2)) {
            (Some(newer), Some(beyond)) if !(place as u64).is_multiple_of(CHECKPOINT_EVERY) => {
                let thinner = whole.clone().before((&newer.0, &newer.1), (&beyond.0, &beyond.1));
                thinner.unwrap_or(whole)
            }
            _ => whole,
        };
        let bytes = payload.encode().unwrap();
        let mut entry = entry(place as u64, flows, credentials);
        entry.set_payload(&bytes);
        entries.push(entry);
        kept.push(bytes);
    }
    (Index::of(entries), kept)
}

fn rebuilt((index, kept): &(Index, Vec<Vec<u8>>), place: usize) -> Result<State, crate::Error> {
    let mut chain = Chain::new(index, place as u64)?;
    while let Some(entry) = chain.wants() {
        let bytes = &kept[usize::try_from(entry.sequence).unwrap()];
        chain.give(&format!("{}.gz", entry.sequence), Ok(bytes.clone()));
    }
    chain.state()
}

#[test]
fn every_entry_is_rebuilt_to_the_byte() {
    let texts = [
        r#"[{"id":"t","type":"tab","label":"A"},{"id":"a","z":"t","type":"x"}]"#,
        r#"[{"id":"t","type":"tab","label":"B"},{"id":"a","z":"t","type":"x"},{"id":"a"}]"#,
        "[]",
        r#"[{"id":"a"},{"id":"a"},{"id":"a","n":"\ud800 \u00fc"}]"#,
        r#"[{"id":"a"} , {"id":"b"}]"#,
        r#"[{"id":"b"},{"id":"a"}]"#,
    ];
    let deploys: Vec<(String, String)> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| ((*text).to_owned(), format!("{{\"$\":\"{}\"}}", n / 2)))
        .collect();
    let kept = kept(&deploys);
    for (place, (flows, credentials)) in deploys.iter().enumerate() {
        assert_eq!(rebuilt(&kept, place).unwrap(), state(flows, credentials), "{place}");
    }
}

#[test]
fn one_that_is_damaged_costs_no_other_whichever_it_is() {
    let flows = |n: usize| format!(r#"[{{"id":"a","n":{n}}},{{"id":"b"}}]"#);
    let count = 2 * usize::try_from(CHECKPOINT_EVERY).unwrap() + 7;
    // Credentials that change every third time, so that each entry lacks others.
    let deploys: Vec<(String, String)> =
        (0..count).map(|n| (flows(n), format!("{{\"$\":\"{}\"}}", n / 3))).collect();
    let (index, whole) = kept(&deploys);
    for damaged in 0..count {
        let mut kept = whole.clone();
        // Of the small ones nothing but the index tells.
        let middle = kept[damaged].len() / 2;
        kept[damaged][middle] ^= 1;
        let kept = (index.clone(), kept);
        for (place, (flows, credentials)) in deploys.iter().enumerate() {
            let found = rebuilt(&kept, place);
            if place == damaged {
                let error = found.unwrap_err().to_string();
                assert!(error.contains(&format!("{damaged}.gz")), "{error}");
            } else {
                assert_eq!(found.unwrap(), state(flows, credentials), "{place} without {damaged}");
            }
        }
    }
}

#[test]
fn two_next_to_each_other_cost_what_is_older_up_to_the_next_that_is_whole() {
    let flows = |n: u32| format!(r#"[{{"id":"a","n":{n}}},{{"id":"b"}}]"#);
    let deploys: Vec<(String, String)> = (0..60).map(|n| (flows(n), "{}".to_owned())).collect();
    let (index, mut kept) = kept(&deploys);
    kept[55] = b"no gzip".to_vec();
    kept[56] = Payload::whole("[]", "{}", None).encode().unwrap();
    let kept = (index, kept);
    for place in 0..60 {
        let found = rebuilt(&kept, place);
        if (51..=56).contains(&place) {
            let error = found.unwrap_err();
            assert_eq!(error.code(), "ERR_VALKEY_HISTORY");
            let which = if place == 56 { "56.gz" } else { "55" };
            assert!(error.to_string().contains(which), "{error}");
        } else {
            assert!(found.is_ok(), "{place}");
        }
    }
}

#[test]
fn bounds_leave_the_newest() {
    let entries: Vec<Entry> = (1..=10).map(|n| Entry { bytes: 10, ..entry(n, "", "") }).collect();
    let dropped = |most, bytes| to_drop(&entries, Bounds { entries: most, bytes });
    assert_eq!(dropped(200, 1000), 0);
    assert_eq!(dropped(3, 1000), 7);
    assert_eq!(dropped(200, 45), 6);
    assert_eq!(dropped(1, 1), 9);
    assert_eq!(to_drop(&[], Bounds { entries: 1, bytes: 1 }), 0);
}

#[test]
fn an_index_is_read_back_and_checked() {
    let entries = vec![
        Entry {
            note: Note { user: Some("ann".into()), ..Note::of(Origin::Deploy) },
            ..entry(1, "[]", "{}")
        },
        Entry { note: Note { to: Some(1), ..Note::of(Origin::Rollback) }, ..entry(2, "[]", "{}") },
    ];
    let index = Index::of(entries);
    let text = index.text().unwrap();
    assert_eq!(Index::parse("x", &text).unwrap(), index);
    let later = text.replace("\"deploy\"", "\"dream\"");
    assert_eq!(Index::parse("x", &later).unwrap().entries[0].note.origin, Origin::Other);
    for broken in
        ["", "[]", "{\"version\":2,\"entries\":[]}", &text.replace(":2,\"time", ":1,\"time")]
    {
        assert_eq!(Index::parse("x", broken).unwrap_err().code(), "ERR_VALKEY_VALUE", "{broken}");
    }
    let long = text.replace("ann", &"x".repeat(10_000));
    assert!(Index::parse("x", &long).unwrap().text().unwrap().len() < 2000);
}

#[test]
fn two_histories_become_one() {
    let index = |entries: &[(u64, u64)]| {
        Index::of(entries.iter().map(|&(n, time)| Entry { time, ..entry(n, "", "") }).collect())
    };
    type Numbers<'a> = &'a [(u64, u64)];
    let cases: [(Numbers<'_>, Numbers<'_>, Numbers<'_>); 5] = [
        // A disk that was emptied.
        (&[(1, 10), (2, 20)], &[], &[(1, 10), (2, 20)]),
        // One that was emptied and deployed to meanwhile.
        (&[(1, 10), (2, 20)], &[(1, 30), (2, 40)], &[(1, 10), (2, 20), (3, 30), (4, 40)]),
        // Nothing but newer ones here.
        (&[(1, 10), (2, 20)], &[(1, 10), (2, 20), (3, 30)], &[(1, 10), (2, 20), (3, 30)]),
        // A disk from a backup.
        (&[(1, 10), (2, 20), (3, 30)], &[(1, 10), (2, 25)], &[(1, 10), (2, 20), (3, 30), (4, 25)]),
        (&[(1, 10), (2, 20), (3, 30)], &[(1, 10), (2, 20)], &[(1, 10), (2, 20), (3, 30)]),
    ];
    for (stored, own, both) in cases {
        let (found, taken) = index(stored).followed_by(&index(own));
        assert_eq!(found, index(both));
        assert_eq!(taken, both.len() - stored.len());
    }
}

#[test]
fn a_summary_counts_nodes_and_names_tabs() {
    let older = r#"[{"id":"t","type":"tab","label":"Line 1"},{"id":"a","z":"t"},{"id":"b","z":"t"},{"id":"c"}]"#;
    let newer = r#"[{"id":"t","type":"tab","label":"Line 1"},{"id":"b","z":"t","x":1},{"id":"c"},{"id":"d"}]"#;
    let tabs = vec!["Line 1".to_owned()];
    assert_eq!(summary(older, newer), Summary { added: 1, changed: 1, removed: 1, tabs });
    assert_eq!(summary(older, older), Summary::default());
    assert_eq!(summary("no", "JSON"), Summary::default());
}

#[test]
fn a_difference_is_told_by_tab_node_and_property() {
    let code = "x".repeat(1000);
    let older = format!(
        r#"[{{"id":"t","type":"tab","label":"Line 1"}},{{"id":"a","z":"t","type":"f","name":"F","func":"{code}one","n":1,"credentials":{{"k":"SECRET1"}}}},{{"id":"b","type":"c"}}]"#
    );
    let newer = format!(
        r#"[{{"id":"t","type":"tab","label":"Line 1"}},{{"id":"a","z":"t","type":"f","name":"F","func":"{code}two","m":[1],"credentials":{{"k":"SECRET2"}}}},{{"id":"d","type":"c"}}]"#
    );
    let found =
        difference(&state(&older, "{\"$\":\"SECRET3\"}"), &state(&newer, "{\"$\":\"SECRET4\"}"));
    let text = serde_json::to_string(&found).unwrap();
    assert!(!text.contains("SECRET"), "{text}");
    assert!(found.credentials_changed && found.left_out == 0);
    let [tab, none] = &found.tabs[..] else { panic!("{found:?}") };
    assert_eq!((tab.id.as_str(), tab.name.as_str()), ("t", "Line 1"));
    let lead = format!("…{}", "x".repeat(40));
    let property = |name: &str, before: Option<&str>, after: Option<&str>| PropertyDifference {
        name: name.into(),
        before: before.map(Into::into),
        after: after.map(Into::into),
    };
    assert_eq!(
        tab.nodes[0].properties,
        [
            property("func", Some(&format!("{lead}one")), Some(&format!("{lead}two"))),
            property("m", None, Some("[1]")),
            property("credentials", None, None),
            property("n", Some("1"), None),
        ]
    );
    let changes: Vec<_> = none.nodes.iter().map(|node| (node.id.as_str(), node.change)).collect();
    assert_eq!(changes, [("d", "added"), ("b", "removed")]);
}

/// Nodes of about 250 bytes each, like those of real flows.
fn flows(nodes: usize, edited: impl Fn(usize) -> usize) -> String {
    let mut text = String::from(
        r#"[{"id":"tab0000000000001","type":"tab","label":"Line","disabled":false,"info":""}"#,
    );
    for node in 0..nodes {
        let hash = sha256_hex(&[&node.to_le_bytes()]);
        let (id, other) = (&hash[..16], &hash[16..32]);
        let _ = write!(
            text,
            r#",{{"id":"{id}","type":"change","z":"tab0000000000001","name":"step {node} of {}","rules":[{{"t":"set","p":"payload.{node}","pt":"msg","to":"{node}","tot":"str"}}],"action":"","from":"","to":"","reg":false,"x":{},"y":{},"wires":[["{other}"]]}}"#,
            edited(node),
            node % 900,
            node * 20
        );
    }
    text.push(']');
    text
}

#[test]
fn a_small_deploy_of_a_megabyte_takes_next_to_nothing() {
    let deploys: Vec<(String, String)> = (0..3)
        .map(|n| (flows(4000, |node| if node == n { 1 } else { 0 }), "{\"$\":\"x\"}".to_owned()))
        .collect();
    assert!(deploys[0].0.len() > 1_000_000, "{}", deploys[0].0.len());
    let whole = Payload::whole(&deploys[0].0, &deploys[0].1, None)
        .before((&deploys[1].0, &deploys[1].1), (&deploys[2].0, &deploys[2].1));
    let bytes = whole.unwrap().encode().unwrap().len();
    assert!(bytes < 1000, "{bytes}");
}

/// A node, often the same as others.
fn node() -> impl Strategy<Value = String> {
    (0..6_u8, 0..3_u8, "[a-z\u{e4}\"\\\\]{0,3}").prop_map(|(id, z, name)| {
        serde_json::json!({"id": format!("n{id}"), "z": format!("t{z}"), "type": "x", "name": name})
            .to_string()
    })
}

fn deploy() -> impl Strategy<Value = (String, String)> {
    (prop::collection::vec(node(), 0..12), 0..3_u8).prop_map(|(nodes, credentials)| {
        (format!("[{}]", nodes.join(",")), format!("{{\"$\":\"{credentials}\"}}"))
    })
}

proptest! {
    #[test]
    fn any_deploys_are_rebuilt(deploys in prop::collection::vec(deploy(), 1..8)) {
        let kept = kept(&deploys);
        for (place, (flows, credentials)) in deploys.iter().enumerate() {
            prop_assert_eq!(rebuilt(&kept, place).unwrap(), state(flows, credentials));
        }
    }

    #[test]
    fn any_damage_is_told_and_nothing_else_is_given(
        deploys in prop::collection::vec(deploy(), 1..8),
        damage in prop::collection::vec((0..8_usize, any::<u16>(), any::<u8>()), 0..4),
    ) {
        let (index, mut kept) = kept(&deploys);
        let count = kept.len();
        for (place, at, bits) in damage {
            let bytes = &mut kept[place % count];
            let at = usize::from(at) % bytes.len();
            bytes[at] ^= bits;
        }
        let kept = (index, kept);
        for (place, (flows, credentials)) in deploys.iter().enumerate() {
            if let Ok(found) = rebuilt(&kept, place) {
                prop_assert_eq!(found, state(flows, credentials));
            }
        }
    }

    #[test]
    fn what_differs_is_what_a_reader_counts((older, _) in deploy(), (newer, _) in deploy()) {
        let told = difference(&state(&older, ""), &state(&newer, ""));
        let counted = summary(&older, &newer);
        let nodes: usize = told.tabs.iter().map(|tab| tab.nodes.len()).sum();
        prop_assert_eq!(nodes, counted.added + counted.changed + counted.removed);
        prop_assert!((nodes == 0) || older != newer);
    }

    #[test]
    fn no_text_panics(one in "[\\[\\]{}\",:a1\\\\ ]{0,60}", other in "\\PC{0,60}", bytes: Vec<u8>) {
        let _ = difference(&state(&one, ""), &state(&other, ""));
        let _ = summary(&one, &other);
        let _ = Index::parse("x", &one);
        let _ = Payload::whole(&one, &other, None).before((&other, &one), (&one, &other));
        let _ = Payload::decode("x", &bytes);
        let text = format!("{{\"runs\":[[0,9,9]]}}\n[{one}]");
        let index = Index::of(vec![entry(1, "", ""), entry(2, "", "")]);
        let mut chain = Chain::lenient(&index, 1).unwrap();
        chain.give("x", Ok(text.into_bytes()));
        chain.give("x", Payload::whole(&one, &other, None).encode());
        let _ = chain.state();
    }
}
