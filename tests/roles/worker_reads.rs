//! How much a worker reads: what is known to be of no use is not fetched again for every hint,
//! and what is written beside the record is found all the same.

use std::time::{Duration, Instant};

use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::role::worker::Worker;
use node_red_storage_valkey::store::Store;
use node_red_storage_valkey::store::deploy::Deploy;
use redis::Commands;

use super::common::instance::{self, deploy, flows, worker};
use super::common::log::Log;
use super::common::server::Server;
use super::common::until;
use super::{PATIENCE, admin_options, worker_options, write};

/// Far more than all looks of a test together.
const LARGE: usize = 1_000_000;

/// The deploy with this number, with flows that are costly to read.
fn large(number: usize) -> Deploy {
    let padding = "x".repeat(LARGE);
    let flows = format!(r#"[{{"id":"n{number}","type":"tab","info":"{padding}"}}]"#);
    Deploy { flows: flows.into(), ..deploy(number) }
}

/// How many bytes the server has sent.
fn sent(connection: &mut redis::Connection) -> usize {
    let info: String = redis::cmd("INFO").arg("stats").query(connection).unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("total_net_output_bytes:"));
    line.unwrap().parse().unwrap()
}

/// How often the flows were fetched while hints came in for so long.
async fn fetched(connection: &mut redis::Connection, long: Duration) -> usize {
    let before = sent(connection);
    let began = Instant::now();
    let mut hints = 0;
    while began.elapsed() < long {
        let _: () = connection.publish("n:flows:updated", "1").unwrap();
        hints += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let bytes = sent(connection) - before;
    println!("{hints} hints in {long:?}: {bytes} bytes");
    bytes / LARGE
}

async fn running(server: &Server) -> (Worker, std::sync::Arc<instance::Events>, Store) {
    let store = instance::store(&admin_options(server)).await;
    write(&store, &large(1), 1).await;
    let (worker, events) = worker(worker_options(server), None);
    let snapshot = worker.snapshot().await.unwrap();
    worker.applied(&snapshot.id());
    (worker, events, store)
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hints_cause_no_read_of_what_runs_was_refused_failed_or_is_unusable() {
    let server = Server::start(&[]);
    let (worker, events, store) = running(&server).await;
    let mut connection = server.admin();
    assert_eq!(fetched(&mut connection, SECOND).await, 0, "runs");

    write(&store, &large(2), 2).await;
    events.wait(&Event::Revision, 1).await;
    worker.refused(&worker.pending().unwrap().id(), "why");
    assert_eq!(fetched(&mut connection, SECOND).await, 0, "refused");

    write(&store, &large(3), 3).await;
    events.wait(&Event::Revision, 2).await;
    worker.failed(&worker.pending().unwrap().id());
    assert_eq!(fetched(&mut connection, SECOND).await, 0, "failed, until it is tried again");
    events.wait(&Event::Revision, 3).await;
    worker.applied(&worker.pending().unwrap().id());

    let (log, _kept) = Log::keep();
    let bad = Deploy { flows: large(4).flows.replace("}]", "").into(), ..deploy(4) };
    write(&store, &bad, 4).await;
    assert!(fetched(&mut connection, SECOND).await <= 1, "unusable, read once to know it");
    assert_eq!(fetched(&mut connection, SECOND).await, 0, "unusable");
    assert_eq!(events.count(&Event::Revision), 3, "{:?}", log.lines());

    // Something else is taken at once.
    write(&store, &large(5), 5).await;
    events.wait(&Event::Revision, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_record_flows_are_read_once_a_second_and_the_last_ones_found() {
    let server = Server::start(&[]);
    let (worker, events, _) = running(&server).await;
    let mut connection = server.admin();
    let _: () = connection.del("n:revision").unwrap();
    let reads = fetched(&mut connection, 3 * SECOND).await;
    assert!((1..=4).contains(&reads), "{reads} reads in 3 s");
    for number in 2..5 {
        let _: () = connection.set("n:flows", &*large(number).flows).unwrap();
        let _: () = connection.publish("n:flows:updated", "1").unwrap();
    }
    let began = Instant::now();
    until("the last flows are found", PATIENCE, async || {
        let Some(pending) = worker.pending() else { return false };
        worker.applied(&pending.id());
        pending.flows == *large(4).flows
    })
    .await;
    assert!(began.elapsed() < 3 * SECOND, "{:?}", began.elapsed());
    assert!(events.count(&Event::Revision) <= 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_that_an_earlier_module_writes_beside_the_record_are_found() {
    let server = Server::start(&[]);
    let (worker, events, store) = running(&server).await;
    let mut connection = server.admin();
    for number in 2..4 {
        let _: () = connection.set("n:flows", flows(number)).unwrap();
        let _: () = connection.publish("n:flows:updated", "1").unwrap();
        let began = Instant::now();
        events.wait(&Event::Revision, number - 1).await;
        assert!(began.elapsed() < 2 * SECOND, "{:?}", began.elapsed());
        let pending = worker.pending().unwrap();
        assert_eq!(pending.flows, flows(number));
        worker.applied(&pending.id());
    }
    // The admin is back, with what its disk holds.
    write(&store, &large(1), 9).await;
    events.wait(&Event::Revision, 3).await;
    assert_eq!(worker.pending().unwrap().flows, *large(1).flows);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ran_before_an_update_failed_is_applied_again() {
    let server = Server::start(&[]);
    let (worker, events, store) = running(&server).await;
    write(&store, &large(2), 2).await;
    events.wait(&Event::Revision, 1).await;
    worker.failed(&worker.pending().unwrap().id());
    write(&store, &large(1), 3).await;
    events.wait(&Event::Revision, 2).await;
    assert_eq!(worker.pending().unwrap().flows, *large(1).flows);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_waits_reads_what_can_not_be_used_once() {
    let server = Server::start(&[]);
    let store = instance::store(&admin_options(&server)).await;
    let mut connection = server.admin();
    let bad = Deploy { flows: large(1).flows.replace("}]", "").into(), ..deploy(1) };
    write(&store, &bad, 1).await;
    let (log, _kept) = Log::keep();
    let (worker, _) = worker(worker_options(&server), None);
    let worker = std::sync::Arc::new(worker);
    let starting = worker.clone();
    let start = async move { starting.snapshot().await };
    let start = tokio::spawn(tracing::instrument::WithSubscriber::with_current_subscriber(start));
    until("it waits", PATIENCE, async || log.count("waiting for a deploy") > 0).await;
    assert_eq!(fetched(&mut connection, SECOND).await, 0, "unusable");
    // What is refused, too.
    write(&store, &large(2), 2).await;
    let snapshot = start.await.unwrap().unwrap();
    worker.refused(&snapshot.id(), "why");
    let starting = worker.clone();
    let start = tokio::spawn(async move { starting.snapshot().await });
    // Asked anew, it is read anew.
    assert!(fetched(&mut connection, SECOND).await <= 1, "refused");
    assert_eq!(fetched(&mut connection, SECOND).await, 0, "refused");
    write(&store, &large(3), 3).await;
    assert_eq!(start.await.unwrap().unwrap().flows, *large(3).flows);
}
