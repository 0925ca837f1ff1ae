//! The list of what is installed on the admin's disk reaches Valkey.

use std::time::Duration;

use node_red_storage_valkey::config::Role;
use node_red_storage_valkey::role::admin::{Admin, Mirrored};
use redis::Commands;
use serde_json::json;

use super::common::announcements::Announcements;
use super::common::instance::{self, stored};
use super::common::log::Log;
use super::common::npm::UserDir;
use super::common::server::Server;
use super::common::until;
use super::deploy;
use super::packages_support::{KEY, LONG, list_in, options, store};

const LIST: &str = r#"{"@s/b":"2.0.0-rc.1","a":"1.0.3"}"#;

/// A directory whose list is [`LIST`].
fn filled() -> UserDir {
    let dir = UserDir::new();
    dir.put_declared("a", "1.0.3", "~1.0.0");
    dir.put_declared("@s/b", "2.0.0-rc.1", "^2.0.0-rc.0");
    dir
}

/// An admin in this directory that has begun with its packages.
async fn started(server: &Server, dir: &UserDir) -> Admin {
    let (admin, _) = instance::admin(options(server, Role::Admin), Some(&dir.path())).await;
    admin.packages_at_start(dir.host_info(), false).await.unwrap();
    admin
}

async fn until_list(server: &Server, list: &str) {
    until(&format!("{list} is stored"), LONG, async || list_in(server).as_deref() == Some(list))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_is_kept_up_no_more_is_told_once_and_stays() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let unsynchronised = || instance::options(&server, Role::Admin);
    let told = || log.count("'syncPackages' is false, and Valkey holds a package list");
    for (list, times) in [("{}", 0), (LIST, 1)] {
        store(&server, list);
        let (admin, _) = instance::admin(unsynchronised(), None).await;
        until("it has looked", LONG, async || {
            deploy(&admin, 1).await.unwrap();
            // Said at the end of a round: the next one is awaited as well.
            admin.mirror_sessions("{}".into()).await == Ok(Mirrored::Done) && told() == times
        })
        .await;
        deploy(&admin, 2).await.unwrap();
        admin.mirror_sessions("{}".into()).await.unwrap();
        assert_eq!(told(), times, "{:?}", log.lines());
        assert_eq!(list_in(&server).as_deref(), Some(list));
        admin.close().await;
        let _: () = server.admin().del("n:lease").unwrap();
    }
    assert_eq!(log.count(KEY), 1, "the key to delete is named: {:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exact_versions_are_stored_and_announced_once() {
    let server = Server::start(&[]);
    let mut heard = Announcements::of(&server);
    let dir = filled();
    let admin = started(&server, &dir).await;
    admin.packages_changed().await.unwrap();
    until_list(&server, LIST).await;
    // Unchanged, it is neither written nor announced, whatever else there is to do.
    for number in 1..4 {
        admin.packages_changed().await.unwrap();
        deploy(&admin, number).await.unwrap();
    }
    assert_eq!(heard.packages(), [("set".to_owned(), String::new()), ("said".into(), LIST.into())]);
    dir.put("c", "3.0.0");
    admin.packages_changed().await.unwrap();
    let list = r#"{"@s/b":"2.0.0-rc.1","a":"1.0.3","c":"3.0.0"}"#;
    until_list(&server, list).await;
    until("it is announced", LONG, async || heard.packages().len() == 4).await;
    assert_eq!(dir.said(), [""; 0], "nothing is installed for it");
    admin.close().await;
    // Nor after a restart.
    let admin = started(&server, &dir).await;
    admin.packages_changed().await.unwrap();
    deploy(&admin, 9).await.unwrap();
    assert_eq!(heard.packages().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_that_is_handed_over_after_a_change_is_written_after_the_list() {
    let server = Server::start(&[]);
    let dir = filled();
    let admin = started(&server, &dir).await;
    for number in 1..6 {
        let mut heard = Announcements::of(&server);
        dir.put(&format!("new-{number}"), "1.0.0");
        let reading = admin.packages_changed();
        // As when the disk is slow.
        let reading = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            reading.await
        };
        let (read, deployed) = tokio::join!(reading, deploy(&admin, number));
        assert_eq!((read, deployed), (Ok(()), Ok(Mirrored::Done)));
        let keys = heard.keys_set();
        let at = |wanted: &str| keys.iter().position(|key| key == wanted);
        let (list, flows) = (at("n:packages"), at("n:flows"));
        assert!(list.is_some() && list < flows, "{keys:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_cant_be_read_in_time_holds_up_no_deploy() {
    let server = Server::start(&[]);
    let dir = filled();
    let admin = started(&server, &dir).await;
    let reading = admin.packages_changed();
    assert_eq!(deploy(&admin, 1).await, Ok(Mirrored::Done));
    assert_eq!(list_in(&server), None);
    reading.await.unwrap();
    until_list(&server, LIST).await;
    // One that is given up holds up nothing either.
    drop(admin.packages_changed());
    assert_eq!(deploy(&admin, 2).await, Ok(Mirrored::Done));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_emptied_gets_the_list_again() {
    let mut server = Server::start(&[]);
    let dir = filled();
    for with_flows in [false, true] {
        let admin = started(&server, &dir).await;
        admin.packages_changed().await.unwrap();
        if with_flows {
            deploy(&admin, 1).await.unwrap();
        }
        until_list(&server, LIST).await;
        redis::cmd("FLUSHALL").exec(&mut server.admin()).unwrap();
        until_list(&server, LIST).await;
        server.restart();
        until_list(&server, LIST).await;
        admin.close().await;
        redis::cmd("FLUSHALL").exec(&mut server.admin()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_while_valkey_was_away_is_stored_when_it_is_back() {
    let mut server = Server::start(&[]);
    let dir = filled();
    let admin = started(&server, &dir).await;
    admin.packages_changed().await.unwrap();
    until_list(&server, LIST).await;
    server.kill();
    dir.put("c", "3.0.0");
    admin.packages_changed().await.unwrap();
    server.restart();
    until_list(&server, r#"{"@s/b":"2.0.0-rc.1","a":"1.0.3","c":"3.0.0"}"#).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_without_the_lease_writes_no_list() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = filled();
    let first = started(&server, &dir).await;
    first.packages_changed().await.unwrap();
    until_list(&server, LIST).await;
    let other = UserDir::with(&[("other", "1.0.0")]);
    let second = started(&server, &other).await;
    second.packages_changed().await.unwrap();
    assert!(deploy(&second, 2).await.is_err());
    assert_eq!(list_in(&server).as_deref(), Some(LIST));
    assert_eq!(log.count("another admin"), 1, "{:?}", log.lines());
    first.close().await;
    let _: () = server.admin().pexpire("n:lease", 1).unwrap();
    until_list(&server, r#"{"other":"1.0.0"}"#).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_worker_can_install_is_left_out_and_told_once() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = filled();
    for (name, declared) in [
        ("a-file", "file:../a-file"),
        ("a-git", "git+https://example.com/a.git"),
        ("a-hub", "someone/a"),
        ("a-url", "https://example.com/a.tgz"),
        ("an-alias", "npm:other@1.0.0"),
    ] {
        dir.put_declared(name, "1.0.0", declared);
    }
    dir.put_declared("a-version", "1.0.0-a.tgz", "^1.0.0-0");
    let admin = started(&server, &dir).await;
    admin.packages_changed().await.unwrap();
    until_list(&server, LIST).await;
    admin.packages_changed().await.unwrap();
    for name in ["a-version", "a-file", "a-git", "a-hub", "a-url", "an-alias"] {
        assert_eq!(log.count(&format!("package {name} does not reach")), 1, "{:?}", log.lines());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn excluded_names_are_not_on_the_list() {
    let server = Server::start(&[]);
    let dir = filled();
    dir.put("node-red", "4.0.0");
    let (admin, _) = instance::admin(options(&server, Role::Admin), Some(&dir.path())).await;
    let info = dir.host_info_with(json!({ "excluded": ["node-red"] }));
    admin.packages_at_start(info, false).await.unwrap();
    admin.packages_changed().await.unwrap();
    until_list(&server, LIST).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_and_no_list_is_replaced() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = filled();
    for bad in [r#"{"--global":"1.0.0"}"#, "no JSON"] {
        store(&server, bad);
        let admin = started(&server, &dir).await;
        admin.packages_changed().await.unwrap();
        until_list(&server, LIST).await;
        admin.close().await;
    }
    assert_eq!(log.count("writing it again"), 2, "{:?}", log.lines());
    let mut connection = server.admin();
    let _: () = connection.del(KEY).unwrap();
    let _: () = connection.rpush(KEY, "x").unwrap();
    let admin = started(&server, &dir).await;
    admin.packages_changed().await.unwrap();
    until("a list in the list's place", LONG, async || {
        let kind: String =
            connection.key_type::<_, redis::ValueType>(KEY).map(String::from).unwrap();
        kind == "string" && stored(&mut connection, KEY).as_deref() == Some(LIST)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_option_off_nothing_is_stored() {
    let server = Server::start(&[]);
    let dir = filled();
    let mut config = options(&server, Role::Admin);
    config.sync_packages = false;
    let (admin, _) = instance::admin(config, Some(&dir.path())).await;
    admin.packages_at_start(dir.host_info(), true).await.unwrap();
    admin.packages_changed().await.unwrap();
    deploy(&admin, 1).await.unwrap();
    assert_eq!(list_in(&server), None);
    assert!(admin.packages().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_whose_folder_is_missing_stays_as_it_was_published() {
    let server = Server::start(&[]);
    let dir = filled();
    let admin = started(&server, &dir).await;
    admin.packages_changed().await.unwrap();
    until_list(&server, LIST).await;
    until("it is written down", LONG, async || {
        std::fs::read_to_string(dir.path().join(RECORD)).is_ok_and(|text| text.contains("1.0.3"))
    })
    .await;
    admin.close().await;
    dir.lose("a");
    let longer = r#"{"@s/b":"2.0.0-rc.1","a":"1.0.3","c":"3.0.0"}"#;
    let mut at = LIST;
    // By what this admin has written down, and by what Valkey has.
    for (in_valkey, on_disk) in [(false, true), (true, false), (true, true)] {
        if !in_valkey {
            redis::cmd("FLUSHALL").exec(&mut server.admin()).unwrap();
        }
        if !on_disk {
            std::fs::remove_file(dir.path().join(RECORD)).unwrap();
        }
        let admin = started(&server, &dir).await;
        admin.packages_changed().await.unwrap();
        until_list(&server, at).await;
        dir.put("c", "3.0.0");
        at = longer;
        admin.packages_changed().await.unwrap();
        until_list(&server, at).await;
        admin.close().await;
    }
}

const RECORD: &str = ".node-red-storage-valkey/packages.json";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_that_never_was_there_is_told_once_and_left_out() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = filled();
    dir.put("never", "1.0.0");
    dir.lose("never");
    let admin = started(&server, &dir).await;
    for number in 1..3 {
        admin.packages_changed().await.unwrap();
        deploy(&admin, number).await.unwrap();
    }
    until_list(&server, LIST).await;
    assert_eq!(log.count("package never does not reach workers"), 1, "{:?}", log.lines());
}
