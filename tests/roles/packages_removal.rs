//! What leaves the list goes, when nothing uses it.

use std::time::{Duration, Instant};

use node_red_storage_valkey::config::Role;
use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::store::Store;
use serde_json::{Value, json};

use super::common::instance::{self, deploy};
use super::common::log::Log;
use super::common::npm::UserDir;
use super::common::server::Server;
use super::common::until;
use super::packages_support::{LONG, Running, options, publish, start, start_as, store, until_run};
use super::{admin_options, start_flows, write};

fn removals(running: &Running) -> Vec<Value> {
    running.palette.jobs().into_iter().filter(|job| job.get("remove").is_some()).collect()
}

/// A worker that runs deploy 1, and the store that it was written with.
async fn with_flows(server: &Server, dir: &UserDir) -> (Running, Store) {
    let flows = instance::store(&admin_options(server)).await;
    write(&flows, &deploy(1), 10).await;
    let running = start(server, dir).await;
    start_flows(&running.worker).await;
    (running, flows)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_left_the_list_goes_and_what_no_list_brought_stays() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0","b":"1.0.0","@s/c":"1.0.0"}"#);
    let dir = UserDir::with(&[("mine", "1.0.0")]);
    let running = start(&server, &dir).await;
    publish(&server, r#"{"b":"1.0.0"}"#);
    running.settles().await;
    assert_eq!(running.palette.jobs(), [json!({ "remove": ["@s/c", "a"] })]);
    assert_eq!(dir.said()[1..], ["uninstall @s/c a"]);
    assert!(dir.holds("b@1.0.0 mine@1.0.0"), "{:?}", dir.installed());
    assert_eq!(dir.declared(), json!({ "b": "1.0.0", "mine": "1.0.0" }));
    // An empty list is one as well.
    publish(&server, "{}");
    running.settles().await;
    assert!(dir.holds("mine@1.0.0"), "{:?}", dir.installed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_is_no_empty_list() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    redis::cmd("FLUSHALL").exec(&mut server.admin()).unwrap();
    running.settles().await;
    assert!(dir.holds("a@1.0.0"));
    assert_eq!(running.palette.jobs().len(), 0);
    assert_eq!(dir.runs().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_and_what_goes_is_one_run() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    publish(&server, r#"{"b":"1.0.0"}"#);
    running.settles().await;
    let jobs = running.palette.jobs();
    assert_eq!(jobs[0], json!({ "remove": ["a"] }));
    assert_eq!(jobs[1]["load"][0]["name"], "b");
    assert_eq!(dir.said(), ["install a@1.0.0", "install b@1.0.0"]);
    assert!(dir.holds("b@1.0.0"));
    // It is forgotten: somebody who installs it now keeps it.
    dir.put("a", "1.0.0");
    publish(&server, r#"{"b":"1.0.1"}"#);
    running.settles().await;
    assert!(dir.holds("a@1.0.0 b@1.0.1"), "{:?}", dir.installed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_flows_use_goes_with_the_deploy_that_stops_using_it() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0","b":"1.0.0"}"#);
    let dir = UserDir::new();
    let (running, flows) = with_flows(&server, &dir).await;
    running.palette.uses(&["a"]);
    publish(&server, "{}");
    running.settles().await;
    let asked = removals(&running);
    assert_eq!(asked[0], json!({ "remove": ["a", "b"] }));
    assert!(dir.holds("a@1.0.0"), "{:?}", dir.installed());
    assert_eq!(dir.said()[1..], ["uninstall b"]);
    running.palette.uses(&[]);
    write(&flows, &deploy(2), 20).await;
    running.events.wait(&Event::Revision, 1).await;
    let began = Instant::now();
    running.worker.applied(&running.worker.pending().unwrap().id());
    until("it is gone", LONG, async || dir.holds("")).await;
    // It would be tried once more after 20 s as well.
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert_eq!(dir.said()[2..], ["uninstall a"]);
    assert_eq!(removals(&running).last(), Some(&json!({ "remove": ["a"] })));
    running.settles().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_flows_use_and_the_list_has_again_stays() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::new();
    let (running, flows) = with_flows(&server, &dir).await;
    running.palette.uses(&["a"]);
    publish(&server, "{}");
    running.settles().await;
    publish(&server, r#"{"a":"1.0.0"}"#);
    running.settles().await;
    let asked = removals(&running).len();
    running.palette.uses(&[]);
    write(&flows, &deploy(2), 20).await;
    running.events.wait(&Event::Revision, 1).await;
    running.worker.applied(&running.worker.pending().unwrap().id());
    running.settles().await;
    assert_eq!(removals(&running).len(), asked);
    assert_eq!(dir.said(), ["install a@1.0.0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_node_red_could_not_take_away_is_tried_again() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0","b":"1.0.0"}"#);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    running.palette.keeps(&["a"]);
    publish(&server, "{}");
    until("the other one goes", LONG, async || dir.holds("a@1.0.0")).await;
    running.palette.keeps(&[]);
    until("it goes as well", LONG, async || dir.holds("")).await;
    running.settles().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_away_and_never_uninstalled_is_loaded_when_the_list_has_it_again() {
    let (log, _kept) = Log::keep();
    for list in ["{}", r#"{"b":"1.0.0"}"#] {
        let server = Server::start(&[]);
        store(&server, r#"{"a":"1.0.0"}"#);
        let dir = UserDir::new();
        let running = start(&server, &dir).await;
        dir.breaks("npm error code ENOSPC\nnpm error no space left\n");
        let failures = log.count("next attempt");
        publish(&server, list);
        until("npm fails", LONG, async || log.count("next attempt") > failures).await;
        assert_eq!(running.palette.jobs(), [json!({ "remove": ["a"] })]);
        dir.mends();
        publish(&server, r#"{"a":"1.0.0"}"#);
        running.settles().await;
        assert!(dir.holds("a@1.0.0"), "{:?}", dir.installed());
        // Node-RED knows nothing of it any more, so it is no upgrade.
        let load = json!({ "load": [{ "name": "a", "version": "1.0.0", "from": null }] });
        assert_eq!(running.palette.jobs().last(), Some(&load), "{list}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_after_a_start_that_npm_held_up_is_taken_away_from_node_red() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::new();
    drop(start(&server, &dir).await);
    store(&server, "{}");
    dir.hangs();
    let mut config = options(&server, Role::Worker);
    config.package_sync_timeout = Duration::from_millis(500);
    let running = start_as(config, &dir, dir.host_info()).await;
    until_run(&dir, 2).await;
    // Node-RED starts with it.
    assert!(dir.holds("a@1.0.0"));
    dir.goes_on();
    running.settles().await;
    assert!(dir.holds(""), "{:?}", dir.installed());
    assert_eq!(running.palette.jobs(), [json!({ "remove": ["a"] })]);
}
