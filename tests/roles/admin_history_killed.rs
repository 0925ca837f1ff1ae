//! An admin that is killed at any moment of a deploy has the history of before, or that of after.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use node_red_storage_valkey::config::{Config, HistoryConfig, Role};
use serde_json::Value;

use super::common::instance::{self, admin, credentials, flows};
use super::common::server::Server;
use super::common::{temp_dir, until};
use super::{PATIENCE, deploy};

const KILLS: usize = 25;
/// Numbers of deploys that no other start has used.
const APART: usize = 10_000;

/// With bounds that are reached in between.
fn options(port: u16) -> Config {
    let history = HistoryConfig { entries: 60, ..HistoryConfig::default() };
    Config { history: Some(history), ..instance::options_at(port, Role::Admin) }
}

/// Run by the other as the process that dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "part of another test"]
async fn dying() {
    let Some(dir) = env::var_os("HISTORY_TEST_DIRECTORY") else { return };
    let number = |name: &str| env::var(name).unwrap().parse::<usize>().unwrap();
    let port = u16::try_from(number("HISTORY_TEST_PORT")).unwrap();
    let (admin, _) = admin(options(port), Some(dir.as_ref())).await;
    for number in number("HISTORY_TEST_FIRST").. {
        deploy(&admin, number).await.unwrap();
    }
}

fn start_dying(server: &Server, dir: &Path, first: usize) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "admin_history_killed::dying", "--ignored"])
        .env("HISTORY_TEST_DIRECTORY", dir)
        .env("HISTORY_TEST_PORT", server.port.to_string())
        .env("HISTORY_TEST_FIRST", first.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_each_entry_is_there_whole() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let index = dir.path().join(".node-red-storage-valkey/history/index.json");
    let mut last = 0;
    for kill in 1..=KILLS {
        let before = fs::read(&index).unwrap_or_default();
        let mut child = start_dying(&server, dir.path(), kill * APART);
        until("it deploys", PATIENCE, async || fs::read(&index).unwrap_or_default() != before)
            .await;
        // Somewhere in one of the next deploys, another place each time.
        tokio::time::sleep(Duration::from_micros(kill as u64 * 1700)).await;
        child.kill().unwrap();
        child.wait().unwrap();

        let (admin, _) = admin(options(server.port), Some(dir.path())).await;
        let history = admin.history().unwrap();
        let entries: Vec<Value> = serde_json::from_str(&history.entries().await.unwrap()).unwrap();
        assert!(!entries.is_empty() && entries.len() <= 60, "{}", entries.len());
        let sequences: Vec<u64> =
            entries.iter().map(|entry| entry["sequence"].as_u64().unwrap()).collect();
        assert!(sequences.windows(2).all(|two| two[0] == two[1] + 1), "{sequences:?}");
        assert!(sequences[0] > last, "nothing that was kept is lost: {} {last}", sequences[0]);
        last = sequences[0];
        for sequence in sequences {
            let state = history.state(sequence).await;
            let state = state.unwrap_or_else(|error| panic!("{sequence} after {kill}: {error}"));
            let number: Value = serde_json::from_str(&state.flows).unwrap();
            let number = number[0]["label"].as_str().unwrap().parse().unwrap();
            assert_eq!((state.flows, state.credentials), (flows(number), credentials(number)));
        }
    }
    println!("{last} deploys, {KILLS} kills");
}
