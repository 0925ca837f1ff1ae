//! Packages that can't be installed keep nothing else out, and are tried again.

use std::time::{Duration, Instant};

use node_red_storage_valkey::config::Role;
use node_red_storage_valkey::role::packages::{HostInfo, NpmCommand};
use serde_json::json;

use super::common::log::Log;
use super::common::npm::UserDir;
use super::common::server::Server;
use super::common::until;
use super::packages_support::{LONG, options, publish, start, start_as, store, until_holds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fails_keeps_no_other_out_and_comes_later() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    dir.lacks(&["gone"]);
    publish(&server, r#"{"a":"1.0.0","b":"1.0.0","gone":"1.2.3"}"#);
    until("the next attempt is planned", LONG, async || log.count("next attempt") == 1).await;
    assert!(dir.holds("a@1.0.0 b@1.0.0"), "{:?}", dir.installed());
    assert_eq!(running.missing(), ["gone"]);
    let new = |name| json!({ "name": name, "version": "1.0.0", "from": null });
    assert_eq!(running.palette.jobs(), [json!({ "load": [new("a"), new("b")] })]);
    let lines = log.lines();
    assert!(lines.contains(&"ERROR package gone could not be changed:".into()), "{lines:?}");
    let words = "ERROR npm: 404  'gone@1.2.3' is not in this registry.";
    assert!(lines.iter().any(|line| line == words), "{lines:?}");
    assert!(!running.worker.wait_for_packages(Duration::from_millis(200)).await);

    dir.lacks(&[]);
    running.settles().await;
    assert!(dir.holds("a@1.0.0 b@1.0.0 gone@1.2.3"));
    assert_eq!(running.missing(), [""; 0]);
    assert_eq!(running.palette.jobs()[1]["load"][0]["name"], "gone");
    assert_eq!(running.palette.jobs()[1]["load"].as_array().unwrap().len(), 1);
    let runs = dir.runs();
    let [.., failed, again] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!(again.packages, ["gone@1.2.3"], "only what lacks");
    let pause = again.began - failed.ended.unwrap();
    assert!(pause >= 1900, "{pause} ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn announcements_do_not_hasten_another_attempt() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    dir.lacks(&["gone"]);
    let list = r#"{"gone":"1.2.3"}"#;
    publish(&server, list);
    until("the next attempt is planned", LONG, async || log.count("next attempt") == 1).await;
    until("the next attempt fails", LONG, async || {
        publish(&server, list);
        log.count("next attempt") == 2
    })
    .await;
    let runs = dir.runs();
    assert_eq!(runs.len(), 2, "{runs:?}");
    assert!(runs[1].began - runs[0].ended.unwrap() >= 1900, "{runs:?}");
    drop(running);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_list_waits_for_no_pause() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    store(&server, r#"{"gone":"1.2.3"}"#);
    let dir = UserDir::new();
    dir.lacks(&["gone"]);
    let running = start(&server, &dir).await;
    until("the second attempt fails", LONG, async || log.count("next attempt") == 2).await;
    // The third would begin after 4 s at the earliest.
    let began = Instant::now();
    publish(&server, r#"{"a":"1.0.0","gone":"1.2.3"}"#);
    until_holds(&dir, "a@1.0.0").await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    // What never came has nothing to be taken away, and is waited for no longer.
    publish(&server, r#"{"a":"1.0.0"}"#);
    running.settles().await;
    assert!(running.palette.jobs().iter().all(|job| job.get("remove").is_none()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_is_away_is_told_once_an_attempt() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0","b":"1.0.0","c":"1.0.0","d":"1.0.0"}"#);
    let dir = UserDir::with(&[("mine", "1.0.0")]);
    dir.breaks("npm error code ENOTFOUND\nnpm error network request failed\n");
    let running = start(&server, &dir).await;
    assert_eq!(running.missing(), ["a", "b", "c", "d"]);
    // No use in asking for each of them.
    assert_eq!(dir.runs().len(), 1);
    assert_eq!(log.count("network request failed"), 1, "{:?}", log.lines());
    assert!(log.lines().iter().any(|line| line.starts_with("ERROR") && line.contains("ENOTFOUND")));
    dir.mends();
    running.settles().await;
    assert!(dir.holds("a@1.0.0 b@1.0.0 c@1.0.0 d@1.0.0 mine@1.0.0"));
    // Node-RED had looked for nodes before they came.
    assert_eq!(running.palette.jobs()[0]["load"].as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_npm_that_is_not_there_is_told_and_tried_again() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::new();
    let npm = NpmCommand { program: "/nowhere/npm".into(), args: vec![] };
    let info = HostInfo { npm, ..dir.host_info() };
    let running = start_as(options(&server, Role::Worker), &dir, info).await;
    assert_eq!(log.count("/nowhere/npm"), 1, "{:?}", log.lines());
    until("another attempt", LONG, async || log.count("/nowhere/npm") == 2).await;
    assert_eq!(running.missing(), ["a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_that_the_admin_lives_with_is_overridden_and_told() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    dir.conflicts(
        "npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree\nnpm error peer b@\"^1.0.0\" from a@1.0.0\n",
    );
    publish(&server, r#"{"a":"1.0.0","b":"2.0.0"}"#);
    running.settles().await;
    assert!(dir.holds("a@1.0.0 b@2.0.0"), "{:?}", dir.installed());
    let run = "install a@1.0.0 b@2.0.0";
    assert_eq!(dir.said(), [run, run]);
    let is_legacy = |run| dir.flags(run).contains(&"--legacy-peer-deps".to_owned());
    assert_eq!([is_legacy(0), is_legacy(1)], [false, true]);
    let lines = log.lines();
    assert!(lines.contains(&"WARN npm: peer b@\"^1.0.0\" from a@1.0.0".into()), "{lines:?}");
    assert_eq!(log.count("ERROR") + log.count("next attempt"), 0, "{lines:?}");
}
