//! Why there is no connection, as far as a probe may tell: it names no address, and nothing in the
//! server's own words.

use super::fault::WANTS_PASSWORD;
use super::handshake::WANTS_TLS;
use super::transport::{SPEAKS_TLS, was_refused};
use crate::error::Error;

/// Why an attempt has failed, in a few words; none when that can't be told shortly.
pub(super) fn of(error: &Error) -> Option<String> {
    let words = match error {
        Error::Authentication { detail } if detail.starts_with(WANTS_PASSWORD) => {
            "the server wants a password, and none that it takes was given"
        }
        Error::Authentication { .. } => "the server refused the login",
        Error::Tls { problem } if problem.contains("does not speak TLS") => {
            "what listens there does not speak TLS"
        }
        Error::Tls { .. } => "no TLS connection, the log says why",
        Error::Permission { command, .. } => {
            return Some(format!("the server user lacks a permission for {command}"));
        }
        Error::Option { option, .. } => {
            return Some(format!("option '{option}' does not fit the server"));
        }
        Error::Unavailable { reason } if reason.contains(WANTS_TLS) => "does the server want TLS?",
        Error::Unavailable { reason } if reason.contains(SPEAKS_TLS) => SPEAKS_TLS,
        Error::Unavailable { reason } if reason.starts_with("what listens there is not") => {
            "what listens there is not a Valkey or Redis server"
        }
        Error::Unavailable { reason } if reason.starts_with("no answer") => "no answer",
        error if was_refused(error) => "nobody listens there",
        _ => return None,
    };
    Some(words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::fault::classify_text;

    fn unavailable(reason: &str) -> Option<String> {
        of(&Error::Unavailable { reason: reason.to_owned() })
    }

    #[test]
    fn neither_addresses_nor_the_servers_words_are_told() {
        let tls = |problem: &str| of(&Error::Tls { problem: problem.to_owned() }).expect("words");
        assert_eq!(
            tls("what listens there does not speak TLS; use …"),
            "what listens there does not speak TLS"
        );
        assert!(!tls("the certificate is for 'valkey.example'").contains("example"));
        let refused = of(&Error::Authentication { detail: "WRONGPASS for me".into() });
        assert_eq!(refused.as_deref(), Some("the server refused the login"));
        assert_eq!(unavailable("look-up of valkey.example: failed"), None);
    }

    #[test]
    fn what_is_known_is_told() {
        let told = |reason: &str| unavailable(reason).expect("words");
        assert_eq!(
            told("closed without an answer; does it want TLS?"),
            "does the server want TLS?"
        );
        assert_eq!(told(&format!("no answer over TLS; {SPEAKS_TLS}")), SPEAKS_TLS);
        assert_eq!(told("no answer within 10000 ms"), "no answer");
        assert_eq!(
            of(&classify_text("GET", "NOAUTH needed").error).as_deref(),
            Some("the server wants a password, and none that it takes was given")
        );
    }
}
