//! What probes are told of a worker and an admin.

use std::time::Duration;

use redis::Commands;

use super::common::instance::{self, deploy, worker};
use super::common::npm::UserDir;
use super::common::server::Server;
use super::common::until;
use super::packages_set_up::{self, hint};
use super::{PATIENCE, admin_options, worker_options, write};

/// Two looks that nobody has asked for.
const LOOKS: Duration = Duration::from_secs(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_says_that_packages_are_in_step_before_the_list_was_read() {
    let mut server = Server::start(&[]);
    server.kill();
    let dir = UserDir::with(&[("a", "1.0.0")]);
    let running = packages_set_up::start(&server, &dir).await;
    let in_step = || running.worker.packages().unwrap().is_in_step();
    assert_eq!(in_step(), None);
    server.restart();
    until("the list", LOOKS, async || in_step() == Some(true)).await;
    dir.breaks("it can't be run");
    packages_set_up::store(&server, r#"{"b":"1.0.0"}"#);
    hint(&server, "");
    until("npm has failed", LOOKS, async || in_step() == Some(false)).await;
    running.worker.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_tells_what_runs_and_how_old_it_is_while_valkey_is_away() {
    let mut server = Server::start(&[]);
    let dir = tempfile::tempdir().unwrap();
    let store = instance::store(&admin_options(&server)).await;
    let (first, _) = worker(worker_options(&server), Some(dir.path()));
    assert_eq!(first.health().revision, None);
    write(&store, &deploy(1), 7).await;
    let snapshot = first.snapshot().await.unwrap();
    assert_eq!(first.health().revision, None, "it does not run yet");
    first.applied(&snapshot.id()).await;
    let health = first.health();
    assert_eq!((health.connection, health.copy_age), ("ready", None));
    assert_eq!(health.revision, Some(snapshot.label()));

    server.kill();
    until("the loss", PATIENCE, async || first.health().connection == "reconnecting").await;
    let health = first.health();
    assert_eq!(health.revision, Some(snapshot.label()));
    assert!(health.copy_age.unwrap() < Duration::from_secs(60), "{health:?}");
    first.close().await;
    assert_eq!(first.health().connection, "closed");

    // As if the copy had been written an hour ago.
    let file = dir.path().join(".node-red-storage-valkey/last-good-copy.json");
    let mut copy: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    copy["saved"] = (copy["saved"].as_u64().unwrap() - 3_600_000).into();
    std::fs::write(&file, copy.to_string()).unwrap();
    let (second, _) = worker(worker_options(&server), Some(dir.path()));
    let snapshot = tokio::time::timeout(PATIENCE, second.snapshot()).await.unwrap().unwrap();
    second.applied(&snapshot.id()).await;
    assert!(second.health().copy_age.unwrap() >= Duration::from_secs(3600));

    server.restart();
    write(&instance::store(&admin_options(&server)).await, &deploy(1), 7).await;
    until("the connection", PATIENCE, async || second.health().copy_age.is_none()).await;
    until("a look", 6 * PATIENCE, async || {
        server.kill();
        until("the loss", PATIENCE, async || second.health().copy_age.is_some()).await;
        let age = second.health().copy_age.unwrap();
        server.restart();
        until("the connection", PATIENCE, async || second.health().copy_age.is_none()).await;
        age < Duration::from_secs(3600)
    })
    .await;
    second.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_tells_what_valkey_has_and_whether_it_is_in_charge() {
    let mut server = Server::start(&[]);
    let (admin, _) = instance::admin(admin_options(&server), None).await;
    assert!(!admin.health().mirrored);
    admin.deploy(instance::flows(1), instance::credentials(1), None, None).await.unwrap();
    let health = admin.health();
    let record = instance::record(&mut server.admin()).unwrap();
    assert_eq!(health.connection, "ready");
    assert_eq!(health.revision, Some(record.sequence.to_string()));
    assert!(health.mirrored && !health.other_admin, "{health:?}");

    let (rival, _) = instance::admin(admin_options(&server), None).await;
    until("the refusal", PATIENCE, async || rival.health().other_admin).await;
    assert!(!rival.health().mirrored && !admin.health().other_admin);
    rival.close().await;

    server.kill();
    until("the loss", PATIENCE, async || admin.health().connection == "reconnecting").await;
    assert!(!admin.health().mirrored, "nobody can say");
    let _ = admin.deploy(instance::flows(2), instance::credentials(2), None, None).await;
    assert!(!admin.health().mirrored);
    server.restart();
    until("all of it", PATIENCE, async || admin.health().mirrored).await;
    let stored: Option<String> = server.admin().get("n:flows").unwrap();
    assert_eq!(stored, Some(instance::flows(2)));
    admin.close().await;
}
