//! What `rustls` does not tell of a certificate.

use std::time::Duration;

use x509_cert::der::{DateTime, Decode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

/// A certificate, taken apart.
#[derive(Debug)]
pub(super) struct Certificate {
    /// X.509 v3, the only version with names and purposes.
    pub(super) is_v3: bool,
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) issued_by_itself: bool,
    /// Since 1970.
    pub(super) not_before: Duration,
    pub(super) not_after: Duration,
    /// Whether it holds a host name in the place that is made for it.
    pub(super) names_a_host: bool,
}

impl Certificate {
    /// Reads DER; none when it is no certificate.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(der).ok()?.tbs_certificate;
        let names_a_host = match certificate.get::<SubjectAltName>() {
            Ok(Some((_, names))) => {
                names.0.iter().any(|name| matches!(name, GeneralName::DnsName(_)))
            }
            Ok(None) => false,
            // Unreadable names are names: nothing else may stand in for them.
            Err(_) => true,
        };
        Some(Self {
            is_v3: certificate.version == x509_cert::Version::V3,
            subject: written(&certificate.subject),
            issuer: written(&certificate.issuer),
            issued_by_itself: certificate.subject == certificate.issuer,
            not_before: certificate.validity.not_before.to_unix_duration(),
            not_after: certificate.validity.not_after.to_unix_duration(),
            names_a_host,
        })
    }
}

/// A name for a message: short, and of visible characters only.
fn written(name: &Name) -> String {
    let text = name.to_string();
    if text.is_empty() {
        return "nobody".to_owned();
    }
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// A time as a person reads it.
pub(super) fn date(since_1970: Duration) -> String {
    match DateTime::from_unix_duration(Duration::from_secs(since_1970.as_secs())) {
        Ok(date) => date.to_string().replace('T', " ").replace('Z', " UTC"),
        Err(_) => "a date out of reach".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_readable() {
        assert_eq!(date(Duration::from_millis(1_700_000_000_999)), "2023-11-14 22:13:20 UTC");
    }

    #[test]
    fn what_is_no_certificate_is_none() {
        assert!(Certificate::read(b"").is_none());
        assert!(Certificate::read(&[0x30, 0x82, 0xff, 0xff, 0]).is_none());
    }
}
