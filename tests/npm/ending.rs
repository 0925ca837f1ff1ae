//! npm is ended with whoever runs it, and goes on when nobody waits for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use node_red_storage_valkey::Error;
use serde_json::{Value, json};

use super::directory::{Directory, is_complete, until, wanted};
use super::registry::Registry;

const MARK: &str = ".node-red-storage-valkey/npm-run.json";

/// The process of the run that goes on.
pub(crate) fn pid(directory: &Directory) -> Option<u32> {
    let text = std::fs::read_to_string(directory.path().join(MARK)).ok()?;
    let mark: Value = serde_json::from_str(&text).ok()?;
    mark["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok())
}

/// Whether any process of npm's group is left.
pub(crate) fn group_is_alive(pid: u32) -> bool {
    let group = pid.to_string();
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // Behind the command in brackets: state, parent, group.
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
        let mut fields = fields.split_whitespace();
        fields.next().is_some_and(|state| state != "Z") && fields.nth(1) == Some(&group)
    })
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn end_returns_at_once_and_takes_all_children() {
    let registry = Registry::start();
    let script = json!({ "scripts": { "install": "trap '' TERM; sleep 600 & sleep 600" } });
    registry.publish("endless", "1.0.0", script);
    let directory = Directory::new(&registry);
    let npm = Arc::new(directory.npm());
    let changing = Arc::clone(&npm);
    let change =
        tokio::spawn(async move { changing.change(&wanted(&["endless@1.0.0"]), &[]).await });
    until("npm runs the script", || {
        directory.has("node_modules/endless/package.json") && pid(&directory).is_some()
    });
    let pid = pid(&directory).unwrap();
    assert!(group_is_alive(pid));
    let began = Instant::now();
    npm.end();
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(change.await.unwrap().fault, Some(Error::Closed));
    until("all processes are gone", || !group_is_alive(pid));
    assert_eq!(npm.change(&wanted(&["endless@1.0.0"]), &[]).await.fault, Some(Error::Closed));
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn dropping_the_value_ends_npm() {
    let registry = Registry::start();
    registry.hang(true);
    let directory = Directory::new(&registry);
    let npm = directory.npm();
    let list = wanted(&["a@1.0.0"]);
    let _ = tokio::time::timeout(Duration::from_millis(1), npm.change(&list, &[])).await;
    until("npm runs", || pid(&directory).is_some());
    let pid = pid(&directory).unwrap();
    drop(npm);
    until("it is gone", || !group_is_alive(pid));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waits_for_goes_on_and_the_next_waits_for_it() {
    let registry = Registry::start();
    registry.publish("a", "1.0.0", json!({}));
    registry.publish("b", "1.0.0", json!({}));
    let directory = Directory::new(&registry);
    let npm = directory.npm();
    let list = wanted(&["a@1.0.0"]);
    let early = tokio::time::timeout(Duration::from_millis(1), npm.change(&list, &[])).await;
    assert!(early.is_err());
    let outcome = npm.change(&wanted(&["b@1.0.0"]), &[]).await;
    assert!(is_complete(&outcome), "{outcome:?}");
    assert_eq!(directory.version("a").as_deref(), Some("1.0.0"));
    assert_eq!(directory.version("b").as_deref(), Some("1.0.0"));
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn an_npm_that_is_killed_from_outside_is_repaired_at_once() {
    let registry = Registry::start();
    for version in ["1.0.0", "2.0.0"] {
        registry.publish("a", version, json!({}));
    }
    registry.publish("slow", "1.0.0", json!({ "scripts": { "install": "sleep 600" } }));
    let directory = Directory::new(&registry);
    let npm = Arc::new(directory.npm());
    npm.change(&wanted(&["a@1.0.0"]), &[]).await;
    let before = directory.tree();
    let changing = Arc::clone(&npm);
    let list = wanted(&["a@2.0.0", "slow@1.0.0"]);
    let change = tokio::spawn(async move { changing.change(&list, &[]).await });
    until("the new one is there", || directory.version("a").as_deref() == Some("2.0.0"));
    let group = format!("-{}", pid(&directory).unwrap());
    let kill = std::process::Command::new("kill").args(["-KILL", "--", &group]).status();
    assert!(kill.unwrap().success());
    let fault = change.await.unwrap().fault.unwrap().to_string();
    assert!(fault.contains("killed"), "{fault}");
    assert!(directory.tree() == before);
    assert!(!directory.has(MARK));
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn stop_ends_one_change_with_all_its_children_and_no_later_one() {
    let registry = Registry::start();
    let script = json!({ "scripts": { "install": "trap '' TERM; sleep 600 & sleep 600" } });
    registry.publish("endless", "1.0.0", script);
    registry.publish("a", "1.0.0", json!({}));
    let directory = Directory::new(&registry);
    let npm = Arc::new(directory.npm());
    npm.stop();
    let changing = Arc::clone(&npm);
    let both = wanted(&["endless@1.0.0", "a@1.0.0"]);
    let change = tokio::spawn(async move { changing.change(&both, &[]).await });
    until("npm runs the script", || {
        directory.has("node_modules/endless/package.json") && pid(&directory).is_some()
    });
    let pid = pid(&directory).unwrap();
    npm.stop();
    let outcome = change.await.unwrap();
    assert!(outcome.stopped && outcome.runs == 1 && outcome.fault.is_some(), "{outcome:?}");
    until("all processes are gone", || !group_is_alive(pid));
    // What was half done is put right.
    assert!(!directory.has("node_modules/endless") && !directory.has("node_modules/a"));
    assert!(!npm.repair().await.unwrap());
    let outcome = npm.change(&wanted(&["a@1.0.0"]), &[]).await;
    assert!(is_complete(&outcome) && !outcome.stopped, "{outcome:?}");
}
