//! Who has a tab, with which fence, and how it changes hands.

use std::time::{Duration, Instant};

use redis::Commands;

use super::common::instance;
use super::common::server::Server;
use super::common::{PATIENCE, until};
use super::workers::{LEASE, MOST, Watch, Worker, options, owner, settle, settle_under, two};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_has_a_tab_and_another_takes_it_when_it_is_given_back() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(options(&server)).await;
    let watch = Watch::over(&[&first, &second], "a");
    let fence = first.fence("a");
    assert_eq!(fence, 1);
    let mut admin = server.admin();
    let lease: String = admin.get("n:once:a").unwrap();
    assert_eq!(lease, format!("{}:1", first.member.id()));
    // It has looked, and found it taken.
    until("it knows the fence", PATIENCE, async || server_knows(&mut admin)).await;
    tokio::time::sleep(LEASE).await;
    assert!(first.holds("a") && first.fence("a") == 1);
    let began = Instant::now();
    first.member.give_back_tabs().await;
    assert!(!first.holds("a"));
    second.has("a").await;
    println!("handed over within {:?}", began.elapsed());
    assert!(began.elapsed() < LEASE / 2, "{:?}", began.elapsed());
    assert_eq!(second.fence("a"), 2);
    watch.end().await;
    second.member.close().await;
}

fn server_knows(admin: &mut redis::Connection) -> bool {
    instance::calls(admin, "evalsha") > 2
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tab_that_is_no_longer_wanted_is_given_back() {
    let server = Server::start(&[]);
    settle(&server);
    let worker = Worker::wanting(options(&server), &["a", "b"]);
    worker.has("a").await;
    worker.has("b").await;
    worker.want(&["b"]);
    assert!(!worker.holds("a"));
    let mut admin = server.admin();
    until("it is gone", PATIENCE, async || !admin.exists::<_, bool>("n:once:a").unwrap()).await;
    assert!(worker.holds("b"));
    assert_eq!(worker.fence("b"), 1);
    worker.want(&["a", "b"]);
    worker.has("a").await;
    assert_eq!(worker.fence("a"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_dies_is_followed_within_a_lease_and_a_second() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(options(&server)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let died = Instant::now();
    first.member.close().await;
    drop(first);
    second.has("a").await;
    assert!(died.elapsed() < MOST, "{:?}", died.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_javascript_stands_still_loses_its_tabs() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(options(&server)).await;
    let watch = Watch::over(&[&first, &second], "a");
    first.block(true);
    let blocked = Instant::now();
    first.lacks("a").await;
    assert!(blocked.elapsed() < LEASE, "{:?}", blocked.elapsed());
    second.has("a").await;
    assert!(blocked.elapsed() < MOST, "{:?}", blocked.elapsed());
    first.block(false);
    tokio::time::sleep(LEASE).await;
    assert!(!first.holds("a") && second.holds("a"));
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_taken_before_javascript_has_been_heard() {
    let server = Server::start(&[]);
    settle(&server);
    let worker = Worker::open(options(&server));
    worker.block(true);
    tokio::time::sleep(LEASE).await;
    worker.want(&["a"]);
    // Asking for tabs is a sign of life.
    worker.has("a").await;
    worker.lacks("a").await;
    worker.block(false);
    worker.has("a").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_prefixes_do_not_meet() {
    let server = Server::start(&[]);
    settle(&server);
    settle_under(&server, "m:");
    let ours = Worker::wanting(options(&server), &["a"]);
    let theirs = Worker::wanting(instance::with_prefix(options(&server), "m:"), &["a"]);
    ours.has("a").await;
    theirs.has("a").await;
    let mut admin = server.admin();
    let mut keys: Vec<String> = admin.keys("*").unwrap();
    keys.sort();
    let expected = |prefix: &str| {
        ["once::epoch", "once:a", "once:a:fence"].map(|key| format!("{prefix}{key}"))
    };
    assert_eq!(keys, [expected("m:"), expected("n:")].concat());
    ours.member.give_back_tabs().await;
    assert!(theirs.holds("a"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_new_gives_nothing_away_for_the_length_of_a_lease() {
    let server = Server::start(&[]);
    let began = Instant::now();
    let workers =
        [Worker::wanting(options(&server), &["a"]), Worker::wanting(options(&server), &["a"])];
    owner(&workers, "a").await;
    assert!(began.elapsed() >= LEASE, "{:?}", began.elapsed());
    assert!(began.elapsed() < LEASE + Duration::from_secs(1), "{:?}", began.elapsed());
}
