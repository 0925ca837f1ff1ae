//! What others wrote, who keep no record: kept before it is replaced.

use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::store::backups::KEPT;
use redis::Commands;

use super::common::instance::{admin, credentials, flows, stored};
use super::common::log::Log;
use super::common::server::Server;
use super::common::temp_dir;
use super::common::until;
use super::{PATIENCE, admin_options, deploy, holds};

/// The backups, each as (flows, credentials).
fn kept(connection: &mut redis::Connection) -> Vec<(Option<String>, Option<String>)> {
    let keys: Vec<String> = connection.keys("n:backup:*").unwrap();
    keys.iter()
        .map(|key| {
            (connection.hget(key, "flows").unwrap(), connection.hget(key, "credentials").unwrap())
        })
        .collect()
}

/// What is kept when an admin with deploy 1 on its disk finds these values and no record.
async fn kept_of(
    with_flows: &str,
    with_credentials: &str,
) -> Vec<(Option<String>, Option<String>)> {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let _: () = connection.set("n:flows", with_flows).unwrap();
    let _: () = connection.set("n:credentials", with_credentials).unwrap();
    let (admin, _) = admin(admin_options(&server), None).await;
    deploy(&admin, 1).await.unwrap();
    assert!(holds(&mut connection, 1));
    kept(&mut connection)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_flows_with_other_credentials_are_kept() {
    let one = |text: &str| vec![(Some(flows(1)), Some(text.to_owned()))];
    assert_eq!(kept_of(&flows(1), &credentials(2)).await, one(&credentials(2)));
    assert_eq!(kept_of(&flows(1), &credentials(1)).await, []);
    assert_eq!(kept_of(&flows(1), "{}").await, [], "none are no loss");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_are_kept_although_the_value_beside_them_cant_be_read() {
    let cut = r#"{"$":"cut"#;
    assert_eq!(kept_of(&flows(2), cut).await, [(Some(flows(2)), Some(cut.into()))]);
    assert_eq!(kept_of("not flows", "{}").await, [(Some("not flows".into()), Some("{}".into()))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_written_beside_the_record_is_kept_whatever_its_length() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let dir = temp_dir();
    for (round, other) in [flows(12_345), flows(2)].into_iter().enumerate() {
        let (before, _) = admin(admin_options(&server), Some(dir.path())).await;
        deploy(&before, 1).await.unwrap();
        before.close().await;
        let _: () = connection.set("n:flows", &other).unwrap();
        let (admin, _) = admin(admin_options(&server), Some(dir.path())).await;
        // Also when this disk has something newer than its record tells.
        deploy(&admin, 1 + 2 * round).await.unwrap();
        assert!(holds(&mut connection, 1 + 2 * round));
        let all = kept(&mut connection);
        assert_eq!(all.len(), round + 1, "{all:?}");
        assert!(all.contains(&(Some(other), Some(credentials(1)))), "{all:?}");
        admin.close().await;
    }
    assert_eq!(log.count("kept under"), 2, "{:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_more_backup_than_are_kept_drops_the_oldest() {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    for time in 1..=KEPT {
        let _: () = connection.hset(format!("n:backup:{time}"), "flows", "[]").unwrap();
    }
    let _: () = connection.set("n:flows", flows(2)).unwrap();
    let (admin, _) = admin(admin_options(&server), None).await;
    deploy(&admin, 1).await.unwrap();
    until("the deletion", PATIENCE, async || {
        let oldest: bool = server.admin().exists("n:backup:1").unwrap();
        !oldest
    })
    .await;
    let left = kept(&mut connection);
    assert_eq!(left.len(), KEPT);
    assert!(left.iter().any(|(kept, _)| *kept == Some(flows(2))), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_deploy_again_mends_a_value_of_the_same_length() {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let (admin, _) = admin(admin_options(&server), None).await;
    deploy(&admin, 1).await.unwrap();
    for (key, other) in [
        ("n:flows", flows(2)),
        ("n:credentials", credentials(2)),
        ("n:settings", r#"{"_credentialSecret":"s2"}"#.to_owned()),
        ("n:flows", "x".repeat(flows(1).len())),
    ] {
        let _: () = connection.set(key, &other).unwrap();
        deploy(&admin, 1).await.unwrap();
        assert!(holds(&mut connection, 1), "{key}");
    }
    assert_eq!(kept(&mut connection).len(), 3, "flows and credentials are kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_is_gone_is_mended_and_nothing_is_kept() {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let (admin, _) = admin(admin_options(&server), None).await;
    deploy(&admin, 1).await.unwrap();
    for key in ["n:flows", "n:credentials", "n:settings", "n:revision"] {
        let _: () = connection.del(key).unwrap();
        deploy(&admin, 1).await.unwrap();
        assert!(holds(&mut connection, 1), "{key}");
    }
    assert_eq!(kept(&mut connection), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_living_server_that_was_emptied_gets_library_and_sessions_as_well() {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let (admin, events) = admin(admin_options(&server), None).await;
    admin.mirror_sessions(r#"{"a":1}"#.into()).await.unwrap();
    deploy(&admin, 1).await.unwrap();
    events.wait(&Event::LibraryWanted, 1).await;
    for (times, number) in [(2, 1), (3, 2)] {
        redis::cmd("FLUSHALL").exec(&mut connection).unwrap();
        if number == 2 {
            // A deploy that comes first hides nothing.
            deploy(&admin, number).await.unwrap();
        }
        until("sessions are there again", PATIENCE, async || {
            stored(&mut connection, "n:sessions").as_deref() == Some(r#"{"a":1}"#)
        })
        .await;
        assert!(holds(&mut connection, number));
        events.wait(&Event::LibraryWanted, times).await;
    }
    assert_eq!(events.count(&Event::LibraryWanted), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_of_its_own_that_nobody_can_read_is_not_anothers() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let dir = temp_dir();
    for (flows, credentials) in [("[null]", "{}"), ("[]", "[]"), ("[{}]", "7")] {
        for _ in 0..2 {
            let (admin, _) = admin(admin_options(&server), Some(dir.path())).await;
            admin.mirror_deploy(flows, credentials.into(), None, None).await.unwrap();
            assert_eq!(stored(&mut connection, "n:flows").as_deref(), Some(flows));
            admin.close().await;
        }
    }
    let (admin, _) = admin(admin_options(&server), Some(dir.path())).await;
    deploy(&admin, 1).await.unwrap();
    assert!(holds(&mut connection, 1));
    assert_eq!(kept(&mut connection), []);
    assert_eq!(log.count("never had"), 0, "{:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_array_of_credentials_is_no_loss() {
    assert_eq!(kept_of(&flows(1), "[]").await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_disk_has_restored_is_no_deploy_that_it_never_had() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let (first, _) = admin(admin_options(&server), None).await;
    deploy(&first, 1).await.unwrap();
    let (standby, _) = admin(admin_options(&server), None).await;
    let restored = standby.read_for_restore(PATIENCE).await.unwrap().unwrap();
    standby.disk_has_restored();
    // Encrypted anew, with a secret of its own.
    let anew = r#"{"$":"anew"}"#;
    let mirrored = standby.mirror_deploy(restored.flows, anew.into(), None, None).await;
    assert_eq!(mirrored.unwrap_err().code(), "ERR_VALKEY_OTHER_ADMIN");
    first.close().await;
    let _: () = connection.pexpire("n:lease", 1).unwrap();
    until("it takes over", PATIENCE, async || {
        stored(&mut connection, "n:credentials").as_deref() == Some(anew)
    })
    .await;
    assert_eq!(kept(&mut connection), []);
    assert_eq!(log.count("never had"), 0, "{:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_after_a_disk_was_restored_is_kept() {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let (first, _) = admin(admin_options(&server), None).await;
    deploy(&first, 1).await.unwrap();
    let (standby, _) = admin(admin_options(&server), None).await;
    let restored = standby.read_for_restore(PATIENCE).await.unwrap().unwrap();
    standby.disk_has_restored();
    standby.mirror_deploy(restored.flows, restored.credentials, None, None).await.unwrap_err();
    deploy(&first, 2).await.unwrap();
    first.close().await;
    let _: () = connection.pexpire("n:lease", 1).unwrap();
    until("it takes over", PATIENCE, async || stored(&mut connection, "n:flows") == Some(flows(1)))
        .await;
    assert_eq!(kept(&mut connection).len(), 1);
}
