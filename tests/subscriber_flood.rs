//! A flood of messages, in a process of its own because its memory is measured.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]
#![allow(clippy::print_stdout, reason = "figures for those who look")]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::config_with;
use common::server::Server;
use node_red_storage_valkey::connection::{DefaultRetry, Subscriber};

/// All of it together stays below 32 MiB, where the server cuts a slow subscriber off.
const MESSAGES: u64 = 100_000;
const LENGTH: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_counted_without_a_queue() {
    let server = Server::start(&[]);
    let config = config_with(server.port, |_| ());
    let subscriber = Subscriber::open(config, Arc::new(DefaultRetry), vec!["flows".to_owned()]);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
    let mut admin = server.admin();
    let mut flood = redis::pipe();
    for _ in 0..1000 {
        flood.cmd("PUBLISH").arg("flows").arg(vec![b'x'; LENGTH]).ignore();
    }
    flood.exec(&mut admin).unwrap();
    let before = peak_kib();
    let started = Instant::now();
    let flooding = tokio::task::spawn_blocking(move || {
        for _ in 1..MESSAGES / 1000 {
            flood.exec(&mut admin).unwrap();
        }
    });
    flooding.await.unwrap();
    let all = hints.wait_for(|hints| hints.messages == [MESSAGES]);
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("all counted").unwrap();
    let grown = peak_kib() - before;
    println!("{MESSAGES} messages in {:?}, peak grown by {grown} KiB", started.elapsed());
    assert!(grown < 8 * 1024, "20 MB of messages took {grown} KiB more memory");
    assert_eq!(hints.borrow().subscribed, 1, "the connection was lost");
}

/// The most memory this process has had so far; only Linux tells.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}
