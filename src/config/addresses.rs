//! Lists of addresses (`sentinels`, `cluster`) and of addresses to be replaced (`natMap`).

use serde_json::Value;

use super::Endpoint;
use super::raw::RawOptions;
use super::target::NatTable;
use super::url;
use super::value::{as_whole, is_empty_text, is_function};
use crate::{Error, Result};

/// Nobody has more of them, and each costs a connection while the server is looked for.
const MAX_ADDRESSES: usize = 256;

/// A list of `{host, port}`; `host:port` as a string, a URL and a port alone are taken as well. Empty texts in it
/// count as left out.
pub(super) fn list(raw: &RawOptions, option: &str, default_port: u16) -> Result<Vec<Endpoint>> {
    let example = format!("an array like [{{ host: 'a', port: {default_port} }}]");
    let Some(Value::Array(items)) = raw.value(option) else {
        return Err(raw.wrong(option, &example));
    };
    if items.is_empty() || items.len() > MAX_ADDRESSES {
        return Err(Error::option(
            option,
            format!("must be {example} of 1 to {MAX_ADDRESSES} addresses, not of {}", items.len()),
        ));
    }
    let mut found = Vec::new();
    let given = items.iter().enumerate().filter(|(_, item)| !is_unset(item));
    for (at, item) in given {
        let endpoint = address(&format!("{option}[{at}]"), item, default_port)?;
        if !found.contains(&endpoint) {
            found.push(endpoint);
        }
    }
    if found.is_empty() {
        let problem = format!("must be {example}, not one of empty strings alone");
        return Err(Error::option(option, problem));
    }
    Ok(found)
}

/// `natMap`: an object `{'host:port': {host, port}}`, or a function, which is called elsewhere.
pub(super) fn nat_map(raw: &RawOptions) -> Result<NatTable> {
    let table = match raw.value("natMap") {
        None => return Ok(NatTable::new()),
        Some(value) if is_function(value) => return Ok(NatTable::new()),
        Some(Value::Object(table)) => table,
        Some(_) => {
            return Err(raw.wrong(
                "natMap",
                "an object { 'host:port': { host, port } } or a function ('host:port') => ({ host, port })",
            ));
        }
    };
    table
        .iter()
        .filter(|(_, reached)| !is_unset(reached))
        .map(|(announced, reached)| {
            let option = format!("natMap['{announced}']");
            let named = announced.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
            });
            if !named || announced.contains("://") {
                return Err(Error::option(
                    "natMap",
                    "must have names of the form 'host:port', as servers are announced",
                ));
            }
            // No default: an address that is announced is replaced as a whole.
            match reached {
                Value::Object(members) if members.get("port").is_none_or(is_empty_text) => {
                    Err(Error::option(option, "needs a 'port'"))
                }
                _ => Ok((announced.clone(), address(&option, reached, 0)?)),
            }
        })
        .collect()
}

/// Whether all of an address is an empty text.
fn is_unset(address: &Value) -> bool {
    match address {
        Value::Object(members) => !members.is_empty() && members.values().all(is_empty_text),
        address => is_empty_text(address),
    }
}

fn address(option: &str, item: &Value, default_port: u16) -> Result<Endpoint> {
    let wrong = |problem: &str| Err(Error::option(option, problem));
    let (host, port) = match item {
        Value::Object(members) if !is_function(item) => {
            if let Some(other) = members.keys().find(|name| *name != "host" && *name != "port") {
                let other: String = other.chars().filter(|c| !c.is_control()).take(40).collect();
                return wrong(&format!(
                    "can hold 'host' and 'port' and no '{other}'; what concerns all servers stands beside it"
                ));
            }
            let given = |name| members.get(name).filter(|value| !is_empty_text(value)).cloned();
            (given("host"), given("port"))
        }
        Value::Number(port) => (None, Some(Value::Number(port.clone()))),
        Value::String(text) => {
            let Ok(named) = url::parse(text) else {
                return wrong("must be { host, port } or 'host:port'");
            };
            let mut parts = [None, None];
            for (name, value) in named {
                match name.as_str() {
                    "host" => parts[0] = Some(Value::String(value)),
                    "port" => parts[1] = Some(Value::String(value)),
                    _ => return wrong("can name a host and a port only; write { host, port }"),
                }
            }
            let [host, port] = parts;
            (host, port)
        }
        _ => return wrong("must be { host, port }"),
    };
    let host = match host {
        None if default_port == 0 => return wrong("needs a 'host'"),
        None | Some(Value::Null) => "localhost".to_owned(),
        Some(Value::String(host)) => match bare_host(&host) {
            Some(bare) => bare.to_owned(),
            None => return wrong("has a 'host' that is no host name and no IP address"),
        },
        Some(_) => return wrong("has a 'host' that is no string"),
    };
    let port = match port {
        None => Some(default_port),
        Some(port) => as_whole(&port).and_then(|port| u16::try_from(port).ok()),
    };
    match port {
        Some(port) if port > 0 => Ok(Endpoint::Tcp { host, port }),
        _ => wrong("must have a 'port' from 1 to 65535"),
    }
}

/// A host without brackets; `None` for what can't be one.
pub(super) fn bare_host(host: &str) -> Option<&str> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let forbidden = |character: char| {
        character.is_whitespace() || character.is_control() || "/@[]?#\\".contains(character)
    };
    let is_ip6 =
        bare.split('%').next().is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    let wrong = bare.is_empty() || bare.contains(forbidden) || (bare.contains(':') && !is_ip6);
    (!wrong).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sentinels(value: Value) -> Result<Vec<Endpoint>> {
        list(&RawOptions::collect(&json!({"sentinels": value})).unwrap(), "sentinels", 26_379)
    }

    fn tcp(host: &str, port: u16) -> Endpoint {
        Endpoint::Tcp { host: host.into(), port }
    }

    #[test]
    fn every_form_of_an_address_is_read() {
        let found = sentinels(json!([
            {"host": "a", "port": 1},
            {"host": "b"},
            {"host": "[::1]", "port": "2"},
            {"port": 3},
            "c:4",
            "redis://d:5",
            6,
            {"host": "a", "port": 1},
        ]));
        let expected = [
            tcp("a", 1),
            tcp("b", 26_379),
            tcp("::1", 2),
            tcp("localhost", 3),
            tcp("c", 4),
            tcp("d", 5),
            tcp("localhost", 6),
        ];
        assert_eq!(found.unwrap(), expected);
    }

    #[test]
    fn empty_texts_count_as_left_out() {
        let unset = json!({"host": "", "port": ""});
        let found =
            sentinels(json!([{"host": "a", "port": ""}, "", unset, {"host": "", "port": 1}]));
        assert_eq!(found.unwrap(), [tcp("a", 26_379), tcp("localhost", 1)]);
        let nothing = sentinels(json!(["", unset])).unwrap_err().to_string();
        assert!(nothing.contains("not one of empty strings alone"), "{nothing}");
        let map = json!({"natMap": {"a:1": "", "b:1": unset, "c:1": {"host": "d", "port": 1}}});
        let table = nat_map(&RawOptions::collect(&map).unwrap()).unwrap();
        assert_eq!(table, NatTable::from([("c:1".into(), tcp("d", 1))]));
    }

    #[test]
    fn what_is_no_address_is_an_error_that_says_where() {
        for (value, at) in [
            (json!([]), "sentinels"),
            (json!("a:1"), "sentinels"),
            (json!({"host": "a"}), "sentinels"),
            (json!([{"host": "a"}, {"host": "a b"}]), "sentinels[1]"),
            (json!([{"host": "a", "port": 0}]), "sentinels[0]"),
            (json!([{"host": "a", "port": 70_000}]), "sentinels[0]"),
            (json!([{"host": "a", "password": "pw"}]), "sentinels[0]"),
            (json!([{"host": 1}]), "sentinels[0]"),
            (json!([null]), "sentinels[0]"),
            (json!(["redis://:pw@a:1"]), "sentinels[0]"),
            (json!(["/pw.sock"]), "sentinels[0]"),
            (json!([{"$function": true}]), "sentinels[0]"),
        ] {
            match sentinels(value.clone()) {
                Err(Error::Option { option, problem }) => {
                    assert_eq!(option, at, "{value}: {problem}");
                    assert!(!problem.contains("pw"), "{problem}");
                }
                other => panic!("{value}: {other:?}"),
            }
        }
    }

    #[test]
    fn nat_map_is_read() {
        let read = |value| nat_map(&RawOptions::collect(&json!({"natMap": value})).unwrap());
        let table = read(json!({"10.0.0.1:6379": {"host": "b", "port": 2}, "[::1]:1": "c:3"}));
        let table = table.unwrap();
        assert_eq!(table.get("10.0.0.1:6379"), Some(&tcp("b", 2)));
        assert_eq!(table.get("[::1]:1"), Some(&tcp("c", 3)));
        assert_eq!(read(json!({"$function": true})).unwrap(), NatTable::new());
        for wrong in [
            json!([]),
            json!("a"),
            json!({"a": {"host": "b", "port": 2}}),
            json!({"a:1": {"host": "b"}}),
            json!({"a:1": {"port": 2}}),
            json!({"a:x": {"host": "b", "port": 2}}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
