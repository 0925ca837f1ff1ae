use super::super::{Config, RetryStrategy};
use super::*;
use serde_json::{Value, json};

fn options(extra: Value) -> Value {
    let mut options = json!({"role": "worker"});
    for (name, value) in extra.as_object().unwrap() {
        options[name] = value.clone();
    }
    options
}

fn read(extra: Value) -> ConnectionConfig {
    match Config::parse(&options(extra.clone())) {
        Ok((config, notices)) => {
            assert_eq!(notices, [], "{extra}");
            config.connection
        }
        Err(error) => panic!("{extra}: {error}"),
    }
}

fn problem(option: &str, extra: Value) -> String {
    match Config::parse(&options(extra.clone())) {
        Err(Error::Option { option: culprit, problem }) => {
            assert_eq!(culprit, option, "{problem}");
            problem
        }
        other => panic!("{extra}: expected an error, got {other:?}"),
    }
}

fn at(host: &str, port: u16) -> Target {
    Target::Direct(Endpoint::Tcp { host: host.into(), port })
}

#[test]
fn reads_every_option() {
    let connection = read(json!({
        "host": "valkey",
        "port": 6380,
        "family": 6,
        "username": "user",
        "password": "hush",
        "db": 3,
        "protocol": 2,
        "connectTimeout": 500,
        "commandTimeout": 700,
        "connectionName": "worker-1",
        "retryStrategy": {"$function": true},
    }));
    assert_eq!(
        connection,
        ConnectionConfig {
            key_prefix: "nodered:".into(),
            writes: false,
            target: at("valkey", 6380),
            family: Family::V6,
            username: Some("user".into()),
            password: Some(Secret::new("hush")),
            db: 3,
            resp3: false,
            connect_timeout: Duration::from_millis(500),
            command_timeout: Some(Duration::from_millis(700)),
            connection_name: Some("worker-1".into()),
            retry_strategy: RetryStrategy::Custom,
            tls: None,
            supervision: Supervision::default(),
        }
    );
    assert!(!format!("{connection:?}").contains("hush"));
}

#[test]
fn numbers_may_be_strings() {
    let connection = read(json!({
        "port": "6380",
        "family": "4",
        "db": "3",
        "protocol": "3",
        "connectTimeout": "500",
        "commandTimeout": "700",
    }));
    assert_eq!(connection.target, at("localhost", 6380));
    assert_eq!(connection.family, Family::V4);
    assert_eq!((connection.db, connection.resp3), (3, true));
    assert_eq!(connection.connect_timeout, Duration::from_millis(500));
    assert_eq!(connection.command_timeout, Some(Duration::from_millis(700)));
}

#[test]
fn an_unset_variable_counts_as_not_given() {
    let defaults = read(json!({}));
    // Of an empty text that is so for every option: parse/tests.rs.
    for empty in [json!(""), json!(null)] {
        let connection = read(json!({
            "host": empty,
            "path": empty,
            "url": empty,
            "username": empty,
            "password": empty,
            "connectionName": empty,
        }));
        assert_eq!(connection, defaults);
    }
    assert_eq!(read(json!({"commandTimeout": null})), defaults);
    // Number(process.env.PORT) of a variable that is not set is NaN, which arrives as null.
    assert!(problem("port", json!({"port": null})).ends_with("not null (or NaN)"));
}

#[test]
fn numbers_have_ranges() {
    for (option, values) in [
        ("port", vec![json!(0), json!(65_536), json!("x"), json!(-1), json!(true)]),
        ("db", vec![json!(-1), json!(2_147_483_648_u64), json!(0.5), json!("one")]),
        ("family", vec![json!(5), json!("IPv4"), json!([4])]),
        ("protocol", vec![json!(1), json!(4), json!("RESP3")]),
        ("connectTimeout", vec![json!(0), json!(2_147_483_648_u64), json!("5s"), json!(null)]),
        ("commandTimeout", vec![json!(0), json!(-5)]),
    ] {
        for value in values {
            assert!(problem(option, json!({option: value})).starts_with("must be "), "{option}");
        }
    }
    let family = problem("family", json!({"family": "IPv4"}));
    assert_eq!(family, "must be 0 (either), 4 or 6, not \"IPv4\"");
    assert_eq!(problem("protocol", json!({"protocol": 1})), "must be 2 or 3, not 1");
    assert_eq!(read(json!({"port": 65_535})).target, at("localhost", 65_535));
    assert_eq!(read(json!({"db": i32::MAX})).db, 2_147_483_647);
    assert_eq!(
        problem("port", json!({"port": "abc"})),
        "must be a whole number from 1 to 65535, not \"abc\""
    );
}

#[test]
fn hosts_are_names_or_addresses() {
    for (host, expected) in [
        ("valkey.example.com", "valkey.example.com"),
        ("my_host", "my_host"),
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ] {
        assert_eq!(read(json!({"host": host})).target, at(expected, 6379));
    }
    for host in ["a:6379", "redis://u:pw@h", "u:pw@h", "a b", "a/b", "[]", "::1::", "a\0"] {
        let message = problem("host", json!({"host": host}));
        assert!(message.contains("'port'") && !message.contains("pw"), "{message}");
    }
    assert!(problem("host", json!({"host": 5})).starts_with("must be a string"));
}

#[test]
fn secrets_never_show() {
    for value in [json!(["pw"]), json!({"pw": 1}), json!({"$buffer": "pw"}), json!(1234)] {
        let message = problem("password", json!({"password": value}));
        assert!(message.starts_with("must be a string, not a"), "{message}");
        assert!(!message.contains("pw") && !message.contains("1234"), "{message}");
    }
    for url in [json!(["pw"]), json!({"pw": 1}), json!(true)] {
        assert!(!problem("url", json!({"url": url})).contains("pw"));
    }
}

#[cfg(unix)]
#[test]
fn a_socket_excludes_a_tcp_address() {
    let path = Target::Direct(Endpoint::Unix("/run/v.sock".into()));
    assert_eq!(read(json!({"path": "/run/v.sock"})).target, path);
    assert_eq!(read(json!({"path": "/run/v.sock", "host": ""})).target, path);
    assert_eq!(read(json!({"url": "/run/v.sock?db=2"})).target, path);
    assert_eq!(read(json!({"url": "/run/other.sock", "path": "/run/v.sock"})).target, path);
    for (extra, start) in [
        (json!({"path": "/s", "host": "h"}), "can't be given together with 'host':"),
        (json!({"path": "/s", "port": 1}), "can't be given together with 'port':"),
        (json!({"path": "/s", "url": "//h"}), "can't be given together with 'host' (in 'url'):"),
        (json!({"host": "h", "url": "/s"}), "(in 'url') can't be given together with 'host':"),
    ] {
        let message = problem("path", extra);
        assert!(message.starts_with(start), "{message}");
    }
    assert!(problem("path", json!({"path": "/".repeat(104)})).contains("at most 103"));
    assert!(problem("path", json!({"path": "/a\0"})).contains("unix socket"));
}

#[test]
fn a_url_gives_what_is_not_given_beside_it() {
    let connection = read(json!({"url": "redis://user:p%40ss@[::1]:6380/4?family=6&protocol=2"}));
    assert_eq!(connection.target, at("::1", 6380));
    assert_eq!(connection.username.as_deref(), Some("user"));
    assert_eq!(connection.password, Some(Secret::new("p@ss")));
    assert_eq!((connection.db, connection.family), (4, Family::V6));
    assert!(!connection.resp3);
    let connection = read(json!({
        "url": "redis://user:pw@h:6380/4",
        "host": "other",
        "db": 1,
        "password": "mine",
        "username": "",
    }));
    assert_eq!(connection.target, at("other", 6380));
    assert_eq!(connection.username.as_deref(), Some("user"));
    assert_eq!(connection.password, Some(Secret::new("mine")));
    assert_eq!(connection.db, 1);
    assert_eq!(read(json!({"url": "6380"})).target, at("localhost", 6380));
    assert_eq!(read(json!({"url": 6380})).target, at("localhost", 6380));
}

#[test]
fn errors_about_a_url_name_its_part_and_show_nothing() {
    for (option, url) in [
        ("port", "redis://h:65536"),
        ("db", "redis://h/99999999999"),
        ("family", "redis://h?family=secret"),
        ("connectTimeout", "redis://h?connectTimeout=secret"),
        ("retryStrategy", "redis://h?retryStrategy=secret"),
        ("tls", "redis://h?tls=secret"),
    ] {
        let message = problem(option, json!({"url": url}));
        assert!(!message.contains("secret") && !message.contains("99999"), "{message}");
    }
    assert!(!problem("url", json!({"url": "redis://u:sec/ret@h"})).contains("sec"));
    // Without its host, a password ends up as the port.
    let message = problem("port", json!({"url": "redis://u:secret"}));
    assert!(message.ends_with("not a string in 'url'"), "{message}");
}

#[test]
fn a_connection_name_is_what_the_server_takes() {
    assert_eq!(read(json!({"connectionName": "a:1"})).connection_name.as_deref(), Some("a:1"));
    for name in ["a b", "a\n", "é"] {
        assert!(problem("connectionName", json!({"connectionName": name})).contains("visible"));
    }
}

#[test]
fn a_retry_strategy_is_a_function_or_null() {
    let strategy = |value| read(json!({"retryStrategy": value})).retry_strategy;
    assert_eq!(read(json!({})).retry_strategy, RetryStrategy::Default);
    assert_eq!(strategy(json!(null)), RetryStrategy::Never);
    assert_eq!(strategy(json!({"$function": true})), RetryStrategy::Custom);
    for value in [json!(100), json!(false), json!("null"), json!({}), json!({"$buffer": ""})] {
        let message = problem("retryStrategy", json!({"retryStrategy": value}));
        assert!(message.starts_with("must be a function"), "{message}");
    }
}
