//! The forms that `url` may have; they are those of ioredis.

use crate::{Error, Result};

/// Options that a URL names, in the order of their rank: the first of a name counts.
pub(super) type Named = Vec<(String, String)>;

/// Takes a URL apart:
/// `redis://user:password@host:port/db?option=value`, `//host:port`, `host:port`, a port alone,
/// `/path/of/socket?db=2`, `unix:///path/of/socket`. Errors never show any of it, since any part
/// may be a piece of a password that was not encoded.
pub(super) fn parse(url: &str) -> Result<Named> {
    let url = url.trim();
    if url.chars().any(|character| character.is_whitespace() || character.is_control()) {
        return wrong("contains white space; write it percent-encoded, %20 for a space");
    }
    if !url.is_empty() && url.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(vec![("port".into(), url.into())]);
    }
    if url.contains('#') {
        return wrong("contains a '#'; where it belongs to a password, write it as %23");
    }
    let (address, query) = match url.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (url, None),
    };
    let mut named = match split_scheme(address) {
        Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
            "redis" | "valkey" => parse_authority(rest, true, query)?,
            "rediss" | "valkeys" => {
                let mut named = parse_authority(rest, true, query)?;
                named.push(("tls".into(), "true".into()));
                named
            }
            "unix" => parse_socket(rest)?,
            _ => {
                return wrong("has an unknown scheme; allowed are redis://, rediss:// and unix://");
            }
        },
        None => match address.strip_prefix("//") {
            Some(rest) => parse_authority(rest, false, query)?,
            None if address.starts_with('/') => parse_socket(address)?,
            None => parse_authority(address, false, query)?,
        },
    };
    if let Some(query) = query {
        parse_query(query, &mut named)?;
    }
    Ok(named)
}

fn wrong<T>(problem: &str) -> Result<T> {
    Err(Error::option("url", problem))
}

/// Scheme and what follows `://`.
fn split_scheme(address: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = address.split_once("://")?;
    let valid = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte));
    valid.then_some((scheme, rest))
}

fn parse_socket(path: &str) -> Result<Named> {
    if !path.starts_with('/') || path.len() < 2 {
        return wrong("names no path of a socket; write unix:///path/of/socket");
    }
    Ok(vec![("path".into(), decode(path)?)])
}

fn parse_authority(rest: &str, path_is_db: bool, query: Option<&str>) -> Result<Named> {
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, path),
        None => (rest, ""),
    };
    if path.contains('@') || query.is_some_and(|query| query.contains('@')) {
        // Either a password that holds one of /?#, or a value that is easily mistaken for one.
        return wrong(
            "contains an '@' behind the address; in a user name, password or query write / as %2F, ? as %3F, # as %23 and @ as %40",
        );
    }
    let mut named = Vec::new();
    let server = match authority.rsplit_once('@') {
        Some((user, server)) => {
            let (name, password) = match user.split_once(':') {
                Some((name, password)) => (name, Some(password)),
                None => (user, None),
            };
            push_given(&mut named, "username", decode(name)?);
            push_given(&mut named, "password", decode(password.unwrap_or_default())?);
            server
        }
        None => authority,
    };
    let (host, port) = split_server(server)?;
    if host.is_empty() {
        return wrong("names no host");
    }
    named.push(("host".into(), decode(host)?));
    push_given(&mut named, "port", port.to_owned());
    let path = path.trim_end_matches('/');
    if !path.is_empty() {
        if !path_is_db {
            return wrong("has a path behind its host; only redis://host:port/db may have one");
        }
        if !path.bytes().all(|byte| byte.is_ascii_digit()) {
            return wrong("has a path that is no database number; write redis://host:port/0");
        }
        named.push(("db".into(), path.into()));
    }
    Ok(named)
}

/// Host (without brackets) and port (empty when there is none).
fn split_server(server: &str) -> Result<(&str, &str)> {
    if let Some(rest) = server.strip_prefix('[') {
        return match rest.split_once(']') {
            Some((host, "")) => Ok((host, "")),
            Some((host, port)) => match port.strip_prefix(':') {
                Some(port) => Ok((host, port)),
                None => wrong("has something between the ']' of its host and its port"),
            },
            None => wrong("has a '[' without ']' in its host"),
        };
    }
    match server.split_once(':') {
        Some((_, port)) if port.contains(':') => {
            wrong("has an IPv6 address without brackets; write [::1]:6379")
        }
        Some(split) => Ok(split),
        None => Ok((server, "")),
    }
}

fn parse_query(query: &str, named: &mut Named) -> Result<()> {
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let Some((name, value)) = part.split_once('=') else {
            return wrong("has a query option without a value; write ?option=value");
        };
        let plausible = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !plausible || name == "url" {
            return wrong("has a query option whose name can't be one");
        }
        // In a query '+' is a space, as in Node's own querystring.
        let value = decode(&value.replace('+', " "))?;
        match named.iter().find(|(known, _)| known == name) {
            Some((_, earlier)) if *earlier != value => {
                return Err(Error::option("url", format!("gives '{name}' twice, and differently")));
            }
            Some(_) => {}
            None => named.push((name.to_owned(), value)),
        }
    }
    Ok(())
}

fn push_given(named: &mut Named, name: &str, value: String) {
    if !value.is_empty() {
        named.push((name.to_owned(), value));
    }
}

fn decode(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        rest = others;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, others @ ..] = rest else { return wrong(BAD_PERCENT) };
        let (Some(high), Some(low)) = (hex(*high), hex(*low)) else { return wrong(BAD_PERCENT) };
        bytes.push(high << 4 | low);
        rest = others;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(_) => wrong(BAD_PERCENT),
    }
}

const BAD_PERCENT: &str =
    "has a '%' that begins no percent-encoded UTF-8 character; write a percent sign as %25";

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests;
