//! Who looks at whom, and what is said to those who look.

use std::collections::BTreeMap;
use std::time::Duration;

use node_red_storage_valkey::config::{Role, Secret, StateUser};
use node_red_storage_valkey::error::Error;
use node_red_storage_valkey::role::member::Member;
use redis::Commands;

use crate::common::monitor::Monitor;
use crate::common::server::Server;
use crate::common::{PATIENCE, instance, until};

const KEY: &str = "n:fleet:watch";
const CHANNEL: &str = "n:fleet:debug";

fn wants(worker: &str, kinds: &str) -> BTreeMap<String, String> {
    [(worker.to_owned(), kinds.to_owned())].into()
}

async fn ready(member: &Member) {
    until("it is connected", PATIENCE, async || member.connection() == "ready").await;
}

fn kinds(member: &Member) -> Vec<String> {
    member.watched("site-a").by.into_values().collect()
}

async fn looked_at(member: &Member, expected: &[&str], within: Duration) {
    until("it knows who looks", within, async || kinds(member) == expected).await;
}

#[tokio::test]
async fn a_worker_hears_within_a_second_that_somebody_looks_and_that_nobody_does() {
    let server = Server::start(&[]);
    let (worker, _) = instance::member(instance::options(&server, Role::Worker));
    let (admin, _) = instance::member(instance::options(&server, Role::Admin));
    let (other, _) = instance::member(instance::options(&server, Role::Admin));
    for member in [&worker, &admin, &other] {
        ready(member).await;
    }
    worker.follow_watch();
    let second = Duration::from_secs(1);
    admin.look(&wants("site-a", "debug,log")).await.unwrap();
    looked_at(&worker, &["debug,log"], second).await;
    other.look(&wants(worker.id(), "status")).await.unwrap();
    until("both look", second, async || kinds(&worker).len() == 2).await;
    admin.look(&wants("site-b", "debug")).await.unwrap();
    looked_at(&worker, &["status"], second).await;
    other.look(&BTreeMap::new()).await.unwrap();
    looked_at(&worker, &[], second).await;
    let expires: i64 = server.admin().pttl(KEY).unwrap();
    assert!((1..=30_000).contains(&expires), "{expires}");
    admin.look(&BTreeMap::new()).await.unwrap();
    assert!(!server.admin().exists::<_, bool>(KEY).unwrap());
}

#[tokio::test]
async fn what_is_said_comes_to_who_looks_on_a_connection_of_its_own() {
    let server = Server::start(&[]);
    let (worker, _) = instance::member(instance::options(&server, Role::Worker));
    let (admin, _) = instance::member(instance::options(&server, Role::Admin));
    ready(&worker).await;
    ready(&admin).await;
    let connections = || {
        let clients: String = redis::cmd("CLIENT").arg("LIST").query(&mut server.admin()).unwrap();
        clients.lines().count()
    };
    let before = connections();
    admin.look(&wants("*", "debug")).await.unwrap();
    assert_eq!(connections(), before + 1);
    assert!(worker.publish("hello".into()));
    until("it is heard", PATIENCE, async || admin.take_heard().messages == ["hello"]).await;
    admin.look(&BTreeMap::new()).await.unwrap();
    until("it is closed", PATIENCE, async || connections() == before).await;
}

#[tokio::test]
async fn as_long_as_nobody_looks_the_server_is_asked_once() {
    let server = Server::start(&[]);
    let mut monitor = Monitor::start(&server);
    let mut own = server.admin();
    let (worker, _) = instance::member(instance::options(&server, Role::Worker));
    worker.follow_watch();
    ready(&worker).await;
    let mut commands = Vec::new();
    // A few heartbeats.
    until("time has passed", PATIENCE, async || {
        commands.extend(monitor.commands(&mut own));
        commands.iter().filter(|command| *command == "ping").count() > 4
    })
    .await;
    let count = |name: &str| commands.iter().filter(|command| *command == name).count();
    assert_eq!((count("getrange"), count("publish"), count("subscribe")), (1, 0, 0));
}

#[tokio::test]
async fn a_server_that_does_not_tell_of_changes_is_asked_again_and_again() {
    let server = Server::start(&[]);
    server.add_user("state on >secret ~n:* &n:* -@all +ping +getrange");
    let mut options = instance::options(&server, Role::Worker);
    options.state =
        Some(StateUser { username: Some("state".into()), password: Some(Secret::new("secret")) });
    let (worker, _) = instance::member(options);
    let (admin, _) = instance::member(instance::options(&server, Role::Admin));
    ready(&worker).await;
    ready(&admin).await;
    worker.follow_watch();
    admin.look(&wants("*", "log")).await.unwrap();
    looked_at(&worker, &["log"], Duration::from_secs(5)).await;
}

#[tokio::test]
async fn whoever_looked_when_the_server_went_away_no_longer_does() {
    let mut server = Server::start(&[]);
    let (worker, _) = instance::member(instance::options(&server, Role::Worker));
    let (admin, _) = instance::member(instance::options(&server, Role::Admin));
    ready(&worker).await;
    ready(&admin).await;
    worker.follow_watch();
    admin.look(&wants("*", "debug")).await.unwrap();
    looked_at(&worker, &["debug"], PATIENCE).await;
    let session = worker.watched("site-a").session;
    server.kill();
    until("it is noticed", PATIENCE, async || worker.connection() == "reconnecting").await;
    assert!(!worker.publish("lost".into()));
    assert!(matches!(
        admin.look(&wants("*", "debug")).await,
        Err(Error::Unavailable { .. } | Error::Timeout { .. })
    ));
    server.restart();
    looked_at(&worker, &[], PATIENCE).await;
    until("it is connected", PATIENCE, async || admin.look(&wants("*", "debug")).await.is_ok())
        .await;
    looked_at(&worker, &["debug"], PATIENCE).await;
    assert!(worker.watched("site-a").session > session, "what was told before may be lost");
}

#[tokio::test]
async fn a_right_that_is_missing_is_named() {
    let server = Server::start(&[]);
    server.add_user("state on >secret ~n:* resetchannels -@all +ping +eval +evalsha +getrange");
    let mut options = instance::options(&server, Role::Admin);
    options.state =
        Some(StateUser { username: Some("state".into()), password: Some(Secret::new("secret")) });
    let (admin, _) = instance::member(options);
    ready(&admin).await;
    match admin.look(&wants("*", "debug")).await {
        Err(Error::Permission { rule, .. }) => assert!(rule.contains(CHANNEL), "{rule}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_somebody_has_spoilt_is_written_anew() {
    let server = Server::start(&[]);
    let (admin, _) = instance::member(instance::options(&server, Role::Admin));
    let (worker, _) = instance::member(instance::options(&server, Role::Worker));
    ready(&admin).await;
    worker.follow_watch();
    let mut own = server.admin();
    let large = "x".repeat(1_000_000);
    for text in ["", "{", "[1]", "{\"a\":{\"ends\":1e300,\"wants\":{}}}", &large] {
        let () = own.set(KEY, text).unwrap();
        admin.look(&wants("*", "debug")).await.unwrap();
        looked_at(&worker, &["debug"], PATIENCE).await;
    }
    let () = own.del(KEY).unwrap();
    let () = own.hset(KEY, "a", "b").unwrap();
    looked_at(&worker, &[], PATIENCE).await;
    admin.look(&wants("*", "debug")).await.unwrap();
    looked_at(&worker, &["debug"], PATIENCE).await;
}
