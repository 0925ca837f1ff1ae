use serde_json::json;

use super::super::{Config, Level, Notice};
use super::*;

/// A Buffer as JavaScript writes it.
fn bytes(text: &str) -> Value {
    json!({"$buffer": STANDARD.encode(text)})
}

fn parse(options: Value) -> Result<(Config, Vec<Notice>)> {
    let mut all = json!({"role": "worker"});
    for (name, value) in options.as_object().unwrap() {
        all[name] = value.clone();
    }
    Config::parse(&all)
}

fn read(tls: Value) -> TlsConfig {
    parse(json!({"tls": tls})).unwrap().0.connection.tls.unwrap()
}

/// The option at fault, and what is said of it.
fn problem(options: Value) -> (String, String) {
    match parse(options.clone()) {
        Err(Error::Option { option, problem }) => (option, problem),
        other => panic!("{options}: expected an error, got {other:?}"),
    }
}

#[test]
fn nothing_of_tls_is_no_tls() {
    for options in [
        json!({}),
        json!({"tls": null}),
        json!({"tls": false}),
        json!({"tls": "false"}),
        json!({"tls": ""}),
        json!({"url": "redis://h?tls=false"}),
    ] {
        assert_eq!(parse(options.clone()).unwrap().0.connection.tls, None, "{options}");
    }
}

#[test]
fn true_and_a_url_ask_for_tls() {
    for options in [
        json!({"tls": true}),
        json!({"tls": "true"}),
        json!({"tls": {}}),
        json!({"url": "rediss://h"}),
        json!({"url": "valkeys://user:pw@h:1/2"}),
        json!({"url": "redis://h?tls=true"}),
        json!({"url": "rediss://h", "tls": null}),
        json!({"redisOptions": {"tls": true}, "cluster": [{"host": "h", "port": 1}]}),
    ] {
        let tls = parse(options.clone()).unwrap().0.connection.tls;
        assert_eq!(tls, Some(TlsConfig::new("tls", Vec::new())), "{options}");
    }
    let both = parse(json!({"url": "rediss://h", "tls": {"servername": "a"}})).unwrap().0;
    assert_eq!(both.connection.tls.unwrap().server_name.as_deref(), Some("a"));
}

#[test]
fn an_empty_text_is_as_good_as_nothing() {
    for (name, _) in table::KNOWN.iter().filter(|(name, _)| *name != "servername") {
        let (config, notices) = parse(json!({"tls": {*name: ""}})).unwrap();
        let expected = TlsConfig::new("tls", Vec::new());
        assert_eq!((config.connection.tls, notices), (Some(expected), vec![]), "{name}");
    }
    assert_eq!(parse(json!({"tls": {"cirt": ""}})).unwrap().1.len(), 1);
}

#[test]
fn contradictions_are_errors() {
    let (option, said) = problem(json!({"url": "rediss://h", "tls": false}));
    assert_eq!(option, "tls");
    assert!(said.contains("'url' asks for TLS"), "{said}");
    // Elsewhere the path alone is an error.
    #[cfg(unix)]
    {
        let (option, said) = problem(json!({"path": "/tmp/s", "tls": true}));
        assert_eq!(option, "tls");
        assert!(said.contains("together with 'path'"), "{said}");
    }
    let (option, _) = problem(json!({"tls": {"cert": [bytes("c")]}}));
    assert_eq!(option, "tls.cert");
    let (option, _) = problem(json!({"tls": {"key": bytes("k")}}));
    assert_eq!(option, "tls.key");
    let (option, said) =
        problem(json!({"tls": {"minVersion": "TLSv1.3", "maxVersion": "TLSv1.2"}}));
    assert_eq!((option.as_str(), said.as_str()), ("tls.minVersion", "is above 'maxVersion'"));
}

#[test]
fn everything_is_read() {
    let tls = read(json!({
        "ca": [bytes("one"), bytes("two")],
        "cert": [bytes("own"), bytes("link")],
        "key": bytes("key"),
        "servername": "valkey.example",
        "rejectUnauthorized": "true",
        "checkServerIdentity": {"$function": true},
        "minVersion": "TLSv1.3",
        "maxVersion": "TLSv1.3",
        "ALPNProtocols": [bytes("redis")],
        "ciphers": "TLS_AES_128_GCM_SHA256:!aNULL",
        "ecdhCurve": "P-384:X25519",
    }));
    let expected = TlsConfig {
        client: Some(ClientCertificate {
            chain: vec![b"own".to_vec(), b"link".to_vec()],
            key: PrivateKey::new(b"key".to_vec()),
        }),
        server_name: Some("valkey.example".to_owned()),
        custom_identity: true,
        tls12: false,
        application_protocols: vec![b"redis".to_vec()],
        cipher_suites: Some(vec!["TLS13_AES_128_GCM_SHA256"]),
        groups: Some(vec!["secp384r1", "X25519"]),
        ..TlsConfig::new("tls", vec![b"one".to_vec(), b"two".to_vec()])
    };
    assert_eq!(tls, expected);
    let tls = read(json!({"ca": [bytes("one")], "$roots": true, "servername": ""}));
    assert!(tls.default_authorities && !tls.send_server_name && tls.server_name.is_none());
    let tls = read(json!({"minVersion": "TLSv1.2", "maxVersion": "TLSv1.2", "ciphers": ""}));
    assert_eq!((tls.tls12, tls.tls13, tls.cipher_suites), (true, false, None));
}

#[test]
fn no_check_is_a_warning() {
    for value in [json!(false), json!("false")] {
        let (config, notices) = parse(json!({"tls": {"rejectUnauthorized": value}})).unwrap();
        assert!(!config.connection.tls.unwrap().verify);
        assert_eq!(notices.len(), 1);
        assert_eq!(notices[0].level, Level::Warning);
        assert!(notices[0].text.contains("'tls.rejectUnauthorized' is false"));
    }
    assert_eq!(parse(json!({"tls": {"rejectUnauthorized": true}})).unwrap().1, []);
}

#[test]
fn what_is_not_to_be_had_is_refused_by_its_name() {
    for name in [
        "pfx",
        "crl",
        "dhparam",
        "secureContext",
        "session",
        "pskCallback",
        "sigalgs",
        "engine",
        "secureProtocol",
        "secureOptions",
        "clientCertEngine",
        "privateKeyEngine",
        "privateKeyIdentifier",
        "socket",
        "lookup",
        "host",
        "port",
        "path",
    ] {
        let (option, said) = problem(json!({"tls": {name: "a secret"}}));
        assert_eq!(option, format!("tls.{name}"));
        assert!(said.ends_with("(given: a string)"), "{said}");
    }
    let (_, said) = problem(json!({"tls": {"pfx": bytes("x")}}));
    assert!(said.contains("openssl pkcs12 -in client.pfx -nodes"), "{said}");
    // What is null was not given.
    assert_eq!(parse(json!({"tls": {"pfx": null, "crl": null}})).unwrap().1, []);
}

#[test]
fn what_has_no_effect_is_noted_and_what_is_unknown_is_a_warning() {
    let (_, notices) = parse(json!({"tls": {"honorCipherOrder": true}})).unwrap();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].level, Level::Info);
    assert!(notices[0].text.contains("'tls.honorCipherOrder' has no effect"));
    let (_, notices) = parse(json!({"tls": {"serverName": "a"}})).unwrap();
    assert_eq!(
        notices,
        [Notice::warning("unknown option 'tls.serverName' is ignored; did you mean 'servername'?")]
    );
}

#[test]
fn wrong_values_are_named_and_not_shown() {
    for (tls, option) in [
        (json!("yes, pw"), "tls"),
        (json!(1), "tls"),
        (json!([]), "tls"),
        (json!({"$function": true}), "tls"),
        (json!({"ca": "pw"}), "tls.ca"),
        (json!({"ca": ["pw"]}), "tls.ca"),
        (json!({"cert": {"pw": 1}}), "tls.cert"),
        (json!({"key": "pw"}), "tls.key"),
        (json!({"servername": 5}), "tls.servername"),
        (json!({"rejectUnauthorized": "no, pw"}), "tls.rejectUnauthorized"),
        (json!({"checkServerIdentity": "pw"}), "tls.checkServerIdentity"),
        (json!({"minVersion": "pw"}), "tls.minVersion"),
        (json!({"minVersion": "TLSv1.1"}), "tls.minVersion"),
        (json!({"maxVersion": "TLSv1"}), "tls.maxVersion"),
        (json!({"maxVersion": 1.2}), "tls.maxVersion"),
        (json!({"ALPNProtocols": [bytes("")]}), "tls.ALPNProtocols"),
        (json!({"ciphers": 5}), "tls.ciphers"),
        (json!({"ciphers": "AES128-SHA"}), "tls.ciphers"),
        (json!({"ciphers": "HIGH:!aNULL"}), "tls.ciphers"),
        (json!({"ciphers": "DEFAULT@SECLEVEL=0"}), "tls.ciphers"),
        (json!({"ecdhCurve": "P-521"}), "tls.ecdhCurve"),
    ] {
        let (culprit, said) = problem(json!({"tls": tls}));
        assert_eq!(culprit, option);
        assert!(!said.contains("pw"), "{said}");
    }
    let (_, said) = problem(json!({"tls": {"ciphers": "AES128-SHA"}}));
    assert!(said.contains("'AES128-SHA'") && said.contains("ECDHE-RSA-AES128-GCM-SHA256"));
    let (_, said) = problem(json!({"tls": {"minVersion": "TLSv1.1"}}));
    assert!(said.contains("'TLSv1.1'") && said.contains("'TLSv1.2'"), "{said}");
}

#[test]
fn a_list_of_old_suites_leaves_those_of_tls_13() {
    let suites = read(json!({"ciphers": "ECDHE-RSA-AES128-GCM-SHA256"})).cipher_suites.unwrap();
    assert_eq!(suites[0], "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    assert_eq!(suites.len(), 4);
}
