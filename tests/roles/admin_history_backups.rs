//! What earlier releases kept under `backup:<time>` becomes entries of the history.

use node_red_storage_valkey::config::{Config, HistoryConfig, Secret};
use node_red_storage_valkey::role::admin::Mirrored;
use redis::Commands;
use serde_json::Value;

use super::admin_history::{history, listed, options, pressed, sequences};
use super::common::instance::{admin, credentials, flows};
use super::common::log::Log;
use super::common::server::Server;
use super::common::{temp_dir, until};
use super::{PATIENCE, admin_options, deploy};

/// As an admin without a history keeps what it replaces: `number` at that time.
fn keep(server: &Server, time: u64, number: usize) {
    let fields = [
        ("flows", flows(number)),
        ("credentials", credentials(number)),
        ("settings", r#"{"_credentialSecret":"of then"}"#.to_owned()),
    ];
    let _: () = server.admin().hset_multiple(format!("n:backup:{time}"), &fields).unwrap();
}

fn origins(entries: &[Value]) -> Vec<(&str, u64)> {
    let of = |entry: &Value| entry["time"].as_u64().unwrap();
    entries.iter().map(|entry| (entry["origin"].as_str().unwrap(), of(entry))).collect()
}

fn backup_keys(server: &Server) -> usize {
    let keys: Vec<String> = server.admin().keys("n:backup:*").unwrap();
    keys.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_entries_to_go_back_to_once_and_their_keys_stay() {
    let server = Server::start(&[]);
    keep(&server, 2000, 2);
    keep(&server, 1000, 1);
    let _: () = server.admin().hset("n:backup:1500", "flows", "no flows").unwrap();
    let _: () = server.admin().set("n:backup:1600", "no hash").unwrap();
    let dir = temp_dir();
    let (first, _) = admin(options(&server), Some(dir.path())).await;
    pressed(&first, 3, "ann").await;
    until("they are entries", PATIENCE, async || listed(&first).await.len() == 3).await;
    let entries = listed(&first).await;
    assert_eq!(origins(&entries)[1..], [("replaced", 2000), ("replaced", 1000)]);
    assert_eq!(entries[0]["origin"], "deploy");
    assert_eq!(entries[0]["current"], true);
    for (sequence, number) in [(1, 1), (2, 2)] {
        let state = history(&first).state(sequence).await.unwrap();
        assert_eq!((state.flows, state.credentials), (flows(number), credentials(number)));
        assert_eq!(state.secret.as_deref(), Some("of then"));
    }
    first.close().await;
    assert_eq!(backup_keys(&server), 4);

    // One that was made meanwhile, by an admin that keeps no history, is one more; the others are none.
    keep(&server, 3000, 9);
    let (again, _) = admin(options(&server), Some(dir.path())).await;
    until("the new one is there", PATIENCE, async || listed(&again).await.len() == 4).await;
    assert_eq!(origins(&listed(&again).await)[0], ("replaced", 3000));
    assert_eq!(history(&again).state(4).await.unwrap().flows, flows(9));
    again.close().await;
    let (last, _) = admin(options(&server), Some(dir.path())).await;
    deploy(&last, 3).await.unwrap();
    pressed(&last, 4, "ann").await;
    assert_eq!(sequences(&listed(&last).await), [5, 4, 3, 2, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_that_may_not_read_them_is_told_once_and_keeps_a_history() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    keep(&server, 1000, 1);
    server.add_user("limited on >x ~n:* &* +@all -hscan");
    let mut config = options(&server);
    config.connection.username = Some("limited".into());
    config.connection.password = Some(Secret::new("x"));
    let dir = temp_dir();
    let (limited, _) = admin(config, Some(dir.path())).await;
    for number in 3..5 {
        pressed(&limited, number, "ann").await;
    }
    until("both are entries", PATIENCE, async || listed(&limited).await.len() == 2).await;
    until("it is told", PATIENCE, async || log.count("add +hscan to its rules") == 1).await;
    assert_eq!(
        origins(&listed(&limited).await).iter().filter(|(of, _)| *of == "replaced").count(),
        0
    );
    limited.close().await;
    assert_eq!(log.count("add +hscan to its rules"), 1);
    assert_eq!(backup_keys(&server), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_bounded_and_do_not_come_back_or_cost_what_was_deployed() {
    let server = Server::start(&[]);
    for number in 1..=10 {
        keep(&server, number * 1000, usize::try_from(number).unwrap());
    }
    let dir = temp_dir();
    let wanted = HistoryConfig { entries: 4, ..HistoryConfig::default() };
    let config = || Config { history: Some(wanted), ..admin_options(&server) };
    let (first, _) = admin(config(), Some(dir.path())).await;
    until("the newest are there", PATIENCE, async || listed(&first).await.len() == 4).await;
    let times: Vec<u64> =
        origins(&listed(&first).await).into_iter().map(|(_, time)| time).collect();
    assert_eq!(times, [10_000, 9000, 8000, 7000]);
    for number in 20..24 {
        pressed(&first, number, "ann").await;
    }
    assert_eq!(sequences(&listed(&first).await), [8, 7, 6, 5]);
    first.close().await;
    keep(&server, 11_000, 11);
    let (again, _) = admin(config(), Some(dir.path())).await;
    deploy(&again, 23).await.unwrap();
    pressed(&again, 24, "ann").await;
    let entries = listed(&again).await;
    assert_eq!(sequences(&entries), [9, 8, 7, 6]);
    assert!(origins(&entries).iter().all(|(origin, _)| *origin == "deploy"));
    assert_eq!(backup_keys(&server), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_this_admin_has_replaced_is_one_entry_and_stays_one() {
    let server = Server::start(&[]);
    let (stranger, _) = admin(admin_options(&server), None).await;
    deploy(&stranger, 7).await.unwrap();
    stranger.close().await;
    let _: () = server.admin().del("n:lease").unwrap();
    let dir = temp_dir();
    for _ in 0..3 {
        let (admin, _) = admin(options(&server), Some(dir.path())).await;
        assert_eq!(deploy(&admin, 1).await, Ok(Mirrored::Done));
        until("both are there", PATIENCE, async || listed(&admin).await.len() == 2).await;
        admin.close().await;
    }
    assert_eq!(backup_keys(&server), 1);
}
