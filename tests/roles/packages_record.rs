//! What a worker still knows of its packages after a restart.

use node_red_storage_valkey::config::Role;
use node_red_storage_valkey::role::worker::Worker;

use super::common::instance::{self, with_prefix};
use super::common::npm::UserDir;
use super::common::server::Server;
use super::common::until;
use super::packages_support::{LONG, options, start, start_as, store, until_holds, until_run};

/// A worker that was killed while it installed the list, when its npm had come to `installed`.
async fn killed_in_the_middle(server: &Server, dir: &UserDir, installed: &str) {
    let (worker, _) = instance::worker(options(server, Role::Worker), Some(&dir.path()));
    let info = dir.host_info();
    let starting = worker.packages_at_start(info);
    let killing = async {
        until_run(dir, 1).await;
        until("it is written down", LONG, async || written(dir)).await;
        // Its npm dies with it, wherever it is then.
        until("it has come there", LONG, async || dir.holds(installed)).await;
    };
    tokio::select! {
        _ = starting => panic!("npm has not hung"),
        () = killing => {}
    }
    kill(worker).await;
}

fn written(dir: &UserDir) -> bool {
    let file = dir.path().join(".node-red-storage-valkey/packages.json");
    std::fs::read_to_string(file).is_ok_and(|text| text.contains("unfinished"))
}

/// Ends it without a word; returns when its npm is gone.
async fn kill(worker: Worker) {
    drop(worker);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_left_the_list_while_the_worker_was_away_goes_at_its_start() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0","b":"1.0.0"}"#);
    let dir = UserDir::with(&[("mine", "1.0.0")]);
    drop(start(&server, &dir).await);
    store(&server, r#"{"b":"1.0.0"}"#);
    let running = start(&server, &dir).await;
    assert!(dir.holds("b@1.0.0 mine@1.0.0"), "{:?}", dir.installed());
    assert_eq!(dir.said()[1..], ["uninstall a"]);
    running.settles().await;
    assert_eq!(running.palette.jobs().len(), 0, "Node-RED had nothing loaded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_worker_was_installing_goes_when_it_left_the_list() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::with(&[("mine", "1.0.0")]);
    dir.hangs_at_its_end();
    killed_in_the_middle(&server, &dir, "a@1.0.0 mine@1.0.0").await;
    dir.goes_on();
    store(&server, r#"{"b":"1.0.0"}"#);
    let running = start(&server, &dir).await;
    running.settles().await;
    assert!(dir.holds("b@1.0.0 mine@1.0.0"), "{:?}", dir.installed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_was_not_finished_is_finished_without_valkey() {
    let mut server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::new();
    dir.hangs();
    killed_in_the_middle(&server, &dir, "").await;
    server.kill();
    assert!(dir.holds(""));
    dir.goes_on();
    let running = start(&server, &dir).await;
    assert!(dir.holds("a@1.0.0"), "{:?}", dir.installed());
    assert_eq!(running.palette.jobs().len(), 0);
    // What is stored counts as soon as it can be read.
    server.restart();
    store(&server, r#"{"b":"1.0.0"}"#);
    until_holds(&dir, "b@1.0.0").await;
    running.settles().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_list_is_not_looked_for_without_valkey() {
    let mut server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::new();
    drop(start(&server, &dir).await);
    server.kill();
    std::fs::remove_dir_all(dir.path().join("node_modules/a")).unwrap();
    let running = start(&server, &dir).await;
    assert_eq!(dir.runs().len(), 1);
    drop(running);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_prefix_brought_stays() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::new();
    drop(start(&server, &dir).await);
    let _: () =
        redis::Commands::set(&mut server.admin(), "m:packages", r#"{"b":"1.0.0"}"#).unwrap();
    let config = with_prefix(options(&server, Role::Worker), "m:");
    let running = start_as(config, &dir, dir.host_info()).await;
    assert!(dir.holds("a@1.0.0 b@1.0.0"), "{:?}", dir.installed());
    drop(running);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_takes_a_running_npm_along() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    for close in [true, false] {
        let dir = UserDir::new();
        dir.hangs();
        let (worker, _) = instance::worker(options(&server, Role::Worker), Some(&dir.path()));
        let info = dir.host_info();
        tokio::select! {
            _ = worker.packages_at_start(info) => panic!("npm has not hung"),
            () = until_run(&dir, 1) => {}
        }
        if close {
            worker.close().await;
        } else {
            drop(worker);
        }
        until("npm is gone", LONG, async || !dir.is_running()).await;
    }
}
