//! What kind of server answers where one server was named, and whether it can be the one that was meant.

use super::reply::Reply;
use crate::config::{ConnectionConfig, Endpoint, Target};
use crate::error::{Error, Result};
use crate::hash_slot::hash_tag;

/// What a server says that it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kind {
    mode: Mode,
    replica: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Alone,
    Cluster,
    Sentinel,
}

impl Kind {
    fn of(mode: &[u8], role: &[u8]) -> Self {
        let mode = match mode {
            b"cluster" => Mode::Cluster,
            b"sentinel" => Mode::Sentinel,
            _ => Mode::Alone,
        };
        Self { mode, replica: matches!(role, b"replica" | b"slave") }
    }

    /// What the answer to `HELLO` tells: names and values in turn.
    pub(super) fn of_hello(fields: &[Reply]) -> Self {
        let value = |name: &[u8]| {
            let pair = fields
                .chunks_exact(2)
                .find(|pair| pair.first().and_then(Reply::text) == Some(name));
            pair.and_then(|pair| pair.get(1)).and_then(Reply::text).unwrap_or_default()
        };
        Self::of(value(b"mode"), value(b"role"))
    }

    /// What the sections `server` and `replication` of `INFO` tell.
    pub(super) fn of_info(text: &str) -> Self {
        let value = |name: &str| {
            text.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'))
        };
        let mode = value("redis_mode").or_else(|| value("server_mode"));
        Self::of(mode.unwrap_or_default().as_bytes(), value("role").unwrap_or_default().as_bytes())
    }
}

/// Makes sure that this is a server as the options mean it. Gives a line to be logged when it does,
/// but not well.
/// Where the servers were found in another way, that has seen to it.
pub(super) fn require(kind: &Kind, config: &ConnectionConfig) -> Result<Option<String>> {
    let Target::Direct(endpoint) = &config.target else { return Ok(None) };
    match kind.mode {
        Mode::Sentinel => {
            let problem = format!(
                "leads to a Sentinel, not to a Valkey server: use sentinels: [{}] in its place, and name, which is what the Sentinels call the master",
                example(endpoint)
            );
            Err(Error::option(option_of(endpoint), problem))
        }
        // With a hash tag it may be that all keys are at this node.
        Mode::Cluster if hash_tag(&config.key_prefix).is_none() => Err(of_cluster(endpoint, "")),
        _ if kind.replica && config.writes => Err(of_replica(endpoint)),
        _ if kind.replica => Ok(Some(format!(
            "{endpoint} is a replica: what is deployed comes later here, and not at all while it has lost its master; use the address of the master, or sentinels or cluster"
        ))),
        _ => Ok(None),
    }
}

/// The error for what tells that a server which was named alone is of another kind, or a proxy; any other
/// as it is.
pub(super) fn explain(error: Error, target: &Target) -> Error {
    let words = match &error {
        Error::Unavailable { reason } => reason,
        Error::Server { detail, .. } => detail,
        _ => return error,
    };
    match (target, words.split(' ').next()) {
        (Target::Direct(endpoint), Some("MOVED" | "CROSSSLOT" | "CLUSTERDOWN")) => {
            of_cluster(endpoint, &format!(" ({words})"))
        }
        (Target::Direct(endpoint), Some("ERR")) if words.contains("in cluster mode") => {
            of_cluster(endpoint, &format!(" ({words})"))
        }
        (Target::Direct(endpoint), Some("READONLY")) => of_replica(endpoint),
        _ => with_hint(error),
    }
}

/// Says of a command that the server does not know what may be the cause; any other error as it is.
pub(super) fn with_hint(error: Error) -> Error {
    match error {
        Error::Server { command, detail } if is_unknown(&detail) => {
            let hint = "what listens there is a proxy, or a server without this command: connect to the Valkey server itself";
            Error::Server { command, detail: format!("{detail}; {hint}") }
        }
        error => error,
    }
}

/// Whether a server says that it does not know a command at all.
pub(super) fn is_unknown(words: &str) -> bool {
    words.starts_with("ERR unknown command")
}

fn of_replica(endpoint: &Endpoint) -> Error {
    let problem = "leads to a replica, where nothing can be written: use the address of its master, or sentinels or cluster, which follow a master";
    Error::option(option_of(endpoint), problem)
}

fn of_cluster(endpoint: &Endpoint, words: &str) -> Error {
    let problem = format!(
        "is not enough: this server is part of a cluster{words}: use cluster: [{}] in its place",
        example(endpoint)
    );
    Error::option(option_of(endpoint), problem)
}

/// The option that named it.
fn option_of(endpoint: &Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Tcp { .. } => "host",
        Endpoint::Unix(_) => "path",
    }
}

/// How it is written in a list.
fn example(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Tcp { host, port } => format!("{{ host: '{host}', port: {port} }}"),
        Endpoint::Unix(_) => "{ host: '…', port: … }".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(mode: Mode, replica: bool) -> Kind {
        Kind { mode, replica }
    }

    #[test]
    fn hello_and_info_tell_the_same() {
        let text = |text: &str| Reply::Text(text.as_bytes().to_vec());
        for (mode, role, expected) in [
            ("standalone", "master", Kind::default()),
            ("cluster", "replica", kind(Mode::Cluster, true)),
            ("sentinel", "master", kind(Mode::Sentinel, false)),
            ("", "", Kind::default()),
        ] {
            let fields = ["server", "valkey", "id", "7", "mode", mode, "role", role].map(text);
            assert_eq!(Kind::of_hello(&fields), expected);
            for name in ["redis_mode", "server_mode"] {
                let role = if role == "replica" { "slave" } else { role };
                let info = format!("# Server\r\n{name}:{mode}\r\n# Replication\r\nrole:{role}\r\n");
                assert_eq!(Kind::of_info(&info), expected);
            }
        }
        assert_eq!(Kind::of_hello(&[]), Kind::default());
    }
}
