//! The server goes away, and comes back as it was, emptied, or another one.

use node_red_storage_valkey::config::StateUser;
use node_red_storage_valkey::role::context::{Operation, Origin, Segment};
use redis::Commands;

use super::common::log::Log;
use super::common::server::Server;
use super::{PATIENCE, open, opened, options, reads, sent, set, text, until};

/// Cuts all connections but this one.
fn cut(admin: &mut redis::Connection) {
    let _: () = redis::cmd("CLIENT")
        .arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"])
        .query(admin)
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_heard_while_away_is_read_after_a_reconnect() {
    let server = Server::start(&[]);
    let context = opened(&server).await;
    let mut admin = server.admin();
    set(&context, "a", "1");
    set(&context, "b", "1");
    sent(&context).await;
    for round in 2..8 {
        cut(&mut admin);
        // Most of these come between two connections.
        let _: () = admin.set("n:context:global:a", round).unwrap();
        let _: () = admin.set(format!("n:context:global:new{round}"), round).unwrap();
        reads(&context, "a", Some(&round.to_string())).await;
        reads(&context, &format!("new{round}"), Some(&round.to_string())).await;
    }
    cut(&mut admin);
    let _: () = admin.del("n:context:global:b").unwrap();
    reads(&context, "b", None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_go_on_while_the_server_hangs_and_count_afterwards() {
    let server = Server::start(&[]);
    let context = opened(&server).await;
    set(&context, "a", "0");
    sent(&context).await;
    server.signal("STOP");
    for number in 1..100 {
        set(&context, "a", &number.to_string());
    }
    context.set_part("global", "b", vec![Segment::Name("x".into())], Some("1".into())).unwrap();
    assert_eq!(text(&context, "a").as_deref(), Some("99"));
    until("it is given up", PATIENCE, async || context.health().connection != "ready").await;
    let error = context.operate("global", "n", Operation::Increment(1.0)).await.unwrap_err();
    assert_eq!(error.code(), "ERR_VALKEY_UNAVAILABLE");
    set(&context, "a", "100");
    server.signal("CONT");
    sent(&context).await;
    let mut admin = server.admin();
    let stored: (String, String) =
        admin.mget(&["n:context:global:a", "n:context:global:b"]).unwrap();
    assert_eq!(stored, ("100".into(), r#"{"x":1}"#.into()));
    assert_eq!(context.health().conflicts, 0);
}

/// Lets the context's user in no more, or again.
fn let_in(server: &Server, allowed: bool) {
    server.add_user(if allowed { "context on" } else { "context off" });
    let mut admin = server.admin();
    let _: () = redis::cmd("CLIENT")
        .arg(&["KILL", "USER", "context"])
        .query(&mut admin)
        .unwrap_or_default();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_has_set_meanwhile_stays_and_is_told() {
    let dir = super::common::temp_dir();
    let server = Server::start(&[]);
    server.add_user("context on nopass ~* +@all");
    let mut config = options(&server);
    let user = StateUser { username: Some("context".into()), password: None };
    config.state = Some(user);
    let (log, _guard) = Log::keep();
    let (context, told) = open(config, Some(dir.path()));
    context.opened().await;
    for (key, text) in [("a", "1"), ("free", "1"), ("same", "1"), ("parts", r#"{"x":1,"y":1}"#)] {
        set(&context, key, text);
    }
    sent(&context).await;
    let_in(&server, false);
    until("it is away", PATIENCE, async || context.health().connection != "ready").await;
    let part = |name: &str| vec![Segment::Name(name.into())];
    set(&context, "a", "\"ours\"");
    set(&context, "free", "2");
    set(&context, "same", "3");
    context.set_part("global", "parts", part("x"), Some("2".into())).unwrap();
    context.set_part("global", "parts", part("y"), Some("2".into())).unwrap();
    set(&context, "new", "\"ours\"");
    assert_eq!(text(&context, "a").as_deref(), Some("\"ours\""));
    let mut admin = server.admin();
    let _: () = redis::pipe()
        .set("n:context:global:a", "\"theirs\"")
        .set("n:context:global:same", "3")
        .set("n:context:global:parts", r#"{"x":1,"y":3}"#)
        .set("n:context:global:new", "\"theirs\"")
        .query(&mut admin)
        .unwrap();
    let_in(&server, true);
    reads(&context, "a", Some("\"theirs\"")).await;
    reads(&context, "new", Some("\"theirs\"")).await;
    // Different parts survive each other.
    reads(&context, "parts", Some(r#"{"x":2,"y":3}"#)).await;
    reads(&context, "free", Some("2")).await;
    sent(&context).await;
    let stored: (String, String, String) = admin
        .mget(&["n:context:global:a", "n:context:global:free", "n:context:global:parts"])
        .unwrap();
    assert_eq!(stored, ("\"theirs\"".into(), "2".into(), r#"{"x":2,"y":3}"#.into()));
    assert_eq!(context.health().conflicts, 3);
    for name in ["a", "new", "parts"] {
        assert_eq!(log.count(&format!("'global {name}' was set here")), 1, "{:?}", log.lines());
        assert!(told.0.borrow().contains(&("global".into(), name.into())), "{name}");
    }
    assert_eq!(log.count("ours\""), 0);
    let file = dir.path().join(".node-red-storage-valkey/context-default.conflicts.json");
    until("they are kept", PATIENCE, async || {
        std::fs::read_to_string(&file).is_ok_and(|text| text.matches("ours").count() == 5)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_server_is_refilled() {
    let mut server = Server::start(&[]);
    let contexts = [opened(&server).await, opened(&server).await];
    for number in 0..2000 {
        set(&contexts[0], &format!("k{number}"), &number.to_string());
    }
    sent(&contexts[0]).await;
    reads(&contexts[1], "k1999", Some("1999")).await;
    until("all are read", PATIENCE, async || contexts[1].health().keys == 2000).await;
    for restarts in [false, true] {
        match restarts {
            true => server.restart(),
            false => redis::cmd("FLUSHALL").exec(&mut server.admin()).unwrap(),
        }
        let mut admin = server.admin();
        until("it is refilled", PATIENCE, async || {
            let keys: Vec<String> = admin.keys("n:context:global:*").unwrap();
            keys.len() == 2000
        })
        .await;
        for context in &contexts {
            until("in step", PATIENCE, async || context.health().in_step).await;
            assert_eq!(context.health().keys, 2000);
            assert_eq!(text(context, "k77").as_deref(), Some("77"));
        }
    }
    // Another one that starts with nothing is no reason to delete anything.
    let new = opened(&server).await;
    assert_eq!(new.health().keys, 2000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_it_opens_with_nothing_and_overwrites_nothing_later() {
    let mut server = Server::start(&[]);
    server.kill();
    let (context, _) = open(options(&server), None);
    assert_eq!(context.opened().await, Origin::Nothing);
    set(&context, "count", "1");
    set(&context, "mine", "1");
    server.restart();
    let mut admin = server.admin();
    let _: () = redis::pipe()
        .set("n:context:global:count", 41)
        .set("n:context::epoch", "e1")
        .query(&mut admin)
        .unwrap();
    context.loaded().await;
    sent(&context).await;
    let stored: String = admin.get("n:context:global:count").unwrap();
    reads(&context, "count", Some(&stored)).await;
    reads(&context, "mine", Some("1")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_to_expire_is_not_refilled_for_good() {
    let server = Server::start(&[]);
    let context = opened(&server).await;
    let lock = Operation::SetIfAbsent("1".into());
    context.operate("global", "lock", lock).await.unwrap();
    context.operate("global", "lock", Operation::Expire(60_000)).await.unwrap();
    let mut admin = server.admin();
    // Another one puts back what it has only read.
    let other = opened(&server).await;
    context.close().await;
    let context = other;
    redis::cmd("FLUSHALL").exec(&mut admin).unwrap();
    until("it is refilled", PATIENCE, async || {
        let left: i64 = redis::cmd("PTTL").arg("n:context:global:lock").query(&mut admin).unwrap();
        left > 0
    })
    .await;
    set(&context, "after", "1");
    sent(&context).await;
    let left: i64 = redis::cmd("PTTL").arg("n:context:global:lock").query(&mut admin).unwrap();
    assert!(left > 0, "{left}");
}
