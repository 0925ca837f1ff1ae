use super::super::table::KNOWN;
use super::super::{Endpoint, Family, RetryStrategy, Supervision, Target};
use super::*;
use proptest::prelude::*;
use serde_json::json;

fn with(extra: Value) -> Value {
    let mut options = json!({"role": "worker"});
    for (name, value) in extra.as_object().unwrap() {
        options[name] = value.clone();
    }
    options
}

fn parse(extra: Value) -> Config {
    let (config, notices) = Config::parse(&with(extra)).unwrap();
    assert_eq!(notices, []);
    config
}

/// The problem that is found in an option.
fn problem(option: &str, options: &Value) -> String {
    match Config::parse(options) {
        Err(Error::Option { option: culprit, problem }) => {
            assert_eq!(culprit, option, "{problem}");
            problem
        }
        other => panic!("{options}: expected an error for {option}, got {other:?}"),
    }
}

fn refused(option: &str, value: Value) -> String {
    problem(option, &with(json!({option: value})))
}

#[test]
fn the_role_alone_gives_every_default() {
    let (config, notices) = Config::parse(&json!({"role": "admin"})).unwrap();
    assert_eq!(notices, []);
    let expected = Config {
        role: Role::Admin,
        key_prefix: "nodered:".into(),
        update_channel: "nodered:flows:updated".into(),
        package_channel: "nodered:packages:updated".into(),
        enable_compression: false,
        session_ttl: Duration::from_secs(86_400),
        sync_packages: true,
        package_sync_timeout: Duration::from_millis(120_000),
        package_upgrade: PackageUpgrade::Report,
        package_install_scripts: None,
        reload: Reload::Nodes,
        share_credential_secret: true,
        wait_replicas: 0,
        health: None,
        context: ContextConfig::default(),
        placement: PlacementConfig::default(),
        report: true,
        history: Some(HistoryConfig::default()),
        state: None,
        connection: ConnectionConfig {
            key_prefix: "nodered:".into(),
            writes: true,
            target: Target::Direct(Endpoint::Tcp { host: "localhost".into(), port: 6379 }),
            family: Family::Any,
            username: None,
            password: None,
            db: 0,
            resp3: true,
            connect_timeout: Duration::from_secs(10),
            command_timeout: None,
            connection_name: None,
            retry_strategy: RetryStrategy::Default,
            tls: None,
            supervision: Supervision::default(),
        },
    };
    assert_eq!(config, expected);
}

#[test]
fn every_storage_option_is_read() {
    let config = parse(json!({
        "keyPrefix": "plant:",
        "updateChannel": "deploys",
        "packageChannel": "parcels",
        "enableCompression": true,
        "sessionTTL": 60,
        "syncPackages": false,
        "packageSyncTimeout": 1500,
        "packageUpgrade": "live",
        "packageInstallScripts": false,
        "reload": "full",
        "shareCredentialSecret": false,
        "health": false,
        "timeout": 5000,
    }));
    assert_eq!(config.role, Role::Worker);
    assert_eq!(config.key_prefix, "plant:");
    assert_eq!(config.update_channel, "deploys");
    assert_eq!(config.package_channel, "parcels");
    assert!(config.enable_compression);
    assert_eq!(config.session_ttl, Duration::from_secs(60));
    assert!(!config.sync_packages);
    assert_eq!(config.package_sync_timeout, Duration::from_millis(1500));
    assert_eq!(config.package_upgrade, PackageUpgrade::Live);
    assert_eq!(config.package_install_scripts, Some(false));
    assert_eq!(config.reload, Reload::Full);
    assert!(!config.share_credential_secret);
}

#[test]
fn environment_variables_are_strings() {
    let config = parse(json!({
        "enableCompression": "true",
        "syncPackages": "false",
        "packageInstallScripts": "true",
        "sessionTTL": "60",
        "packageSyncTimeout": "1500",
    }));
    assert!(config.enable_compression && !config.sync_packages);
    assert_eq!(config.package_install_scripts, Some(true));
    assert_eq!(config.session_ttl, Duration::from_secs(60));
    assert_eq!(config.package_sync_timeout, Duration::from_millis(1500));
}

#[test]
fn words_have_their_meaning() {
    for (word, meaning) in
        [("nodes", Reload::Nodes), ("flows", Reload::Flows), ("full", Reload::Full)]
    {
        assert_eq!(parse(json!({"reload": word})).reload, meaning);
    }
    for (word, meaning) in [
        ("report", PackageUpgrade::Report),
        ("live", PackageUpgrade::Live),
        ("restart", PackageUpgrade::Restart),
    ] {
        assert_eq!(parse(json!({"packageUpgrade": word})).package_upgrade, meaning);
    }
    assert_eq!(
        refused("reload", json!("Nodes")),
        "must be 'nodes' or 'flows' or 'full', not \"Nodes\""
    );
    assert!(refused("packageUpgrade", json!(true)).ends_with("not true"));
}

#[test]
fn an_empty_text_is_as_good_as_nothing_for_every_option() {
    let expected = parse(json!({}));
    for known in KNOWN.iter().filter(|known| known.name != "role") {
        assert_eq!(parse(json!({known.name: ""})), expected, "{}", known.name);
    }
    let all: Value = KNOWN.iter().map(|known| (known.name.to_owned(), json!(""))).collect();
    assert_eq!(problem("role", &all), "is required: 'admin' or 'worker'");
    let all = with(all);
    let all = with(
        all.as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| *name != "role")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    );
    assert_eq!(parse(all.clone()), expected);
    // In a URL, and for the nodes of a cluster.
    assert_eq!(parse(json!({"url": "redis://localhost?db=&family=&keyPrefix="})), expected);
    let cluster = |more: Value| {
        let mut options = with(json!({"cluster": [{"host": "a"}]}));
        options["redisOptions"] = more;
        Config::parse(&options).unwrap()
    };
    assert_eq!(cluster(json!({"db": "", "tls": "", "password": ""})), cluster(json!("")));
    // What nobody knows is warned of all the same.
    assert_eq!(Config::parse(&with(json!({"hots": ""}))).unwrap().1.len(), 1);
}

#[test]
fn the_channels_follow_the_prefix() {
    let config = parse(json!({"keyPrefix": "a[1]*"}));
    assert_eq!(config.update_channel, "a[1]*flows:updated");
    assert_eq!(config.package_channel, "a[1]*packages:updated");
}

#[test]
fn the_channels_must_differ() {
    let same = json!({"updateChannel": "c", "packageChannel": "c"});
    assert!(problem("packageChannel", &with(same)).contains("must differ"));
    let default = json!({"updateChannel": "nodered:packages:updated"});
    assert!(problem("updateChannel", &with(default)).contains("must differ"));
}

#[test]
fn prefix_and_channels_are_plain_text() {
    for option in ["keyPrefix", "updateChannel", "packageChannel"] {
        for value in [json!("a b"), json!("a\n"), json!("a\0"), json!("x".repeat(257)), json!(5)] {
            assert!(refused(option, value).starts_with("must be a string"));
        }
    }
    assert_eq!(parse(json!({"keyPrefix": "x".repeat(256)})).key_prefix.len(), 256);
}

#[test]
fn the_role_is_required_and_ours() {
    assert_eq!(problem("role", &json!({})), "is required: 'admin' or 'worker'");
    assert!(problem("role", &json!({"role": "Admin"})).contains("\"Admin\""));
    assert!(problem("role", &json!({"role": null})).contains("null"));
    for role in ["master", "slave"] {
        assert!(problem("role", &json!({"role": role})).contains("'sentinelRole'"));
    }
}

#[test]
fn the_options_are_an_object() {
    for (options, kind) in [
        (json!(null), "null"),
        (json!("redis://u:pw@h"), "a string"),
        (json!([]), "an array"),
        (json!({"$function": true}), "a function"),
    ] {
        let message = problem("valkey", &options);
        assert!(message.contains(kind) && !message.contains("pw"), "{message}");
    }
}

#[test]
fn booleans_and_numbers_are_strict() {
    for option in
        ["enableCompression", "syncPackages", "packageInstallScripts", "shareCredentialSecret"]
    {
        for value in [json!(1), json!("yes"), json!("TRUE"), json!({})] {
            assert!(refused(option, value).starts_with("must be true or false, not "));
        }
    }
    for option in ["sessionTTL", "packageSyncTimeout"] {
        for value in [json!(0), json!(-1), json!(1.5), json!("x"), json!(null), json!(3e9)] {
            assert!(refused(option, value).starts_with("must be a whole number of "));
        }
    }
    assert_eq!(
        refused("sessionTTL", json!("1d")),
        "must be a whole number of seconds from 1 to 2147483647, not \"1d\""
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({"$function": true})),
        Just(json!({"$buffer": "AA=="})),
    ]
}

proptest! {
    /// Whatever is given for whatever option: a configuration or an error, no panic, no secret.
    #[test]
    fn no_value_panics(index in 0..KNOWN.len(), value in any_value()) {
        let name = KNOWN[index].name;
        match Config::parse(&with(json!({name: value}))) {
            Ok((config, _)) => prop_assert!(!config.key_prefix.is_empty()),
            Err(Error::Option { option, .. }) => {
                // A URL speaks for other options.
                prop_assert!(option == name || name == "url", "{option} for {name}");
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
