//! Node-RED's own npm and ours in the same directory.

use std::time::{Duration, Instant};

use node_red_storage_valkey::config::Role;

use super::common::npm::UserDir;
use super::common::server::Server;
use super::packages_support::{options, publish, start, start_as, until_run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_run_while_node_red_runs_npm() {
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    let packages = running.worker.packages().unwrap();
    let turn = packages.acquire_npm().await.expect("nobody runs npm");
    publish(&server, r#"{"a":"1.0.0"}"#);
    assert!(!running.worker.wait_for_packages(Duration::from_millis(500)).await);
    assert_eq!(dir.said(), [""; 0]);
    assert_eq!(running.missing(), ["a"], "the list was read");
    packages.release_npm(turn);
    running.settles().await;
    assert_eq!(dir.said(), ["install a@1.0.0"]);
    assert!(packages.is_satisfied("a", None).await);
    assert!(packages.is_satisfied("a", Some("1.x")).await);
    assert!(!packages.is_satisfied("a", Some("2.x")).await);
    assert!(!packages.is_satisfied("b", None).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_red_waits_for_our_run_but_not_for_one_that_hangs() {
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let mut config = options(&server, Role::Worker);
    config.package_sync_timeout = Duration::from_secs(1);
    let running = start_as(config, &dir, dir.host_info()).await;
    let packages = running.worker.packages().unwrap();
    dir.hangs();
    publish(&server, r#"{"a":"1.0.0"}"#);
    until_run(&dir, 1).await;
    let began = Instant::now();
    assert_eq!(packages.acquire_npm().await, None);
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    let going_on = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        dir.goes_on();
        running.settles().await;
    };
    let (taken, ()) = tokio::join!(packages.acquire_npm(), going_on);
    // Under load npm may take longer than that; then it is free now.
    let turn = match taken {
        Some(turn) => turn,
        None => packages.acquire_npm().await.expect("npm has ended"),
    };
    assert!(dir.holds("a@1.0.0"));
    packages.release_npm(turn);
    // A number that was given back already gives nobody else's turn away.
    let second = packages.acquire_npm().await.expect("it is free");
    packages.release_npm(turn);
    assert_eq!(packages.acquire_npm().await, None);
    packages.release_npm(second);
    assert!(packages.acquire_npm().await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_run_gives_way_and_is_begun_anew() {
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    let packages = running.worker.packages().unwrap();
    dir.hangs();
    publish(&server, r#"{"a":"1.0.0"}"#);
    until_run(&dir, 1).await;
    packages.end_run();
    let turn = packages.acquire_npm().await.expect("our run has given way");
    dir.goes_on();
    assert_eq!(dir.runs().len(), 1, "nothing of ours runs beside Node-RED's");
    packages.release_npm(turn);
    running.settles().await;
    assert!(dir.holds("a@1.0.0"), "{:?}", dir.installed());
}
