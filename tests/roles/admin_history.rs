//! The history that an admin keeps of its deploys.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use node_red_storage_valkey::config::{Config, HistoryConfig, Secret};
use node_red_storage_valkey::content::history::{Note, Origin};
use node_red_storage_valkey::role::admin::{Admin, Mirrored};
use node_red_storage_valkey::role::history::{History, HistoryReader};
use redis::Commands;
use serde_json::Value;

use super::common::instance::{self, admin, credentials, flows};
use super::common::server::Server;
use super::common::{temp_dir, until};
use super::{PATIENCE, admin_options, deploy};

pub(super) fn options(server: &Server) -> Config {
    Config { history: Some(HistoryConfig::default()), ..admin_options(server) }
}

pub(super) fn history(admin: &Admin) -> &Arc<History> {
    admin.history().unwrap()
}

pub(super) async fn listed(admin: &Admin) -> Vec<Value> {
    serde_json::from_str(&history(admin).entries().await.unwrap()).unwrap()
}

pub(super) fn sequences(entries: &[Value]) -> Vec<u64> {
    entries.iter().map(|entry| entry["sequence"].as_u64().unwrap()).collect()
}

pub(super) async fn pressed(admin: &Admin, number: usize, user: &str) {
    history(admin).note(Note { user: Some(user.into()), ..Note::of(Origin::Deploy) });
    deploy(admin, number).await.unwrap();
}

pub(super) async fn until_mirrored(server: &Server, entries: usize) {
    let reader = HistoryReader::open(&options(server), Arc::new(instance::Soon).into());
    until("the history is mirrored", PATIENCE, async || {
        let text = reader.entries(PATIENCE).await.unwrap();
        serde_json::from_str::<Vec<Value>>(&text).unwrap().len() == entries
    })
    .await;
    reader.close().await;
}

pub(super) fn file(dir: &Path, name: &str) -> PathBuf {
    dir.join(".node-red-storage-valkey/history").join(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_deploy_is_kept_and_can_be_had_again_and_compared() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let (first, _) = admin(options(&server), Some(dir.path())).await;
    deploy(&first, 1).await.unwrap();
    // What is found again is no new entry.
    deploy(&first, 1).await.unwrap();
    pressed(&first, 2, "ann").await;
    pressed(&first, 2, "bob").await;
    let entries = listed(&first).await;
    assert_eq!(sequences(&entries), [3, 2, 1]);
    let told: Vec<_> = entries.iter().map(|e| (e["origin"].as_str(), e["user"].as_str())).collect();
    assert_eq!(
        told,
        [(Some("deploy"), Some("bob")), (Some("deploy"), Some("ann")), (Some("load"), None)]
    );
    assert_eq!(entries[1]["tabs"], serde_json::json!(["2", "1"]));
    assert_eq!((&entries[1]["added"], &entries[1]["removed"]), (&1.into(), &1.into()));
    assert_eq!((&entries[0]["current"], &entries[1]["current"]), (&true.into(), &false.into()));
    until_mirrored(&server, 3).await;

    // A restart, and one without a server.
    first.close().await;
    for _ in 0..2 {
        let (again, _) = admin(options(&server), Some(dir.path())).await;
        assert_eq!(sequences(&listed(&again).await), [3, 2, 1]);
        for (sequence, number) in [(1, 1), (2, 2), (3, 2)] {
            let state = history(&again).state(sequence).await.unwrap();
            assert_eq!((state.flows, state.credentials), (flows(number), credentials(number)));
        }
        again.close().await;
    }
    let reader = HistoryReader::open(&options(&server), Arc::new(instance::Soon).into());
    let (again, _) = admin(options(&server), Some(dir.path())).await;
    for (from, to) in [(None, 2), (Some(1), 3), (Some(3), 1), (None, 1)] {
        let told = history(&again).difference(from, to).await.unwrap();
        assert_eq!(reader.difference(from, to, PATIENCE).await.unwrap(), told);
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["from"].as_u64(), from.or(Some(1)).filter(|&from| from != to));
    }
    let error = history(&again).state(9).await.unwrap_err();
    assert_eq!(error.code(), "ERR_VALKEY_HISTORY");
    assert!(history(&again).annotate(2, " before the audit ".into()).await.unwrap());
    assert!(!history(&again).annotate(9, "no".into()).await.unwrap());
    assert_eq!(listed(&again).await[1]["message"], "before the audit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_disk_has_its_history_again_and_an_emptied_server_too() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let (first, _) = admin(options(&server), Some(dir.path())).await;
    for number in 1..=3 {
        pressed(&first, number, "ann").await;
    }
    until_mirrored(&server, 3).await;
    first.close().await;
    fs::remove_dir_all(dir.path().join(".node-red-storage-valkey")).unwrap();
    let _: () = server.admin().del("n:lease").unwrap();
    let (second, _) = admin(options(&server), Some(dir.path())).await;
    // It has restored what Valkey held.
    deploy(&second, 3).await.unwrap();
    assert_eq!(sequences(&listed(&second).await), [3, 2, 1]);
    assert_eq!(history(&second).state(1).await.unwrap().flows, flows(1));

    redis::cmd("FLUSHALL").exec(&mut server.admin()).unwrap();
    pressed(&second, 4, "ann").await;
    until_mirrored(&server, 4).await;
    // Emptied between two steps of writing it, the next deploy finds it.
    pressed(&second, 5, "ann").await;
    let reader = HistoryReader::open(&options(&server), Arc::new(instance::Soon).into());
    until("all of it is mirrored", PATIENCE, async || {
        reader.difference(Some(1), 5, PATIENCE).await.is_ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_was_emptied_while_valkey_was_away_has_both_histories() {
    let mut server = Server::start(&[]);
    let dir = temp_dir();
    let (first, _) = admin(options(&server), Some(dir.path())).await;
    pressed(&first, 1, "ann").await;
    pressed(&first, 2, "ann").await;
    until_mirrored(&server, 2).await;
    first.close().await;
    fs::remove_dir_all(dir.path().join(".node-red-storage-valkey")).unwrap();
    let _: () = server.admin().del("n:lease").unwrap();
    redis::cmd("SAVE").exec(&mut server.admin()).unwrap();
    server.kill();
    let (second, _) = admin(options(&server), Some(dir.path())).await;
    pressed(&second, 3, "bob").await;
    pressed(&second, 4, "bob").await;
    assert_eq!(sequences(&listed(&second).await), [2, 1]);
    server.restart();
    // What its deploy replaced may be one more, anywhere after those that Valkey had.
    let deploys = async || {
        let mut entries = listed(&second).await;
        entries.retain(|entry| entry["origin"] == "deploy");
        sequences(&entries)
    };
    until("both are there", PATIENCE, async || deploys().await.len() == 4).await;
    for (sequence, number) in deploys().await.into_iter().zip((1..=4).rev()) {
        assert_eq!(history(&second).state(sequence).await.unwrap().flows, flows(number));
    }
    until("both are mirrored", PATIENCE, async || {
        let keys: Vec<String> = server.admin().keys("n:history:*").unwrap();
        keys.len() == listed(&second).await.len()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_nothing_more_is_no_reason_to_fail() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    fs::create_dir_all(dir.path().join(".node-red-storage-valkey")).unwrap();
    let folder = dir.path().join(".node-red-storage-valkey/history");
    fs::write(&folder, "in the way").unwrap();
    let (admin, _) = admin(options(&server), Some(dir.path())).await;
    assert_eq!(deploy(&admin, 1).await, Ok(Mirrored::Done));
    assert!(listed(&admin).await.is_empty());
    fs::remove_file(folder).unwrap();
    assert_eq!(deploy(&admin, 2).await, Ok(Mirrored::Done));
    assert_eq!(sequences(&listed(&admin).await), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_admin_replaces_is_an_entry_that_does_not_run() {
    let server = Server::start(&[]);
    let (stranger, _) = admin(admin_options(&server), None).await;
    deploy(&stranger, 7).await.unwrap();
    stranger.close().await;
    let _: () = server.admin().del("n:lease").unwrap();
    let dir = temp_dir();
    let (admin, _) = admin(options(&server), Some(dir.path())).await;
    deploy(&admin, 1).await.unwrap();
    until("both are there", PATIENCE, async || listed(&admin).await.len() == 2).await;
    // Which of the two is recorded first is open.
    let entries = listed(&admin).await;
    let of = |origin: &str| entries.iter().find(|entry| entry["origin"] == origin).unwrap();
    assert_eq!((&of("replaced")["current"], &of("load")["current"]), (&false.into(), &true.into()));
    let replaced = of("replaced")["sequence"].as_u64().unwrap();
    let state = history(&admin).state(replaced).await.unwrap();
    assert_eq!((state.flows, state.credentials), (flows(7), credentials(7)));
    // What runs is not taken for new because another entry is newer.
    deploy(&admin, 1).await.unwrap();
    assert_eq!(listed(&admin).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_right_to_its_keys_it_is_kept_on_the_disk() {
    let server = Server::start(&[]);
    server.add_user("old on >p ~n:flows ~n:credentials ~n:settings ~n:revision ~n:lease ~n:library:* ~n:index:* ~n:packages ~n:sessions &* +@all");
    let dir = temp_dir();
    let mut config = options(&server);
    config.connection.username = Some("old".into());
    config.connection.password = Some(Secret::new("p"));
    let (admin, _) = admin(config, Some(dir.path())).await;
    assert_eq!(deploy(&admin, 1).await, Ok(Mirrored::Done));
    assert_eq!(deploy(&admin, 2).await, Ok(Mirrored::Done));
    assert_eq!(sequences(&listed(&admin).await), [2, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_none_where_none_is_wanted() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let (admin, _) = admin(admin_options(&server), Some(dir.path())).await;
    deploy(&admin, 1).await.unwrap();
    assert!(admin.history().is_none());
    assert!(!file(dir.path(), "").exists());
    let keys: Vec<String> = server.admin().keys("n:history*").unwrap();
    assert_eq!(keys, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_whose_copy_can_not_be_written_has_all_the_same_what_was_deployed() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let (first, _) = admin(options(&server), Some(dir.path())).await;
    fs::create_dir_all(file(dir.path(), "index.copy.json/in the way")).unwrap();
    deploy(&first, 1).await.unwrap();
    deploy(&first, 2).await.unwrap();
    assert_eq!(sequences(&listed(&first).await), [2, 1]);
    first.close().await;
    let (second, _) = admin(options(&server), Some(dir.path())).await;
    assert_eq!(sequences(&listed(&second).await), [2, 1]);
    assert_eq!(history(&second).state(2).await.unwrap().flows, flows(2));
    assert_eq!(history(&second).state(1).await.unwrap().flows, flows(1));
}

/// Flows of about 180 bytes a node, with another name for one of the nodes in each.
fn large_flows(nodes: usize, number: usize) -> String {
    let node = |index: usize| {
        let id = format!("{:016x}", (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let name =
            if index == number * 17 { format!("changed by {number}") } else { String::new() };
        format!(
            r#"{{"id":"{id}","type":"change","z":"tab","name":"{name}","rules":[{{"t":"set","p":"payload.{index}","pt":"msg","to":"{index}","tot":"str"}}],"action":"","x":{},"y":{},"wires":[["{id}"]]}}"#,
            index % 900,
            index * 20
        )
    };
    let nodes: Vec<_> = (0..nodes).map(node).collect();
    format!(r#"[{{"id":"tab","type":"tab","label":"Line"}},{}]"#, nodes.join(","))
}

/// Deploys flows of `nodes` nodes, `deploys` times; each is there to the byte. Answers the bytes on the disk.
async fn take(deploys: usize, nodes: usize) -> u64 {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let (admin, _) = admin(options(&server), Some(dir.path())).await;
    for number in 0..deploys {
        history(&admin).note(Note::of(Origin::Deploy));
        let flows = large_flows(nodes, number);
        admin.mirror_deploy(flows, credentials(number / 50), None, None).await.unwrap();
        // As an editor that looks: nothing waits.
        listed(&admin).await;
    }
    let files = fs::read_dir(file(dir.path(), "")).unwrap();
    let bytes = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    for number in 0..deploys {
        // The state is given only when both of its SHA-256 are those of the deploy.
        let state = history(&admin).state(number as u64 + 1).await.unwrap();
        assert!(state.flows == large_flows(nodes, number), "{number}");
        assert_eq!(state.credentials, credentials(number / 50));
    }
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploys_take_little_and_are_all_there_to_the_byte() {
    // More than one checkpoint, of which each and the last two are whole: 25 kB each.
    let bytes = take(60, 1000).await;
    assert!(bytes < 200_000, "{bytes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "two minutes and a half"]
async fn two_hundred_deploys_of_a_megabyte_take_a_megabyte_and_a_half_and_are_all_there() {
    assert!(large_flows(5500, 0).len() > 1_000_000);
    let bytes = take(200, 5500).await;
    println!("200 deploys of 1 MB: {bytes} bytes on the disk");
    assert!(bytes < 1_500_000, "{bytes}");
}
