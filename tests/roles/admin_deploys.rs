//! What is on the admin's disk reaches Valkey.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use node_red_storage_valkey::role::admin::Mirrored;
use redis::Commands;

use super::common::instance::{
    self, admin, calls, credentials, deploy as content, flows, record, stored,
};
use super::common::log::Log;
use super::common::server::Server;
use super::common::temp_dir;
use super::common::until;
use super::{PATIENCE, admin_options, deploy, holds, until_held};

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_is_mirrored_whole_and_logged() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = temp_dir();
    let (admin, _) = admin(admin_options(&server), Some(dir.path())).await;
    let before = now();
    assert_eq!(deploy(&admin, 1).await, Ok(Mirrored::Done));
    let mut connection = server.admin();
    assert!(holds(&mut connection, 1));
    let first = record(&mut connection).unwrap();
    assert!(first.time >= before && first.time <= now());
    assert_eq!(log.count("mirrored"), 1, "{:?}", log.lines());
    assert_eq!(log.count("WARN") + log.count("ERROR"), 0, "{:?}", log.lines());
    // The same again is there already and is not written again.
    assert_eq!(deploy(&admin, 1).await, Ok(Mirrored::Done));
    assert_eq!(record(&mut connection).unwrap(), first);
    let project = Some("plant".to_owned());
    let done =
        admin.mirror_deploy(flows(1), credentials(1), Some("s1".into()), project.clone()).await;
    assert_eq!(done, Ok(Mirrored::Done));
    let second = record(&mut connection).unwrap();
    assert_eq!(second.project, project);
    assert!(second.sequence > first.sequence);
    // Credentials alone: the flows' hash stays, the record does not.
    assert_eq!(
        admin.mirror_deploy(flows(1), credentials(2), None, project).await,
        Ok(Mirrored::Done)
    );
    let third = record(&mut connection).unwrap();
    assert_eq!((&third.flows, third.credentials == second.credentials), (&second.flows, false));
    assert_eq!(stored(&mut connection, "n:settings").as_deref(), Some("{}"));
    let text = log.lines().join("\n");
    assert!(!text.contains("s1") && !text.contains("label"), "{text}");
}

/// Each is taken at its call: which future is polled first, or on which thread, is chance.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_deploys_at_once_the_later_call_counts() {
    let server = Server::start(&[]);
    let (admin, _) = admin(admin_options(&server), None).await;
    let taken = |n| admin.mirror_deploy(flows(n), credentials(n), Some(format!("s{n}")), None);
    let (first, second) = (taken(1), taken(2));
    let (second, first) = tokio::join!(second, first);
    assert_eq!((first, second), (Ok(Mirrored::Done), Ok(Mirrored::Done)));
    assert!(holds(&mut server.admin(), 2));
    let settings = |name: &str| admin.mirror_settings(&format!(r#"{{"users":{{"n":"{name}"}}}}"#));
    let (first, second) = (settings("first"), settings("second"));
    let (second, first) = tokio::join!(second, first);
    assert_eq!((first, second), (Ok(Mirrored::Done), Ok(Mirrored::Done)));
    let stored = stored(&mut server.admin(), "n:settings").unwrap();
    assert!(stored.contains("second"), "{stored}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_go_with_the_deploy_and_alone_afterwards() {
    let server = Server::start(&[]);
    let (admin, _) = admin(admin_options(&server), None).await;
    let all = r#"{"nodes":{"a":{}},"projects":{"x":{"credentialSecret":"p"}},"instanceId":"i","_credentialSecret":"old"}"#;
    assert_eq!(admin.mirror_settings(all).await, Ok(Mirrored::Later));
    let mut connection = server.admin();
    assert_eq!(stored(&mut connection, "n:settings"), None);
    deploy(&admin, 1).await.unwrap();
    let first = record(&mut connection).unwrap();
    let shared = r#"{"_credentialSecret":"s1","nodes":{"a":{}}}"#;
    assert_eq!(stored(&mut connection, "n:settings").as_deref(), Some(shared));
    assert_eq!(admin.mirror_settings(all).await, Ok(Mirrored::Unchanged));
    assert_eq!(record(&mut connection).unwrap(), first);
    assert_eq!(
        admin.mirror_settings(r#"{"nodes":{"b":{}},"modules":{}}"#).await,
        Ok(Mirrored::Done)
    );
    let shared = r#"{"_credentialSecret":"s1","nodes":{"b":{}}}"#;
    assert_eq!(stored(&mut connection, "n:settings").as_deref(), Some(shared));
    let second = record(&mut connection).unwrap();
    assert!(second.sequence > first.sequence && second.flows == first.flows);
    assert_eq!(stored(&mut connection, "n:flows"), Some(flows(1)));
    admin.mirror_settings("[]").await.expect_err("no object");
    assert_eq!(record(&mut connection).unwrap(), second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_not_shared_never_reaches_valkey() {
    let server = Server::start(&[]);
    let mut config = admin_options(&server);
    config.share_credential_secret = false;
    let (admin, _) = admin(config, None).await;
    admin.mirror_settings(r#"{"_credentialSecret":"hidden","nodes":{}}"#).await.unwrap();
    let done = admin.mirror_deploy(flows(1), credentials(1), Some("hidden".into()), None).await;
    assert_eq!(done, Ok(Mirrored::Done));
    assert_eq!(stored(&mut server.admin(), "n:settings").as_deref(), Some(r#"{"nodes":{}}"#));
}

/// Workers of version 4 read it once, at their start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_secret_is_there_before_anything_is_deployed() {
    let server = Server::start(&[]);
    let settings = || stored(&mut server.admin(), "n:settings");
    let mut config = admin_options(&server);
    config.share_credential_secret = false;
    let (silent, _) = admin(config, None).await;
    assert_eq!(silent.mirror_secret("hidden".into()).await, Ok(Mirrored::Unchanged));
    silent.close().await;
    assert_eq!(settings(), None);

    server.admin().del::<_, ()>("n:lease").unwrap();
    let (one, _) = admin(admin_options(&server), None).await;
    let all = r#"{"nodes":{"a":{}},"_credentialSecret":"s0"}"#;
    assert_eq!(one.mirror_settings(all).await, Ok(Mirrored::Later));
    for secret in ["s0", "s1"] {
        assert_eq!(one.mirror_secret(secret.into()).await, Ok(Mirrored::Done));
        let shared = format!(r#"{{"_credentialSecret":"{secret}","nodes":{{"a":{{}}}}}}"#);
        assert_eq!(settings(), Some(shared));
    }
    let second = admin(admin_options(&server), None).await.0;
    let refused = second.mirror_secret("other".into()).await.expect_err("another admin is active");
    assert_eq!(refused.code(), "ERR_VALKEY_OTHER_ADMIN");
    second.close().await;
    // A server that was emptied has it again.
    server.admin().del::<_, ()>("n:settings").unwrap();
    redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").exec(&mut server.admin()).unwrap();
    until("the settings again", PATIENCE, async || settings().is_some()).await;

    // What is deployed has its own, and nobody who has nothing takes it away.
    assert_eq!(deploy(&one, 1).await, Ok(Mirrored::Done));
    let deployed = settings();
    assert_eq!(one.mirror_secret("late".into()).await, Ok(Mirrored::Done));
    one.close().await;
    server.admin().del::<_, ()>("n:lease").unwrap();
    let (fresh, _) = admin(admin_options(&server), None).await;
    assert_eq!(fresh.mirror_secret("fresh".into()).await, Ok(Mirrored::Done));
    assert_eq!(settings(), deployed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sequence_is_higher_than_everything_before() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let mut connection = server.admin();
    let before = now();
    let (first, _) = admin(admin_options(&server), Some(dir.path())).await;
    deploy(&first, 1).await.unwrap();
    let by_clock = record(&mut connection).unwrap().sequence;
    assert!(by_clock > before && by_clock <= now() + 1);
    first.close().await;

    // Its own file, also when the clock went back.
    let file = dir.path().join(".node-red-storage-valkey/admin.json");
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains(&by_clock.to_string()), "{kept}");
    let later = by_clock + 5_000_000;
    std::fs::write(&file, kept.replace(&by_clock.to_string(), &later.to_string())).unwrap();
    let (second, _) = admin(admin_options(&server), Some(dir.path())).await;
    deploy(&second, 2).await.unwrap();
    assert_eq!(record(&mut connection).unwrap().sequence, later + 1);

    // The server's.
    let mut ahead = record(&mut connection).unwrap();
    ahead.sequence += 1_000_000;
    let _: () = connection.set("n:revision", ahead.to_text().unwrap()).unwrap();
    deploy(&second, 3).await.unwrap();
    assert_eq!(record(&mut connection).unwrap().sequence, ahead.sequence + 1);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains(&(ahead.sequence + 1).to_string()), "{kept}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_mirrored_and_expire() {
    let server = Server::start(&[]);
    let mut config = admin_options(&server);
    config.session_ttl = Duration::from_secs(500);
    let (admin, _) = admin(config, None).await;
    assert_eq!(admin.mirror_sessions(r#"{"a":{}}"#.into()).await, Ok(Mirrored::Done));
    let mut connection = server.admin();
    assert_eq!(stored(&mut connection, "n:sessions").as_deref(), Some(r#"{"a":{}}"#));
    let left: i64 = connection.ttl("n:sessions").unwrap();
    assert!((499..=500).contains(&left), "{left} s");
    assert_eq!(admin.read_sessions(PATIENCE).await, Ok(Some(r#"{"a":{}}"#.into())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_types_in_every_key_are_mended_by_a_deploy() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let mut connection = server.admin();
    for key in ["flows", "credentials", "settings", "revision", "lease", "sessions"] {
        let _: () = connection.rpush(format!("n:{key}"), "x").unwrap();
    }
    let (admin, _) = admin(admin_options(&server), None).await;
    assert_eq!(deploy(&admin, 1).await, Ok(Mirrored::Done));
    assert!(holds(&mut connection, 1));
    assert_eq!(admin.mirror_sessions("{}".into()).await, Ok(Mirrored::Done));
    assert_eq!(stored(&mut connection, "n:sessions").as_deref(), Some("{}"));
    assert_eq!(log.count("n:revision"), 1, "{:?}", log.lines());
    // And a record that only looks high.
    let _: () = connection.set("n:revision", r#"{"sequence":9e15}"#).unwrap();
    assert_eq!(deploy(&admin, 2).await, Ok(Mirrored::Done));
    assert!(holds(&mut connection, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_that_came_from_elsewhere_are_kept_before_they_are_replaced() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let mut connection = server.admin();
    // As an earlier module wrote them: no record.
    let _: () =
        connection.set("n:flows", format!(r#"{{"flows":{},"rev":"1"}}"#, flows(1))).unwrap();
    let _: () = connection.set("n:credentials", credentials(1)).unwrap();
    let (same, _) = admin(admin_options(&server), None).await;
    deploy(&same, 1).await.unwrap();
    let backups: Vec<String> = connection.keys("n:backup:*").unwrap();
    assert!(backups.is_empty(), "the same flows are in nobody's way: {backups:?}");
    same.close().await;
    let _: () = connection.del(&["n:lease", "n:revision"]).unwrap();
    let (other, _) = admin(admin_options(&server), None).await;
    deploy(&other, 2).await.unwrap();
    let backups: Vec<String> = connection.keys("n:backup:*").unwrap();
    assert_eq!(backups.len(), 1);
    let kept: String = connection.hget(&backups[0], "flows").unwrap();
    assert_eq!(kept, flows(1));
    assert_eq!(log.count(&format!("kept under '{}'", backups[0])), 1, "{:?}", log.lines());
    // What this admin replaces of its own is no loss.
    deploy(&other, 3).await.unwrap();
    let backups: Vec<String> = connection.keys("n:backup:*").unwrap();
    assert_eq!(backups.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_deploys_at_once_end_at_the_last_and_each_is_answered() {
    let server = Server::start(&[]);
    let (admin, _) = admin(admin_options(&server), None).await;
    let began = Instant::now();
    let all = (0..100).map(|number| deploy(&admin, number));
    let answers = futures_util::future::join_all(all).await;
    assert!(answers.iter().all(|answer| *answer == Ok(Mirrored::Done)), "{answers:?}");
    assert!(holds(&mut server.admin(), 99));
    println!("100 deploys at once in {:?}", began.elapsed());
    let written = calls(&mut server.admin(), "publish");
    assert!(written < 100, "{written} writes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_leaves_no_connection_and_no_task() {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let clients = |connection: &mut redis::Connection| {
        let list: String = redis::cmd("CLIENT").arg("LIST").query(connection).unwrap();
        list.lines().count()
    };
    let (first, _) = admin(admin_options(&server), None).await;
    deploy(&first, 1).await.unwrap();
    assert_eq!(clients(&mut connection), 2);
    first.close().await;
    first.close().await;
    assert!(matches!(deploy(&first, 2).await, Ok(Mirrored::Away(_))));
    until("no connection is left", PATIENCE, async || clients(&mut connection) == 1).await;
    let _: () = connection.del("n:lease").unwrap();
    // Dropped without having been closed.
    let (second, _) = admin(admin_options(&server), None).await;
    deploy(&second, 3).await.unwrap();
    drop(second);
    until("no connection is left", PATIENCE, async || clients(&mut connection) == 1).await;
    assert!(holds(&mut connection, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_directory_that_cant_be_written_is_no_obstacle() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = temp_dir();
    // A file in the folder's place; permissions do not stop a test that runs as root.
    std::fs::write(dir.path().join(".node-red-storage-valkey"), "").unwrap();
    let (admin, _) = instance::admin(admin_options(&server), Some(dir.path())).await;
    assert_eq!(deploy(&admin, 1).await, Ok(Mirrored::Done));
    until_held(&server, 1).await;
    assert!(log.count("WARN") >= 1, "{:?}", log.lines());
    assert_eq!(record(&mut server.admin()).unwrap().flows, content(1).revision(0, 0, "").flows);
}
