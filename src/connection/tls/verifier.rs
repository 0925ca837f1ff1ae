//! The check of the server's certificate.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::certificate::{Certificate, date};
use super::refusal::{Presented, of_certificate};
use crate::config::TlsConfig;
use crate::error::{Error, Result};

/// Checks one server's certificate, once.
#[derive(Debug)]
pub(super) struct Verifier {
    roots: RootCertStore,
    tls: TlsConfig,
    host: String,
    algorithms: WebPkiSupportedAlgorithms,
    /// The chain is good, and JavaScript is to decide about the name.
    undecided: AtomicBool,
    /// Which check failed, in words.
    refusal: Mutex<Option<String>>,
}

impl Verifier {
    /// For the server with this name.
    pub(super) fn new(tls: &TlsConfig, host: &str) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for (index, der) in tls.authorities.iter().enumerate() {
            // Of the many that Node.js brings along, one that can't be used is no loss.
            if roots.add(CertificateDer::from(der.as_slice())).is_err() && !tls.default_authorities
            {
                return Err(Error::option(
                    format!("{}.ca", tls.option),
                    format!("holds a certificate that can't be used, number {}", index + 1),
                ));
            }
        }
        Ok(Self {
            roots,
            tls: tls.clone(),
            host: host.to_owned(),
            algorithms: rustls::crypto::ring::default_provider().signature_verification_algorithms,
            undecided: AtomicBool::new(false),
            refusal: Mutex::default(),
        })
    }

    /// Whether the name is still to be decided about.
    pub(super) fn is_undecided(&self) -> bool {
        self.undecided.load(Ordering::Relaxed)
    }

    /// Which check failed.
    pub(super) fn refusal(&self) -> Option<String> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> std::result::Result<(), rustls::Error> {
        let parsed = ParsedCertificate::try_from(leaf)?;
        let own_authority = self.tls.authorities.iter().any(|trusted| trusted == leaf.as_ref());
        if own_authority {
            check_dates(leaf, now)?;
        } else {
            let all = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &parsed,
                &self.roots,
                intermediates,
                now,
                all,
            )?;
            self.check_authority(leaf, intermediates, now)?;
        }
        if self.tls.custom_identity {
            self.undecided.store(true, Ordering::Relaxed);
            return Ok(());
        }
        match verify_server_name(&parsed, name) {
            Err(_) if matches!(name, ServerName::DnsName(_)) && has_common_name_only(leaf) => {
                self.undecided.store(true, Ordering::Relaxed);
                Ok(())
            }
            result => result,
        }
    }

    /// `webpki` takes a trusted certificate however old it is; Node.js does not.
    fn check_authority(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> std::result::Result<(), rustls::Error> {
        let now_secs = Duration::from_secs(now.as_secs());
        let issuers: Vec<_> = std::iter::once(leaf)
            .chain(intermediates)
            .filter_map(|der| Certificate::read(der))
            .map(|certificate| certificate.issuer)
            .collect();
        let of_chain: Vec<_> = self
            .tls
            .authorities
            .iter()
            .filter_map(|der| Certificate::read(der))
            .filter(|authority| issuers.contains(&authority.subject))
            .collect();
        let is_valid = |authority: &Certificate| {
            (authority.not_before..=authority.not_after).contains(&now_secs)
        };
        match of_chain.first() {
            Some(authority) if !of_chain.iter().any(is_valid) => {
                let (subject, option) = (&authority.subject, self.tls.option);
                let (from, to) = (date(authority.not_before), date(authority.not_after));
                self.refuse(format!(
                    "the certificate of '{subject}' in '{option}.ca' is valid from {from} to {to} only"
                ));
                Err(CertificateError::Expired.into())
            }
            _ => Ok(()),
        }
    }

    fn refuse(&self, problem: String) {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(problem);
    }
}

/// A common name counts where there is no host name in the place that is made for it.
fn has_common_name_only(leaf: &CertificateDer<'_>) -> bool {
    Certificate::read(leaf).is_some_and(|certificate| !certificate.names_a_host)
}

fn check_dates(leaf: &CertificateDer<'_>, now: UnixTime) -> std::result::Result<(), rustls::Error> {
    let certificate = Certificate::read(leaf).ok_or(CertificateError::BadEncoding)?;
    let now_secs = Duration::from_secs(now.as_secs());
    if now_secs < certificate.not_before {
        return Err(CertificateError::NotValidYet.into());
    }
    if now_secs > certificate.not_after {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if self.tls.verify
            && let Err(error) = self.check(leaf, intermediates, name, now)
        {
            let presented = Presented { leaf, intermediates };
            self.refuse(of_certificate(&error, &presented, &self.host, &self.tls));
            return Err(error);
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, leaf, signed, &self.algorithms)
            .inspect_err(|error| self.refuse_signature(leaf, error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signed, &self.algorithms)
            .inspect_err(|error| self.refuse_signature(leaf, error))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl Verifier {
    fn refuse_signature(&self, leaf: &CertificateDer<'_>, error: &rustls::Error) {
        let presented = Presented { leaf, intermediates: &[] };
        self.refuse(of_certificate(error, &presented, &self.host, &self.tls));
    }
}
