//! From the options to the configuration that `rustls` takes.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};

use super::client_certificate::ClientSide;
use super::verifier::Verifier;
use crate::config::TlsConfig;
use crate::error::{Error, Result};

/// The configuration for one connection. The provider is named here: the process-wide one is
/// nobody's to set in a library.
pub(super) fn build(
    tls: &TlsConfig,
    verifier: Arc<Verifier>,
    client: Arc<ClientSide>,
) -> Result<ClientConfig> {
    let provider = provider(tls);
    let versions = versions(tls, &provider);
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&versions)
        .map_err(|_| {
            let option = match tls.cipher_suites {
                Some(_) => format!("{}.ciphers", tls.option),
                None => tls.option.to_owned(),
            };
            Error::option(option, "leaves nothing that the allowed versions of TLS could use")
        })?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(client);
    // A resumed session would be taken without another look at the certificate.
    config.resumption = Resumption::disabled();
    config.enable_sni = tls.send_server_name;
    config.alpn_protocols.clone_from(&tls.application_protocols);
    Ok(config)
}

fn provider(tls: &TlsConfig) -> CryptoProvider {
    let mut provider = default_provider();
    if let Some(names) = &tls.cipher_suites {
        provider.cipher_suites =
            chosen(names, &provider.cipher_suites, |suite| suite.suite().as_str());
    }
    if let Some(names) = &tls.groups {
        provider.kx_groups = chosen(names, &provider.kx_groups, |group| group.name().as_str());
    }
    provider
}

/// Those of `all` that have one of the names, in the order of the names.
fn chosen<T: Copy>(names: &[&str], all: &[T], name_of: impl Fn(&T) -> Option<&str>) -> Vec<T> {
    names
        .iter()
        .filter_map(|name| all.iter().find(|one| name_of(one) == Some(name)).copied())
        .collect()
}

/// The versions that are allowed and have a cipher suite.
fn versions(tls: &TlsConfig, provider: &CryptoProvider) -> Vec<&'static SupportedProtocolVersion> {
    [(&TLS13, tls.tls13), (&TLS12, tls.tls12)]
        .into_iter()
        .filter(|(version, allowed)| {
            let has_suite = |suite: &rustls::SupportedCipherSuite| suite.version() == *version;
            *allowed && provider.cipher_suites.iter().any(has_suite)
        })
        .map(|(version, _)| version)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_the_options_take_is_one_of_the_provider() {
        let all = default_provider();
        for suite in &all.cipher_suites {
            let name = suite.suite().as_str().expect("a name");
            assert_eq!(chosen(&[name], &all.cipher_suites, |one| one.suite().as_str()).len(), 1);
        }
        let mut tls = TlsConfig::new("tls", Vec::new());
        tls.cipher_suites = Some(vec!["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]);
        tls.groups = Some(vec!["secp384r1", "X25519"]);
        let provider = provider(&tls);
        assert_eq!(provider.cipher_suites.len(), 1);
        assert_eq!(provider.kx_groups.len(), 2);
        assert_eq!(versions(&tls, &provider), [&TLS12]);
    }
}
