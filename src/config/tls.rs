//! What the options inside `tls` (or `sentinelTLS`) ask for.
//!
//! Certificates and keys come as DER: JavaScript has taken PEM apart and undone passphrases.

mod algorithms;
mod decider;
mod table;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::value::{as_boolean, is_function, kind_of};
use super::{ConnectionConfig, Target};
use crate::{Error, Result};

pub use decider::{Decider, Identity, ServerIdentity};
#[cfg(test)]
pub(super) use table::accepted;
use table::is_absent;
pub(super) use table::{check_support, is_known};

/// How TLS is spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The option that all this stands in, `tls` or `sentinelTLS`.
    pub option: &'static str,
    /// Certificates that are trusted, as DER.
    pub authorities: Vec<Vec<u8>>,
    /// Those are the ones that Node.js brings along.
    pub default_authorities: bool,
    /// What we show of ourselves.
    pub client: Option<ClientCertificate>,
    /// The name that is expected of the server, in place of its host.
    pub server_name: Option<String>,
    /// Whether the server is told which name it is asked for.
    pub send_server_name: bool,
    /// Whether the server's certificate is checked.
    pub verify: bool,
    /// Whether a function of the user's decides about the name.
    pub custom_identity: bool,
    /// Decides about names that `rustls` does not judge.
    pub decider: Option<Decider>,
    /// Whether TLS 1.2 may be spoken.
    pub tls12: bool,
    /// Whether TLS 1.3 may be spoken.
    pub tls13: bool,
    /// Protocols for ALPN.
    pub application_protocols: Vec<Vec<u8>>,
    /// Names of the cipher suites that are allowed, as `rustls` writes them, best first.
    pub cipher_suites: Option<Vec<&'static str>>,
    /// Names of the key exchange groups that are allowed, as `rustls` writes them, best first.
    pub groups: Option<Vec<&'static str>>,
}

/// A certificate with its chain, and the key that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// As DER, our own first.
    pub chain: Vec<Vec<u8>>,
    /// The key.
    pub key: PrivateKey,
}

/// A private key as PKCS #8, which never shows in a debug print.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey(Vec<u8>);

impl PrivateKey {
    /// Wraps a key.
    pub fn new(der: Vec<u8>) -> Self {
        Self(der)
    }

    /// The key itself, for signing alone.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl TlsConfig {
    /// TLS 1.2 and 1.3 with these certificates to trust.
    pub fn new(option: &'static str, authorities: Vec<Vec<u8>>) -> Self {
        Self {
            option,
            authorities,
            default_authorities: false,
            client: None,
            server_name: None,
            send_server_name: true,
            verify: true,
            custom_identity: false,
            decider: None,
            tls12: true,
            tls13: true,
            application_protocols: Vec::new(),
            cipher_suites: None,
            groups: None,
        }
    }

    /// Reads the value of an option; none when it asks for no TLS.
    pub(super) fn read(option: &'static str, value: Option<&Value>) -> Result<Option<Self>> {
        let options = match value {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => match (value, as_boolean(value)) {
                (_, Some(false)) => return Ok(None),
                (_, Some(true)) => &Map::new(),
                (Value::Object(options), None) if !is_function(value) => options,
                (value, None) => {
                    let given = kind_of(value);
                    let problem =
                        format!("must be an object with options of TLS, or true, not {given}");
                    return Err(Error::option(option, problem));
                }
            },
        };
        Inside { option, options }.read().map(Some)
    }
}

impl ConnectionConfig {
    /// Every TLS configuration: that of the servers, and that of the Sentinels.
    pub fn all_tls(&self) -> impl Iterator<Item = &TlsConfig> {
        let sentinel = match &self.target {
            Target::Sentinel(sentinel) => sentinel.tls.as_ref(),
            Target::Direct(_) | Target::Cluster(_) => None,
        };
        self.tls.iter().chain(sentinel)
    }

    /// The same, to complete them.
    pub fn all_tls_mut(&mut self) -> impl Iterator<Item = &mut TlsConfig> {
        let sentinel = match &mut self.target {
            Target::Sentinel(sentinel) => sentinel.tls.as_mut(),
            Target::Direct(_) | Target::Cluster(_) => None,
        };
        self.tls.iter_mut().chain(sentinel)
    }
}

/// The options inside one `tls`.
struct Inside<'v> {
    option: &'static str,
    options: &'v Map<String, Value>,
}

impl<'v> Inside<'v> {
    fn read(&self) -> Result<TlsConfig> {
        let (least, most) = (self.version("minVersion")?, self.version("maxVersion")?);
        let (tls12, tls13) = (least != Some(13), most != Some(12));
        if !tls12 && !tls13 {
            let problem = "is above 'maxVersion'".to_owned();
            return Err(Error::option(format!("{}.minVersion", self.option), problem));
        }
        let (server_name, send_server_name) = match self.text("servername")? {
            // As in Node.js: nothing is sent, and the name is that of the host.
            Some("") => (None, false),
            name => (name.map(str::to_owned), true),
        };
        Ok(TlsConfig {
            authorities: self.buffers("ca", "certificates")?,
            default_authorities: self.options.contains_key("$roots"),
            client: self.client()?,
            server_name,
            send_server_name,
            verify: self.boolean("rejectUnauthorized")?.unwrap_or(true),
            custom_identity: match self.value("checkServerIdentity") {
                None => false,
                Some(value) if is_function(value) => true,
                Some(_) => {
                    return Err(self.wrong("checkServerIdentity", "a function (name, certificate)"));
                }
            },
            tls12,
            tls13,
            application_protocols: self.application_protocols()?,
            cipher_suites: match self.text("ciphers")? {
                None => None,
                Some(list) => algorithms::cipher_suites(list)
                    .map_err(|problem| self.problem("ciphers", &problem))?,
            },
            groups: match self.text("ecdhCurve")? {
                None => None,
                Some(list) => algorithms::groups(list)
                    .map_err(|problem| self.problem("ecdhCurve", &problem))?,
            },
            ..TlsConfig::new(self.option, Vec::new())
        })
    }

    fn value(&self, name: &str) -> Option<&'v Value> {
        self.options.get(name).filter(|value| !is_absent(name, value))
    }

    fn problem(&self, name: &str, problem: &str) -> Error {
        Error::option(format!("{}.{name}", self.option), problem)
    }

    fn wrong(&self, name: &str, allowed: &str) -> Error {
        let given = self.value(name).map_or("nothing", kind_of);
        self.problem(name, &format!("must be {allowed}, not {given}"))
    }

    fn boolean(&self, name: &str) -> Result<Option<bool>> {
        match self.value(name).map(as_boolean) {
            None => Ok(None),
            Some(Some(boolean)) => Ok(Some(boolean)),
            Some(None) => Err(self.wrong(name, "true or false")),
        }
    }

    fn text(&self, name: &str) -> Result<Option<&'v str>> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a string")),
        }
    }

    /// The number after the `TLSv`, without its point.
    fn version(&self, name: &str) -> Result<Option<u8>> {
        match self.text(name)? {
            None => Ok(None),
            Some("TLSv1.2") => Ok(Some(12)),
            Some("TLSv1.3") => Ok(Some(13)),
            Some(old @ ("TLSv1.1" | "TLSv1" | "SSLv3")) => Err(self.problem(
                name,
                &format!(
                    "can't be '{old}': what is older than TLS 1.2 is not safe and not supported; 'TLSv1.2' or 'TLSv1.3'"
                ),
            )),
            Some(_) => Err(self.problem(name, "must be 'TLSv1.2' or 'TLSv1.3'")),
        }
    }

    /// An array of Buffers; empty when there is none.
    fn buffers(&self, name: &str, what: &str) -> Result<Vec<Vec<u8>>> {
        let wrong = || self.wrong(name, &format!("PEM texts or Buffers that hold {what}"));
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                items.iter().map(|item| buffer(item).ok_or_else(wrong)).collect()
            }
            Some(_) => Err(wrong()),
        }
    }

    fn client(&self) -> Result<Option<ClientCertificate>> {
        let chain = self.buffers("cert", "certificates")?;
        let key = match self.value("key") {
            None => None,
            Some(value) => match buffer(value) {
                Some(der) => Some(PrivateKey::new(der)),
                None => return Err(self.wrong("key", "a PEM text or Buffer that holds a key")),
            },
        };
        match (chain.is_empty(), key) {
            (true, None) => Ok(None),
            (false, Some(key)) => Ok(Some(ClientCertificate { chain, key })),
            (true, Some(_)) => Err(self.problem("key", "is of no use without 'cert'")),
            (false, None) => Err(self.problem("cert", "is of no use without 'key'")),
        }
    }

    fn application_protocols(&self) -> Result<Vec<Vec<u8>>> {
        let protocols = self.buffers("ALPNProtocols", "names of protocols")?;
        if protocols.iter().any(|name| name.is_empty() || name.len() > 255) {
            let problem = "must hold names of 1 to 255 bytes";
            return Err(self.problem("ALPNProtocols", problem));
        }
        Ok(protocols)
    }
}

/// The bytes of a Buffer.
fn buffer(value: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(value.get("$buffer")?.as_str()?).ok()
}

#[cfg(test)]
mod tests;
