//! How much of the history is kept, here and in Valkey.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use node_red_storage_valkey::config::{Config, HistoryConfig};
use node_red_storage_valkey::content::history::{Note, Origin};
use node_red_storage_valkey::error::Error;
use node_red_storage_valkey::role::admin::Admin;
use redis::Commands;
use serde_json::Value;

use super::admin_history::{file, history, listed, sequences};
use super::common::instance::{admin, credentials, flows};
use super::common::server::Server;
use super::common::{temp_dir, until};
use super::{PATIENCE, admin_options, deploy};

fn config(server: &Server, history: HistoryConfig) -> Config {
    Config { history: Some(history), ..admin_options(server) }
}

/// The files of entries, with their sizes.
fn files(dir: &Path) -> HashMap<u64, u64> {
    let files = fs::read_dir(file(dir, "")).unwrap().map(Result::unwrap);
    let of = |file: fs::DirEntry| {
        let name = file.file_name().into_string().unwrap();
        Some((name.strip_suffix(".gz")?.parse().ok()?, file.metadata().unwrap().len()))
    };
    files.filter_map(of).collect()
}

/// The keys of entries, with their sizes.
fn keys(server: &Server) -> HashMap<u64, u64> {
    let names: Vec<String> = server.admin().keys("n:history:*").unwrap();
    let size = |name: &str| server.admin().strlen(name).unwrap();
    let of = |name: String| (name["n:history:".len()..].parse().unwrap(), size(&name));
    names.into_iter().map(of).collect()
}

/// Disk, Valkey and list have the same entries, within these bounds; returns how many.
async fn assert_bounded(
    admin: &Admin,
    server: &Server,
    dir: &Path,
    bounds: HistoryConfig,
) -> usize {
    let listed = sequences(&listed(admin).await);
    let newest_first = listed.windows(2).all(|two| two[0] == two[1] + 1);
    assert!(newest_first && listed.len() as u64 <= bounds.entries, "{listed:?}");
    let here = files(dir);
    let mut sorted: Vec<u64> = here.keys().copied().collect();
    sorted.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(sorted, listed);
    let bytes: u64 = here.values().sum();
    assert!(bytes <= bounds.bytes, "{bytes}");
    until("Valkey has the same", PATIENCE, async || keys(server) == here).await;
    listed.len()
}

async fn press(admin: &Admin, flows: String, credentials: String) {
    history(admin).note(Note::of(Origin::Deploy));
    let mirrored = admin.mirror_deploy(flows, credentials, None, None).await;
    assert!(matches!(mirrored, Ok(_) | Err(Error::OtherAdmin { .. })), "{mirrored:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_deploys_the_newest_two_hundred_are_kept_and_can_all_be_had() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let bounds = HistoryConfig::default();
    let (first, _) = admin(config(&server, bounds), Some(dir.path())).await;
    for number in 1..=1000 {
        press(&first, flows(number), credentials(number / 10)).await;
    }
    assert_eq!(assert_bounded(&first, &server, dir.path(), bounds).await, 200);
    for number in 801..=1000 {
        let state = history(&first).state(number as u64).await.unwrap();
        assert_eq!((state.flows, state.credentials), (flows(number), credentials(number / 10)));
    }
    assert!(history(&first).state(800).await.is_err());
    first.close().await;
    let (again, _) = admin(config(&server, bounds), Some(dir.path())).await;
    assert_eq!(assert_bounded(&again, &server, dir.path(), bounds).await, 200);
}

/// Flows that no other's help to make, and that nothing compresses.
fn unlike(number: u64, nodes: u64) -> String {
    let node = |index: u64| {
        let digits = (0..8).map(|part: u64| {
            let mixed = (number << 40 | index << 8 | part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            format!("{:016x}", mixed ^ mixed >> 29)
        });
        format!(r#"{{"id":"{number}-{index}","type":"x","p":"{}"}}"#, digits.collect::<String>())
    };
    format!("[{}]", (0..nodes).map(node).collect::<Vec<_>>().join(","))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_bytes_are_kept_than_are_wanted() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let bounds = HistoryConfig { entries: 1000, bytes: 200_000 };
    let (admin, _) = admin(config(&server, bounds), Some(dir.path())).await;
    for number in 1..=60 {
        press(&admin, unlike(number, 100), "{}".into()).await;
        if number % 20 == 0 {
            let count = assert_bounded(&admin, &server, dir.path(), bounds).await;
            assert!((8..40).contains(&count), "{count}");
        }
    }
    for sequence in sequences(&listed(&admin).await) {
        let state = history(&admin).state(sequence).await.unwrap();
        assert_eq!(state.flows, unlike(sequence, 100));
    }
    // One that is larger than all of it is kept alone.
    press(&admin, unlike(61, 10_000), "{}".into()).await;
    assert_eq!(sequences(&listed(&admin).await), [61]);
    assert_eq!(files(dir.path()).len(), 1);
    assert_eq!(history(&admin).state(61).await.unwrap().flows, unlike(61, 10_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_that_keeps_no_history_leaves_it_as_it_is_and_its_deploys_are_one_entry() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let bounds = HistoryConfig::default();
    let (first, _) = admin(config(&server, bounds), Some(dir.path())).await;
    press(&first, flows(1), credentials(1)).await;
    press(&first, flows(2), credentials(2)).await;
    assert_bounded(&first, &server, dir.path(), bounds).await;
    first.close().await;
    let (before, index) = (keys(&server), server.admin().get::<_, Vec<u8>>("n:history").unwrap());

    // As earlier releases: on the same disk, with the same lease.
    let (old, _) = admin(admin_options(&server), Some(dir.path())).await;
    for number in 3..=5 {
        deploy(&old, number).await.unwrap();
    }
    old.close().await;
    assert_eq!(keys(&server), before);
    assert_eq!(server.admin().get::<_, Vec<u8>>("n:history").unwrap(), index);

    let (again, _) = admin(config(&server, bounds), Some(dir.path())).await;
    deploy(&again, 5).await.unwrap();
    let entries = listed(&again).await;
    assert_eq!(sequences(&entries), [3, 2, 1]);
    assert_eq!((&entries[0]["origin"], &entries[0]["current"]), (&"load".into(), &true.into()));
    for (sequence, number) in [(1, 1), (2, 2), (3, 5)] {
        assert_eq!(history(&again).state(sequence).await.unwrap().flows, flows(number));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_an_admin_that_keeps_none_and_holds_the_lease_it_is_kept_on_the_disk_until_its_turn()
{
    let server = Server::start(&[]);
    let (old, _) = admin(admin_options(&server), None).await;
    deploy(&old, 7).await.unwrap();
    let dir = temp_dir();
    let bounds = HistoryConfig::default();
    let (second, _) = admin(config(&server, bounds), Some(dir.path())).await;
    press(&second, flows(1), credentials(1)).await;
    press(&second, flows(2), credentials(2)).await;
    assert_eq!(sequences(&listed(&second).await), [2, 1]);
    assert_eq!(keys(&server).len(), 0, "what is stored is of the admin that holds the lease");
    old.close().await;
    let _: () = server.admin().del("n:lease").unwrap();
    until("its deploys are stored with their history", PATIENCE * 3, async || {
        let of = |entry: &Value| entry["origin"].as_str().unwrap().to_owned();
        let origins: Vec<String> = listed(&second).await.iter().map(of).collect();
        origins == ["replaced", "deploy", "deploy"] && keys(&server).len() == 3
    })
    .await;
    assert_eq!(history(&second).state(3).await.unwrap().flows, flows(7));
    assert_bounded(&second, &server, dir.path(), bounds).await;
}
