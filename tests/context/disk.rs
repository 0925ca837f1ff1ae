//! What is kept on the disk while the server is away.

use std::path::Path;

use node_red_storage_valkey::config::StateUser;
use node_red_storage_valkey::role::context::Origin;
use redis::Commands;

use super::common::server::Server;
use super::{PATIENCE, open, opened, options, reads, reads_from_server, sent, set, text, until};

fn file(dir: &Path, kind: &str) -> std::path::PathBuf {
    dir.join(format!(".node-red-storage-valkey/context-default{kind}.json"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_what_a_start_without_server_reads() {
    let dir = super::common::temp_dir();
    let mut server = Server::start(&[]);
    let (first, _) = open(options(&server), Some(dir.path()));
    first.opened().await;
    set(&first, "a", "1");
    sent(&first).await;
    first.close().await;
    first.close().await;
    assert!(!file(dir.path(), ".unsaved").exists());
    server.kill();
    let (second, _) = open(options(&server), Some(dir.path()));
    assert_eq!(second.opened().await, Origin::Copy);
    second.loaded().await;
    assert_eq!(text(&second, "a").as_deref(), Some("1"));
    // The server has lost everything meanwhile.
    server.restart();
    until("it is refilled", PATIENCE, async || {
        server.admin().get::<_, Option<String>>("n:context:global:a").unwrap().is_some()
    })
    .await;
    // Until then the server counts as emptied, and the next one would refill it.
    until("in step", PATIENCE, async || second.health().in_step).await;
    second.close().await;
    // What was deleted while we were away stays deleted.
    let _: () = server.admin().del("n:context:global:a").unwrap();
    let (third, _) = open(options(&server), Some(dir.path()));
    reads_from_server(&third).await;
    assert_eq!(text(&third, "a"), None);
    third.close().await;
    // The copy of another life of the server is of no account to it.
    let _: () = redis::pipe()
        .set("n:context::epoch", "another")
        .set("n:context:global:b", 2)
        .query(&mut server.admin())
        .unwrap();
    let copy = std::fs::read_to_string(file(dir.path(), "")).unwrap();
    let copy = copy.replace("\"keys\":[", "\"keys\":[[\"global\",\"old\",\"5\"]");
    std::fs::write(file(dir.path(), ""), copy).unwrap();
    let (fourth, _) = open(options(&server), Some(dir.path()));
    reads_from_server(&fourth).await;
    assert_eq!(fourth.names("global"), ["b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_set_while_the_server_is_away_survives_a_kill() {
    let dir = super::common::temp_dir();
    let server = Server::start(&[]);
    let (first, _) = open(options(&server), Some(dir.path()));
    first.opened().await;
    set(&first, "a", "1");
    sent(&first).await;
    server.signal("STOP");
    set(&first, "a", "2");
    set(&first, "b", "2");
    let kept = until("it is on the disk", PATIENCE, async || {
        std::fs::read_to_string(file(dir.path(), ".unsaved"))
            .is_ok_and(|text| text.contains("\"b\""))
    })
    .await;
    assert!(kept.as_millis() < 5000, "{kept:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(file(dir.path(), ".unsaved")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // As a kill does: nothing is said to anybody.
    drop(first);
    server.signal("CONT");
    let (second, _) = open(options(&server), Some(dir.path()));
    second.opened().await;
    reads(&second, "a", Some("2")).await;
    sent(&second).await;
    let mut admin = server.admin();
    let stored: (String, String) =
        admin.mget(&["n:context:global:a", "n:context:global:b"]).unwrap();
    assert_eq!(stored, ("2".into(), "2".into()));
    assert_eq!(second.health().conflicts, 0);
    until("the file goes", PATIENCE, async || !file(dir.path(), ".unsaved").exists()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_keeps_what_could_not_be_sent_and_takes_no_time() {
    let dir = super::common::temp_dir();
    let server = Server::start(&[]);
    let (context, _) = open(options(&server), Some(dir.path()));
    context.opened().await;
    server.signal("STOP");
    set(&context, "a", "1");
    let begun = std::time::Instant::now();
    context.close().await;
    assert!(begun.elapsed().as_millis() < 4000, "{:?}", begun.elapsed());
    let kept = std::fs::read_to_string(file(dir.path(), ".unsaved")).unwrap();
    assert!(kept.contains("\"a\""), "{kept}");
    let error = context.set("global", vec![("b".into(), None)]).unwrap_err();
    assert_eq!(error.code(), "ERR_VALKEY_CLOSED");
    server.signal("CONT");
}

/// One that is refused the names of the keys has read nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_what_the_server_has_is_no_copy() {
    let dir = super::common::temp_dir();
    let mut server = Server::start(&[]);
    let mut admin = server.admin();
    let _: () = admin.mset(&[("n:context:global:a", "1"), ("n:context::epoch", "e1")]).unwrap();
    server.add_user("context on nopass ~* +@all -scan");
    let mut config = options(&server);
    config.state = Some(StateUser { username: Some("context".into()), password: None });
    let (context, _) = open(config, Some(dir.path()));
    until("it is refused", PATIENCE, async || context.health().problem.is_some()).await;
    context.close().await;
    assert!(!file(dir.path(), "").exists());
    server.kill();
    let (context, _) = open(options(&server), Some(dir.path()));
    assert_eq!(context.opened().await, Origin::Nothing);
    context.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unused_context_has_a_copy_too() {
    let dir = super::common::temp_dir();
    let server = Server::start(&[]);
    let (context, _) = open(options(&server), Some(dir.path()));
    context.opened().await;
    until("there is a copy", PATIENCE, async || file(dir.path(), "").exists()).await;
}

/// Who has just lost the server knows better than an old copy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_copy_is_no_match_for_a_replica() {
    let dir = super::common::temp_dir();
    let mut server = Server::start(&[]);
    let (first, _) = open(options(&server), Some(dir.path()));
    first.opened().await;
    set(&first, "a", "\"old\"");
    sent(&first).await;
    first.close().await;
    let current = opened(&server).await;
    set(&current, "a", "\"new\"");
    sent(&current).await;
    server.kill();
    until("it is away", PATIENCE, async || current.health().connection != "ready").await;
    let (old, _) = open(options(&server), Some(dir.path()));
    assert_eq!(old.opened().await, Origin::Copy);
    server.restart();
    for context in [&current, &old] {
        until("in step", PATIENCE, async || context.health().in_step).await;
        reads(context, "a", Some("\"new\"")).await;
    }
}

/// However much is set, a refusal is not taken for progress.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_refuses_goes_to_the_disk() {
    let dir = super::common::temp_dir();
    let server = Server::start(&[]);
    server.add_user("context on nopass ~* +@all -mset");
    let mut config = options(&server);
    config.state = Some(StateUser { username: Some("context".into()), password: None });
    let (context, _) = open(config, Some(dir.path()));
    context.opened().await;
    set(&context, "kept", "1");
    until("it is on the disk", PATIENCE, async || {
        set(&context, "busy", "2");
        std::fs::read_to_string(file(dir.path(), ".unsaved")).is_ok_and(|it| it.contains("kept"))
    })
    .await;
    server.add_user("context +mset");
    sent(&context).await;
    until("the file goes", PATIENCE, async || !file(dir.path(), ".unsaved").exists()).await;
}
