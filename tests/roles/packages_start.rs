//! A worker's packages when it starts.

use std::time::{Duration, Instant};

use node_red_storage_valkey::config::Role;
use node_red_storage_valkey::role::Event;
use serde_json::json;

use super::common::instance;
use super::common::npm::UserDir;
use super::common::server::Server;
use super::common::until;
use super::packages_support::{LONG, options, start, start_as, store, until_run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_installed_by_one_run_before_node_red_looks_for_nodes() {
    let server = Server::start(&[]);
    store(&server, r#"{"b":"2.0.0","@s/a":"1.0.1-beta.1"}"#);
    let dir = UserDir::new();
    let (worker, events) = instance::worker(options(&server, Role::Worker), Some(&dir.path()));
    worker.packages_at_start(dir.host_info()).await.unwrap();
    assert!(dir.holds("@s/a@1.0.1-beta.1 b@2.0.0"), "{:?}", dir.installed());
    assert_eq!(dir.declared(), json!({ "@s/a": "1.0.1-beta.1", "b": "2.0.0" }));
    assert_eq!(dir.said(), ["install @s/a@1.0.1-beta.1 b@2.0.0"]);
    let flags = dir.flags(0);
    for flag in ["--save", "--save-exact"] {
        assert!(flags.iter().any(|given| given == flag), "{flags:?}");
    }
    assert!(worker.wait_for_packages(LONG).await);
    assert_eq!(events.count(&Event::Packages), 0);
    assert_eq!(worker.packages().unwrap().job(), None);
    assert_eq!(dir.runs().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_run_when_everything_is_installed() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0","b":"2.0.0"}"#);
    let dir = UserDir::with(&[("a", "1.0.0"), ("b", "2.0.0"), ("mine", "3.0.0")]);
    let running = start(&server, &dir).await;
    running.settles().await;
    assert_eq!(dir.said(), [""; 0]);
    assert_eq!(running.events.count(&Event::Packages), 0);
    assert_eq!(running.missing(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_run_without_a_list() {
    let server = Server::start(&[]);
    let dir = UserDir::with(&[("mine", "3.0.0")]);
    let running = start(&server, &dir).await;
    running.settles().await;
    assert_eq!(dir.said(), [""; 0]);
    assert!(dir.holds("mine@3.0.0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_npm_that_hangs_holds_up_a_start_no_longer_than_it_may() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::new();
    dir.hangs();
    let mut config = options(&server, Role::Worker);
    config.package_sync_timeout = Duration::from_millis(700);
    let began = Instant::now();
    let running = start_as(config, &dir, dir.host_info()).await;
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
    until_run(&dir, 1).await;
    assert_eq!(running.palette.jobs().len(), 0);
    dir.goes_on();
    until("the job comes", LONG, async || !running.palette.jobs().is_empty()).await;
    running.settles().await;
    let load = json!({ "load": [{ "name": "a", "version": "1.0.0", "from": null }] });
    assert_eq!(running.palette.jobs(), [load]);
    assert_eq!(dir.said(), ["install a@1.0.0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_valkey_waits_for_no_package() {
    let mut server = Server::start(&[]);
    server.kill();
    let dir = UserDir::with(&[("mine", "1.0.0")]);
    let began = Instant::now();
    let running = start(&server, &dir).await;
    // Not for 120 s, as long as npm might take.
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    server.restart();
    store(&server, r#"{"a":"1.0.0"}"#);
    until("the list is found by itself", LONG, async || dir.holds("a@1.0.0 mine@1.0.0")).await;
    running.settles().await;
    assert_eq!(running.palette.jobs().len(), 1);
}
