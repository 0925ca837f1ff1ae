//! A running worker's packages follow the list.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use node_red_storage_valkey::config::Role;
use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::role::packages::Outcome;
use serde_json::json;

use super::common::instance::calls;
use super::common::log::Log;
use super::common::npm::UserDir;
use super::common::server::Server;
use super::common::until;
use super::packages_support::{LONG, hint, options, publish, start, start_as, store, until_run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_list_is_installed_by_one_run_and_loaded_by_one_job() {
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    publish(&server, r#"{"a":"1.0.0","b":"1.0.0"}"#);
    running.settles().await;
    let new = |name| json!({ "name": name, "version": "1.0.0", "from": null });
    assert_eq!(running.palette.jobs(), [json!({ "load": [new("a"), new("b")] })]);
    assert_eq!(running.events.count(&Event::Packages), 1);
    // An upgrade tells from which version, and what has not changed is not loaded again.
    publish(&server, r#"{"a":"1.0.0","b":"1.1.0"}"#);
    running.settles().await;
    let upgrade = json!({ "load": [{ "name": "b", "version": "1.1.0", "from": "1.0.0" }] });
    assert_eq!(running.palette.jobs()[1..], [upgrade]);
    assert_eq!(running.events.count(&Event::Packages), 2);
    assert_eq!(dir.said(), ["install a@1.0.0 b@1.0.0", "install b@1.1.0"]);
    assert!(dir.holds("a@1.0.0 b@1.1.0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_alone_and_ranges_are_a_list_too() {
    let server = Server::start(&[]);
    let dir = UserDir::with(&[("c", "1.4.0")]);
    let running = start(&server, &dir).await;
    // As earlier modules wrote it.
    publish(&server, r#"["a","c"]"#);
    running.settles().await;
    publish(&server, r#"{"a":"^2.1.0","c":"1.x"}"#);
    running.settles().await;
    assert_eq!(dir.said(), ["install a@*", "install a@^2.1.0"]);
    let versions: Vec<_> =
        running.palette.jobs().iter().map(|job| job["load"][0]["version"].clone()).collect();
    assert_eq!(versions, ["1.0.0", "2.1.0"], "exact ones");
    assert!(dir.holds("a@2.1.0 c@1.4.0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packages_are_settled_when_the_job_is_done_and_not_before() {
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    dir.hangs();
    publish(&server, r#"{"a":"1.0.0"}"#);
    let (worker, patience) = (&running.worker, Duration::from_millis(400));
    let began = Instant::now();
    assert!(!worker.wait_for_packages(patience).await);
    assert!(began.elapsed() >= patience, "{:?}", began.elapsed());
    until_run(&dir, 1).await;
    assert_eq!(running.missing(), ["a"]);
    // Files alone are not enough.
    let packages = worker.packages().unwrap().clone();
    drop(running.palette);
    dir.goes_on();
    until("the job comes", LONG, async || packages.job().is_some()).await;
    assert!(!worker.wait_for_packages(patience).await);
    let waiting = worker.wait_for_packages(LONG);
    let done = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let loaded = BTreeSet::from(["a".to_owned()]);
        packages.job_done(packages.job().unwrap().id, Outcome { loaded, ..Outcome::default() });
    };
    assert!(tokio::join!(waiting, done).0);
    assert_eq!(packages.missing(), Some(Vec::new()));
    assert_eq!(packages.job(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_packages_finds_a_list_that_nobody_announced() {
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    store(&server, r#"{"a":"1.0.0"}"#);
    running.settles().await;
    assert!(dir.holds("a@1.0.0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_lists_the_last_is_installed_by_runs_one_after_the_other() {
    let server = Server::start(&[]);
    let dir = UserDir::with(&[("mine", "1.0.0")]);
    let running = start(&server, &dir).await;
    for number in 0..20 {
        publish(&server, &format!(r#"{{"all":"1.0.{number}","only-{number}":"1.0.0"}}"#));
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    running.settles().await;
    assert!(dir.holds("all@1.0.19 mine@1.0.0 only-19@1.0.0"), "{:?}", dir.installed());
    // Reading them checks that no two went on at a time.
    let runs = dir.runs();
    println!("20 lists: {} runs", runs.len());
    assert!(runs.iter().all(|run| run.ended.is_some()), "{runs:?}");
    assert!(runs.len() < 20, "{runs:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_that_came_during_a_run_is_worked_on_after_it() {
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    dir.hangs();
    publish(&server, r#"{"a":"1.0.0"}"#);
    until_run(&dir, 1).await;
    publish(&server, r#"{"b":"1.0.0"}"#);
    publish(&server, r#"{"c":"1.0.0"}"#);
    dir.goes_on();
    running.settles().await;
    assert!(dir.holds("c@1.0.0"), "{:?}", dir.installed());
    assert_eq!(dir.said()[0], "install a@1.0.0");
    assert!(!dir.said().iter().any(|run| run.contains('b')), "{:?}", dir.said());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_only_says_that_it_is_time_to_read() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    let mut connection = server.admin();
    for message in
        [r#"{"evil":"1.0.0"}"#, r#"["evil"]"#, "{}", "[]", "", "\0\u{1b}[2J", "--global", "{"]
    {
        let reads = calls(&mut connection, "getrange");
        hint(&server, message);
        until("the list is read", LONG, async || calls(&mut connection, "getrange") > reads).await;
    }
    running.settles().await;
    assert_eq!(dir.said(), ["install a@1.0.0"]);
    assert_eq!(running.palette.jobs().len(), 0);
    // And that whatever it says.
    store(&server, r#"{"a":"1.0.0","b":"1.0.0"}"#);
    let huge = "x".repeat(1_000_000);
    hint(&server, &huge);
    until("the list is installed", Duration::from_secs(15), async || dir.holds("a@1.0.0 b@1.0.0"))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_announcements_is_no_flood_of_reads() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::with(&[("a", "1.0.0")]);
    let running = start(&server, &dir).await;
    running.settles().await;
    let mut connection = server.admin();
    let before = calls(&mut connection, "getrange");
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(500) {
        redis::cmd("PUBLISH").arg("n:packages:updated").arg("x").exec(&mut connection).unwrap();
    }
    running.settles().await;
    let reads = calls(&mut connection, "getrange") - before;
    let ticks = u64::try_from(began.elapsed().as_millis() / 50).unwrap();
    assert!((1..=67 + ticks).contains(&reads), "{reads} reads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_npm_that_takes_long_gives_way_to_another_list_and_to_no_other() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = UserDir::with(&[("mine", "1.0.0")]);
    let info = dir.host_info_with(json!({ "runGrace": 100 }));
    let running = start_as(options(&server, Role::Worker), &dir, info).await;
    dir.hangs();
    publish(&server, r#"{"a":"1.0.0"}"#);
    until_run(&dir, 1).await;
    let mut connection = server.admin();
    for _ in 0..3 {
        let reads = calls(&mut connection, "getrange");
        hint(&server, "x");
        until("the list is read", LONG, async || calls(&mut connection, "getrange") > reads).await;
    }
    assert!(dir.is_running() && dir.runs().len() == 1);
    publish(&server, r#"{"b":"1.0.0"}"#);
    until_run(&dir, 2).await;
    dir.goes_on();
    running.settles().await;
    assert!(dir.holds("b@1.0.0 mine@1.0.0"), "{:?}", dir.installed());
    assert_eq!(dir.said(), ["install a@1.0.0", "install b@1.0.0"]);
    assert_eq!(log.count("another package list is stored"), 1, "{:?}", log.lines());
    assert_eq!(log.count("next attempt") + log.count("ERROR"), 0, "{:?}", log.lines());
}
