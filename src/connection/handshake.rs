//! Log-in, protocol, database and name, before the stream is used.
//!
//! Done here and not by the crate, so that the errors say what the server said and which option
//! is at fault. All commands are sent at once and cost one round trip.

use std::io;

use redis::cmd;
use tokio::io::{AsyncWriteExt, BufReader};
use tracing::debug;

use super::activity::Stream;
use super::fault::{classify_text, without_arguments};
use super::kind::{self, Kind};
use super::reply::{ReadFault, Reply, read_reply};
use super::tls;
use crate::config::{ConnectionConfig, Endpoint, Secret, Target};
use crate::error::{Error, Result};

/// Ends the reason when plain text was answered by nothing that is plain text.
pub(super) const WANTS_TLS: &str = "does it want TLS?";

/// What the handshake found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Welcome {
    /// Whether the connection speaks RESP3.
    pub(super) resp3: bool,
    /// It has said of what kind it is, and can be used.
    pub(super) is_told: bool,
    /// Why it can't be used well.
    pub(super) doubt: Option<String>,
    /// The server has no password although one is configured.
    pub(super) password_unused: bool,
    /// The server still loads its data.
    pub(super) loading: bool,
    /// What its user may not do, and is done without: PING.
    pub(super) unanswered: Option<Error>,
    /// The same of names.
    pub(super) unnamed: Vec<Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Auth,
    Hello,
    Select,
    /// Names, which are welcome but not needed.
    Name(&'static str),
    Ping,
}

/// Shakes hands; the caller limits the time.
pub(super) async fn handshake(
    mut stream: Stream,
    config: &ConnectionConfig,
) -> Result<(Stream, Welcome)> {
    let (steps, bytes) = compose(config);
    let activity = stream.activity();
    let lost = |error: io::Error| {
        tls::error_of(&error).unwrap_or_else(|| Error::Unavailable { reason: activity.fault() })
    };
    stream.write_all(&bytes).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;

    let mut input = BufReader::with_capacity(4096, stream);
    let mut welcome = Welcome::default();
    let mut last_words = None;
    for step in steps {
        let reply = match read_reply(&mut input).await {
            Ok(reply) => reply,
            Err(fault) => return Err(unreadable(fault, last_words, config)),
        };
        match reply {
            Reply::Error(words) => {
                last_words = Some(redacted(&words, config));
                refused(step, &words, config, &mut welcome)?;
            }
            reply => accepted(step, &reply, config, &mut welcome)?,
        }
    }
    if !input.buffer().is_empty() {
        return Err(not_redis("it says more than it was asked"));
    }
    Ok((input.into_inner(), welcome))
}

fn compose(config: &ConnectionConfig) -> (Vec<Step>, Vec<u8>) {
    let mut steps = Vec::new();
    let mut bytes = Vec::new();
    let mut add = |step, command: &redis::Cmd| {
        steps.push(step);
        bytes.extend(command.get_packed_command());
    };
    match (&config.username, &config.password) {
        // A user that needs no password takes any.
        (Some(user), password) => {
            let password = password.as_ref().map_or("", Secret::reveal);
            add(Step::Auth, cmd("AUTH").arg(user).arg(password));
        }
        (None, Some(password)) => add(Step::Auth, cmd("AUTH").arg(password.reveal())),
        (None, None) => (),
    }
    if config.resp3 {
        add(Step::Hello, cmd("HELLO").arg(3));
    }
    if config.db != 0 {
        add(Step::Select, cmd("SELECT").arg(config.db));
    }
    if let Some(name) = &config.connection_name {
        add(Step::Name("CLIENT SETNAME"), cmd("CLIENT").arg("SETNAME").arg(name));
    }
    if let Some(library) = &config.supervision.library {
        for (what, value) in
            [("LIB-NAME", library.as_str()), ("LIB-VER", env!("CARGO_PKG_VERSION"))]
        {
            let mut command = cmd("CLIENT");
            add(Step::Name("CLIENT SETINFO"), command.arg("SETINFO").arg(what).arg(value));
        }
    }
    add(Step::Ping, &cmd("PING"));
    (steps, bytes)
}

fn accepted(
    step: Step,
    reply: &Reply,
    config: &ConnectionConfig,
    welcome: &mut Welcome,
) -> Result<()> {
    let as_expected = match (step, reply) {
        (Step::Hello, Reply::Many(fields)) => {
            welcome.resp3 = true;
            welcome.is_told = true;
            welcome.doubt = kind::require(&Kind::of_hello(fields), config)?;
            true
        }
        (Step::Hello, _) => false,
        (_, reply) => reply.text().is_some(),
    };
    if as_expected { Ok(()) } else { Err(not_redis("its answers don't fit what it was asked")) }
}

fn refused(
    step: Step,
    words: &str,
    config: &ConnectionConfig,
    welcome: &mut Welcome,
) -> Result<()> {
    let name = match step {
        Step::Auth => "AUTH",
        Step::Hello => "HELLO",
        Step::Select => "SELECT",
        Step::Name(command) => command,
        Step::Ping => "PING",
    };
    let words = redacted(words, config);
    let error = classify_text(name, &words).error;
    match (step, error) {
        // Whether that matters is not decided here.
        (Step::Ping, Error::Unavailable { .. }) if words.starts_with("LOADING") => {
            welcome.loading = true;
            Ok(())
        }
        // The server is not to be used at all, whatever it was asked.
        (_, error @ (Error::Unavailable { .. } | Error::Authentication { .. })) => Err(error),
        // No code of its own: Redis < 6 and later ones differ in the words.
        (Step::Auth, _) if words.contains("without any password configured") => {
            welcome.password_unused = true;
            Ok(())
        }
        (Step::Auth, _) if words.contains("no password is set") => {
            welcome.password_unused = true;
            Ok(())
        }
        (Step::Auth, _) => Err(Error::Authentication { detail: words }),
        (Step::Hello, _) => {
            debug!("the server refused HELLO, going on with RESP2: {words}");
            Ok(())
        }
        (Step::Select, error @ Error::Permission { .. }) => Err(error),
        (Step::Select, error) => Err(match kind::explain(error, &config.target) {
            error @ Error::Option { .. } => error,
            _ => {
                let problem = format!("is {}, which the server refused ({words})", config.db);
                Error::option("db", problem)
            }
        }),
        (Step::Name(_), error @ Error::Permission { .. }) => {
            welcome.unnamed.push(error);
            Ok(())
        }
        (Step::Name(_), _) => {
            debug!("the server refused a client name: {words}");
            Ok(())
        }
        // A user that may not PING still shows that the server answers.
        (Step::Ping, error @ Error::Permission { .. }) => {
            welcome.unanswered = Some(error);
            Ok(())
        }
        (Step::Ping, error) => Err(error),
    }
}

/// The server's words without the password, should it ever quote it.
fn redacted(words: &str, config: &ConnectionConfig) -> String {
    let words = without_arguments(words);
    match &config.password {
        Some(password) if !password.reveal().is_empty() => {
            words.replace(password.reveal(), "<secret>")
        }
        _ => words.to_owned(),
    }
}

fn unreadable(fault: ReadFault, last_words: Option<String>, config: &ConnectionConfig) -> Error {
    if let ReadFault::Io(error) = &fault
        && let Some(refusal) = tls::error_of(error)
    {
        return refusal;
    }
    match (fault, last_words) {
        (ReadFault::NotRedis(why), _) => not_redis(why),
        (_, Some(words)) => Error::Unavailable {
            reason: format!("the server closed the connection after answering \"{words}\""),
        },
        (ReadFault::Closed, None) => closed_silently(config),
        // What it left unread makes its end a reset.
        (ReadFault::Io(error), None) if error.kind() == io::ErrorKind::ConnectionReset => {
            closed_silently(config)
        }
        (ReadFault::Io(error), None) => Error::Unavailable { reason: error.to_string() },
    }
}

/// The server ended the connection without a word, as one does that was expecting TLS.
fn closed_silently(config: &ConnectionConfig) -> Error {
    let closed = "the server closed the connection during the handshake";
    let is_plain_tcp =
        config.tls.is_none() && !matches!(config.target, Target::Direct(Endpoint::Unix(_)));
    let reason = match is_plain_tcp {
        true => format!("{closed}, without an answer; {WANTS_TLS}"),
        false => closed.to_owned(),
    };
    Error::Unavailable { reason }
}

fn not_redis(why: &str) -> Error {
    Error::Unavailable {
        reason: format!("what listens there is not a Valkey or Redis server: {why}"),
    }
}
