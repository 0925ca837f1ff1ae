//! A deploy that waits for its packages.

use std::sync::Arc;
use std::time::Duration;

use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::role::worker::Worker;
use node_red_storage_valkey::store::Store;

use super::common::instance::{self, Events, deploy, flows};
use super::common::server::Server;
use super::common::until;
use super::packages_support::LONG;
use super::{admin_options, start_flows, worker_options, write};

/// A worker that runs deploy 1, and for which deploy 2 waits.
async fn with_waiting(server: &Server) -> (Worker, Arc<Events>, Store) {
    let store = instance::store(&admin_options(server)).await;
    write(&store, &deploy(1), 10).await;
    let (worker, events) = instance::worker(worker_options(server), None);
    start_flows(&worker).await;
    write(&store, &deploy(2), 20).await;
    events.wait(&Event::Revision, 1).await;
    worker.waiting(&worker.pending().unwrap().id());
    (worker, events, store)
}

fn hint(server: &Server) {
    redis::cmd("PUBLISH").arg("n:flows:updated").arg("1").exec(&mut server.admin()).unwrap();
}

fn pending_flows(worker: &Worker) -> Option<String> {
    worker.pending().map(|pending| pending.flows.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stays_pending_and_is_offered_once() {
    let server = Server::start(&[]);
    let (worker, events, store) = with_waiting(&server).await;
    // The same content under another record makes no difference.
    write(&store, &deploy(2), 21).await;
    for _ in 0..5 {
        hint(&server);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    assert_eq!(pending_flows(&worker), Some(flows(2)));
    assert_eq!(events.count(&Event::Revision), 1);
    worker.applied(&worker.pending().unwrap().id());
    assert_eq!(pending_flows(&worker), None);
    hint(&server);
    write(&store, &deploy(3), 22).await;
    events.wait(&Event::Revision, 2).await;
    assert_eq!(pending_flows(&worker), Some(flows(3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_deploy_takes_its_place() {
    let server = Server::start(&[]);
    let (worker, events, store) = with_waiting(&server).await;
    write(&store, &deploy(3), 21).await;
    events.wait(&Event::Revision, 2).await;
    assert_eq!(pending_flows(&worker), Some(flows(3)));
    // That one may wait as well, and give way.
    worker.waiting(&worker.pending().unwrap().id());
    write(&store, &deploy(2), 22).await;
    events.wait(&Event::Revision, 3).await;
    assert_eq!(pending_flows(&worker), Some(flows(2)));
    worker.applied(&worker.pending().unwrap().id());
    assert_eq!(pending_flows(&worker), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_to_what_runs_ends_the_wait() {
    let server = Server::start(&[]);
    let (worker, events, store) = with_waiting(&server).await;
    write(&store, &deploy(1), 21).await;
    until("nothing waits", LONG, async || worker.pending().is_none()).await;
    assert_eq!(events.count(&Event::Revision), 1);
    // Deployed once more, it is offered once more.
    write(&store, &deploy(2), 22).await;
    events.wait(&Event::Revision, 2).await;
    assert_eq!(pending_flows(&worker), Some(flows(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fails_after_the_wait_is_offered_again() {
    let server = Server::start(&[]);
    let (worker, events, _store) = with_waiting(&server).await;
    worker.failed(&worker.pending().unwrap().id());
    events.wait(&Event::Revision, 2).await;
    assert_eq!(pending_flows(&worker), Some(flows(2)));
    worker.applied(&worker.pending().unwrap().id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_refused_after_the_wait_is_offered_when_it_comes_anew() {
    let server = Server::start(&[]);
    let (worker, events, store) = with_waiting(&server).await;
    worker.refused(&worker.pending().unwrap().id(), "why");
    assert_eq!(pending_flows(&worker), None);
    write(&store, &deploy(3), 21).await;
    events.wait(&Event::Revision, 2).await;
    worker.applied(&worker.pending().unwrap().id());
    write(&store, &deploy(2), 22).await;
    events.wait(&Event::Revision, 3).await;
    assert_eq!(pending_flows(&worker), Some(flows(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_to_what_ran_while_the_waiting_one_is_being_applied_is_not_lost() {
    let server = Server::start(&[]);
    let (worker, events, store) = with_waiting(&server).await;
    // Its wait is over, and Node-RED is busy with it.
    let applying = worker.begin_pending().unwrap();
    write(&store, &deploy(1), 21).await;
    // Long enough for several looks; whether the worker has seen it yet must make no difference.
    for _ in 0..5 {
        hint(&server);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    worker.applied(&applying.id());
    hint(&server);
    events.wait(&Event::Revision, 2).await;
    assert_eq!(pending_flows(&worker), Some(flows(1)));
}
