//! An admin whose user directory was emptied gets its packages back, and publishes nothing before.

use std::time::{Duration, Instant};

use node_red_storage_valkey::config::Role;
use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::role::admin::{Admin, Mirrored};
use serde_json::json;

use super::common::announcements::Announcements;
use super::common::instance;
use super::common::log::Log;
use super::common::npm::UserDir;
use super::common::palette::Palette;
use super::common::server::Server;
use super::common::until;
use super::deploy;
use super::packages_support::{LONG, list_in, options, store, until_holds, until_run};

const LIST: &str = r#"{"a":"1.0.0","b":"2.0.0"}"#;

/// An admin in this directory; npm may hold up its start for as long.
async fn started(server: &Server, dir: &UserDir, emptied: bool, patience: Duration) -> Admin {
    let mut config = options(server, Role::Admin);
    config.package_sync_timeout = patience;
    let (admin, _) = instance::admin(config, Some(&dir.path())).await;
    admin.packages_at_start(dir.host_info(), emptied).await.unwrap();
    admin
}

/// Takes all packages away, and leaves our record.
fn empty(dir: &UserDir) {
    std::fs::remove_dir_all(dir.path().join("node_modules")).unwrap();
    std::fs::write(dir.path().join("package.json"), r#"{"dependencies":{}}"#).unwrap();
}

fn record(dir: &UserDir) -> String {
    let file = dir.path().join(".node-red-storage-valkey/packages.json");
    std::fs::read_to_string(file).unwrap_or_default()
}

/// A directory of an admin that has published [`LIST`] and was ended.
async fn published(server: &Server) -> UserDir {
    let dir = UserDir::with(&[("a", "1.0.0"), ("b", "2.0.0")]);
    let admin = started(server, &dir, false, LONG).await;
    admin.packages_changed().await.unwrap();
    until("it is written down", LONG, async || record(&dir).contains("\"b\":\"2.0.0\"")).await;
    admin.close().await;
    assert_eq!(list_in(server).as_deref(), Some(LIST));
    dir
}

/// Whatever happens now, the stored list stays as it is.
async fn publishes_nothing(admin: &Admin, heard: &mut Announcements, number: usize) {
    tokio::time::timeout(LONG, admin.packages_changed()).await.expect("in time").unwrap();
    // A deploy ends a round.
    assert_eq!(deploy(admin, number).await, Ok(Mirrored::Done));
    assert_eq!(heard.packages(), []);
}

/// Waits until a package that is added now is on the stored list.
async fn publishes_again(admin: &Admin, server: &Server, dir: &UserDir) {
    dir.put("c", "3.0.0");
    let list = r#"{"a":"1.0.0","b":"2.0.0","c":"3.0.0"}"#;
    until("a new package is published", LONG, async || {
        admin.packages_changed().await.unwrap();
        list_in(server).as_deref() == Some(list)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_installed_before_node_red_looks_for_nodes() {
    let server = Server::start(&[]);
    store(&server, LIST);
    let mut heard = Announcements::of(&server);
    let dir = UserDir::new();
    let (admin, events) = instance::admin(options(&server, Role::Admin), Some(&dir.path())).await;
    admin.packages_at_start(dir.host_info(), true).await.unwrap();
    assert!(dir.holds("a@1.0.0 b@2.0.0"), "{:?}", dir.installed());
    assert_eq!(dir.said(), ["install a@1.0.0 b@2.0.0"]);
    assert_eq!(events.count(&Event::Packages), 0);
    publishes_nothing(&admin, &mut heard, 1).await;
    publishes_again(&admin, &server, &dir).await;
    // It is an ordinary admin from here on: what others store is no order to install anything.
    store(&server, r#"{"evil":"1.0.0"}"#);
    until("its own list is back", LONG, async || {
        list_in(&server).is_some_and(|list| list.contains("3.0.0"))
    })
    .await;
    assert_eq!(dir.runs().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_holds_nothing_and_never_published_is_an_emptied_one() {
    let server = Server::start(&[]);
    store(&server, LIST);
    // Node-RED has made an empty package.json since.
    let dir = UserDir::new();
    std::fs::write(dir.path().join("package.json"), r#"{"dependencies":{}}"#).unwrap();
    let admin = started(&server, &dir, false, LONG).await;
    assert!(dir.holds("a@1.0.0 b@2.0.0"), "{:?}", dir.installed());
    publishes_again(&admin, &server, &dir).await;
    admin.close().await;
    // Now the user has removed everything, and npm has left its record.
    empty(&dir);
    std::fs::create_dir(dir.path().join("node_modules")).unwrap();
    std::fs::write(dir.path().join("node_modules/.package-lock.json"), "{}").unwrap();
    let admin = started(&server, &dir, false, LONG).await;
    admin.packages_changed().await.unwrap();
    until("nothing is on the list", LONG, async || list_in(&server).as_deref() == Some("{}")).await;
    assert!(dir.holds(""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_published_while_npm_hangs() {
    let server = Server::start(&[]);
    store(&server, LIST);
    let mut heard = Announcements::of(&server);
    let dir = UserDir::new();
    dir.hangs();
    let admin = started(&server, &dir, true, Duration::from_millis(500)).await;
    until_run(&dir, 1).await;
    let palette = Palette::of(admin.packages().unwrap());
    dir.put("c", "3.0.0");
    publishes_nothing(&admin, &mut heard, 1).await;
    dir.goes_on();
    until_holds(&dir, "a@1.0.0 b@2.0.0 c@3.0.0").await;
    until("Node-RED is told", LONG, async || !palette.jobs().is_empty()).await;
    let names = |name, version| json!({ "name": name, "version": version, "from": null });
    let load = json!({ "load": [names("a", "1.0.0"), names("b", "2.0.0")] });
    assert_eq!(palette.jobs(), [load]);
    publishes_again(&admin, &server, &dir).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_published_while_a_package_fails() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    store(&server, LIST);
    let mut heard = Announcements::of(&server);
    let dir = UserDir::new();
    dir.cant_build(&["b"]);
    let admin = started(&server, &dir, true, LONG).await;
    let _palette = Palette::of(admin.packages().unwrap());
    assert!(dir.holds("a@1.0.0"));
    publishes_nothing(&admin, &mut heard, 1).await;
    until("another attempt fails", LONG, async || log.count("next attempt") == 2).await;
    publishes_nothing(&admin, &mut heard, 2).await;
    assert_eq!(log.count("no package list is published until"), 1, "{:?}", log.lines());
    dir.cant_build(&[]);
    until_holds(&dir, "a@1.0.0 b@2.0.0").await;
    publishes_again(&admin, &server, &dir).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_valkey_publishes_nothing_until_the_packages_are_back() {
    let mut server = Server::start(&["--appendonly", "yes"]);
    store(&server, LIST);
    server.kill();
    let dir = UserDir::new();
    let admin = started(&server, &dir, true, LONG).await;
    let _palette = Palette::of(admin.packages().unwrap());
    // What a user installs meanwhile is not everything.
    dir.put("c", "3.0.0");
    admin.packages_changed().await.unwrap();
    dir.hangs();
    server.restart();
    // A server that still loads its file tells of what it finds there as well.
    until("the list is loaded", LONG, async || {
        let found = redis::cmd("GET").arg("n:packages").query(&mut server.admin());
        found.is_ok_and(|list: Option<String>| list.as_deref() == Some(LIST))
    })
    .await;
    let mut heard = Announcements::of(&server);
    until_run(&dir, 1).await;
    assert_eq!(list_in(&server).as_deref(), Some(LIST));
    publishes_nothing(&admin, &mut heard, 1).await;
    dir.goes_on();
    until_holds(&dir, "a@1.0.0 b@2.0.0 c@3.0.0").await;
    publishes_again(&admin, &server, &dir).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_makes_no_smaller_list() {
    let server = Server::start(&[]);
    store(&server, LIST);
    let mut heard = Announcements::of(&server);
    let dir = UserDir::new();
    dir.cant_build(&["b"]);
    for _ in 0..2 {
        // `a` is there, so the directory is not an empty one from the second start on.
        let admin = started(&server, &dir, dir.holds(""), LONG).await;
        assert!(dir.holds("a@1.0.0"));
        publishes_nothing(&admin, &mut heard, 1).await;
        drop(admin);
    }
    dir.cant_build(&[]);
    let admin = started(&server, &dir, false, LONG).await;
    assert!(dir.holds("a@1.0.0 b@2.0.0"), "{:?}", dir.installed());
    publishes_again(&admin, &server, &dir).await;
    admin.close().await;
    let runs = dir.runs().len();
    // And that is over now.
    store(&server, r#"{"evil":"1.0.0"}"#);
    let admin = started(&server, &dir, false, LONG).await;
    assert_eq!(dir.runs().len(), runs);
    admin.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_list_in_valkey_the_own_one_is_published() {
    for (emptied, list) in [(false, r#"{"mine":"1.0.0"}"#), (true, r#"{"mine":"1.0.0"}"#)] {
        let server = Server::start(&[]);
        let dir = UserDir::with(&[("mine", "1.0.0")]);
        let admin = started(&server, &dir, emptied, LONG).await;
        admin.packages_changed().await.unwrap();
        until("it is published", LONG, async || list_in(&server).as_deref() == Some(list)).await;
        assert_eq!(dir.said(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_list_in_valkey_does_not_keep_an_emptied_admin_from_publishing_forever() {
    let server = Server::start(&[]);
    store(&server, r#"{"--global":"1.0.0"}"#);
    let dir = UserDir::new();
    let admin = started(&server, &dir, true, LONG).await;
    assert_eq!(dir.said(), [""; 0]);
    // What a user installs by hand.
    dir.put("a", "1.0.0");
    dir.put("b", "2.0.0");
    publishes_again(&admin, &server, &dir).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_before_anything_was_done_makes_no_empty_list() {
    let mut server = Server::start(&["--appendonly", "yes"]);
    let dir = published(&server).await;
    empty(&dir);
    server.kill();
    let (admin, _) = instance::admin(options(&server, Role::Admin), Some(&dir.path())).await;
    let info = dir.host_info();
    let began = Instant::now();
    tokio::select! {
        started = admin.packages_at_start(info, true) => panic!("{started:?} without Valkey"),
        () = until_restoring(&dir) => {}
    }
    // Not only when Valkey has been waited for.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    drop(admin);
    server.restart();
    // Meanwhile something else has been put there: it does not look empty any more.
    dir.put("c", "3.0.0");
    let admin = started(&server, &dir, false, LONG).await;
    assert!(dir.holds("a@1.0.0 b@2.0.0 c@3.0.0"), "{:?}", dir.installed());
    publishes_again(&admin, &server, &dir).await;
}

async fn until_restoring(dir: &UserDir) {
    until("it is written down", LONG, async || record(dir).contains("\"restoring\":true")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_lost_what_it_had_published_is_an_emptied_one() {
    let server = Server::start(&[]);
    let dir = published(&server).await;
    let mut heard = Announcements::of(&server);
    // Emptied, and a process that was killed has made package.json since.
    empty(&dir);
    let admin = started(&server, &dir, false, LONG).await;
    assert!(dir.holds("a@1.0.0 b@2.0.0"), "{:?}", dir.installed());
    publishes_nothing(&admin, &mut heard, 1).await;
    publishes_again(&admin, &server, &dir).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_registry_does_not_have_stays_on_the_list_and_holds_up_nothing() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    store(&server, LIST);
    let dir = UserDir::new();
    dir.lacks(&["b"]);
    for emptied in [true, false] {
        let admin = started(&server, &dir, emptied, LONG).await;
        admin.packages_changed().await.unwrap();
        publishes_again(&admin, &server, &dir).await;
        assert!(dir.holds("a@1.0.0 c@3.0.0"), "{:?}", dir.installed());
        admin.close().await;
    }
    assert_eq!(log.count("the registry does not have b@2.0.0"), 1, "{:?}", log.lines());
    assert_eq!(log.count("next attempt"), 0, "{:?}", log.lines());
    // Another version by the palette, and it is as any other; so is its removal.
    let admin = started(&server, &dir, false, LONG).await;
    dir.put("b", "2.1.0");
    for list in [r#"{"a":"1.0.0","b":"2.1.0","c":"3.0.0"}"#, r#"{"a":"1.0.0","c":"3.0.0"}"#] {
        admin.packages_changed().await.unwrap();
        until(list, LONG, async || list_in(&server).as_deref() == Some(list)).await;
        dir.take("b");
    }
}
