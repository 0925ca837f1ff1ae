use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Config, Endpoint, Notice, RetryStrategy, Secret};
use super::*;
use crate::hash_slot::slot_of;
use crate::{Error, Result};

fn parse(extra: Value) -> Result<(Config, Vec<Notice>)> {
    let mut options = json!({"role": "worker"});
    for (name, value) in extra.as_object().unwrap() {
        options[name] = value.clone();
    }
    Config::parse(&options)
}

fn problem(option: &str, extra: Value) -> String {
    match parse(extra.clone()) {
        Err(Error::Option { option: culprit, problem }) => {
            assert_eq!(culprit, option, "{extra}: {problem}");
            problem
        }
        other => panic!("{extra}: expected an error, got {other:?}"),
    }
}

fn sentinel(extra: Value) -> (SentinelConfig, Config, Vec<Notice>) {
    let mut options = json!({"sentinels": [{"host": "a"}], "name": "mymaster"});
    for (name, value) in extra.as_object().unwrap() {
        options[name] = value.clone();
    }
    let (config, notices) = parse(options).unwrap();
    match config.connection.target.clone() {
        Target::Sentinel(sentinel) => (sentinel, config, notices),
        other => panic!("{other:?}"),
    }
}

fn cluster(extra: Value) -> (ClusterConfig, Config, Vec<Notice>) {
    let mut options = json!({"cluster": [{"host": "a"}], "keyPrefix": "{nr}:"});
    for (name, value) in extra.as_object().unwrap() {
        options[name] = value.clone();
    }
    let (config, notices) = parse(options).unwrap();
    match config.connection.target.clone() {
        Target::Cluster(cluster) => (cluster, config, notices),
        other => panic!("{other:?}"),
    }
}

fn tcp(host: &str, port: u16) -> Endpoint {
    Endpoint::Tcp { host: host.into(), port }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn every_option_of_sentinel_is_read() {
    let function = json!({"$function": true});
    let (read, config, notices) = sentinel(json!({
        "sentinels": [{"host": "a", "port": 1}, {"host": "b"}],
        "name": "other",
        "password": "of the server",
        "sentinelUsername": "u",
        "sentinelPassword": "hush",
        "sentinelRetryStrategy": function,
        "sentinelReconnectStrategy": null,
        "sentinelCommandTimeout": "50",
        "updateSentinels": false,
        "sentinelMaxConnections": 2,
        "failoverDetector": false,
        "natMap": {"a:1": {"host": "b", "port": 2}},
    }));
    assert_eq!(notices, []);
    assert_eq!(
        read,
        SentinelConfig {
            sentinels: vec![tcp("a", 1), tcp("b", 26_379)],
            name: "other".into(),
            username: Some("u".into()),
            password: Some(Secret::new("hush")),
            tls: None,
            retry_strategy: RetryStrategy::Custom,
            reconnect_strategy: RetryStrategy::Never,
            command_timeout: Some(ms(50)),
            update_sentinels: false,
            max_connections: 2,
            failover_detector: false,
            nat_map: NatTable::from([("a:1".to_owned(), tcp("b", 2))]),
        }
    );
    assert_eq!(config.connection.password, Some(Secret::new("of the server")));
    assert!(!format!("{read:?}").contains("hush"));
    let (defaults, ..) = sentinel(json!({"sentinelPassword": "", "sentinelUsername": null}));
    assert_eq!(
        defaults,
        SentinelConfig {
            sentinels: vec![tcp("a", 26_379)],
            name: "mymaster".into(),
            username: None,
            password: None,
            tls: None,
            retry_strategy: RetryStrategy::Default,
            reconnect_strategy: RetryStrategy::Default,
            command_timeout: None,
            update_sentinels: true,
            max_connections: 10,
            failover_detector: true,
            nat_map: NatTable::new(),
        }
    );
}

#[test]
fn tls_with_sentinel_says_whom_it_concerns() {
    let (read, config, _) = sentinel(json!({"tls": {}, "enableTLSForSentinelMode": true}));
    assert!(config.connection.tls.is_some() && read.tls.is_none());
    let (read, config, _) = sentinel(json!({"sentinelTLS": {}}));
    assert!(config.connection.tls.is_none() && read.tls.is_some());
    let base = json!({"sentinels": [{"host": "a"}], "name": "m"});
    let with = |name: &str, value: Value| {
        let mut options = base.clone();
        options[name] = value;
        options
    };
    let text = problem("tls", with("tls", json!({})));
    assert!(text.contains("'enableTLSForSentinelMode'"), "{text}");
    problem("tls", with("url", json!("rediss://h")));
    problem("enableTLSForSentinelMode", with("enableTLSForSentinelMode", json!(true)));
}

#[test]
fn every_option_of_a_cluster_is_read() {
    let (read, config, notices) = cluster(json!({
        "cluster": [{"host": "a", "port": 1}, "b:2", 3],
        "redisOptions": {"password": "hush", "connectTimeout": 500, "db": 2},
        "db": 1,
        "clusterRetryStrategy": {"$function": true},
        "maxRedirections": 3,
        "retryDelayOnMoved": 4,
        "retryDelayOnFailover": 5,
        "retryDelayOnClusterDown": 6,
        "retryDelayOnTryAgain": 0,
        "slotsRefreshTimeout": 7,
        "natMap": {"a:1": {"host": "b", "port": 2}},
    }));
    assert_eq!(notices, []);
    assert_eq!(
        read,
        ClusterConfig {
            nodes: vec![tcp("a", 1), tcp("b", 2), tcp("localhost", 3)],
            slot: slot_of("nr"),
            probe: "{nr}:revision".into(),
            retry_strategy: RetryStrategy::Custom,
            max_redirections: 3,
            delay_on_moved: ms(4),
            delay_on_failover: ms(5),
            delay_on_cluster_down: ms(6),
            delay_on_try_again: ms(0),
            slots_timeout: ms(7),
            nat_map: NatTable::from([("a:1".to_owned(), tcp("b", 2))]),
        }
    );
    assert_eq!(config.connection.password, Some(Secret::new("hush")));
    assert_eq!((config.connection.connect_timeout, config.connection.db), (ms(500), 1));
    let (defaults, ..) = cluster(json!({}));
    assert_eq!((defaults.max_redirections, defaults.delay_on_moved), (16, ms(0)));
    assert_eq!((defaults.delay_on_failover, defaults.delay_on_cluster_down), (ms(100), ms(100)));
    assert_eq!((defaults.delay_on_try_again, defaults.slots_timeout), (ms(100), ms(1000)));
}

#[test]
fn the_prefix_of_a_cluster_keeps_all_keys_in_one_slot() {
    for (prefix, effective, said) in [
        (json!(null), "{nodered}:", true),
        (json!("plant:"), "{plant}:", true),
        (json!("plant"), "{plant}:", true),
        (json!("a:b:"), "{a:b}:", true),
        (json!("{plant}:"), "{plant}:", false),
        (json!("x{plant}y"), "x{plant}y", false),
    ] {
        let mut options = json!({"role": "admin", "cluster": [{"host": "a"}]});
        if !prefix.is_null() {
            options["keyPrefix"] = prefix;
        }
        let (config, notices) = Config::parse(&options).unwrap();
        assert_eq!(config.key_prefix, effective);
        assert_eq!(config.update_channel, format!("{effective}flows:updated"));
        assert_eq!(config.package_channel, format!("{effective}packages:updated"));
        assert_eq!(notices.len(), usize::from(said), "{notices:?}");
        let Target::Cluster(cluster) = config.connection.target else { panic!("no cluster") };
        assert_eq!(cluster.slot, slot_of(&format!("{effective}library:flows:a}}b")));
    }
    for prefix in [":", "{}", "{}:", "a{}b", "a{b", "}a:"] {
        let text = problem("keyPrefix", json!({"keyPrefix": prefix, "cluster": ["a:1"]}));
        assert!(text.contains("'{nodered}:'"), "{prefix}: {text}");
        assert_eq!(parse(json!({"keyPrefix": prefix})).unwrap().0.key_prefix, prefix);
    }
}

#[test]
fn contradictions_are_errors() {
    let sentinels = json!([{"host": "a"}]);
    for (option, extra) in [
        ("name", json!({"sentinels": sentinels})),
        ("name", json!({"sentinels": sentinels, "name": ""})),
        ("sentinels", json!({"sentinels": [], "name": "m"})),
        ("sentinels", json!({"sentinels": "a:1", "name": "m"})),
        ("cluster", json!({"cluster": ["a:1"], "sentinels": sentinels, "name": "m"})),
        ("cluster", json!({"cluster": ["a:1"], "path": "/s"})),
        ("cluster", json!({"cluster": []})),
        ("cluster", json!({"cluster": true})),
        ("sentinels", json!({"sentinels": sentinels, "name": "m", "path": "/s"})),
        ("sentinels", json!({"sentinels": sentinels, "name": "m", "url": "/s"})),
        ("sentinelUsername", json!({"sentinels": sentinels, "name": "m", "sentinelUsername": "u"})),
        ("sentinelRetryStrategy", json!({"sentinelRetryStrategy": 5})),
        ("sentinelCommandTimeout", json!({"sentinelCommandTimeout": 0})),
        ("sentinelMaxConnections", json!({"sentinelMaxConnections": 0})),
        ("updateSentinels", json!({"updateSentinels": "no"})),
        ("failoverDetector", json!({"failoverDetector": 1})),
        ("natMap", json!({"natMap": [], "cluster": ["a:1"]})),
        ("redisOptions", json!({"redisOptions": {"password": "pw"}})),
        ("redisOptions", json!({"redisOptions": "pw", "cluster": ["a:1"]})),
        ("redisOptions", json!({"redisOptions": {"host": "pw"}, "cluster": ["a:1"]})),
        ("redisOptions", json!({"redisOptions": {"cluster": []}, "cluster": ["a:1"]})),
        ("clusterRetryStrategy", json!({"clusterRetryStrategy": "x"})),
        ("maxRedirections", json!({"maxRedirections": -1})),
        ("retryDelayOnMoved", json!({"retryDelayOnMoved": "x"})),
        ("retryDelayOnFailover", json!({"retryDelayOnFailover": null})),
        ("retryDelayOnClusterDown", json!({"retryDelayOnClusterDown": 0.5})),
        ("retryDelayOnTryAgain", json!({"retryDelayOnTryAgain": -1})),
        ("slotsRefreshTimeout", json!({"slotsRefreshTimeout": 0})),
    ] {
        assert!(!problem(option, extra).contains("pw"));
    }
    let text = problem("role", json!({"role": "master", "sentinels": sentinels, "name": "m"}));
    assert!(text.contains("'sentinelRole'"), "{text}");
    let wrong = json!({"cluster": ["a:1"], "redisOptions": {"db": "x"}});
    assert!(problem("db", wrong).starts_with("must be a whole number"));
}

#[test]
fn what_acts_with_others_only_is_said_to_be_idle() {
    let idle = |extra: Value| -> Vec<String> {
        parse(extra).unwrap().1.into_iter().map(|notice| notice.text).collect()
    };
    for (option, value) in [
        ("name", json!("m")),
        ("sentinelPassword", json!("pw")),
        ("sentinelTLS", json!({})),
        ("enableTLSForSentinelMode", json!(true)),
        ("failoverDetector", json!(true)),
        ("clusterRetryStrategy", json!({"$function": true})),
        ("maxRedirections", json!(16)),
        ("natMap", json!({})),
    ] {
        let said = idle(json!({option: value}));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with(&format!("option '{option}' has no effect here: ")),
            "{said:?}"
        );
    }
    let said = idle(json!({
        "sentinels": ["a:1"], "name": "m", "host": "h", "url": "redis://h:1",
    }));
    assert_eq!(
        said,
        [
            "option 'host' has no effect here: 'sentinels' says where the server is",
            "option 'port' (in 'url') has no effect here: 'sentinels' says where the server is",
        ]
    );
    assert_eq!(idle(json!({"cluster": false, "sentinels": null, "natMap": null})), [""; 0]);
}

#[test]
fn a_target_is_said_as_it_was_written_without_a_secret() {
    let said = |extra| parse(extra).unwrap().0.connection.target.to_string();
    assert_eq!(said(json!({"url": "redis://u:secret@valkey:7000/2"})), "valkey:7000");
    assert_eq!(said(json!({"path": "/run/valkey.sock"})), "/run/valkey.sock");
    let sentinels = json!({"sentinels": [{"host": "a"}, {"host": "::1", "port": 1}], "name": "m"});
    assert_eq!(said(sentinels), "'m' of the Sentinels a:26379, [::1]:1");
    assert_eq!(said(json!({"cluster": ["a:1", "b:2"]})), "the cluster of a:1, b:2");
}
