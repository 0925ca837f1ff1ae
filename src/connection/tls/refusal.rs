//! Which check failed, in the words of those who have to mend it.

use std::fmt;
use std::io;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError, Error as RustlsError};

use super::certificate::{Certificate, date};
use super::client_certificate::ClientSide;
use crate::config::TlsConfig;
use crate::error::Error;

/// At most so many names of a certificate are shown.
const NAMES_SHOWN: usize = 8;

/// A refusal on its way through an I/O error.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// The refusal that an I/O error of a TLS stream carries.
pub(in crate::connection) fn error_of(error: &io::Error) -> Option<Error> {
    let refusal = error.get_ref()?.downcast_ref::<Refusal>()?;
    Some(Error::Tls { problem: refusal.0.clone() })
}

/// What a server has shown.
pub(super) struct Presented<'p> {
    pub(super) leaf: &'p CertificateDer<'p>,
    pub(super) intermediates: &'p [CertificateDer<'p>],
}

/// Why the server's certificate is not accepted.
pub(super) fn of_certificate(
    error: &RustlsError,
    presented: &Presented<'_>,
    host: &str,
    tls: &TlsConfig,
) -> String {
    let RustlsError::InvalidCertificate(error) = error else {
        return format!("the server's certificate is refused: {error}");
    };
    let Some(leaf) = Certificate::read(presented.leaf) else {
        return "the server's certificate can't be read".to_owned();
    };
    let option = tls.option;
    if !leaf.is_v3 {
        return "the server's certificate is of the old kind X.509 v1 or v2, which is not supported; issue it anew with a subjectAltName, which makes it v3 (openssl x509 -req … -extfile)".to_owned();
    }
    let in_chain = |at_fault: bool| match at_fault {
        true => "the server's certificate",
        false => "a certificate that the server's depends on",
    };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            let expired = match error {
                CertificateError::ExpiredContext { not_after, .. } => {
                    Duration::from_secs(not_after.as_secs())
                }
                _ => leaf.not_after,
            };
            let whose = in_chain(expired.as_secs() == leaf.not_after.as_secs());
            format!("{whose} expired on {}", date(expired))
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            let begins = match error {
                CertificateError::NotValidYetContext { not_before, .. } => {
                    Duration::from_secs(not_before.as_secs())
                }
                _ => leaf.not_before,
            };
            let whose = in_chain(begins.as_secs() == leaf.not_before.as_secs());
            format!("{whose} is valid only from {} on; is this machine's clock right?", date(begins))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            of_name(error, host, option)
        }
        CertificateError::BadSignature => format!(
            "the server's certificate, or one that it depends on, is not signed by the key of its issuer '{}': '{option}.ca' holds another certificate of the same name",
            missing_issuer(&leaf, presented)
        ),
        // Also what can't be an authority, or is one: nobody vouches for it.
        _ if leaf.issued_by_itself => format!(
            "the server's certificate is self-signed ('{}') and is not in {}; give it as '{option}.ca'",
            leaf.subject,
            trusted(tls)
        ),
        CertificateError::UnknownIssuer => format!(
            "the server's certificate leads to the issuer '{}', which is not in {}; give that issuer's certificate as '{option}.ca'",
            missing_issuer(&leaf, presented),
            trusted(tls)
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the server's certificate is not one for servers (its extendedKeyUsage lacks serverAuth)"
                .to_owned()
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the server's certificate, or one that it depends on, has a signature of a kind that is not supported (RSA of 2048 bits and more, ECDSA over P-256 and P-384, Ed25519, with SHA-256 and more, are)".to_owned()
        }
        other => match other.to_string() {
            words if words.contains("CaUsedAsEndEntity") => "the server's certificate is that of an authority (basicConstraints CA:TRUE); issue one for a server, or give this very certificate as 'ca'".to_owned(),
            words if words.contains("UnsupportedCertVersion") => "a certificate that the server's depends on is of the old kind X.509 v1 or v2, which is not supported".to_owned(),
            words => format!("the server's certificate is refused: {words}"),
        },
    }
}

fn of_name(error: &CertificateError, host: &str, option: &str) -> String {
    let names = match error {
        CertificateError::NotValidForNameContext { presented, .. } => presented.as_slice(),
        _ => &[],
    };
    let kind = match ServerName::try_from(host) {
        Ok(ServerName::IpAddress(_)) => "IP address",
        _ => "name",
    };
    if names.is_empty() {
        return format!(
            "the server's certificate is for no {kind} at all (no subjectAltName), and not for '{host}'; issue it anew with one, or set '{option}.servername' to its common name"
        );
    }
    let mut shown: Vec<_> = names.iter().take(NAMES_SHOWN).map(|name| plain_name(name)).collect();
    if names.len() > NAMES_SHOWN {
        shown.push("…".to_owned());
    }
    format!(
        "the server's certificate is for {}, and not for the {kind} '{host}'; connect by a name that is in it, or set '{option}.servername' to one",
        shown.join(", ")
    )
}

/// `webpki` writes `DnsName("a")` and `IpAddress(1.2.3.4)`.
fn plain_name(presented: &str) -> String {
    let inner = presented.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let visible = inner.unwrap_or(presented).trim_matches('"');
    let visible: String = visible.chars().filter(|c| !c.is_control()).take(100).collect();
    format!("'{visible}'")
}

/// The issuer that nothing of what the server sent leads beyond.
fn missing_issuer(leaf: &Certificate, presented: &Presented<'_>) -> String {
    let sent: Vec<_> =
        presented.intermediates.iter().filter_map(|der| Certificate::read(der)).collect();
    let mut issuer = &leaf.issuer;
    // Not more steps than certificates: they may lead round in a circle.
    for _ in &sent {
        match sent.iter().find(|certificate| certificate.subject == *issuer) {
            Some(next) if !next.issued_by_itself => issuer = &next.issuer,
            _ => break,
        }
    }
    issuer.clone()
}

fn trusted(tls: &TlsConfig) -> String {
    match tls.default_authorities {
        true => "what Node.js trusts by itself".to_owned(),
        false => format!("'{}.ca'", tls.option),
    }
}

/// Why the server would not go on, or we with it; none when it is the line that failed.
pub(super) fn explain(error: &io::Error, client: &ClientSide, option: &str) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<RustlsError>()?;
    Some(match error {
        RustlsError::AlertReceived(alert) => of_alert(*alert, client, option),
        RustlsError::InvalidMessage(_) => format!(
            "what listens there does not speak TLS; use its TLS port, or leave '{option}' out"
        ),
        RustlsError::PeerIncompatible(_) => {
            format!(
                "server and '{option}' have no version, cipher suite or curve of TLS in common ({error})"
            )
        }
        other => other.to_string(),
    })
}

/// What to say when the server ends a connection that it has just accepted.
pub(super) fn unanswered(client: &ClientSide, option: &str) -> Option<String> {
    (client.was_asked() && !client.is_present()).then(|| wants_certificate(option))
}

fn wants_certificate(option: &str) -> String {
    format!("the server wants a certificate of us; set '{option}.cert' and '{option}.key'")
}

fn of_alert(alert: AlertDescription, client: &ClientSide, option: &str) -> String {
    use AlertDescription as Alert;
    let about_ours = matches!(
        alert,
        Alert::CertificateRequired
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
    );
    match alert {
        Alert::CertificateRequired | Alert::NoCertificate => wants_certificate(option),
        // TLS 1.2 has no alert of its own for it.
        Alert::HandshakeFailure if client.was_asked() && !client.is_present() => {
            wants_certificate(option)
        }
        _ if about_ours && client.was_asked() && client.is_present() => {
            format!("the server refused our certificate ('{option}.cert'): {}", words_of(alert))
        }
        Alert::ProtocolVersion => format!(
            "the server speaks none of the versions of TLS that are allowed here (TLS 1.2 and 1.3, as far as '{option}.minVersion' and '{option}.maxVersion' let them)"
        ),
        Alert::HandshakeFailure | Alert::InsufficientSecurity => format!(
            "server and '{option}' have no cipher suite or curve in common (the server's alert: {})",
            words_of(alert)
        ),
        Alert::UnrecognisedName => {
            format!("the server does not know the name it was asked for; set '{option}.servername'")
        }
        Alert::NoApplicationProtocol => {
            format!("the server speaks none of '{option}.ALPNProtocols'")
        }
        _ => format!("the server ended the handshake (its alert: {})", words_of(alert)),
    }
}

fn words_of(alert: AlertDescription) -> String {
    use AlertDescription as Alert;
    match alert {
        Alert::UnknownCA => "it does not know who issued it (unknown CA)".to_owned(),
        Alert::CertificateExpired => "it has expired".to_owned(),
        Alert::CertificateRevoked => "it was revoked".to_owned(),
        Alert::UnsupportedCertificate => {
            "it is not one for clients, or of an unknown kind".to_owned()
        }
        Alert::BadCertificate => "it is malformed or wrongly signed".to_owned(),
        other => format!("{other:?}"),
    }
}
