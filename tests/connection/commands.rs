//! Commands, transactions, scripts.

use std::time::{Duration, Instant};

use node_red_storage_valkey::connection::Script;
use redis::Value;

use super::common::config_with;
use super::common::server::Server;
use super::common::{PATIENCE, until};
use super::{get, open_ready, set};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_keeps_the_errors_of_its_commands_apart() {
    let server = Server::start(&[]);
    for resp3 in [true, false] {
        let connection = open_ready(&config_with(server.port, |config| config.resp3 = resp3)).await;
        set(&connection, "a", b"1").await.expect("set");
        connection.command(redis::cmd("SADD").arg("set").arg("x")).await.expect("sadd");
        let mut pipe = redis::pipe();
        pipe.cmd("GET").arg("a").cmd("GET").arg("set").cmd("GET").arg("none");
        let results = connection.transaction(&pipe).await.expect("run");
        assert_eq!(results.len(), 3);
        assert_eq!(results[0], Ok(Value::BulkString(b"1".to_vec())));
        let error = results[1].clone().expect_err("a set");
        assert_eq!(error.code(), "ERR_VALKEY_SERVER");
        assert!(error.to_string().starts_with("GET failed: WRONGTYPE"), "{error}");
        assert_eq!(results[2], Ok(Value::Nil));
        connection.command(redis::cmd("DEL").arg("set")).await.expect("del");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_with_a_refused_command_is_not_run_and_names_the_permission() {
    let server = Server::start(&[]);
    server.add_user("part on nopass ~nr:* +get +set +multi +exec +ping");
    let config = config_with(server.port, |config| config.username = Some("part".to_owned()));
    let connection = open_ready(&config).await;
    let mut pipe = redis::pipe();
    pipe.cmd("SET").arg("nr:a").arg("1").cmd("SET").arg("other").arg("2");
    let error = connection.transaction(&pipe).await.expect_err("refused");
    assert_eq!(error.code(), "ERR_VALKEY_PERMISSION");
    assert!(error.to_string().contains("SET"), "{error}");
    assert_eq!(get(&connection, "nr:a").await, Ok(Value::Nil));
    // The connection has no transaction open and is the same one.
    assert_eq!(set(&connection, "nr:a", b"1").await, Ok(Value::Okay));

    let server = Server::start(&[]);
    server.add_user("none on nopass ~* +get +ping");
    let config = config_with(server.port, |config| config.username = Some("none".to_owned()));
    let connection = open_ready(&config).await;
    let error = connection.transaction(redis::pipe().cmd("GET").arg("a")).await;
    assert_eq!(error.expect_err("no MULTI").code(), "ERR_VALKEY_PERMISSION");
    assert_eq!(get(&connection, "a").await, Ok(Value::Nil));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_runs_whether_the_server_knows_it_or_not() {
    let server = Server::start(&[]);
    let connection = open_ready(&config_with(server.port, |_| ())).await;
    let script = Script::new("return {KEYS[1], ARGV[1], #ARGV}");
    let expected = Value::Array(vec![
        Value::BulkString(b"k".to_vec()),
        Value::BulkString(b"x".to_vec()),
        Value::Int(2),
    ]);
    for _ in 0..2 {
        let value = connection.script(&script, &["k"], &["x", "y"]).await;
        assert_eq!(value, Ok(expected.clone()));
        connection.command(redis::cmd("SCRIPT").arg("FLUSH")).await.expect("flush");
    }
    connection.script(&script, &["k"], &["x", "y"]).await.expect("known by text now");
    let failing = Script::new("return redis.error_reply('MYCODE no')");
    let error = connection.script::<&str, &str>(&failing, &[], &[]).await.expect_err("fails");
    assert_eq!(error.to_string(), "EVAL failed: MYCODE no");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_timeout_is_kept_and_the_next_answer_is_not_mixed_up() {
    let server = Server::start(&[]);
    let config = config_with(server.port, |config| {
        config.command_timeout = Some(Duration::from_millis(300));
    });
    let connection = open_ready(&config).await;
    set(&connection, "a", b"1").await.expect("set");
    let asked = Instant::now();
    let blocked = connection.command(redis::cmd("BLPOP").arg("none").arg(1)).await;
    let error = blocked.expect_err("too slow");
    assert_eq!(error.code(), "ERR_VALKEY_TIMEOUT");
    assert!(error.to_string().contains("BLPOP") && error.to_string().contains("300 ms"), "{error}");
    assert!(asked.elapsed() < Duration::from_millis(900), "{:?}", asked.elapsed());
    tokio::time::sleep(Duration::from_millis(1000)).await;
    assert_eq!(get(&connection, "a").await, Ok(Value::BulkString(b"1".to_vec())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_do_not_repeat_arguments() {
    let server = Server::start(&[]);
    let connection = open_ready(&config_with(server.port, |_| ())).await;
    let error = connection.command(redis::cmd("NONSENSE").arg("my-credentials")).await;
    let error = error.expect_err("unknown").to_string();
    assert!(error.contains("NONSENSE") && !error.contains("my-credentials"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_values_pass_in_both_directions_side_by_side() {
    let server = Server::start(&[]);
    let connection = open_ready(&config_with(server.port, |_| ())).await;
    let value = vec![b'x'; 32 * 1024 * 1024];
    let (first, second) =
        tokio::join!(set(&connection, "a", &value), set(&connection, "b", &value));
    assert_eq!((first, second), (Ok(Value::Okay), Ok(Value::Okay)));
    let (first, second) = tokio::join!(get(&connection, "a"), get(&connection, "b"));
    assert_eq!(first, Ok(Value::BulkString(value)));
    assert_eq!(first, second);
}

/// How often the server was asked for a sign of life.
fn pings(server: &Server) -> u64 {
    let told: String = redis::cmd("INFO").arg("commandstats").query(&mut server.admin()).unwrap();
    let line =
        told.lines().find_map(|line| line.strip_prefix("cmdstat_ping:calls=")).unwrap_or("0");
    line.split(',').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_answered_anyway_asks_for_no_sign_of_life() {
    let server = Server::start(&[]);
    let connection = open_ready(&config_with(server.port, |_| ())).await;
    until("an idle connection asks", PATIENCE, async || pings(&server) > 0).await;
    for (times, apart) in [(150, Duration::from_millis(20)), (4, Duration::from_millis(1100))] {
        // One that sent nothing for two seconds on a busy machine asks, too.
        until("none was idle", PATIENCE, async || {
            get(&connection, "a").await.expect("get");
            let before = pings(&server);
            let mut longest = Duration::ZERO;
            for _ in 0..times {
                let began = Instant::now();
                tokio::time::sleep(apart).await;
                get(&connection, "a").await.expect("get");
                longest = longest.max(began.elapsed());
            }
            longest < apart + Duration::from_millis(400) && pings(&server) == before
        })
        .await;
    }
}
