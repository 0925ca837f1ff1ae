//! The option `health`: where probes are answered.

use std::time::Duration;

use serde_json::Value;

use super::notice::Notice;
use super::raw::RawOptions;
use super::suggest::suggest;
use super::value::{as_boolean, as_whole, is_empty_text, is_function};
use crate::{Error, Result};

pub(super) const MEMBERS: [&str; 4] = ["port", "host", "path", "maxAge"];
const DEFAULT_PATH: &str = "/health";
/// Bytes of a path, as nobody needs more.
const LONGEST_PATH: usize = 256;
/// Bytes of a host name, as DNS has it.
const LONGEST_HOST: usize = 253;
/// Seconds, some 68 years.
const LONGEST_AGE: u64 = i32::MAX as u64;
/// Characters of an unknown member's name that are shown.
const SHOWN: usize = 60;

/// Where probes are answered, and when a worker is no longer ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthConfig {
    /// Port; 0: one that the system hands out.
    pub port: u16,
    /// Address or host name to listen on; `None`: every address of the machine, because an
    /// orchestrator asks from outside.
    pub host: Option<String>,
    /// Begins with a slash and does not end with one; empty for the root.
    pub path: String,
    /// A worker that has not seen Valkey for longer is not ready; `None`: it stays ready.
    pub max_age: Option<Duration>,
}

impl HealthConfig {
    /// Reads and checks the option. `None`: no listener.
    pub(super) fn read(raw: &RawOptions, notices: &mut Vec<Notice>) -> Result<Option<Self>> {
        let members = match raw.value("health") {
            None => return Ok(None),
            Some(value) if as_boolean(value) == Some(false) => return Ok(None),
            Some(Value::Object(members)) if !is_special(members) => members,
            Some(_) => {
                let allowed = "false or an object with 'port', e.g. { port: 9080 }";
                return Err(raw.wrong("health", allowed));
            }
        };
        let given = |value: &&Value| !value.is_null() && !is_empty_text(value);
        let member = |name: &str| members.get(name).filter(given);
        let wrong = |name: &str, allowed: &str, value: &Value| {
            let problem = format!("must have a '{name}' that is {allowed}, not {}", shown(value));
            Error::option("health", problem)
        };
        let whole = |name: &str, least: u64, most: u64, unit: &str| match member(name) {
            None => Ok(None),
            Some(value) => match as_whole(value).filter(|n| (least..=most).contains(n)) {
                Some(number) => Ok(Some(number)),
                None => {
                    let allowed = format!("a whole number{unit} from {least} to {most}");
                    Err(wrong(name, &allowed, value))
                }
            },
        };
        let port = whole("port", 0, u16::MAX.into(), "")?;
        let Some(port) = port.and_then(|port| u16::try_from(port).ok()) else {
            return Err(Error::option("health", "must have a 'port', e.g. { port: 9080 }"));
        };
        let host = match member("host") {
            None => None,
            Some(Value::String(text)) if is_host(text) => Some(text.clone()),
            Some(value) => return Err(wrong("host", "an address or a host name", value)),
        };
        let path = match member("path") {
            None => DEFAULT_PATH.to_owned(),
            Some(Value::String(text)) if is_path(text) => text.trim_end_matches('/').to_owned(),
            Some(value) => {
                let allowed = "a text of letters, digits and -._~/ that begins with /";
                return Err(wrong("path", allowed, value));
            }
        };
        let max_age = whole("maxAge", 1, LONGEST_AGE, " of seconds")?.map(Duration::from_secs);
        notices.extend(members.keys().filter_map(|name| unknown(name)));
        Ok(Some(Self { port, host, path, max_age }))
    }
}

/// A function or a Buffer, as JavaScript passes them.
fn is_special(members: &serde_json::Map<String, Value>) -> bool {
    members.contains_key("$function") || members.contains_key("$buffer")
}

fn is_host(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '%');
    text.len() <= LONGEST_HOST && text.chars().all(fits)
}

fn is_path(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '/');
    text.starts_with('/') && text.len() <= LONGEST_PATH && text.chars().all(fits)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.chars().count() <= SHOWN => value.to_string(),
        Value::String(_) => "a longer string".to_owned(),
        value if is_function(value) => "a function".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        _ => "an object".to_owned(),
    }
}

fn unknown(name: &str) -> Option<Notice> {
    if MEMBERS.contains(&name) {
        return None;
    }
    let hint =
        suggest(name, MEMBERS).map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
    let shown: String = name.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    Some(Notice::warning(format!("unknown '{shown}' in option 'health' is ignored{hint}")))
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use serde_json::json;

    fn parse(health: Value) -> Result<(Option<HealthConfig>, Vec<Notice>)> {
        let (config, notices) = Config::parse(&json!({"role": "worker", "health": health}))?;
        Ok((config.health, notices))
    }

    fn refused(health: Value) -> String {
        match parse(health.clone()) {
            Err(Error::Option { option, problem }) if option == "health" => problem,
            other => panic!("{health}: {other:?}"),
        }
    }

    #[test]
    fn there_is_no_listener_unless_it_is_asked_for() {
        let (config, _) = Config::parse(&json!({"role": "admin"})).unwrap();
        assert_eq!(config.health, None);
        for off in [json!(false), json!("false"), json!(null), json!("")] {
            assert_eq!(parse(off).unwrap(), (None, vec![]));
        }
    }

    #[test]
    fn the_port_is_enough() {
        let expected =
            HealthConfig { port: 9080, host: None, path: "/health".into(), max_age: None };
        for port in [json!(9080), json!("9080")] {
            assert_eq!(parse(json!({"port": port})).unwrap(), (Some(expected.clone()), vec![]));
        }
        for empty in [json!(null), json!("")] {
            let unset = json!({"port": 9080, "host": empty, "path": empty, "maxAge": empty});
            assert_eq!(parse(unset).unwrap(), (Some(expected.clone()), vec![]));
        }
    }

    #[test]
    fn everything_can_be_chosen() {
        let all = json!({"port": 0, "host": "::1", "path": "/probes/", "maxAge": "3600"});
        let (config, notices) = parse(all).unwrap();
        assert_eq!(notices, []);
        let expected = HealthConfig {
            port: 0,
            host: Some("::1".into()),
            path: "/probes".into(),
            max_age: Some(Duration::from_secs(3600)),
        };
        assert_eq!(config, Some(expected));
        let root = parse(json!({"port": 1, "path": "/"})).unwrap().0.unwrap();
        assert_eq!(root.path, "");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (health, words) in [
            (json!(true), "must be false or an object with 'port'"),
            (json!(9080), "must be false or an object"),
            (json!("9080"), "must be false or an object"),
            (json!([]), "must be false or an object"),
            (json!({"$function": true}), "must be false or an object"),
            (json!({"$buffer": "AAAA"}), "must be false or an object"),
            (json!({}), "must have a 'port'"),
            (json!({"port": null}), "must have a 'port'"),
            (json!({"port": ""}), "must have a 'port', e.g."),
            (json!({"port": 65536}), "'port' that is a whole number from 0 to 65535, not 65536"),
            (json!({"port": "http"}), "not \"http\""),
            (json!({"port": 1, "host": 5}), "'host' that is an address or a host name, not 5"),
            (json!({"port": 1, "host": "a b"}), "'host'"),
            (json!({"port": 1, "host": "x".repeat(300)}), "not a longer string"),
            (json!({"port": 1, "path": "health"}), "'path' that is a text"),
            (json!({"port": 1, "path": "/a?b"}), "'path'"),
            (json!({"port": 1, "path": {"a": 1}}), "not an object"),
            (json!({"port": 1, "maxAge": 0}), "'maxAge' that is a whole number of seconds"),
        ] {
            let problem = refused(health.clone());
            assert!(problem.contains(words), "{health}: {problem}");
        }
    }

    #[test]
    fn what_is_not_known_is_warned_of() {
        let (_, notices) = parse(json!({"port": 1, "maxage": 5, "secret": "pw"})).unwrap();
        assert_eq!(
            notices,
            [
                Notice::warning(
                    "unknown 'maxage' in option 'health' is ignored; did you mean 'maxAge'?"
                ),
                Notice::warning("unknown 'secret' in option 'health' is ignored"),
            ]
        );
    }
}
