//! The options that say how the server is reached.

use std::time::Duration;

use super::addresses::bare_host;
use super::notice::Notice;
use super::raw::RawOptions;
use super::{
    ConnectionConfig, Endpoint, Family, Role, Secret, Supervision, Target, TlsConfig, cluster,
    sentinel,
};
use crate::{Error, Result};

const DEFAULT_HOST: &str = "localhost";
const DEFAULT_PORT: u16 = 6379;
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The server numbers its databases with a C `int`.
const LAST_DB: u64 = i32::MAX as u64;
/// The length of the path in a `sockaddr_un`, less its closing zero, on the narrowest system.
const LONGEST_SOCKET_PATH: usize = 103;

impl ConnectionConfig {
    /// Reads and checks the options of the connection; `prefix` is that of all keys.
    pub(super) fn read(
        raw: &RawOptions,
        role: Role,
        prefix: &str,
        notices: &mut Vec<Notice>,
    ) -> Result<Self> {
        Ok(Self {
            key_prefix: prefix.to_owned(),
            writes: role == Role::Admin,
            target: target(raw, prefix, notices)?,
            family: raw
                .one_of_numbers(
                    "family",
                    &[(0, Family::Any), (4, Family::V4), (6, Family::V6)],
                    "0 (either), 4 or 6",
                )?
                .unwrap_or(Family::Any),
            username: raw.text("username")?.map(str::to_owned),
            password: raw.text("password")?.map(Secret::new),
            db: raw.whole("db", 0..=LAST_DB, "")?.and_then(narrow).unwrap_or(0),
            resp3: raw
                .one_of_numbers("protocol", &[(2, false), (3, true)], "2 or 3")?
                .unwrap_or(true),
            connect_timeout: raw.milliseconds("connectTimeout")?.unwrap_or(DEFAULT_CONNECT_TIMEOUT),
            command_timeout: raw.milliseconds("commandTimeout")?,
            connection_name: connection_name(raw)?,
            retry_strategy: raw.retry_strategy("retryStrategy")?,
            tls: tls(raw)?,
            supervision: Supervision::read(raw)?,
        })
    }
}

/// A number that a range check has already found to fit.
fn narrow<T: TryFrom<u64>>(number: u64) -> Option<T> {
    T::try_from(number).ok()
}

fn target(raw: &RawOptions, prefix: &str, notices: &mut Vec<Notice>) -> Result<Target> {
    if raw.value("cluster").is_some() {
        contradiction(raw, "cluster", "sentinels", "the servers are found in one way only")?;
    }
    let sentinel = sentinel::read(raw, notices)?;
    let cluster = cluster::read(raw, prefix, notices)?;
    let (option, target) = match (sentinel, cluster) {
        (Some(sentinel), _) => ("sentinels", Target::Sentinel(sentinel)),
        (None, Some(cluster)) => ("cluster", Target::Cluster(cluster)),
        (None, None) => {
            if raw.value("natMap").is_some() {
                notices.push(Notice::info(
                    "option 'natMap' has no effect here: it acts with 'sentinels' or 'cluster'",
                ));
            }
            return endpoint(raw).map(Target::Direct);
        }
    };
    contradiction(raw, option, "path", "a unix socket leads to one server")?;
    let idle = ["host", "port"].into_iter().filter(|name| raw.value(name).is_some());
    notices.extend(idle.map(|name| {
        let origin = raw.origin(name);
        Notice::info(format!(
            "option '{name}'{origin} has no effect here: '{option}' says where the server is"
        ))
    }));
    Ok(target)
}

fn contradiction(raw: &RawOptions, option: &str, other: &str, why: &str) -> Result<()> {
    if raw.value(other).is_none() {
        return Ok(());
    }
    let origin = raw.origin(other);
    Err(Error::option(option, format!("can't be given together with '{other}'{origin}: {why}")))
}

fn endpoint(raw: &RawOptions) -> Result<Endpoint> {
    let path = raw.text("path")?;
    let host = raw.text("host")?;
    let port = raw.whole("port", 1..=65_535, "")?.and_then(narrow);
    let Some(path) = path else {
        let host = host.map(|host| checked_host(raw, host)).transpose()?;
        return Ok(Endpoint::Tcp {
            host: host.unwrap_or(DEFAULT_HOST).to_owned(),
            port: port.unwrap_or(DEFAULT_PORT),
        });
    };
    for other in ["host", "port"] {
        if raw.value(other).is_some() {
            return Err(Error::option(
                "path",
                format!(
                    "{} can't be given together with '{other}'{}: one names a unix socket, the other a TCP address",
                    raw.origin("path"),
                    raw.origin(other)
                )
                .trim_start(),
            ));
        }
    }
    if !cfg!(unix) {
        return Err(Error::option("path", "can't be used on this system; use 'host' and 'port'"));
    }
    if path.contains('\0') || path.len() > LONGEST_SOCKET_PATH {
        let allowed = format!("the path of a unix socket of at most {LONGEST_SOCKET_PATH} bytes");
        return Err(raw.wrong("path", &allowed));
    }
    Ok(Endpoint::Unix(path.to_owned()))
}

fn checked_host<'g>(raw: &RawOptions, host: &'g str) -> Result<&'g str> {
    bare_host(host).ok_or_else(|| {
        raw.wrong(
            "host",
            "a host name or an IP address alone (a port belongs into 'port', a URL into 'url')",
        )
    })
}

fn tls(raw: &RawOptions) -> Result<Option<TlsConfig>> {
    let tls = TlsConfig::read("tls", raw.value("tls"))?;
    if tls.is_some() && raw.value("path").is_some() {
        return Err(Error::option(
            "tls",
            "can't be given together with 'path': a unix socket leaves nothing to encrypt",
        ));
    }
    Ok(tls)
}

fn connection_name(raw: &RawOptions) -> Result<Option<String>> {
    match raw.text("connectionName")? {
        // What CLIENT SETNAME takes.
        Some(name) if !name.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err(raw.wrong("connectionName", "of visible ASCII characters without spaces"))
        }
        name => Ok(name.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests;
