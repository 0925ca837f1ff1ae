//! What we show of ourselves when the server asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use crate::config::TlsConfig;
use crate::error::{Error, Result};

/// Our certificate, if we have one, and whether the server has asked for it.
#[derive(Debug)]
pub(super) struct ClientSide {
    certified: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl ClientSide {
    /// Takes certificate and key of the options. That they belong together has been found
    /// before; `rustls` would do that only for X.509 v3.
    pub(super) fn new(tls: &TlsConfig) -> Result<Self> {
        let Some(client) = &tls.client else {
            return Ok(Self { certified: None, asked: AtomicBool::new(false) });
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(client.key.reveal().to_vec()));
        let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(|_| {
            Error::option(
                format!("{}.key", tls.option),
                "is of a kind that is not supported: RSA of 2048 to 4096 bits, ECDSA over P-256 or P-384, and Ed25519 are",
            )
        })?;
        let chain = client.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let certified = Some(Arc::new(CertifiedKey::new(chain, key)));
        Ok(Self { certified, asked: AtomicBool::new(false) })
    }

    /// We have a certificate.
    pub(super) fn is_present(&self) -> bool {
        self.certified.is_some()
    }

    /// The server has asked for a certificate.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for ClientSide {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.certified.clone()
    }

    fn has_certs(&self) -> bool {
        self.is_present()
    }
}
