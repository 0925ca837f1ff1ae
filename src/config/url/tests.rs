use super::*;
use proptest::prelude::*;

fn named(url: &str) -> Vec<(String, String)> {
    parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn assert_named(url: &str, expected: &[(&str, &str)]) {
    let found = named(url);
    let found: Vec<(&str, &str)> = found.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(found, expected, "{url}");
}

fn problem(url: &str) -> String {
    match parse(url) {
        Err(Error::Option { option, problem }) => {
            assert_eq!(option, "url");
            problem
        }
        other => panic!("{url}: expected an error, got {other:?}"),
    }
}

#[test]
fn every_form_of_an_address() {
    assert_named("6380", &[("port", "6380")]);
    assert_named("redis://valkey", &[("host", "valkey")]);
    assert_named("redis://valkey/", &[("host", "valkey")]);
    assert_named("valkey://valkey:6380", &[("host", "valkey"), ("port", "6380")]);
    assert_named("rediss://valkey:1", &[("host", "valkey"), ("port", "1"), ("tls", "true")]);
    assert_named("valkeys://valkey/?tls=true", &[("host", "valkey"), ("tls", "true")]);
    assert_named("REDIS://valkey:6380/3", &[("host", "valkey"), ("port", "6380"), ("db", "3")]);
    assert_named("redis://valkey:/3/", &[("host", "valkey"), ("db", "3")]);
    assert_named("//valkey:6380", &[("host", "valkey"), ("port", "6380")]);
    assert_named("valkey:6380", &[("host", "valkey"), ("port", "6380")]);
    assert_named(" valkey ", &[("host", "valkey")]);
    assert_named("redis://[::1]:6380", &[("host", "::1"), ("port", "6380")]);
    assert_named("redis://[fe80::1%25eth0]", &[("host", "fe80::1%eth0")]);
    assert_named("[::1]", &[("host", "::1")]);
}

#[test]
fn every_form_of_a_socket() {
    assert_named("/run/valkey.sock", &[("path", "/run/valkey.sock")]);
    assert_named("/run/valkey.sock?db=2", &[("path", "/run/valkey.sock"), ("db", "2")]);
    assert_named("unix:///run/a%20b.sock", &[("path", "/run/a b.sock")]);
    assert_named("/run/a@b.sock", &[("path", "/run/a@b.sock")]);
    assert!(problem("unix://run").contains("path of a socket"));
    assert!(problem("/").contains("path of a socket"));
}

#[test]
fn user_and_password_are_decoded() {
    assert_named(
        "redis://us%3Aer:p%40ss%2Fw%23rd%3F%25@valkey",
        &[("username", "us:er"), ("password", "p@ss/w#rd?%"), ("host", "valkey")],
    );
    assert_named("redis://:secret@valkey", &[("password", "secret"), ("host", "valkey")]);
    assert_named("redis://user@valkey", &[("username", "user"), ("host", "valkey")]);
    assert_named("redis://user:@valkey", &[("username", "user"), ("host", "valkey")]);
    assert_named("redis://@valkey", &[("host", "valkey")]);
    assert_named(":a:b@valkey:1", &[("password", "a:b"), ("host", "valkey"), ("port", "1")]);
    // As in Node, the last '@' ends the password.
    assert_named("redis://:a@b@valkey", &[("password", "a@b"), ("host", "valkey")]);
    assert_named("redis://:größe@valkey", &[("password", "größe"), ("host", "valkey")]);
}

#[test]
fn query_options_rank_behind_the_address() {
    assert_named(
        "redis://valkey/2?connectTimeout=500&family=6&connectionName=a+b%2Bc&",
        &[
            ("host", "valkey"),
            ("db", "2"),
            ("connectTimeout", "500"),
            ("family", "6"),
            ("connectionName", "a b+c"),
        ],
    );
    assert_named("valkey?password=p%40ss", &[("host", "valkey"), ("password", "p@ss")]);
    assert_named("redis://valkey/2?db=2", &[("host", "valkey"), ("db", "2")]);
    assert_eq!(problem("redis://valkey/2?db=3"), "gives 'db' twice, and differently");
    assert_eq!(problem("valkey?db=2&db=3"), "gives 'db' twice, and differently");
    assert!(problem("valkey?db").contains("without a value"));
    assert!(problem("valkey?d%62=1").contains("whose name"));
    assert!(problem("valkey?url=x").contains("whose name"));
}

#[test]
fn refuses_what_it_does_not_understand() {
    assert!(problem("rediss://valkey?tls=false").contains("'tls' twice"));
    assert!(problem("http://valkey").contains("scheme"));
    assert!(problem("").contains("no host"));
    assert!(problem("redis://").contains("no host"));
    assert!(problem("redis://:6379").contains("no host"));
    assert!(problem("redis://val key").contains("white space"));
    assert!(problem("redis://::1").contains("brackets"));
    assert!(problem("redis://[::1").contains("']'"));
    assert!(problem("redis://[::1]x:1").contains("']'"));
    assert!(problem("valkey:6379/2").contains("path behind its host"));
    assert!(problem("redis://valkey/zero").contains("database number"));
    assert!(problem("redis://:100%@valkey").contains("%25"));
    assert!(problem("redis://:%ff@valkey").contains("%25"));
    assert!(problem("redis://:%+1@valkey").contains("%25"));
}

#[test]
fn a_password_that_was_not_encoded_is_explained_and_not_shown() {
    for separator in ['/', '?', '#'] {
        let message = problem(&format!("redis://user:sec{separator}ret@valkey:6379"));
        assert!(message.contains("%23"), "{message}");
        assert!(!message.contains("sec") && !message.contains("ret@"), "{message}");
    }
}

proptest! {
    #[test]
    fn no_text_panics_or_shows_in_an_error(url in "\\PC{0,40}") {
        if let Err(error) = parse(&url) {
            let longest = url.split(|c: char| !c.is_alphanumeric()).max_by_key(|part| part.len());
            if let Some(part) = longest.filter(|part| part.len() > 12) {
                prop_assert!(!error.to_string().contains(part));
            }
        }
    }

    #[test]
    fn an_encoded_password_arrives(password in "\\PC{1,20}") {
        let encoded: String = password.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let found = named(&format!("redis://u:{encoded}@h:1/2"));
        prop_assert_eq!(&found[1], &("password".to_owned(), password));
    }
}
