//! What settings.js and the URL hold.

use std::collections::BTreeMap;

use serde_json::Value;

use super::value::{as_boolean, is_empty_text, is_function, kind_of, show};
use super::{table, url};
use crate::{Error, Result};

/// Options for which `null` means that they are not given.
const MAY_BE_NULL: [&str; 25] = [
    "host",
    "path",
    "url",
    "username",
    "password",
    "connectionName",
    "clientInfoTag",
    "name",
    "sentinelUsername",
    "sentinelPassword",
    "tls",
    "socketTimeout",
    "reconnectOnError",
    "commandTimeout",
    "packageInstallScripts",
    "health",
    "context",
    "state",
    "labels",
    "history",
    "sentinels",
    "sentinelCommandTimeout",
    "cluster",
    "redisOptions",
    "natMap",
];
/// Options that belong to the cluster as a whole or to one node, not to all nodes.
const NOT_OF_A_NODE: [&str; 9] =
    ["role", "url", "host", "port", "path", "sentinels", "name", "cluster", "redisOptions"];
/// Options whose value never shows in an error.
const SECRETS: [&str; 5] = ["password", "sentinelPassword", "url", "clusterPassword", "state"];

/// All options that are given, those beside the URL before those in it.
pub(super) struct RawOptions {
    members: BTreeMap<String, Member>,
}

struct Member {
    value: Value,
    origin: Origin,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Beside,
    RedisOptions,
    Url,
}

impl RawOptions {
    /// Collects the options out of `settings.valkey`.
    pub(super) fn collect(options: &Value) -> Result<Self> {
        let Value::Object(object) = options else {
            return Err(Error::option(
                "valkey",
                format!(
                    "must be an object with at least 'role' in settings.js, not {}",
                    kind_of(options)
                ),
            ));
        };
        if is_function(options) {
            return Err(Error::option("valkey", "must be an object, not a function"));
        }
        let mut members: BTreeMap<String, Member> = object
            .iter()
            .filter(|(name, value)| !is_absent(name, value))
            .map(|(name, value)| {
                (name.clone(), Member { value: value.clone(), origin: Origin::Beside })
            })
            .collect();
        merge_redis_options(&mut members)?;
        match members.remove("url").map(|member| member.value) {
            None => {}
            Some(Value::String(text)) => {
                for (name, value) in url::parse(&text)? {
                    let value = Value::String(value);
                    if name == "tls" && contradict(&members, &value) {
                        return Err(Error::option(
                            "tls",
                            "is false, but 'url' asks for TLS (rediss://); leave one of them out",
                        ));
                    }
                    if !is_absent(&name, &value) {
                        members.entry(name).or_insert(Member { value, origin: Origin::Url });
                    }
                }
            }
            Some(Value::Number(port)) => {
                // ioredis takes a bare number for the port.
                let value = Value::Number(port);
                members.entry("port".into()).or_insert(Member { value, origin: Origin::Url });
            }
            Some(other) => {
                let given = kind_of(&other);
                return Err(Error::option("url", format!("must be a string, not {given}")));
            }
        }
        Ok(Self { members })
    }

    /// Name and value of every option, in the order of names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.members.iter().map(|(name, member)| (name.as_str(), &member.value))
    }

    /// The value of an option.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.members.get(name).map(|member| &member.value)
    }

    /// ` (in 'url')` for an option that comes from there.
    pub(super) fn origin(&self, name: &str) -> &'static str {
        match self.members.get(name) {
            Some(Member { origin: Origin::Url, .. }) => " (in 'url')",
            Some(Member { origin: Origin::RedisOptions, .. }) => " (in 'redisOptions')",
            _ => "",
        }
    }

    /// What was given, as far as it may be shown.
    pub(super) fn shown(&self, name: &str) -> String {
        match self.members.get(name) {
            None => "nothing".to_owned(),
            // Any piece of a URL may be a piece of a password that was not encoded.
            Some(Member { value, origin: Origin::Url }) => format!("{} in 'url'", kind_of(value)),
            Some(Member { value, .. }) if SECRETS.contains(&name) => kind_of(value).to_owned(),
            Some(Member { value, .. }) => show(value),
        }
    }

    /// The error for an option that has a wrong value.
    pub(super) fn wrong(&self, name: &str, allowed: &str) -> Error {
        Error::option(name, format!("must be {allowed}, not {}", self.shown(name)))
    }
}

/// The options of a cluster's nodes, which are ours as well; those beside them win.
fn merge_redis_options(members: &mut BTreeMap<String, Member>) -> Result<()> {
    let Some(member) = members.get("redisOptions") else { return Ok(()) };
    let Value::Object(options) = &member.value else {
        let given = kind_of(&member.value);
        return Err(Error::option("redisOptions", format!("must be an object, not {given}")));
    };
    let options = options.clone();
    for (name, value) in options {
        if NOT_OF_A_NODE.contains(&name.as_str()) {
            return Err(Error::option(
                "redisOptions",
                format!("can't hold '{name}', which does not concern all nodes alike"),
            ));
        }
        if !is_absent(&name, &value) {
            let member = Member { value, origin: Origin::RedisOptions };
            members.entry(name).or_insert(member);
        }
    }
    Ok(())
}

/// Whether TLS is wanted in the URL and is not wanted beside it.
fn contradict(beside: &BTreeMap<String, Member>, in_url: &Value) -> bool {
    let beside = beside.get("tls").and_then(|member| as_boolean(&member.value));
    beside == Some(false) && as_boolean(in_url) == Some(true)
}

/// Whether an option counts as not given. An empty text of any option does: it is the usual outcome
/// of an environment variable that is not set. Of an unknown one it stays, to be warned of.
fn is_absent(name: &str, value: &Value) -> bool {
    match value {
        Value::Bool(false) => name == "cluster",
        Value::Null => MAY_BE_NULL.contains(&name),
        value => is_empty_text(value) && table::find(name).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn raw(options: Value) -> RawOptions {
        RawOptions::collect(&options).unwrap()
    }

    #[test]
    fn shows_plain_values_and_never_secrets() {
        for (value, shown) in [
            (json!("abc"), "\"abc\""),
            (json!("say \"x\""), r#""say \"x\"""#),
            (json!(1.5), "1.5"),
            (json!(false), "false"),
            (json!(null), "null (or NaN)"),
            (json!([1]), "an array"),
            (json!({"a": 1}), "an object"),
            (json!({"$function": true}), "a function"),
            (json!({"$buffer": "AAAA"}), "a Buffer"),
            (json!("redis://:pw@h"), "a string"),
            (json!("pw@h"), "a string"),
        ] {
            assert_eq!(raw(json!({"x": value})).shown("x"), shown);
            let hidden = raw(json!({"clusterPassword": value})).shown("clusterPassword");
            assert_eq!(hidden, kind_of(&value));
        }
        let long = raw(json!({"x": "é".repeat(100)})).shown("x");
        assert_eq!(long, format!("\"{}\"…", "é".repeat(40)));
        assert_eq!(raw(json!({"url": "h?x=pw"})).shown("x"), "a string in 'url'");
    }

    #[test]
    fn options_beside_the_url_win() {
        let raw = raw(json!({
            "url": "redis://u:p@a:1/2?family=6",
            "host": "b",
            "password": "",
            "username": null,
        }));
        let value = |name| raw.value(name).and_then(Value::as_str);
        assert_eq!(value("host"), Some("b"));
        assert_eq!(value("port"), Some("1"));
        assert_eq!(value("username"), Some("u"));
        assert_eq!(value("password"), Some("p"));
        assert_eq!(value("db"), Some("2"));
        assert_eq!(value("family"), Some("6"));
        assert_eq!(value("url"), None);
        assert_eq!((raw.origin("host"), raw.origin("port")), ("", " (in 'url')"));
    }
}
