//! `enableReadyCheck` and `maxLoadingRetryTime`, on a server that really loads.

use std::time::{Duration, Instant};

use node_red_storage_valkey::connection::{Connection, Hooks};

use super::common::config_with;
use super::common::log::Log;
use super::common::server::Server;
use super::{PATIENCE, get, open_ready, with};

/// How many keys the server has to load, 1 ms each.
const KEYS: usize = 3000;

/// A server that has just begun to load for about 3 s.
fn loading(args: &[&str]) -> Server {
    let slow = ["--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"];
    let mut server = Server::start(&[&slow[..], args].concat());
    let mut fill = redis::pipe();
    for key in 0..KEYS {
        fill.cmd("SET").arg(format!("key:{key}")).arg(vec![b'x'; 100]).ignore();
    }
    let mut admin = server.admin();
    fill.exec(&mut admin).unwrap();
    redis::cmd("SAVE").exec(&mut admin).unwrap();
    server.restart();
    server
}

fn info(server: &Server, section: &str) -> String {
    redis::cmd("INFO").arg(section).query(&mut server.admin()).unwrap()
}

fn field(info: &str, name: &str) -> Option<String> {
    info.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
}

fn is_loading(server: &Server) -> bool {
    field(&info(server, "persistence"), "loading:").as_deref() == Some("1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_loads_is_waited_for_on_one_connection() {
    let (log, _guard) = Log::keep();
    let server = loading(&[]);
    assert!(is_loading(&server));
    let began = Instant::now();
    let connection = open_ready(&with(server.port, |_| ())).await;
    assert!(!is_loading(&server));
    println!("ready after {:?}", began.elapsed());
    assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
    get(&connection, "key:1").await.expect("loaded");
    assert_eq!(log.count("is loading its data; waiting for it"), 1, "{:#?}", log.lines());
    assert_eq!(log.lines().len(), 2, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wait_between_two_questions_is_at_most_max_loading_retry_time() {
    let questions = async |most: u64| {
        let server = loading(&[]);
        let before = calls_of_info(&server);
        let _connection = open_ready(&with(server.port, |supervision| {
            supervision.max_loading_retry_time = Duration::from_millis(most);
        }))
        .await;
        calls_of_info(&server) - before - 1
    };
    let (often, seldom) = (questions(100).await, questions(10_000).await);
    println!("asked {often} times and {seldom} times");
    assert!(often >= 8, "every 100 ms while it loads: {often}");
    assert!(seldom * 3 < often * 2, "the longer it takes the less often: {seldom}");
}

fn calls_of_info(server: &Server) -> i64 {
    let calls = field(&info(server, "commandstats"), "cmdstat_info:calls=").unwrap_or_default();
    calls.split(',').next().unwrap().parse().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_check_a_loading_server_is_used_at_once() {
    let server = loading(&[]);
    let config = with(server.port, |supervision| supervision.ready_check = false);
    let connection = Connection::open(config, Hooks::default());
    connection.wait_ready(Duration::from_millis(800)).await.expect("no check");
    assert!(is_loading(&server));
    let error = get(&connection, "key:1").await.expect_err("loading");
    assert!(error.to_string().contains("LOADING"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_that_may_not_ask_is_served_too() {
    let user = ["--user", "mute", "on", "nopass", "~*", "&*", "+@all", "-info"];
    let server = Server::start(&user);
    let config = config_with(server.port, |config| config.username = Some("mute".to_owned()));
    let connection = open_ready(&config).await;
    get(&connection, "a").await.expect("served");

    let server = loading(&user);
    let config = config_with(server.port, |config| config.username = Some("mute".to_owned()));
    let connection = Connection::open(config, Hooks::default());
    let early = connection.wait_ready(Duration::from_millis(500)).await.expect_err("loading");
    assert!(early.to_string().contains("LOADING"), "{early}");
    connection.wait_ready(PATIENCE).await.expect("loaded");
    get(&connection, "key:1").await.expect("loaded");
}
