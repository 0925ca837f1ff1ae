//! `enableReadyCheck` and `maxLoadingRetryTime`, on a server that really loads.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use node_red_storage_valkey::connection::{Connection, Hooks};

use super::common::config_with;
use super::common::log::Log;
use super::common::server::Server;
use super::{PATIENCE, failure, get, open_ready, with};

/// How many keys the server has to load, 10 ms each.
const KEYS: usize = 300;
/// Bytes of each; together with the next so much that servers which answer only every 2 MB while
/// they load do so several times.
const SIZE: usize = 40 * 1024;

/// Makes a server answer after every key that it loads, which Redis 6 can't.
fn answers_often() -> &'static [&'static str] {
    static ABLE: OnceLock<bool> = OnceLock::new();
    let option = "loading-process-events-interval-bytes";
    let able = ABLE.get_or_init(|| {
        let server = Server::start(&[]);
        let mut admin = server.admin();
        let set: redis::RedisResult<()> =
            redis::cmd("CONFIG").arg("SET").arg(option).arg(1024).exec(&mut admin);
        set.is_ok()
    });
    if *able { &["--loading-process-events-interval-bytes", "1024"] } else { &[] }
}

/// A server that has just begun to load for about 3 s.
fn loading(args: &[&str]) -> Server {
    let slow = ["--key-load-delay", "10000", "--rdbcompression", "no"];
    let mut server = Server::start(&[&slow[..], answers_often(), args].concat());
    let mut fill = redis::pipe();
    for key in 0..KEYS {
        fill.cmd("SET").arg(format!("key:{key}")).arg(vec![b'x'; SIZE]).ignore();
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
    if answers_often().is_empty() {
        eprintln!("SKIPPED: this server answers too seldom while it loads");
        return;
    }
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
    connection.wait_ready(Duration::from_millis(2500)).await.expect("no check");
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
    let early = failure(&connection).await;
    assert!(early.to_string().contains("LOADING"), "{early}");
    connection.wait_ready(PATIENCE).await.expect("loaded");
    get(&connection, "key:1").await.expect("loaded");
}
