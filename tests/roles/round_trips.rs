//! How often an admin and a worker wait for an answer of the server, counted there.

use std::time::Duration;

use node_red_storage_valkey::config::{Config, HealthConfig};
use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::role::admin::Mirrored;

use super::common::instance::{self, admin, deploy as content, worker};
use super::common::monitor::Monitor;
use super::common::server::Server;
use super::common::{temp_dir, until};
use super::{PATIENCE, admin_options, deploy, start_flows, worker_options, write};

const NAME: &str = "counted";
/// What looks at the lease, the record and the sizes.
const ADMIN_LOOKS: &str = "evalsha n:lease";
const WORKER_LOOKS: &str =
    "getrange n:revision, strlen n:flows, strlen n:credentials, strlen n:settings";
/// The same with what is small, after an announcement.
const WORKER_LOOKS_AND_READS: &str = "getrange n:revision, strlen n:flows, strlen n:credentials, strlen n:settings, \
     getrange n:flows, getrange n:credentials, getrange n:settings";
const WORKER_READS: &str =
    "getrange n:flows, getrange n:credentials, getrange n:settings, getrange n:revision";

fn named(mut config: Config) -> Config {
    config.connection.connection_name = Some(NAME.into());
    config
}

/// The server knows all scripts, as after the first admin that it ever had.
async fn experienced() -> Server {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let (admin, _) = admin(admin_options(&server), Some(dir.path())).await;
    assert_eq!(deploy(&admin, 1).await, Ok(Mirrored::Done));
    admin.close().await;
    // Without its lease nobody has to wait for it to run out.
    redis::cmd("FLUSHALL").exec(&mut server.admin()).unwrap();
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_costs_the_admin_one_whatever_its_size() {
    let server = experienced().await;
    let mut monitor = Monitor::start(&server);
    let dir = temp_dir();
    let (admin, events) = admin(named(admin_options(&server)), Some(dir.path())).await;
    assert_eq!(deploy(&admin, 1).await, Ok(Mirrored::Done));
    events.wait(&Event::LibraryWanted, 1).await;
    // It finds nothing, and so has nothing to compare.
    let mut start = monitor.trips(NAME);
    // One question with that of what it has loaded.
    start.retain(|trip| trip != "info memory");
    assert_eq!(start.iter().filter(|trip| *trip == "evalsha n:revision").count(), 1, "{start:?}");
    let looks = start.iter().filter(|trip| *trip == ADMIN_LOOKS).count();
    let others = start.len() - looks - 1;
    assert!(looks >= 1 && others <= 2, "{start:?}");
    let large = format!("[{}]", vec![r#"{"id":"a","type":"tab"}"#; 100_000].join(","));
    for number in 2..7 {
        let flows = if number == 4 { large.clone() } else { instance::flows(number) };
        let credentials = instance::credentials(number);
        let done = admin.mirror_deploy(flows, credentials, Some("s".into()), None).await;
        assert_eq!(done, Ok(Mirrored::Done));
        let trips: Vec<_> =
            monitor.trips(NAME).into_iter().filter(|trip| trip != ADMIN_LOOKS).collect();
        assert_eq!(trips, ["evalsha n:revision"], "deploy {number}");
    }
    admin.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_admin_has_one_a_look() {
    let server = experienced().await;
    let mut monitor = Monitor::start(&server);
    let dir = temp_dir();
    let (admin, events) = admin(named(admin_options(&server)), Some(dir.path())).await;
    assert_eq!(deploy(&admin, 1).await, Ok(Mirrored::Done));
    events.wait(&Event::LibraryWanted, 1).await;
    monitor.trips(NAME);
    let mut idle = Vec::new();
    until("three looks", PATIENCE * 2, async || {
        idle.extend(monitor.trips(NAME));
        idle.iter().filter(|trip| *trip == ADMIN_LOOKS).count() >= 3
    })
    .await;
    assert!(idle.iter().all(|trip| trip == ADMIN_LOOKS), "{idle:?}");
    admin.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_costs_a_worker_one_after_the_announcement_and_two_when_it_is_large() {
    let server = Server::start(&[]);
    let store = instance::store(&admin_options(&server)).await;
    write(&store, &content(1), 1).await;
    let mut monitor = Monitor::start(&server);
    let (worker, events) = worker(named(worker_options(&server)), None);
    worker.read_settings().await.unwrap();
    start_flows(&worker).await;
    let mut start = Vec::new();
    until("the first look of its own", PATIENCE, async || {
        start.extend(monitor.trips(NAME));
        start.iter().filter(|trip| *trip == WORKER_LOOKS).count() >= 2
    })
    .await;
    // One for the settings, and one for the flows.
    let reads = start.iter().filter(|trip| *trip == WORKER_READS).count();
    assert_eq!(reads, 2, "{start:?}");
    let large = format!("[{}]", vec![r#"{"id":"a","type":"tab"}"#; 10_000].join(","));
    let one = vec![WORKER_LOOKS_AND_READS];
    let two = vec![WORKER_LOOKS, WORKER_READS];
    let wasted = vec![WORKER_LOOKS_AND_READS, WORKER_READS];
    let deploys =
        [(false, &one), (false, &one), (true, &wasted), (true, &two), (false, &two), (false, &one)];
    for (number, (is_large, trips)) in (2..).zip(deploys) {
        let mut deploy = content(number);
        if is_large {
            deploy.flows = large.clone().into();
        }
        write(&store, &deploy, u64::try_from(number).unwrap()).await;
        events.wait(&Event::Revision, number - 1).await;
        worker.applied(&worker.pending().unwrap().id());
        assert_eq!(monitor.trips(NAME), *trips, "deploy {number}");
    }
    worker.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_worker_has_one_a_look() {
    let server = Server::start(&[]);
    write(&instance::store(&admin_options(&server)).await, &content(1), 1).await;
    let mut monitor = Monitor::start(&server);
    let health = HealthConfig {
        port: 0,
        host: None,
        path: "/health".into(),
        // So that it looks every second.
        max_age: Some(Duration::from_secs(2)),
    };
    let config = Config { health: Some(health), ..worker_options(&server) };
    let (worker, _) = worker(named(config), None);
    start_flows(&worker).await;
    monitor.trips(NAME);
    let mut idle = Vec::new();
    until("three looks", PATIENCE, async || {
        idle.extend(monitor.trips(NAME));
        idle.len() >= 3
    })
    .await;
    assert!(idle.iter().all(|trip| trip == WORKER_LOOKS), "{idle:?}");
    worker.close().await;
}
