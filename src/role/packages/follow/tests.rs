use super::*;
use std::collections::BTreeSet;

#[test]
fn pauses_grow_up_to_ten_minutes_and_differ() {
    let mut backoff = TRY_AGAIN;
    for full in [4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 600.0, 600.0] {
        let pause = backoff.next_wait().as_secs_f64();
        assert!(pause >= full / 2.0 && pause <= full, "{pause} for {full}");
    }
}

fn target() -> Target {
    Target::of(PackageList::parse("k", r#"{"a":"1.0.0"}"#).unwrap())
}

fn missing() -> Left {
    Left { missing: vec!["a".into()], ..Left::default() }
}

#[test]
fn a_failure_is_tried_again_and_a_new_list_at_once() {
    let mut target = target();
    assert_eq!(target.rest(), Some(Duration::ZERO));
    target.settle(Ok(missing()), false);
    assert!(target.rest().is_some_and(|rest| rest > Duration::from_secs(1)));
    assert_eq!(target.missing, ["a"]);
    assert!(!target.in_step);
    target.settle(Ok(Left { removals: true, ..Left::default() }), false);
    assert!(target.in_step && target.rest().is_some());
    target.settle(Ok(Left { unloaded: vec!["a".into()], ..Left::default() }), false);
    assert!(target.in_step && target.rest().is_some());
    target.settle(Ok(Left::default()), false);
    assert!(target.in_step && target.rest().is_none());
    // What was ended for another list: at once.
    target.settle(Ok(Left { superseded: true, ..missing() }), false);
    assert!(!target.in_step && target.rest() == Some(Duration::ZERO));
}

#[test]
fn another_attempt_comes_with_its_reason() {
    let left = Left { removals: true, unloaded: vec!["b".into(), "c".into()], ..missing() };
    assert_eq!(
        left.why(),
        "not installed: a; what left the list could not be removed; not loaded: b, c"
    );
}

#[test]
fn what_the_registry_does_not_have_ends_only_a_restoring() {
    let unknown = || Left { unknown: BTreeSet::from(["a".to_owned()]), ..missing() };
    for (left, once, over) in [
        (unknown(), false, false),
        (unknown(), true, true),
        (missing(), true, false),
        (Left { removals: true, ..unknown() }, true, false),
        (Left { unloaded: vec!["a".into()], ..Left::default() }, true, true),
    ] {
        let mut target = target();
        target.settle(Ok(left), once);
        assert_eq!(target.due.is_none(), over);
    }
}

#[test]
fn an_attempt_that_a_deploy_waits_for_comes_soon() {
    let mut target = target();
    for _ in 0..5 {
        target.backoff.next_wait();
    }
    target.settle(Ok(missing()), false);
    assert!(target.rest().is_some_and(|rest| rest > Duration::from_secs(50)));
    for _ in 0..2 {
        target.hasten();
        let rest = target.rest().unwrap();
        assert!(rest <= PAUSE_OF_A_DEPLOY && rest > Duration::from_secs(1), "{rest:?}");
    }
    // One that comes sooner is not put off, and where nothing is to be done nothing is.
    target.due = Some(Instant::now());
    target.hasten();
    assert_eq!(target.rest(), Some(Duration::ZERO));
    target.settle(Ok(Left::default()), false);
    target.hasten();
    assert_eq!(target.rest(), None);
}
