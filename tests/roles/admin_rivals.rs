//! Two admins under one prefix.

use node_red_storage_valkey::Error;
use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::role::admin::Mirrored;
use redis::Commands;

use super::common::instance::{admin, flows, record, stored};
use super::common::log::Log;
use super::common::server::Server;
use super::common::temp_dir;
use super::common::until;
use super::{PATIENCE, admin_options, deploy, holds, until_held};

fn refused<T: std::fmt::Debug>(answer: Result<T, Error>, by: &str) {
    let error = answer.expect_err("another admin is active");
    assert_eq!(error.code(), "ERR_VALKEY_OTHER_ADMIN");
    assert!(error.to_string().contains(by), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_admin_mirrors_nothing_until_the_lease_of_the_first_runs_out() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let (first, _) = admin(admin_options(&server), None).await;
    deploy(&first, 1).await.unwrap();
    let id = record(&mut connection).unwrap().owner;
    let (second, events) = admin(admin_options(&server), None).await;
    refused(deploy(&second, 2).await, &id);
    refused(second.mirror_sessions("{}".into()).await, &id);
    refused(second.mirror_settings(r#"{"nodes":{"a":1}}"#).await, &id);
    refused(second.mirror_library_entry("flows", "a.json", r#"{"fn":"[]"}"#).await, &id);
    refused(second.reconcile_library(r#"{"types":[],"entries":[]}"#).await, &id);
    assert!(holds(&mut connection, 1));
    let keys: std::collections::BTreeSet<String> =
        connection.keys::<_, Vec<String>>("n:*").unwrap().into_iter().collect();
    let expected = ["credentials", "flows", "lease", "revision", "settings"];
    assert_eq!(keys, expected.map(|key| format!("n:{key}")).into());
    assert_eq!(log.count("another admin"), 1, "once: {:?}", log.lines());
    assert_eq!(events.count(&Event::LibraryWanted), 0);
    // The first goes on unharmed.
    assert_eq!(deploy(&first, 3).await, Ok(Mirrored::Done));

    first.close().await;
    let _: () = connection.pexpire("n:lease", 1).unwrap();
    // Nobody deploys again.
    let expected = Some(flows(2));
    until("the second takes over", PATIENCE, async || {
        stored(&mut connection, "n:flows") == expected
    })
    .await;
    events.wait(&Event::LibraryWanted, 1).await;
    assert_ne!(record(&mut connection).unwrap().owner, id);
    assert_eq!(log.count("takes over"), 1, "{:?}", log.lines());
    let backups: Vec<String> = connection.keys("n:backup:*").unwrap();
    assert_eq!(backups.len(), 1, "what the first deployed last is kept");
    assert_eq!(deploy(&second, 4).await, Ok(Mirrored::Done));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_admin_that_was_overtaken_is_refused_and_says_so() {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let (first, _) = admin(admin_options(&server), None).await;
    deploy(&first, 1).await.unwrap();
    // As when it had hung for longer than its lease.
    let _: () = connection.pset_ex("n:lease", "rival:1", 60_000).unwrap();
    refused(deploy(&first, 2).await, "rival");
    assert!(holds(&mut connection, 1));
    let _: () = connection.del("n:lease").unwrap();
    until_held(&server, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_deploy_that_nobody_runs_is_held_back_until_it_was_loaded() {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let (admin, events) = admin(admin_options(&server), None).await;
    deploy(&admin, 1).await.unwrap();
    let lease = stored(&mut connection, "n:lease").unwrap();
    let _: () = connection.pset_ex("n:lease", "rival:1", 60_000).unwrap();
    refused(deploy(&admin, 2).await, "rival");
    admin.deploy_was_refused();
    refused(admin.mirror_settings(r#"{"nodes":{"a":1}}"#).await, "rival");
    assert_eq!(events.count(&Event::RefusedDeploy), 0, "there is still another admin");

    let _: () = connection.del("n:lease").unwrap();
    events.wait(&Event::RefusedDeploy, 1).await;
    assert_eq!(stored(&mut connection, "n:lease"), Some(lease), "it is in charge");
    // Each of these is a round of its own.
    assert_eq!(admin.mirror_sessions(r#"{"a":1}"#.into()).await, Ok(Mirrored::Done));
    assert_eq!(admin.mirror_settings(r#"{"nodes":{"b":1}}"#).await, Ok(Mirrored::Later));
    assert_eq!(admin.mirror_sessions(r#"{"b":1}"#.into()).await, Ok(Mirrored::Done));
    assert!(holds(&mut connection, 1));
    assert_eq!(events.count(&Event::RefusedDeploy), 1, "asked for once");

    assert_eq!(deploy(&admin, 2).await, Ok(Mirrored::Done));
    assert_eq!(stored(&mut connection, "n:flows"), Some(flows(2)));
    let settings = stored(&mut connection, "n:settings").unwrap();
    assert!(settings.contains(r#""b":1"#), "{settings}");
    // Whoever is told too late that it was refused hears of it at once.
    admin.deploy_was_refused();
    events.wait(&Event::RefusedDeploy, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_admin_restarted_is_never_locked_out() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = temp_dir();
    let mut ids = std::collections::BTreeSet::new();
    for number in 1..5 {
        let (admin, _) = admin(admin_options(&server), Some(dir.path())).await;
        assert_eq!(deploy(&admin, number).await, Ok(Mirrored::Done));
        ids.insert(record(&mut server.admin()).unwrap().owner);
        // Killed, not closed.
        drop(admin);
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(log.count("ERROR") + log.count("WARN"), 0, "{:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_on_copies_of_one_directory_only_the_newer_writes() {
    let server = Server::start(&[]);
    let dirs = [temp_dir(), temp_dir()];
    let (older, _) = admin(admin_options(&server), Some(dirs[0].path())).await;
    deploy(&older, 1).await.unwrap();
    let folder = ".node-red-storage-valkey";
    std::fs::create_dir(dirs[1].path().join(folder)).unwrap();
    let file = format!("{folder}/admin.json");
    std::fs::copy(dirs[0].path().join(&file), dirs[1].path().join(&file)).unwrap();
    let id = record(&mut server.admin()).unwrap().owner;
    let (newer, _) = admin(admin_options(&server), Some(dirs[1].path())).await;
    assert_eq!(deploy(&newer, 2).await, Ok(Mirrored::Done));
    assert_eq!(record(&mut server.admin()).unwrap().owner, id);
    for number in [3, 5] {
        refused(deploy(&older, number).await, &id);
        assert_eq!(deploy(&newer, number + 1).await, Ok(Mirrored::Done));
        assert!(holds(&mut server.admin(), number + 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sequence_that_a_kill_kept_from_the_disk_is_no_foreign_deploy() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let dir = temp_dir();
    let file = dir.path().join(".node-red-storage-valkey/admin.json");
    let (killed, _) = admin(admin_options(&server), Some(dir.path())).await;
    deploy(&killed, 1).await.unwrap();
    let before = std::fs::read(&file).unwrap();
    deploy(&killed, 2).await.unwrap();
    drop(killed);
    std::fs::write(&file, before).unwrap();

    let (again, _) = admin(admin_options(&server), Some(dir.path())).await;
    deploy(&again, 2).await.unwrap();
    assert_eq!(deploy(&again, 3).await, Ok(Mirrored::Done));
    assert!(holds(&mut connection, 3));
    assert_eq!(connection.keys::<_, Vec<String>>("n:backup:*").unwrap(), Vec::<String>::new());
    assert_eq!(log.count("ERROR"), 0, "{:?}", log.lines());
}
