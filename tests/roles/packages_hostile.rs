//! A list that anybody could have written.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

use base64::Engine;
use flate2::Compression;
use flate2::write::GzEncoder;
use redis::Commands;

use super::common::log::Log;
use super::common::npm::UserDir;
use super::common::server::Server;
use super::common::until;
use super::packages_support::{KEY, LONG, Running, hint, publish, start};

/// Stores this, and expects to be told so and nothing to be run; then a good list works.
async fn refused(server: &Server, dir: &UserDir, running: &Running, log: &Log, list: &[u8]) {
    let shown: String = String::from_utf8_lossy(list).chars().take(80).collect();
    let (runs, lines) = (dir.runs().len(), log.lines().len());
    let refusals = || {
        let lines = log.lines().split_off(lines);
        lines.into_iter().filter(|line| line.starts_with("ERROR")).collect::<Vec<_>>()
    };
    let _: () = server.admin().set(KEY, list).unwrap();
    hint(server, "1");
    until(&format!("{shown:?} is refused"), LONG, async || !refusals().is_empty()).await;
    // Read again and again it is told of once.
    let _ = running.worker.wait_for_packages(Duration::from_secs(1)).await;
    let refusals = refusals();
    let different: BTreeSet<_> = refusals.iter().collect();
    assert_eq!(refusals.len(), different.len(), "{shown:?}: {refusals:?}");
    for line in &refusals {
        assert!(line.contains(KEY) && line.contains("no package is changed"), "{shown:?}: {line}");
        assert!(!line.contains(char::is_control) && line.len() < 400, "{line:?}");
    }
    assert_eq!(dir.runs().len(), runs, "{shown:?}: {:?}", dir.said());

    let said = || log.count("INFO the package list can be used again");
    let before = said();
    let good = format!(r#"{{"good":"1.0.{runs}"}}"#);
    publish(server, &good);
    running.settles().await;
    assert!(dir.holds(&format!("good@1.0.{runs}")), "{shown:?}: {:?}", dir.installed());
    assert_eq!(dir.runs().len(), runs + 1, "{:?}", dir.said());
    assert_eq!(said(), before + 1, "{:?}", log.lines());
}

/// Refuses each of these.
async fn all_refused(lists: impl IntoIterator<Item = Vec<u8>>) {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    for list in lists {
        refused(&server, &dir, &running, &log, &list).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_npm_would_take_for_something_else() {
    const NAMES: &[&str] = &[
        "--registry=http://evil.example",
        "-g",
        "../evil",
        "a/../../evil",
        "/etc/passwd",
        "./evil",
        "@scope/../../evil",
        "http://evil.example/a.tgz",
        "git+ssh://evil.example/a",
        "github:evil/a",
        "evil/a",
        "a@npm:evil",
        "a;touch evil",
        "$(touch evil)",
        "`touch evil`",
        "a\\u0000b",
        "a\\nb",
        "\\u001b[31mred",
        "a b",
        "evil.tgz",
        "node_modules",
        "",
        "%2e%2e%2fevil",
        "\\u202eevil",
    ];
    let list = |name: &&str| format!(r#"{{"a":"1.0.0","{name}":"1.0.0"}}"#).into_bytes();
    all_refused(NAMES.iter().map(list)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_that_npm_would_take_for_something_else() {
    const VERSIONS: &[&str] = &[
        r#""latest""#,
        r#""--global""#,
        r#""file:../evil""#,
        r#""../evil""#,
        r#""npm:evil@1.0.0""#,
        r#""http://evil.example/a.tgz""#,
        r#""git://evil.example/a""#,
        r#""evil/a""#,
        r#""1.0.0; touch evil""#,
        r#""1.0.0 && touch evil""#,
        r#""1.0.0\n--global""#,
        r#""1.0.0\u0000""#,
        r#""""#,
        r#"" ""#,
        "null",
        "1",
        "true",
        r#"["1.0.0"]"#,
        r#"{"version":"1.0.0"}"#,
    ];
    let list = |version: &&str| format!(r#"{{"a":"1.0.0","b":{version}}}"#).into_bytes();
    all_refused(VERSIONS.iter().map(list)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_list() {
    let names = (0..2001).map(|number| format!(r#""a{number}":"1.0.0""#));
    let too_many = format!("{{{}}}", names.collect::<Vec<_>>().join(","));
    let nested = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let lists: Vec<Vec<u8>> = vec![
        b"null".into(),
        b"1".into(),
        br#""a""#.into(),
        br#"{"a":"1.0.0""#.into(),
        br#"{"a":"1.0.0"}}"#.into(),
        b"{'a':'1.0.0'}".into(),
        b"[1]".into(),
        br#"[["a"]]"#.into(),
        br#"["a","../evil"]"#.into(),
        br#"[{"name":"a"}]"#.into(),
        b"[".repeat(100_000),
        nested.into_bytes(),
        b"\xff\xfe{}".into(),
        b"\x1f\x8b".into(),
        b"\x1f\x8bnot gzip".into(),
        b"gzip:not base64".into(),
        too_many.into_bytes(),
    ];
    all_refused(lists).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_before_or_after_decompression() {
    let mut large = br#"{"a":"1.0.0"#.to_vec();
    large.resize(10_000_000, b'0');
    let packed = |text: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    // A gzip stream may have any number of parts.
    let bomb = [packed(br#"{"a":"1.0.0"}"#), packed(&[b' '; 1_000_000]).repeat(300)].concat();
    assert!(bomb.len() < 1_000_000, "{} bytes", bomb.len());
    let text = format!("gzip:{}", base64::engine::general_purpose::STANDARD.encode(&bomb));
    let few = packed(&[br#"{"a":"1.0.0"}"#.to_vec(), vec![b' '; 1_000_000]].concat());
    let began = Instant::now();
    all_refused([large, bomb, text.into_bytes(), few]).await;
    println!("four too large lists in {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_another_type() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let mut connection = server.admin();
    let _: () = connection.rpush(KEY, r#"{"evil":"1.0.0"}"#).unwrap();
    let began = Instant::now();
    let running = start(&server, &dir).await;
    // It is no reason to wait for as long as npm might take.
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!(log.count(KEY), 1, "{:?}", log.lines());
    for wrong in ["hash", "set"] {
        let _: () = connection.del(KEY).unwrap();
        match wrong {
            "hash" => connection.hset(KEY, "evil", "1.0.0").unwrap(),
            _ => connection.sadd::<_, _, ()>(KEY, "evil").unwrap(),
        }
        hint(&server, "1");
        let _ = running.worker.wait_for_packages(Duration::from_secs(1)).await;
    }
    assert_eq!(dir.said(), [""; 0]);
    assert!(log.lines().iter().all(|line| !line.contains("evil")), "{:?}", log.lines());
    publish(&server, r#"{"good":"1.0.0"}"#);
    running.settles().await;
    assert!(dir.holds("good@1.0.0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_list_changes_nothing_of_what_an_earlier_one_brought() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    publish(&server, r#"{"a":"1.0.0"}"#);
    running.settles().await;
    publish(&server, r#"{"b":"1.0.0","--global":"1.0.0"}"#);
    until("it is refused", LONG, async || log.count("no package is changed") == 1).await;
    // Also after a restart.
    drop(running);
    let running = start(&server, &dir).await;
    assert_eq!(log.count("no package is changed"), 2, "{:?}", log.lines());
    assert!(dir.holds("a@1.0.0"));
    assert_eq!(dir.runs().len(), 1);
    drop(running);
}
