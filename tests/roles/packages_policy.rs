//! What is neither installed nor removed, whatever the list says.

use node_red_storage_valkey::config::Role;
use serde_json::{Value, json};

use super::common::instance;
use super::common::log::Log;
use super::common::npm::UserDir;
use super::common::server::Server;
use super::packages_support::{LONG, options, publish, start_as, store};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_settings_js_does_not_allow_is_left_out_and_told_once() {
    for (setup, list, installed) in [
        (json!({ "denyList": ["bad*"] }), r#"{"bad-one":"1.0.0","good":"1.0.0"}"#, "good@1.0.0"),
        (
            json!({ "allowList": ["good@1.x"], "denyList": ["*"] }),
            r#"{"bad-one":"1.0.0","good":"1.0.0"}"#,
            "good@1.0.0",
        ),
        (json!({ "denyList": ["bad-one@1.x"] }), r#"{"bad-one":"1.9.0"}"#, ""),
    ] {
        let (log, _kept) = Log::keep();
        let server = Server::start(&[]);
        store(&server, list);
        let dir = UserDir::new();
        let config = options(&server, Role::Worker);
        let running = start_as(config, &dir, dir.host_info_with(setup.clone())).await;
        assert!(dir.holds(installed), "{setup}: {:?}", dir.installed());
        // It is not waited for.
        running.settles().await;
        publish(&server, list);
        running.settles().await;
        assert_eq!(log.count("does not allow it: bad-one"), 1, "{:?}", log.lines());
        assert!(dir.runs().len() <= 1, "{:?}", dir.runs());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_installed_for_the_list_is_not_removed_for_it() {
    let server = Server::start(&[]);
    store(&server, r#"{"mine":"2.0.0"}"#);
    let dir = UserDir::with(&[("mine", "1.0.0")]);
    let info = dir.host_info_with(json!({ "denyList": ["mine"] }));
    let running = start_as(options(&server, Role::Worker), &dir, info).await;
    running.settles().await;
    assert!(dir.holds("mine@1.0.0"));
    publish(&server, "{}");
    running.settles().await;
    assert!(dir.holds("mine@1.0.0"), "{:?}", dir.installed());
    assert_eq!(running.palette.jobs(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn excluded_names_are_neither_installed_nor_removed() {
    let server = Server::start(&[]);
    let list = |version| format!(r#"{{"a":"1.0.0","node-red":"{version}","own-storage":"1.0.0"}}"#);
    store(&server, &list("4.0.0"));
    let dir = UserDir::with(&[("node-red", "3.0.0")]);
    let info = dir.host_info_with(json!({ "excluded": ["node-red", "own-storage"] }));
    let running = start_as(options(&server, Role::Worker), &dir, info).await;
    publish(&server, &list("5.0.0"));
    running.settles().await;
    assert!(dir.holds("a@1.0.0 node-red@3.0.0"), "{:?}", dir.installed());
    publish(&server, r#"{"a":"1.0.0"}"#);
    running.settles().await;
    assert!(dir.holds("a@1.0.0 node-red@3.0.0"), "{:?}", dir.installed());
    assert_eq!(dir.said(), ["install a@1.0.0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_option_off_nothing_is_read_and_nothing_run() {
    let server = Server::start(&[]);
    store(&server, r#"{"a":"1.0.0"}"#);
    let dir = UserDir::new();
    let mut config = options(&server, Role::Worker);
    config.sync_packages = false;
    let (worker, _) = instance::worker(config, Some(&dir.path()));
    worker.packages_at_start(dir.host_info()).await.unwrap();
    assert!(worker.packages().is_none());
    assert!(worker.wait_for_packages(LONG).await);
    let mut connection = server.admin();
    assert_eq!(instance::calls(&mut connection, "getrange"), 0);
    let subscribers: Vec<(String, u64)> = vec![
        redis::cmd("PUBSUB")
            .arg("NUMSUB")
            .arg("n:packages:updated")
            .query(&mut connection)
            .unwrap(),
    ];
    assert_eq!(subscribers[0].1, 0);
    assert_eq!(dir.said(), [""; 0]);
    assert!(dir.holds(""));
    // Nor with a user directory that may not be written to.
    let (worker, _) = instance::worker(options(&server, Role::Worker), None);
    worker.packages_at_start(dir.host_info()).await.unwrap();
    assert!(worker.wait_for_packages(LONG).await);
    assert_eq!(dir.said(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn install_scripts_are_left_to_npm_unless_the_options_say_no() {
    for (option, expected) in [(None, false), (Some(false), true)] {
        let server = Server::start(&[]);
        store(&server, r#"{"a":"1.0.0"}"#);
        let dir = UserDir::new();
        let mut config = options(&server, Role::Worker);
        config.package_install_scripts = option;
        let running = start_as(config, &dir, dir.host_info()).await;
        running.settles().await;
        let flags = dir.flags(0);
        assert_eq!(flags.iter().any(|flag| flag == "--ignore-scripts"), expected, "{flags:?}");
    }
}
