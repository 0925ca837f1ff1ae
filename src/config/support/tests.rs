use super::super::{Config, Level};
use super::*;
use serde_json::{Value, json};

fn with(extra: Value) -> Value {
    let mut options = json!({"role": "worker"});
    for (name, value) in extra.as_object().unwrap() {
        options[name] = value.clone();
    }
    options
}

fn notices(extra: Value) -> Vec<Notice> {
    Config::parse(&with(extra)).unwrap().1
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
fn a_value_for_what_is_done_anyway_is_accepted() {
    for (option, values) in [
        ("health", vec![json!(false), json!(null)]),
        ("tls", vec![json!(false), json!(null), json!("false")]),
        ("sentinels", vec![json!(null)]),
        ("name", vec![json!(null), json!("")]),
        ("sentinelPassword", vec![json!(null), json!("")]),
        ("cluster", vec![json!(null), json!(false)]),
        ("natMap", vec![json!(null)]),
        ("autoResubscribe", vec![json!(true)]),
        ("readOnly", vec![json!(false)]),
        ("scaleReads", vec![json!("master")]),
        ("sentinelRole", vec![json!("master")]),
        ("monitor", vec![json!(false)]),
    ] {
        for value in values {
            assert_eq!(notices(json!({option: value})), [], "{option}: {value}");
        }
    }
}

#[test]
fn what_can_not_be_is_refused_with_the_reason() {
    for (option, value, reason) in [
        ("readOnly", json!(true), "only the master"),
        ("scaleReads", json!("slave"), "only the master"),
        ("scaleReads", json!({"$function": true}), "only the master"),
        ("sentinelRole", json!("slave"), "only the master"),
        ("preferredSlaves", json!([]), "only the master"),
        ("monitor", json!(true), "valkey-cli monitor"),
        ("Connector", json!({"$function": true}), "'host' and 'port'"),
        ("dnsLookup", json!({"$function": true}), "'natMap'"),
        ("useSRVRecords", json!(true), "'natMap'"),
        ("resolveSrv", json!({"$function": true}), "'natMap'"),
        ("autoResubscribe", json!(false), "miss every deploy"),
        ("autoResubscribe", json!("no"), "must be true or false"),
    ] {
        let message = refused(option, value);
        assert!(message.contains(reason), "{option}: {message}");
    }
}

#[test]
fn what_has_no_effect_is_noted() {
    for (option, value) in [
        ("lazyConnect", json!(true)),
        ("enableAutoPipelining", json!("false")),
        ("autoPipeliningIgnoredCommands", json!([])),
        ("stringNumbers", json!(false)),
        ("replyMapping", json!(3)),
        ("scripts", json!({})),
        ("showFriendlyErrorStack", json!(true)),
        ("blockingTimeout", json!(5)),
        ("slotsRefreshInterval", json!(5)),
        ("shardedSubscribers", json!(true)),
        ("clusterNodeRetryStrategy", json!({"$function": true})),
    ] {
        let found = notices(json!({option: value}));
        assert_eq!(found.len(), 1, "{option}");
        assert_eq!(found[0].level, Level::Info);
        assert!(found[0].text.starts_with(&format!("option '{option}' has no effect here: ")));
    }
    assert!(refused("lazyConnect", json!("maybe")).starts_with("must be true or false"));
    let (_, found) = Config::parse(&json!({"role": "admin", "autoResubscribe": false})).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].level, Level::Info);
}

#[test]
fn unknown_options_are_warned_of_with_the_nearest_name() {
    for (option, hint) in [
        ("keyprefix", "; did you mean 'keyPrefix'?"),
        ("prot", "; did you mean 'port'?"),
        ("pasword", "; did you mean 'password'?"),
        ("sessionTtl", "; did you mean 'sessionTTL'?"),
        ("compression", "; did you mean 'enableCompression'?"),
        ("hostname", "; did you mean 'host'?"),
        ("sentinel", "; did you mean 'sentinels'?"),
        ("rejectUnauthorized", "; it belongs inside 'tls'"),
        ("frobnicate", ""),
    ] {
        assert_eq!(
            notices(json!({option: "pw"})),
            [Notice::warning(format!("unknown option '{option}' is ignored{hint}"))]
        );
    }
    let long = notices(json!({format!("a\nb{}", "x".repeat(500)): 1}));
    assert!(long[0].text.len() < 100 && !long[0].text.contains('\n'));
    let in_url = notices(json!({"url": "redis://h?frobnicate=pw"}));
    assert_eq!(in_url[0].text, "unknown option 'frobnicate' (in 'url') is ignored");
}

/// The names of the specification, so that none is unknown by oversight.
#[test]
fn every_name_of_the_specification_is_known() {
    let names = "role keyPrefix updateChannel packageChannel enableCompression sessionTTL \
        syncPackages packageSyncTimeout packageUpgrade packageInstallScripts reload \
        shareCredentialSecret health timeout host port path family url username password db \
        protocol connectionName disableClientInfo clientInfoTag connectTimeout commandTimeout \
        socketTimeout keepAlive noDelay disconnectTimeout retryStrategy reconnectOnError \
        maxRetriesPerRequest enableOfflineQueue autoResendUnfulfilledCommands enableReadyCheck \
        maxLoadingRetryTime autoResubscribe lazyConnect readOnly scaleReads enableAutoPipelining \
        stringNumbers replyMapping scripts showFriendlyErrorStack blockingTimeout monitor \
        Connector sentinels name sentinelUsername sentinelPassword tls enableTLSForSentinelMode \
        sentinelTLS sentinelRetryStrategy sentinelReconnectStrategy sentinelCommandTimeout \
        updateSentinels sentinelMaxConnections failoverDetector natMap sentinelRole \
        preferredSlaves cluster clusterRetryStrategy redisOptions maxRedirections \
        retryDelayOnMoved retryDelayOnFailover retryDelayOnClusterDown retryDelayOnTryAgain \
        slotsRefreshTimeout slotsRefreshInterval shardedSubscribers clusterNodeRetryStrategy \
        dnsLookup useSRVRecords resolveSrv";
    for name in names.split_whitespace() {
        assert!(table::find(name).is_some(), "{name}");
    }
}
