//! What probes are told of a worker and an admin.

use std::time::Duration;

use node_red_storage_valkey::config::{Config, HealthConfig, Role};
use node_red_storage_valkey::role::worker::{Health, Worker};
use redis::Commands;

use super::common::instance::{self, deploy, worker};
use super::common::npm::UserDir;
use super::common::server::Server;
use super::common::until;
use super::packages_support::{self, hint};
use super::{PATIENCE, admin_options, start_flows, worker_options, write};

/// Two looks that nobody has asked for.
const LOOKS: Duration = Duration::from_secs(50);

/// A worker that runs what is stored.
async fn running(config: Config, dir: Option<&std::path::Path>) -> Worker {
    let (worker, _) = worker(config, dir);
    start_flows(&worker).await;
    worker
}

async fn until_health(worker: &Worker, what: &str, fits: impl Fn(&Health) -> bool) -> Health {
    until(what, LOOKS, async || fits(&worker.health())).await;
    worker.health()
}

fn announce(server: &Server) {
    let _: () = server.admin().publish("n:flows:updated", "1").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_tells_that_it_may_not_read_and_how_old_what_runs_is() {
    let server = Server::start(&[]);
    server.add_user("worker reset on nopass ~* &* +@all");
    let store = instance::store(&admin_options(&server)).await;
    write(&store, &deploy(1), 1).await;
    let mut config = worker_options(&server);
    config.connection.username = Some("worker".into());
    config.connection.password = Some(node_red_storage_valkey::config::Secret::new("any"));
    let worker = running(config, None).await;
    let health = until_health(&worker, "a look", |health| health.unheard.is_empty()).await;
    assert_eq!((health.copy_age, health.problem), (None, None));

    server.add_user("worker -getrange");
    write(&store, &deploy(2), 2).await;
    let health = until_health(&worker, "the refusal", |health| health.problem.is_some()).await;
    assert_eq!(health.connection, "ready");
    let problem = health.problem.unwrap();
    assert!(problem.contains("lacks a permission"), "{problem}");
    assert!(!problem.contains("worker"), "{problem}");
    let age = health.copy_age.unwrap();
    until("it grows", PATIENCE, async || worker.health().copy_age.unwrap() > age).await;

    server.add_user("worker +getrange");
    announce(&server);
    let health = until_health(&worker, "the end of it", |health| health.problem.is_none()).await;
    assert_eq!(health.copy_age, None);
    worker.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_tells_that_what_is_stored_cant_be_used() {
    let server = Server::start(&[]);
    let store = instance::store(&admin_options(&server)).await;
    write(&store, &deploy(1), 1).await;
    let worker = running(worker_options(&server), None).await;
    let mut connection = server.admin();
    let _: () = connection.set("n:flows", "[{\"secret\"").unwrap();
    announce(&server);
    let health = until_health(&worker, "the broken value", |health| health.problem.is_some()).await;
    let problem = health.problem.unwrap();
    assert!(problem.contains("'n:flows'") && !problem.contains("secret"), "{problem}");
    assert!(health.copy_age.is_some());
    // Another look finds the same, and has not mended it.
    announce(&server);
    let age = worker.health().copy_age.unwrap();
    until("the age grows", PATIENCE, async || worker.health().copy_age.unwrap() > age).await;
    assert!(worker.health().problem.is_some());

    write(&store, &deploy(1), 3).await;
    let mended = |health: &Health| health.problem.is_none() && health.copy_age.is_none();
    until_health(&worker, "what runs, stored again", mended).await;

    write(&store, &deploy(2), 4).await;
    until("the deploy", LOOKS, async || worker.pending().is_some()).await;
    assert_eq!(worker.health().copy_age, None, "it is about to be applied");
    worker.refused(&worker.pending().unwrap().id(), "key 'n:credentials': another secret");
    let problem = worker.health().problem.unwrap();
    assert!(problem.contains("revision 4") && problem.contains("'n:credentials'"), "{problem}");
    announce(&server);
    let _: () = connection.del(&["n:flows", "n:revision"]).unwrap();
    announce(&server);
    let empty = |health: &Health| health.problem.as_deref() == Some("Valkey holds no flows");
    assert!(until_health(&worker, "no flows", empty).await.copy_age.is_some());
    worker.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_tells_which_announcements_it_does_not_hear() {
    let server = Server::start(&[]);
    server.add_user("worker reset on nopass ~* resetchannels &n:packages* +@all");
    write(&instance::store(&admin_options(&server)).await, &deploy(1), 1).await;
    let mut config = packages_support::options(&server, Role::Worker);
    config.connection.username = Some("worker".into());
    config.connection.password = Some(node_red_storage_valkey::config::Secret::new("any"));
    let worker = running(config, None).await;
    let refused = |health: &Health| health.unheard == ["n:flows:updated"];
    until_health(&worker, "the refusal", refused).await;
    // Of both, the server would end the connection of a user that loses a channel.
    server.add_user("worker &n:flows*");
    until_health(&worker, "the permission", |health| health.unheard.is_empty()).await;
    worker.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_with_an_age_limit_looks_often_enough_not_to_pass_it() {
    let server = Server::start(&[]);
    write(&instance::store(&admin_options(&server)).await, &deploy(1), 1).await;
    let health = HealthConfig {
        port: 0,
        host: None,
        path: "/health".into(),
        max_age: Some(Duration::from_secs(4)),
    };
    let worker = running(Config { health: Some(health), ..worker_options(&server) }, None).await;
    let mut connection = server.admin();
    let before = instance::calls(&mut connection, "strlen");
    until("a look", PATIENCE, async || instance::calls(&mut connection, "strlen") > before).await;
    // A server that hangs is no proof, also before its silence has been noticed.
    server.signal("STOP");
    until("the age", PATIENCE, async || worker.health().copy_age.is_some()).await;
    server.signal("CONT");
    worker.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_as_old_as_when_it_was_in_step_last_however_often_it_is_started_from() {
    let mut server = Server::start(&[]);
    let dir = tempfile::tempdir().unwrap();
    write(&instance::store(&admin_options(&server)).await, &deploy(1), 1).await;
    running(worker_options(&server), Some(dir.path())).await.close().await;
    let make_older = || {
        let file = dir.path().join(".node-red-storage-valkey/last-good-copy.json");
        let mut copy: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        copy["saved"] = (copy["saved"].as_u64().unwrap() - 3_600_000).into();
        std::fs::write(&file, copy.to_string()).unwrap();
    };
    make_older();
    server.kill();
    let hour = Duration::from_secs(3600);
    for start in 1..=2 {
        let worker = running(worker_options(&server), Some(dir.path())).await;
        assert!(worker.health().copy_age.unwrap() >= hour, "start {start}");
        worker.close().await;
    }
    server.restart();
    write(&instance::store(&admin_options(&server)).await, &deploy(1), 1).await;
    let worker = running(worker_options(&server), Some(dir.path())).await;
    worker.close().await;
    // Written anew meanwhile; deployed an hour ago, and in step until it was closed.
    make_older();
    let sighting = dir.path().join(".node-red-storage-valkey/last-good-copy.seen.json");
    let mut seen: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&sighting).unwrap()).unwrap();
    seen["saved"] = (seen["saved"].as_u64().unwrap() - 3_600_000).into();
    std::fs::write(&sighting, seen.to_string()).unwrap();
    server.kill();
    let worker = running(worker_options(&server), Some(dir.path())).await;
    assert!(worker.health().copy_age.unwrap() < hour);
    worker.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_says_that_packages_are_in_step_before_the_list_was_read() {
    let mut server = Server::start(&[]);
    server.kill();
    let dir = UserDir::with(&[("a", "1.0.0")]);
    let running = packages_support::start(&server, &dir).await;
    let in_step = || running.worker.packages().unwrap().is_in_step();
    assert_eq!(in_step(), None);
    server.restart();
    until("the list", LOOKS, async || in_step() == Some(true)).await;
    dir.breaks("it can't be run");
    packages_support::store(&server, r#"{"b":"1.0.0"}"#);
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
    first.applied(&snapshot.id());
    first.is_kept().await;
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
    start_flows(&second).await;
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
    admin.mirror_deploy(instance::flows(1), instance::credentials(1), None, None).await.unwrap();
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
    let _ = admin.mirror_deploy(instance::flows(2), instance::credentials(2), None, None).await;
    assert!(!admin.health().mirrored);
    server.restart();
    until("all of it", PATIENCE, async || admin.health().mirrored).await;
    let stored: Option<String> = server.admin().get("n:flows").unwrap();
    assert_eq!(stored, Some(instance::flows(2)));
    admin.close().await;
}
