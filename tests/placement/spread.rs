//! Many tabs among several workers.

use std::time::Duration;

use super::common::server::Server;
use super::common::{PATIENCE, until};
use super::workers::{LEASE, Worker, options, settle};

const WORKERS: usize = 5;

fn names() -> Vec<String> {
    (0..30).map(|number| format!("tab{number}")).collect()
}

fn counts(workers: &[Worker]) -> Vec<usize> {
    workers.iter().map(|worker| worker.member.held_tabs().len()).collect()
}

async fn all_run(workers: &[Worker]) {
    until("all run", PATIENCE, async || counts(workers).iter().sum::<usize>() == 30).await;
}

async fn thirty_on_five(late: Duration, is_new: bool) {
    let server = Server::start(&[]);
    if !is_new {
        settle(&server);
    }
    let names = names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut workers = vec![Worker::wanting(options(&server), &names)];
    tokio::time::sleep(late).await;
    for _ in 1..WORKERS {
        workers.push(Worker::wanting(options(&server), &names));
    }
    all_run(&workers).await;
    println!("{late:?}, new: {is_new}: {:?}", counts(&workers));
    assert!(counts(&workers).iter().all(|count| *count <= 9), "{:?}", counts(&workers));
    // None is moved for balance alone.
    let before = counts(&workers);
    tokio::time::sleep(LEASE).await;
    assert_eq!(counts(&workers), before);
    let gone = workers.remove(0);
    gone.member.give_back_tabs().await;
    drop(gone);
    all_run(&workers).await;
    println!("after one was closed: {:?}", counts(&workers));
    assert!(counts(&workers).iter().all(|count| *count <= 11), "{:?}", counts(&workers));
    let killed = workers.remove(0);
    killed.member.close().await;
    drop(killed);
    all_run(&workers).await;
    println!("after one was killed: {:?}", counts(&workers));
    assert!(counts(&workers).iter().all(|count| *count <= 14), "{:?}", counts(&workers));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_tabs_spread_on_five_workers_that_start_together() {
    thirty_on_five(Duration::ZERO, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_starts_two_seconds_earlier_leaves_some_to_the_others() {
    thirty_on_five(Duration::from_secs(2), false).await;
}
