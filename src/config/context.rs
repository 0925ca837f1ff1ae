//! The options `context` and `state`: how much the shared context may hold, where it comes from at first, and who
//! writes it.

use serde_json::Value;

use super::Secret;
use super::members::{given, members};
use super::notice::Notice;
use super::raw::RawOptions;
use super::value::as_whole;
use crate::keyspace::Keyspace;
use crate::{Error, Result};

/// Members of `context`.
pub(super) const MEMBERS: [&str; 3] = ["maxValue", "maxTotal", "importFrom"];
/// Members of `state`.
const STATE_MEMBERS: [&str; 2] = ["username", "password"];
const DEFAULT_MAX_VALUE: usize = 1024 * 1024;
const DEFAULT_MAX_TOTAL: usize = 64 * 1024 * 1024;
/// What the codec reads at most.
const LARGEST_VALUE: u64 = crate::codec::MAX_VALUE_BYTES as u64;
/// A replica is held in the memory of every instance.
const LARGEST_TOTAL: u64 = 4 * 1024 * 1024 * 1024;
/// What names begin with elsewhere is no longer than this.
const LONGEST_HEAD: usize = 200;
/// So many stores are imported at most.
const MOST_HEADS: usize = 20;

/// How much the shared context may hold, and what it is filled with at first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextConfig {
    /// Bytes of one value as JSON text.
    pub max_value: usize,
    /// Bytes of all names and values.
    pub max_total: usize,
    /// What the names of other stores' keys begin with, which are taken over once.
    pub import_from: Vec<String>,
}

impl Default for ContextConfig {
    fn default() -> Self {
        Self { max_value: DEFAULT_MAX_VALUE, max_total: DEFAULT_MAX_TOTAL, import_from: Vec::new() }
    }
}

impl ContextConfig {
    /// Reads and checks the option `context`.
    pub(super) fn read(
        raw: &RawOptions,
        key_prefix: &str,
        notices: &mut Vec<Notice>,
    ) -> Result<Self> {
        let Some(members) = members(raw, "context", &MEMBERS, notices)? else {
            return Ok(Self::default());
        };
        let bytes = |name: &str, most: u64, default: usize| match given(members, name) {
            None => Ok(default),
            Some(value) => {
                let fits = as_whole(value).filter(|bytes| (1..=most).contains(bytes));
                fits.and_then(|bytes| usize::try_from(bytes).ok()).ok_or_else(|| {
                    let problem = format!(
                        "must have a '{name}' that is a whole number of bytes from 1 to {most}"
                    );
                    Error::option("context", problem)
                })
            }
        };
        Ok(Self {
            max_value: bytes("maxValue", LARGEST_VALUE, DEFAULT_MAX_VALUE)?,
            max_total: bytes("maxTotal", LARGEST_TOTAL, DEFAULT_MAX_TOTAL)?,
            import_from: import_from(given(members, "importFrom"), key_prefix)?,
        })
    }
}

/// One beginning of names, or a list of them.
fn import_from(value: Option<&Value>, key_prefix: &str) -> Result<Vec<String>> {
    let heads = match value {
        None => return Ok(Vec::new()),
        Some(Value::Array(heads)) => heads.as_slice(),
        Some(head) => std::slice::from_ref(head),
    };
    let wrong =
        |problem: &str| Error::option("context", format!("must have an 'importFrom' {problem}"));
    if heads.len() > MOST_HEADS {
        return Err(wrong(&format!("of {MOST_HEADS} texts at most")));
    }
    let own = Keyspace::new(key_prefix).context_prefix();
    let heads = heads.iter().map(|head| match head.as_str() {
        Some(head) if own.starts_with(head) || head.starts_with(&own) => {
            Err(wrong("that matches no keys of this store itself, which are read as they are; another 'keyPrefix' keeps them apart"))
        }
        Some(head) if head.len() <= LONGEST_HEAD && !head.chars().any(char::is_control) => {
            Ok(head.to_owned())
        }
        _ => Err(wrong("that is what the names of the other store's keys begin with, or a list of such texts")),
    });
    heads.collect()
}

/// The server user for what every instance writes, workers included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateUser {
    /// ACL user.
    pub username: Option<String>,
    /// Password.
    pub password: Option<Secret>,
}

impl StateUser {
    /// Reads and checks the option `state`. `None`: the user of the other connections.
    pub(super) fn read(raw: &RawOptions, notices: &mut Vec<Notice>) -> Result<Option<Self>> {
        let Some(members) = members(raw, "state", &STATE_MEMBERS, notices)? else {
            return Ok(None);
        };
        let text = |name: &str| match given(members, name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => {
                Err(Error::option("state", format!("must have a '{name}' that is a string")))
            }
        };
        let (username, password) = (text("username")?, text("password")?);
        if username.is_none() && password.is_none() {
            return Ok(None);
        }
        Ok(Some(Self { username, password: password.as_deref().map(Secret::new) }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use serde_json::json;

    fn parse(options: Value) -> Result<(Config, Vec<Notice>)> {
        let mut all = json!({"role": "worker"});
        if let (Some(all), Value::Object(options)) = (all.as_object_mut(), options) {
            all.extend(options);
        }
        Config::parse(&all)
    }

    #[test]
    fn limits_have_defaults_and_can_be_chosen() {
        for unset in [json!({}), json!({"context": null}), json!({"context": {"maxValue": ""}})] {
            assert_eq!(parse(unset).unwrap().0.context, ContextConfig::default());
        }
        let chosen = json!({"context": {"maxValue": "1000", "maxTotal": 5000}});
        let expected =
            ContextConfig { max_value: 1000, max_total: 5000, ..ContextConfig::default() };
        assert_eq!(parse(chosen).unwrap().0.context, expected);
    }

    #[test]
    fn other_stores_are_named_by_what_their_keys_begin_with() {
        let heads = |from: Value| {
            let options = json!({"keyPrefix": "n:", "context": {"importFrom": from}});
            parse(options).map(|(config, _)| config.context.import_from)
        };
        assert_eq!(heads(json!("")).unwrap(), Vec::<String>::new());
        assert_eq!(heads(json!("n:n:context:")).unwrap(), ["n:n:context:"]);
        assert_eq!(heads(json!(["a:", "b:"])).unwrap(), ["a:", "b:"]);
        for wrong in [
            json!("n:"),
            json!("n:context:"),
            json!("n:context:global:"),
            json!(["a:", 5]),
            json!([""]),
        ] {
            let error = heads(wrong.clone()).unwrap_err().to_string();
            assert!(
                error.contains("'context'") && error.contains("'importFrom'"),
                "{wrong}: {error}"
            );
        }
    }

    #[test]
    fn the_user_of_the_state_is_optional() {
        for unset in [json!({}), json!({"state": null}), json!({"state": {"username": ""}})] {
            assert_eq!(parse(unset).unwrap().0.state, None);
        }
        let chosen = json!({"state": {"username": "context", "password": "pw"}});
        let user = parse(chosen).unwrap().0.state.unwrap();
        assert_eq!(user.username.as_deref(), Some("context"));
        assert_eq!(user.password.unwrap().reveal(), "pw");
    }

    #[test]
    fn what_is_wrong_is_named_without_secrets() {
        for (options, words) in [
            (
                json!({"context": 5}),
                "must be an object with 'maxValue', 'maxTotal' and 'importFrom', not 5",
            ),
            (json!({"context": {"maxValue": 0}}), "'maxValue' that is a whole number of bytes"),
            (json!({"context": {"maxTotal": "x"}}), "'maxTotal'"),
            (json!({"state": "user:pw"}), "an object with 'username' and 'password', not a string"),
            (json!({"state": {"password": 5}}), "'password' that is a string"),
        ] {
            let error = parse(options.clone()).unwrap_err().to_string();
            assert!(error.contains(words), "{options}: {error}");
            assert!(!error.contains("pw"), "{error}");
        }
        let (_, notices) = parse(json!({"state": {"user": "x"}})).unwrap();
        assert_eq!(notices.len(), 1);
    }
}
