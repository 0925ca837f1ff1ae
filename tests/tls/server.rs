//! A server that speaks TLS beside plain text, and may change its certificate.

use std::net::TcpListener;

use super::common::certificates::Pair;
use super::common::server::Server;

/// The only prebuilt server that has TLS in it.
const FLAVOUR: &str = "redis-7";

/// A server with a certificate; its plain port is for the tests themselves.
pub(crate) struct TlsServer {
    pub(crate) plain: Server,
    pub(crate) port: u16,
}

impl TlsServer {
    /// Asks nobody for a certificate.
    pub(crate) fn start(own: &Pair) -> Self {
        Self::start_with(own, &["--tls-auth-clients", "no"])
    }

    /// Accepts clients only with a certificate of this authority.
    pub(crate) fn mutual(own: &Pair, clients: &Pair, args: &[&str]) -> Self {
        let authority = clients.certificate.to_str().unwrap();
        let mut all = vec!["--tls-auth-clients", "yes", "--tls-ca-cert-file", authority];
        all.extend(args);
        Self::start_with(own, &all)
    }

    /// With these further options.
    pub(crate) fn start_with(own: &Pair, args: &[&str]) -> Self {
        // Bound until the last moment; what takes it in between is a failed test, not a wrong one.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (port, certificate, key) =
            (free.to_string(), own.certificate.to_str().unwrap(), own.key.to_str().unwrap());
        let mut all = vec!["--tls-port", &port, "--tls-cert-file", certificate];
        all.extend(["--tls-key-file", key]);
        // Without clients' certificates the server wants to know their authority all the same.
        if !args.contains(&"--tls-ca-cert-file") {
            all.extend(["--tls-ca-cert-file", certificate]);
        }
        all.extend(args);
        Self { plain: Server::start_flavour(FLAVOUR, &all), port: free }
    }

    /// Replaces the certificate while the server runs.
    pub(crate) fn use_certificate(&self, own: &Pair) {
        redis::cmd("CONFIG")
            .arg("SET")
            .arg("tls-cert-file")
            .arg(own.certificate.to_str().unwrap())
            .arg("tls-key-file")
            .arg(own.key.to_str().unwrap())
            .exec(&mut self.plain.admin())
            .unwrap();
    }
}
