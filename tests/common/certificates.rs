//! Certificates made with `openssl` at test time.

use super::temp_dir;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A directory full of certificates and keys.
pub struct Certificates {
    dir: TempDir,
}

/// A certificate and its key, as PEM files.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What is asked of a certificate.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'w> {
    /// The common name.
    pub name: &'w str,
    /// Lines of extensions; none makes it X.509 v1.
    pub extensions: Option<&'w str>,
    /// How long it lasts; negative: expired.
    pub days: i32,
}

impl<'w> Wish<'w> {
    /// For a server with these names, e.g. `DNS:localhost,IP:127.0.0.1`.
    pub fn server(san: &'w str) -> Self {
        Self { name: "a server", extensions: Some(san), days: 30 }
    }
}

impl Default for Certificates {
    fn default() -> Self {
        Self { dir: temp_dir() }
    }
}

impl Certificates {
    /// The path of a file in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// An authority of this name.
    pub fn authority(&self, file: &str, name: &str) -> Pair {
        self.own(
            file,
            Wish { name, extensions: Some("basicConstraints=critical,CA:TRUE"), days: 30 },
        )
    }

    /// A certificate that vouches for itself.
    pub fn own(&self, file: &str, wish: Wish<'_>) -> Pair {
        let (pair, request) = self.request(file, wish.name);
        let key = text(&pair.key);
        self.sign(&pair, &request, wish, &["-signkey", &key]);
        pair
    }

    /// A certificate that an authority vouches for.
    pub fn issue(&self, by: &Pair, file: &str, wish: Wish<'_>) -> Pair {
        let (pair, request) = self.request(file, wish.name);
        let (certificate, key) = (text(&by.certificate), text(&by.key));
        self.sign(&pair, &request, wish, &["-CA", &certificate, "-CAkey", &key]);
        pair
    }

    fn request(&self, file: &str, name: &str) -> (Pair, String) {
        let pair = Pair {
            certificate: self.path(&format!("{file}.pem")),
            key: self.path(&format!("{file}.key")),
        };
        let request = text(&self.path(&format!("{file}.csr")));
        let subject = format!("/CN={name}");
        let key = text(&pair.key);
        openssl(&[
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            &subject,
            "-keyout",
            &key,
            "-out",
            &request,
        ]);
        (pair, request)
    }

    fn sign(&self, pair: &Pair, request: &str, wish: Wish<'_>, signer: &[&str]) {
        let (days, out) = (wish.days.to_string(), text(&pair.certificate));
        let serial = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_nanos()
            .to_string();
        let mut args =
            vec!["x509", "-req", "-sha256", "-in", request, "-days", &days, "-out", &out];
        args.extend(["-set_serial", &serial]);
        args.extend(signer);
        let file = text(&self.path("extensions.cnf"));
        if let Some(lines) = wish.extensions {
            let lines = match lines.contains('=') || lines.is_empty() {
                true => lines.to_owned(),
                false => format!("subjectAltName={lines}"),
            };
            let lines = format!("[wish]\nsubjectKeyIdentifier=hash\n{lines}\n");
            std::fs::write(&file, lines).unwrap();
            args.extend(["-extfile", &file, "-extensions", "wish"]);
        }
        openssl(&args);
    }
}

/// The certificates of a PEM file, as DER.
pub fn der(file: &Path) -> Vec<Vec<u8>> {
    let pem = std::fs::read_to_string(file).unwrap();
    let blocks = pem.split("-----BEGIN CERTIFICATE-----").skip(1);
    blocks.map(|block| decode(block.split("-----END").next().unwrap())).collect()
}

/// The key of a PEM file, as PKCS #8.
pub fn key_der(file: &Path) -> Vec<u8> {
    let out = Command::new("openssl")
        .args(["pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in"])
        .arg(file)
        .output()
        .unwrap();
    assert!(out.status.success());
    out.stdout
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine;
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn openssl(args: &[&str]) {
    let out = Command::new("openssl").args(args).output().expect("openssl is installed");
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}
