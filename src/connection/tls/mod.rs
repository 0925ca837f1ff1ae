//! TLS over a connected stream, with `rustls` and `ring`.
//!
//! What users of Node.js have is taken as Node.js takes it: a self-signed certificate that is
//! its own authority, a certificate with a common name only, no check at all.

mod certificate;
mod client_certificate;
mod client_config;
mod identity;
mod refusal;
mod stream;
mod verifier;

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use self::client_certificate::ClientSide;
use self::stream::SecuredStream;
use self::verifier::Verifier;
use super::activity::Duplex;
use crate::config::TlsConfig;
use crate::error::{Error, Result};

pub(super) use refusal::error_of;

/// Speaks TLS over a connected stream with the server that is known as `host`. Nothing is sent
/// over it before the server's certificate has been checked to the end. The caller limits the
/// time.
pub(super) async fn connect<S: Duplex>(
    stream: S,
    host: &str,
    tls: &TlsConfig,
) -> Result<SecuredStream<S>> {
    let host = expected_name(host, tls);
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Error::Tls {
        problem: format!("'{host}' can't be the name of a server; set '{}.servername'", tls.option),
    })?;
    let client = Arc::new(ClientSide::new(tls)?);
    let verifier = Arc::new(Verifier::new(tls, host)?);
    let config = client_config::build(tls, Arc::clone(&verifier), Arc::clone(&client))?;
    let secured = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let secured = match secured {
        Ok(secured) => secured,
        Err(error) => return Err(in_handshake(&error, &verifier, &client, tls)),
    };
    if verifier.is_undecided() {
        let chain = secured.get_ref().1.peer_certificates().unwrap_or_default();
        let chain = chain.iter().map(|certificate| certificate.to_vec()).collect();
        identity::ask(tls, host, chain).await?;
    }
    Ok(SecuredStream::new(secured, client, tls.option))
}

/// Whether these options can be used at all; the error names the one that can't.
pub fn check_tls(tls: &TlsConfig) -> Result<()> {
    let client = Arc::new(ClientSide::new(tls)?);
    let verifier = Arc::new(Verifier::new(tls, "")?);
    if tls.verify && tls.authorities.is_empty() {
        return Err(Error::option(
            format!("{}.ca", tls.option),
            "holds no certificate, so no server could be trusted",
        ));
    }
    if let Some(name) = &tls.server_name
        && ServerName::try_from(expected_name(name, tls)).is_err()
    {
        let problem = "is neither a host name nor an IP address";
        return Err(Error::option(format!("{}.servername", tls.option), problem));
    }
    client_config::build(tls, verifier, client).map(|_| ())
}

/// The name that the certificate is to be for, without what no certificate holds.
fn expected_name<'n>(host: &'n str, tls: &'n TlsConfig) -> &'n str {
    let host = tls.server_name.as_deref().unwrap_or(host);
    let without_dot = host.strip_suffix('.').unwrap_or(host);
    match without_dot.split_once('%') {
        Some((address, _zone)) => address,
        None => without_dot,
    }
}

fn in_handshake(
    error: &io::Error,
    verifier: &Verifier,
    client: &ClientSide,
    tls: &TlsConfig,
) -> Error {
    if let Some(problem) = verifier.refusal() {
        return Error::Tls { problem };
    }
    if let Some(problem) = refusal::explain(error, client, tls.option) {
        return Error::Tls { problem };
    }
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            "the server closed the connection during the TLS handshake".to_owned()
        }
        _ => error.to_string(),
    };
    Error::Unavailable { reason }
}
