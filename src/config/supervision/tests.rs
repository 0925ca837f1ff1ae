use super::super::Config;
use super::*;
use serde_json::json;

fn parse(extra: &Value) -> Result<Supervision> {
    let mut options = json!({"role": "worker"});
    for (name, value) in extra.as_object().unwrap() {
        options[name] = value.clone();
    }
    let (config, notices) = Config::parse(&options)?;
    assert_eq!(notices, [], "{extra}");
    Ok(config.connection.supervision)
}

fn read(extra: Value) -> Supervision {
    parse(&extra).unwrap_or_else(|error| panic!("{extra}: {error}"))
}

#[test]
fn every_option_is_read() {
    let ms = Duration::from_millis;
    let given = json!({
        "keepAlive": 30_000,
        "noDelay": false,
        "socketTimeout": 2500,
        "disconnectTimeout": 700,
        "reconnectOnError": {"$function": true},
        "maxRetriesPerRequest": 3,
        "enableOfflineQueue": false,
        "autoResendUnfulfilledCommands": false,
        "enableReadyCheck": false,
        "maxLoadingRetryTime": 900,
        "clientInfoTag": "line-7",
    });
    let expected = Supervision {
        keep_alive: ms(30_000),
        no_delay: false,
        socket_timeout: Some(ms(2500)),
        disconnect_timeout: ms(700),
        reconnect_on_error: true,
        max_retries_per_request: Some(3),
        offline_queue: false,
        resend_unfulfilled: false,
        ready_check: false,
        max_loading_retry_time: ms(900),
        library: Some("node-red-storage-valkey(line-7)".into()),
    };
    assert_eq!(read(given), expected);
    let in_url = read(json!({"url": "redis://h?keepAlive=30000&noDelay=false&socketTimeout=2500"}));
    assert_eq!((in_url.keep_alive, in_url.no_delay), (ms(30_000), false));
    assert_eq!(in_url.socket_timeout, Some(ms(2500)));
}

#[test]
fn what_ioredis_has_as_default_is_the_default() {
    let default = read(json!({}));
    assert_eq!(default, Supervision::default());
    for given in [
        json!({"keepAlive": 0}),
        json!({"noDelay": "true"}),
        json!({"socketTimeout": null}),
        json!({"socketTimeout": 0}),
        json!({"disconnectTimeout": 2000}),
        json!({"reconnectOnError": null}),
        json!({"maxRetriesPerRequest": "20"}),
        json!({"enableOfflineQueue": true}),
        json!({"autoResendUnfulfilledCommands": true}),
        json!({"enableReadyCheck": true}),
        json!({"maxLoadingRetryTime": 10_000}),
        json!({"disableClientInfo": false, "clientInfoTag": ""}),
    ] {
        assert_eq!(read(given), default);
    }
    assert_eq!(read(json!({"maxRetriesPerRequest": null})).max_retries_per_request, None);
    assert_eq!(read(json!({"maxRetriesPerRequest": 0})).max_retries_per_request, Some(0));
    assert_eq!(read(json!({"disableClientInfo": true})).library, None);
}

#[test]
fn what_can_not_be_meant_is_refused_by_name() {
    for (given, option, words) in [
        (json!({"keepAlive": -1}), "keepAlive", "from 0 to 2147483647, not -1"),
        (json!({"keepAlive": true}), "keepAlive", "not true"),
        (json!({"noDelay": 1}), "noDelay", "true or false, not 1"),
        (json!({"socketTimeout": 50}), "socketTimeout", "from 100 to 2147483647, or 0 for none"),
        (json!({"socketTimeout": "x"}), "socketTimeout", "not \"x\""),
        (json!({"disconnectTimeout": 1.5}), "disconnectTimeout", "not 1.5"),
        (json!({"reconnectOnError": true}), "reconnectOnError", "a function"),
        (json!({"maxRetriesPerRequest": "many"}), "maxRetriesPerRequest", "or null for no limit"),
        (json!({"maxRetriesPerRequest": 1e12}), "maxRetriesPerRequest", "whole number"),
        (json!({"enableOfflineQueue": null}), "enableOfflineQueue", "true or false"),
        (json!({"autoResendUnfulfilledCommands": 2}), "autoResendUnfulfilledCommands", "not 2"),
        (json!({"enableReadyCheck": "no"}), "enableReadyCheck", "true or false"),
        (json!({"maxLoadingRetryTime": "soon"}), "maxLoadingRetryTime", "not \"soon\""),
        (json!({"disableClientInfo": "yes"}), "disableClientInfo", "true or false"),
        (json!({"clientInfoTag": "two words"}), "clientInfoTag", "visible ASCII"),
        (json!({"clientInfoTag": "x", "disableClientInfo": true}), "clientInfoTag", "told nothing"),
    ] {
        match parse(&given) {
            Err(Error::Option { option: culprit, problem }) => {
                assert_eq!(culprit, option, "{given}: {problem}");
                assert!(problem.contains(words), "{given}: {problem}");
            }
            other => panic!("{given}: expected an error, got {other:?}"),
        }
    }
}
