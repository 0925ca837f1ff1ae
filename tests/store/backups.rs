//! Backups of what was replaced.

use node_red_storage_valkey::store::backups::KEPT;
use redis::Commands;

use super::common::instance::with_prefix;
use super::common::server::Server;
use super::{instance, options};

const NEW: u64 = 1_700_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_are_kept_and_nothing_else_is_touched() {
    let server = Server::start(&[]);
    let store = instance::store(&with_prefix(options(&server), "n*:")).await;
    let mut admin = server.admin();
    let mut keep = |key: String| {
        let _: () = admin.hset(key, "flows", "[]").unwrap();
    };
    let others = ["n*:backup:", "n*:backup:mine", "nn:backup:1700000000000", "n*:library:flows:a"];
    others.iter().for_each(|key| keep((*key).into()));
    // More than one command deletes; the number of digits differs, and the text's order with it.
    let count = u64::try_from(KEPT).unwrap() + 150;
    let times: Vec<u64> = (0..count).map(|number| NEW + number * 70_000_000_000).collect();
    times.iter().for_each(|time| keep(format!("n*:backup:{time}")));

    // The clock was wrong when the others were made: the newest is the one that was made now.
    let now = times[0];
    assert_eq!(store.prune_backups(now).await, Ok(150));
    let newest = times.iter().skip(times.len() + 1 - KEPT).chain([&now]);
    let mut expected: Vec<String> = newest.map(|time| format!("n*:backup:{time}")).collect();
    expected.extend(others.map(String::from));
    expected.sort();
    let mut left: Vec<String> = server.admin().keys("*").unwrap();
    left.sort();
    assert_eq!(left, expected);
    assert_eq!(store.prune_backups(now).await, Ok(0));
}
