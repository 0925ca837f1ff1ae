//! What instances tell each other of themselves.

use std::time::Duration;

use node_red_storage_valkey::config::{Role, Secret, StateUser};
use node_red_storage_valkey::role::member::{Fleet, Member};
use redis::Commands;

use crate::common::cluster::{self, Cluster};
use crate::common::log::Log;
use crate::common::server::Server;
use crate::common::{PATIENCE, instance, until};

/// What of the line in docs/operations.md concerns reports.
const RULES: &str = "state on >pw ~n:fleet ~n:fleet:* resetchannels -@all +ping +select +info +role +client|setname +client|setinfo +client|tracking +set +del +pexpire +time +getrange +zadd +zrem +zrange +zremrangebyscore +zremrangebyrank +eval +evalsha";

fn of_state(server: &Server) -> node_red_storage_valkey::config::Config {
    let mut options = instance::options(server, Role::Worker);
    options.state =
        Some(StateUser { username: Some("state".into()), password: Some(Secret::new("pw")) });
    options
}

async fn fleet(member: &Member) -> Fleet {
    let mut found = None;
    until("it is read", PATIENCE, async || {
        found = member.read_fleet().await.ok();
        found.is_some()
    })
    .await;
    found.unwrap()
}

/// Waits until this reader finds so many reports.
async fn finds(member: &Member, count: usize) -> Fleet {
    until("the reports", PATIENCE, async || fleet(member).await.entries.len() == count).await;
    fleet(member).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_rights_are_enough_and_an_end_takes_the_report_away() {
    let server = Server::start(&[]);
    server.add_user(RULES);
    let (reader, _) = instance::member(of_state(&server));
    let (member, _) = instance::member(of_state(&server));
    member.report(r#"{"host":"a"}"#.into()).unwrap();
    let found = finds(&reader, 1).await;
    let entry = &found.entries[0];
    assert_eq!(entry.id, member.id());
    assert!(entry.silent < Duration::from_secs(20), "{entry:?}");
    let text = entry.report.as_deref().unwrap();
    assert!(text.starts_with(r#"{"tick":"#) && text.ends_with(r#","host":"a"}"#), "{text}");
    member.close().await;
    finds(&reader, 0).await;
    let mut admin = server.admin();
    assert!(!admin.exists::<_, bool>(format!("n:fleet:{}", member.id())).unwrap());
    let refused: Vec<redis::Value> = redis::cmd("ACL").arg("LOG").query(&mut admin).unwrap();
    assert_eq!(refused, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_more_is_reported_with_the_age_of_the_last_tick() {
    let server = Server::start(&[]);
    let (member, _) = instance::member(instance::options(&server, Role::Worker));
    member.report("{}".into()).unwrap();
    let tick = async || {
        let entry = fleet(&member).await.entries.pop()?;
        let text = entry.report?;
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        told["tick"].as_u64()
    };
    until("its age", PATIENCE, async || tick().await.is_some_and(|age| age > 4000)).await;
    assert!(fleet(&member).await.entries[0].silent < Duration::from_secs(4));
    member.report("{}".into()).unwrap();
    until("a change", PATIENCE, async || tick().await.is_some_and(|age| age < 4000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_back_empty_has_the_report_again() {
    let (log, _guard) = Log::keep();
    let mut server = Server::start(&[]);
    let (member, _) = instance::member(instance::options(&server, Role::Worker));
    member.report("{}".into()).unwrap();
    finds(&member, 1).await;
    server.kill();
    until("it is noticed", PATIENCE, async || member.connection() == "reconnecting").await;
    assert!(member.read_fleet().await.is_err());
    server.restart();
    finds(&member, 1).await;
    redis::cmd("FLUSHALL").exec(&mut server.admin()).unwrap();
    finds(&member, 1).await;
    assert_eq!(log.lines(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_right_is_one_line() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    server.add_user("state on >pw ~n:flows -@all +ping +info +get +client|setinfo");
    let (member, _) = instance::member(of_state(&server));
    for _ in 0..3 {
        member.report("{}".into()).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    until("it is told", PATIENCE, async || log.count("not seen among the others") == 1).await;
    assert_eq!(log.lines().len(), 1, "{:?}", log.lines());
    assert!(member.read_fleet().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_have_written_there_is_bounded_or_left_out() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let id = |number: u64| format!("{number:016x}");
    let _: () = admin.set("n:fleet", "no index").unwrap();
    let (member, _) = instance::member(instance::options(&server, Role::Worker));
    assert_eq!(fleet(&member).await.entries, []);
    // A report makes the index what it has to be.
    member.report("{}".into()).unwrap();
    finds(&member, 1).await;
    let _: () = admin.set(format!("n:fleet:{}", id(1)), "x".repeat(5_000_000)).unwrap();
    let _: () = admin.rpush(format!("n:fleet:{}", id(2)), "a list").unwrap();
    let _: () = admin.set(format!("n:fleet:{}", id(3)), b"\xff\xfe").unwrap();
    for entry in [id(1), id(2), id(3), id(4), "watch".into(), "../../flows".into()] {
        let _: () = admin.zadd("n:fleet", entry, 4_000_000_000_000_u64).unwrap();
    }
    let mut entries = finds(&member, 5).await.entries;
    entries.retain(|entry| entry.id != member.id());
    assert!(entries.iter().all(|entry| entry.report.is_none()), "{entries:?}");
    // Who claims to come from the future is not silent.
    assert!(entries.iter().all(|entry| entry.silent == Duration::ZERO));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_loses_what_is_older_than_a_day() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let _: () = admin.zadd("n:fleet", "0123456789abcdef", 1_000).unwrap();
    let (member, _) = instance::member(instance::options(&server, Role::Worker));
    member.report("{}".into()).unwrap();
    until("it is trimmed", PATIENCE, async || {
        let ids: Vec<String> = admin.zrange("n:fleet", 0, -1).unwrap();
        ids == [member.id()]
    })
    .await;
    let left: i64 = admin.ttl("n:fleet").unwrap();
    assert!(left > 3600, "{left}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_are_read_in_a_cluster() {
    let (cluster, server) = (Cluster::start(&[]), Server::start(&[]));
    let mut options = instance::options(&server, Role::Worker);
    options.key_prefix = cluster::PREFIX.into();
    options.connection = cluster.config(|_| {});
    let (member, _) = instance::member(options);
    member.report("{}".into()).unwrap();
    finds(&member, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_servers_can_do_it_as_well() {
    for flavour in ["redis-6", "redis-7", "valkey-8"] {
        let server = Server::start_flavour(flavour, &[]);
        let (member, _) = instance::member(instance::options(&server, Role::Worker));
        member.report("{}".into()).unwrap();
        finds(&member, 1).await;
        member.leave().await;
        finds(&member, 0).await;
    }
}
