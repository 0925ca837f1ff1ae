//! How a running worker follows the admin.

use std::sync::Arc;
use std::time::{Duration, Instant};

use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::role::worker::Worker;
use node_red_storage_valkey::store::Store;

use super::common::instance::{self, Events, calls, deploy, flows, worker};
use super::common::server::Server;
use super::{PATIENCE, admin_options, start_flows, worker_options, write};

/// A worker that runs deploy 1, and the store that it was written with.
async fn running(server: &Server) -> (Worker, Arc<Events>, Store) {
    let store = instance::store(&admin_options(server)).await;
    write(&store, &deploy(1), 10).await;
    let (worker, events) = worker(worker_options(server), None);
    start_flows(&worker).await;
    (worker, events, store)
}

/// Waits for this offer and applies it.
async fn apply(worker: &Worker, events: &Events, times: usize, number: usize) {
    events.wait(&Event::Revision, times).await;
    let pending = worker.pending().expect("what waits");
    assert_eq!(pending.flows, flows(number));
    worker.applied(&pending.id());
}

fn hint(server: &Server) {
    redis::cmd("PUBLISH").arg("n:flows:updated").arg("1").exec(&mut server.admin()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_deploy_is_offered_at_once() {
    let server = Server::start(&[]);
    let (worker, events, store) = running(&server).await;
    for number in 2..12 {
        let began = Instant::now();
        write(&store, &deploy(number), 10 + u64::try_from(number).unwrap()).await;
        apply(&worker, &events, number - 1, number).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
    assert!(worker.pending().is_none());
    // The same content under another sequence is nothing new.
    write(&store, &deploy(11), 100).await;
    write(&store, &deploy(12), 101).await;
    apply(&worker, &events, 11, 12).await;
    assert_eq!(events.count(&Event::Revision), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_at_a_time_and_the_last_one_wins() {
    let server = Server::start(&[]);
    let (worker, events, store) = running(&server).await;
    write(&store, &deploy(2), 20).await;
    events.wait(&Event::Revision, 1).await;
    let first = worker.pending().unwrap();
    for number in 3..30 {
        write(&store, &deploy(number), 20 + u64::try_from(number).unwrap()).await;
    }
    // Nothing else is offered before the outcome, and what was offered stays what it was.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(events.count(&Event::Revision), 1);
    assert_eq!(worker.pending().unwrap(), first);
    worker.applied(&first.id());
    apply(&worker, &events, 2, 29).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_messages_is_no_flood_of_reads() {
    let server = Server::start(&[]);
    let (worker, events, store) = running(&server).await;
    let mut connection = server.admin();
    let _: () = redis::cmd("CONFIG").arg("RESETSTAT").query(&mut connection).unwrap();
    let mut flood = redis::pipe();
    for _ in 0..1000 {
        flood.cmd("PUBLISH").arg("n:flows:updated").arg("not even a number").ignore();
    }
    let began = Instant::now();
    for _ in 0..10 {
        flood.exec(&mut connection).unwrap();
    }
    // One by one, so that there is time for a read between two of them.
    let mut messages = 10_000;
    while began.elapsed() < Duration::from_millis(500) {
        messages += 1;
        redis::cmd("PUBLISH").arg("n:flows:updated").arg("x").exec(&mut connection).unwrap();
    }
    let took = began.elapsed();
    write(&store, &deploy(2), 20).await;
    apply(&worker, &events, 1, 2).await;
    let reads = calls(&mut connection, "getrange");
    println!("{messages} messages in {took:?}: {reads} reads");
    let ticks = u64::try_from(began.elapsed().as_millis() / 50).unwrap();
    // Some looks follow at once. One costs one read, the one that finds something five, and so does each of
    // the first few.
    assert!((5..=92 + ticks).contains(&reads), "{reads} reads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_is_not_offered_again_until_it_changes() {
    let server = Server::start(&[]);
    let (worker, events, store) = running(&server).await;
    write(&store, &deploy(2), 20).await;
    events.wait(&Event::Revision, 1).await;
    worker.refused(&worker.pending().unwrap().id(), "why");
    assert!(worker.pending().is_none());
    for _ in 0..5 {
        hint(&server);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    write(&store, &deploy(2), 21).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(events.count(&Event::Revision), 1);
    write(&store, &deploy(3), 22).await;
    apply(&worker, &events, 2, 3).await;
    // Deployed once more after something else, it is looked at once more.
    write(&store, &deploy(2), 23).await;
    apply(&worker, &events, 3, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_offered_again_after_a_growing_wait_whatever_is_announced() {
    let server = Server::start(&[]);
    let (worker, events, store) = running(&server).await;
    write(&store, &deploy(2), 20).await;
    let mut waits = Vec::new();
    for times in 1..3 {
        events.wait(&Event::Revision, times).await;
        worker.failed(&worker.pending().unwrap().id());
        let began = Instant::now();
        for _ in 0..10 {
            hint(&server);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        events.wait(&Event::Revision, times + 1).await;
        waits.push(began.elapsed());
    }
    println!("offered again after {waits:?}");
    assert!(
        waits[0] >= Duration::from_millis(1900) && waits[1] >= Duration::from_millis(3900),
        "{waits:?}"
    );
    assert!(waits[1] < Duration::from_millis(7500), "{waits:?}");
    worker.failed(&worker.pending().unwrap().id());
    // Another revision does not wait for that.
    let began = Instant::now();
    write(&store, &deploy(3), 21).await;
    apply(&worker, &events, 4, 3).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_came_back_empty_changes_nothing_and_a_lower_sequence_is_applied() {
    let mut server = Server::start(&[]);
    let (worker, events, _) = running(&server).await;
    server.restart();
    let mut connection = server.admin();
    super::common::until("subscribed again", PATIENCE, async || {
        let channels: Vec<(String, u64)> = vec![
            redis::cmd("PUBSUB")
                .arg("NUMSUB")
                .arg("n:flows:updated")
                .query(&mut connection)
                .unwrap(),
        ];
        channels[0].1 == 1
    })
    .await;
    hint(&server);
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(events.count(&Event::Revision), 0);
    assert!(worker.pending().is_none());
    let store = instance::store(&admin_options(&server)).await;
    // First the same content, as the admin mirrors it.
    write(&store, &deploy(1), 3).await;
    write(&store, &deploy(2), 4).await;
    apply(&worker, &events, 1, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_in_the_gap_of_a_cut_subscription_is_found_after_it() {
    let server = Server::start(&[]);
    let (worker, events, store) = running(&server).await;
    let mut connection = server.admin();
    for number in 2..6 {
        // Announced to nobody: the subscription is cut in the same step.
        let mut cut = redis::pipe();
        cut.cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub").ignore();
        cut.exec(&mut connection).unwrap();
        let began = Instant::now();
        write(&store, &deploy(number), 10 + u64::try_from(number).unwrap()).await;
        apply(&worker, &events, number - 1, number).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_of_something_else_changes_nothing() {
    let server = Server::start(&[]);
    let (worker, events, store) = running(&server).await;
    worker.applied("of nothing");
    worker.failed("of nothing");
    worker.refused("of nothing", "why");
    write(&store, &deploy(2), 20).await;
    apply(&worker, &events, 1, 2).await;
}
