//! Every option inside `tls` that is known by name, and what becomes of it.

use serde_json::Value;

use super::super::notice::Notice;
use super::super::suggest::suggest;
use super::super::value::{as_boolean, is_empty_text, kind_of};
use crate::{Error, Result};

/// Characters of an unknown option's name that are shown.
const SHOWN: usize = 60;

pub(super) enum Support {
    /// Read and acted upon.
    Honoured,
    /// Accepted, with a line at start that says why it has no effect.
    NoEffect(&'static str),
    /// Refused, with the reason and what to do instead.
    Refused(&'static str),
}

use Support::{Honoured, NoEffect, Refused};

const OF_A_SERVER: &str = "it is for those who serve TLS";
const NOT_IN_JS: &str = "can't be used: the connection is not made in JavaScript";
const BESIDE: &str =
    "stands beside 'tls', not inside it; the name for the certificate alone is 'servername'";
const NO_ENGINE: &str =
    "can't be used: keys are not held by OpenSSL here; give the key itself as 'key'";

pub(super) const KNOWN: &[(&str, Support)] = &[
    ("ca", Honoured),
    ("cert", Honoured),
    ("key", Honoured),
    ("passphrase", Honoured),
    ("rejectUnauthorized", Honoured),
    ("servername", Honoured),
    ("checkServerIdentity", Honoured),
    ("minVersion", Honoured),
    ("maxVersion", Honoured),
    ("ALPNProtocols", Honoured),
    ("ciphers", Honoured),
    ("ecdhCurve", Honoured),
    (
        "pfx",
        Refused(
            "can't be read here; run once: openssl pkcs12 -in client.pfx -nodes -out client.pem, and give that file as both 'cert' and 'key'",
        ),
    ),
    (
        "crl",
        Refused(
            "can't be used: revocation lists are not read; leave it out and give a server that was revoked another certificate",
        ),
    ),
    (
        "dhparam",
        Refused("can't be used: keys are exchanged over elliptic curves only; leave it out"),
    ),
    (
        "secureContext",
        Refused(
            "can't be used: the connection is not made in JavaScript; give what the context was made of, 'ca', 'cert' and 'key'",
        ),
    ),
    ("secureProtocol", Refused("can't be used; give 'minVersion' and 'maxVersion'")),
    ("secureOptions", Refused("can't be used: OpenSSL is not; give 'minVersion' and 'maxVersion'")),
    (
        "session",
        Refused("can't be used: every connection begins a session of its own; leave it out"),
    ),
    (
        "pskCallback",
        Refused(
            "can't be used: keys that are shared beforehand are not supported; use certificates",
        ),
    ),
    (
        "sigalgs",
        Refused("can't be used: the safe signature algorithms are all allowed; leave it out"),
    ),
    ("engine", Refused(NO_ENGINE)),
    ("clientCertEngine", Refused(NO_ENGINE)),
    ("privateKeyEngine", Refused(NO_ENGINE)),
    ("privateKeyIdentifier", Refused(NO_ENGINE)),
    ("socket", Refused(NOT_IN_JS)),
    ("lookup", Refused(NOT_IN_JS)),
    ("host", Refused(BESIDE)),
    ("port", Refused(BESIDE)),
    ("path", Refused(BESIDE)),
    (
        "allowPartialTrustChain",
        NoEffect("every certificate of 'ca' is trusted, complete chain or not"),
    ),
    ("minDHSize", NoEffect("keys are exchanged over elliptic curves only")),
    ("enableTrace", NoEffect("there is nothing here for it to act on")),
    ("requestOCSP", NoEffect("there is nothing here for it to act on")),
    ("highWaterMark", NoEffect("there is nothing here for it to act on")),
    ("timeout", NoEffect("'connectTimeout' beside 'tls' is the limit")),
    ("handshakeTimeout", NoEffect(OF_A_SERVER)),
    ("honorCipherOrder", NoEffect(OF_A_SERVER)),
    ("requestCert", NoEffect(OF_A_SERVER)),
    ("sessionIdContext", NoEffect(OF_A_SERVER)),
    ("sessionTimeout", NoEffect(OF_A_SERVER)),
    ("ticketKeys", NoEffect(OF_A_SERVER)),
    ("SNICallback", NoEffect(OF_A_SERVER)),
    ("pskIdentityHint", NoEffect(OF_A_SERVER)),
    ("isServer", NoEffect(OF_A_SERVER)),
    ("server", NoEffect(OF_A_SERVER)),
];

/// Whether somebody who writes an option of this name means one inside `tls`.
pub(in crate::config) fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|(known, support)| *known == name && !matches!(support, NoEffect(_)))
}

/// Whether an option counts as not given, as an empty text does (of an unknown one it is warned of). In
/// `servername`, Node.js gives it a meaning.
pub(super) fn is_absent(name: &str, value: &Value) -> bool {
    let known = KNOWN.iter().any(|(known, _)| *known == name);
    value.is_null() || (is_empty_text(value) && name != "servername" && known)
}

/// The names inside `tls` that are not refused.
#[cfg(test)]
pub(in crate::config) fn accepted() -> impl Iterator<Item = &'static str> {
    let accepted = KNOWN.iter().filter(|(_, support)| !matches!(support, Refused(_)));
    accepted.map(|(name, _)| *name)
}

/// What becomes of every option inside `tls` by its name: the lines for the log, or the first
/// that is refused.
pub(in crate::config) fn check_support(option: &str, value: &Value) -> Result<Vec<Notice>> {
    let Value::Object(options) = value else { return Ok(Vec::new()) };
    let mut notices = Vec::new();
    for (name, value) in options {
        // `$…` is what JavaScript has to say about the others.
        if is_absent(name, value) || name.starts_with('$') {
            continue;
        }
        match KNOWN.iter().find(|(known, _)| known == name) {
            Some((_, Honoured)) => {}
            Some((_, NoEffect(why))) => notices
                .push(Notice::info(format!("option '{option}.{name}' has no effect here: {why}"))),
            Some((_, Refused(why))) => {
                let given = kind_of(value);
                return Err(Error::option(
                    format!("{option}.{name}"),
                    format!("{why} (given: {given})"),
                ));
            }
            None => notices.push(unknown(option, name)),
        }
    }
    if options.get("rejectUnauthorized").and_then(as_boolean) == Some(false) {
        notices.push(unverified(option));
    }
    Ok(notices)
}

fn unverified(option: &str) -> Notice {
    Notice::warning(format!(
        "'{option}.rejectUnauthorized' is false (or NODE_TLS_REJECT_UNAUTHORIZED is 0): the server's certificate is not checked, so whoever stands between can read and change what is stored; give that certificate as '{option}.ca' instead"
    ))
}

fn unknown(option: &str, name: &str) -> Notice {
    let hint = suggest(name, KNOWN.iter().map(|(known, _)| *known))
        .map(|near| format!("; did you mean '{near}'?"))
        .unwrap_or_default();
    let shown: String = name.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    Notice::warning(format!("unknown option '{option}.{shown}' is ignored{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once_and_is_documented() {
        let document = include_str!("../../../docs/options.md");
        let (_, section) = document.split_once("\n## TLS\n").expect("a section");
        let section = section.split("\n#").next().expect("its text");
        for (index, (name, _)) in KNOWN.iter().enumerate() {
            assert!(section.contains(&format!("`{name}`")), "{name} is not in docs/options.md");
            assert!(KNOWN.iter().skip(index + 1).all(|(other, _)| other != name), "{name}");
        }
    }
}
