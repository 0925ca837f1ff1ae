//! From the server's error replies to the errors of the core.

use redis::{Cmd, RedisError, ServerError};

use super::permission::{is_refusal, of_key, refusal};
use crate::error::Error;

/// What an error reply means.
#[derive(Debug)]
pub(super) struct Fault {
    /// What the caller gets.
    pub(super) error: Error,
    /// Whether the server can't serve us at all, so that the connection should be made anew.
    pub(super) reconnect: bool,
    /// No reply was had: the connection is lost.
    pub(super) lost: bool,
}

/// How the error for a server that wants a password begins.
pub(super) const WANTS_PASSWORD: &str = "it wants a password";

/// Classifies an error reply by its code.
pub(super) fn classify(command: &str, code: &str, words: &str) -> Fault {
    if is_refusal(words) {
        // A server that refuses EXEC and does not give the transaction up would only queue what comes.
        let is_stuck = command == "EXEC" && code == "NOPERM";
        let error = refusal(command, without_arguments(words));
        return Fault { error, reconnect: is_stuck, lost: false };
    }
    let command = command.to_owned();
    let detail = without_script(without_arguments(words)).to_owned();
    let (error, reconnect) = match code {
        "WRONGPASS" => (Error::Authentication { detail }, true),
        "NOAUTH" => {
            let detail = format!("{WANTS_PASSWORD}, and none that it takes was given: {detail}");
            (Error::Authentication { detail }, true)
        }
        "READONLY" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "MOVED" => {
            (Error::Unavailable { reason: detail }, true)
        }
        "ASK" | "TRYAGAIN" => (Error::Unavailable { reason: detail }, false),
        _ => (Error::Server { command, detail }, false),
    };
    Fault { error, reconnect, lost: false }
}

/// Classifies an error reply in the server's words, which begin with the code.
pub(super) fn classify_text(command: &str, words: &str) -> Fault {
    classify(command, words.split(' ').next().unwrap_or_default(), words)
}

/// Classifies an error reply that the crate has read.
pub(super) fn classify_reply(command: &str, error: &ServerError) -> Fault {
    let words = match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    };
    classify(command, error.code(), &words)
}

/// The same of the reply to this command: a key that was refused is named.
pub(super) fn classify_answer(cmd: &Cmd, error: &ServerError) -> Fault {
    let fault = classify_reply(&name_of(cmd), error);
    Fault { error: of_key(fault.error, cmd), ..fault }
}

/// Classifies an error of the crate itself: no reply could be had.
pub(super) fn classify_failure(command: &str, error: RedisError) -> Fault {
    match ServerError::try_from(error) {
        Ok(reply) => classify_reply(command, &reply),
        Err(error) => Fault {
            error: Error::Unavailable { reason: error.to_string() },
            // The supervisor sees the end of the stream by itself.
            reconnect: false,
            lost: true,
        },
    }
}

/// `unknown command` quotes the arguments, which may be credentials.
pub(super) fn without_arguments(words: &str) -> &str {
    words.split(", with args").next().unwrap_or(words)
}

/// What a command inside of a script is answered comes with the script's hash and line, which tell
/// an operator nothing.
fn without_script(words: &str) -> &str {
    match words.rsplit_once(" script: ") {
        Some((before, place)) if place.contains("@user_script") => before,
        _ => words,
    }
}

/// The name of a command, without its arguments.
pub(super) fn name_of(cmd: &Cmd) -> String {
    match cmd.args_iter().next() {
        Some(redis::Arg::Simple(name)) => String::from_utf8_lossy(name).to_ascii_uppercase(),
        _ => "a command".to_owned(),
    }
}

/// The server's own words, without arguments; nothing for what the server did not say.
pub(super) fn words_of(error: &Error) -> &str {
    match error {
        Error::Unavailable { reason } => reason,
        Error::Authentication { detail }
        | Error::Permission { detail, .. }
        | Error::Server { detail, .. } => detail,
        _ => "",
    }
}

/// Why there is no connection, as the rest of a sentence.
pub(super) fn reason_of(error: &Error) -> String {
    match error {
        Error::Unavailable { reason } => reason.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_decide() {
        let code = |words: &str| {
            let fault = classify_text("SET", words);
            (fault.error.code(), fault.reconnect)
        };
        assert_eq!(code("NOAUTH Authentication required."), ("ERR_VALKEY_AUTH", true));
        assert_eq!(code("NOPERM no"), ("ERR_VALKEY_PERMISSION", false));
        assert_eq!(code("READONLY You can't write"), ("ERR_VALKEY_UNAVAILABLE", true));
        assert_eq!(code("MOVED 1 a:1"), ("ERR_VALKEY_UNAVAILABLE", true));
        assert_eq!(code("LOADING"), ("ERR_VALKEY_UNAVAILABLE", true));
        assert_eq!(code("WRONGTYPE Operation"), ("ERR_VALKEY_SERVER", false));
        assert_eq!(code("ERR the text says READONLY"), ("ERR_VALKEY_SERVER", false));
    }

    #[test]
    fn a_server_that_wants_a_password_is_said_to() {
        let fault = classify_text("GET", "NOAUTH Authentication required.");
        assert!(fault.error.to_string().contains("it wants a password"), "{}", fault.error);
    }

    #[test]
    fn arguments_are_not_repeated() {
        let fault = classify_text(
            "AUTH",
            "ERR unknown command 'AUTH', with args beginning with: 'me' 'hunter2' ",
        );
        assert_eq!(fault.error.to_string(), "AUTH failed: ERR unknown command 'AUTH'");
    }

    #[test]
    fn the_place_in_a_script_is_not_told() {
        let text = |words: &str| classify_text("EVALSHA", words).error.to_string();
        let full = "OOM command not allowed when used memory > 'maxmemory'.";
        let hash = "0123456789abcdef0123456789abcdef01234567";
        let told = format!("{full} script: {hash}, on @user_script:21.");
        assert_eq!(text(&told), format!("EVALSHA failed: {full}"));
        assert_eq!(text("ERR no script: none"), "EVALSHA failed: ERR no script: none");
    }

    #[test]
    fn a_command_is_named_without_its_arguments() {
        let mut cmd = redis::cmd("set");
        cmd.arg("key").arg("secret");
        assert_eq!(name_of(&cmd), "SET");
    }
}
