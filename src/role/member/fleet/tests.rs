//! The fleet, from what was read of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Fleet, State, View};
use crate::store::fleet::Heard;

/// A report as an instance stores it, with some members of its own.
pub(super) fn report(own: &Value) -> Value {
    let mut report = json!({
        "tick": 100, "host": "box", "place": "aaaa", "role": "worker", "labels": [], "version": "5.0.0",
        "nodeRed": "4.1.0", "node": "v20.0.0", "uptime": 60, "revision": "1002", "since": 30, "ready": true,
        "missing": [], "notes": [], "flows": "running", "missingTypes": [], "packages": null,
        "connection": "ready", "errors": 0, "lastError": null, "rss": 1, "delay": { "p99": 1, "max": 2 },
        "tabs": [], "context": null,
    });
    for (name, value) in own.as_object().unwrap() {
        report[name] = value.clone();
    }
    report
}

/// What was heard, so many ms ago; ids count up.
fn heard(list: &[(u64, Value)]) -> Vec<Heard> {
    let entry = |(number, (silent, own)): (usize, &(u64, Value))| Heard {
        id: format!("{number:016x}"),
        silent: Duration::from_millis(*silent),
        report: Some(report(own).to_string()),
    };
    list.iter().enumerate().map(entry).collect()
}

fn view(list: &[(u64, Value)], revision: Option<&str>, known: Option<&str>) -> View {
    let revision = revision.map(str::to_owned);
    View::new(Fleet { now: 1_000_000, entries: heard(list), revision }, known)
}

fn names(view: &View) -> Vec<&str> {
    view.instances.iter().map(|instance| instance.name.as_str()).collect()
}

#[test]
fn each_is_in_step_behind_not_ready_or_lost_and_says_why() {
    let recent = ["1002", "1001", "1000"];
    let view = view(
        &[
            (500, json!({ "host": "a" })),
            (
                500,
                json!({ "host": "b", "revision": "1001", "notes": ["packages: not in step (x)"] }),
            ),
            (500, json!({ "host": "c", "ready": false, "missing": ["flows: missing types (x)"] })),
            (900, json!({ "host": "d", "tick": 6000 })),
            (12_000, json!({ "host": "e" })),
            (500, json!({ "host": "f", "ready": false })),
            (
                500,
                json!({ "host": "g", "revision": "1001", "lastError": { "text": "npm", "ago": 5 } }),
            ),
            (
                500,
                json!({ "host": "h", "revision": "9", "lastError": { "text": "npm", "ago": 90 } }),
            ),
            (500, json!({ "host": "z", "role": "admin", "recent": recent })),
        ],
        Some("1002"),
        None,
    );
    let states: Vec<_> = view
        .instances
        .iter()
        .map(|one| (one.name.as_str(), one.state.name(), one.behind, one.error.as_deref()))
        .collect();
    assert_eq!(
        states,
        [
            ("a", "in step", Some(0), None),
            ("b", "behind", Some(1), Some("packages: not in step (x)")),
            ("c", "not ready", Some(0), Some("flows: missing types (x)")),
            ("d", "not ready", Some(0), Some("its event loop has been blocked for 6 s")),
            ("e", "lost", Some(0), Some("nothing was heard of it for 12 s")),
            ("f", "not ready", Some(0), Some("it does not say why")),
            ("g", "behind", Some(1), Some("npm")),
            ("h", "behind", None, None),
            ("z", "in step", Some(0), None),
        ]
    );
    assert_eq!((view.revision.as_deref(), view.total, view.in_step), (Some("1002"), 8, 1));
    let counts = [State::InStep, State::Behind, State::NotReady, State::Lost];
    assert_eq!(counts.map(|state| view.workers(state)), [1, 3, 3, 1]);
    // By the server's clock: silent for 0.5 s, told 0.1 s before, and then for 30 s.
    assert_eq!(view.instances[0].since, Some(969_000));
}

#[test]
fn how_many_deploys_one_is_behind_is_known_as_far_back_as_the_admin_tells() {
    let behind = |revision: &str, stored| {
        let recent = ["1003", "1002", "1001"];
        let admin = json!({ "role": "admin", "host": "z", "recent": recent });
        let list = [(500, json!({ "revision": revision })), (500, admin)];
        view(&list, Some(stored), None).instances[0].behind
    };
    let seen = [("1003", "1003"), ("1001", "1003"), ("9", "1003"), ("1001", "1002")];
    assert_eq!(seen.map(|(own, stored)| behind(own, stored)), [Some(0), Some(2), None, Some(1)]);
    // The admin has deployed since, and has not told yet.
    assert_eq!(behind("1003", "1004"), None);
}

#[test]
fn where_the_stored_revision_must_not_be_read_the_admin_that_was_heard_last_says_it() {
    let list = [
        (500, json!({ "host": "a", "revision": "7" })),
        (900, json!({ "host": "y", "role": "admin", "revision": "6" })),
        (500, json!({ "host": "z", "role": "admin", "revision": "8" })),
    ];
    let of_admin = view(&list, None, None);
    assert_eq!((of_admin.revision.as_deref(), of_admin.in_step), (Some("8"), 0));
    let known = view(&list, None, Some("7"));
    assert_eq!((known.revision.as_deref(), known.in_step), (Some("7"), 1));
    assert_eq!(view(&list[..1], None, None).revision, None);
}

#[test]
fn two_with_one_host_name_are_told_apart_and_keep_their_names() {
    let mut list = vec![
        (500, json!({ "host": "a", "place": "1111aaaa" })),
        (500, json!({ "host": "a", "place": "2222aaaa" })),
        (500, json!({ "host": "b" })),
    ];
    assert_eq!(names(&view(&list, None, None)), ["a~1111", "a~2222", "b"]);
    list.reverse();
    assert_eq!(names(&view(&list, None, None)), ["a~1111", "a~2222", "b"]);
}

#[test]
fn a_process_that_was_followed_by_another_one_of_its_installation_is_not_lost_but_gone() {
    let view = view(
        &[
            (40_000, json!({ "place": "p" })),
            (900, json!({ "place": "p" })),
            (50_000, json!({ "place": "q" })),
            (60_000, json!({ "place": "q" })),
            // On another machine with the same path.
            (30_000, json!({ "place": "p", "host": "other" })),
        ],
        None,
        None,
    );
    let states: Vec<_> =
        view.instances.iter().map(|one| (one.name.as_str(), one.state.name())).collect();
    assert_eq!(states, [("box~p", "in step"), ("box~q", "lost"), ("other", "lost")]);
}

#[test]
fn what_is_no_report_is_left_out() {
    let mut entries = heard(&[(500, json!({}))]);
    entries[0].report = Some(r#"{"role":"king"}"#.into());
    entries.push(Heard { id: "x".into(), silent: Duration::ZERO, report: None });
    let view = View::new(Fleet { now: 0, entries, revision: None }, None);
    assert_eq!((view.instances.len(), view.total, view.revision), (0, 0, None));
}

#[test]
fn what_cannot_be_has_no_age_before_all_time() {
    let list = [(500, json!({ "since": 1e308, "tick": 1e308 }))];
    assert!(view(&list, None, None).instances[0].since.unwrap() < 0);
}

#[test]
fn it_is_told_as_documented() {
    let view = view(&[(500, json!({ "labels": ["site-a"] }))], Some("1002"), None);
    let told = serde_json::to_string(&view).unwrap();
    let begin = r#"{"revision":"1002","total":1,"inStep":1,"instances":[{"id":"0000000000000000","name":"box","role":"worker","labels":["site-a"],"revision":"1002","behind":0,"state":"in step","error":null,"since":969000,"report":{"host":"box","place":"aaaa","role":"worker","labels":["site-a"],"once":null,"#;
    assert!(told.starts_with(begin), "{told}");
}
