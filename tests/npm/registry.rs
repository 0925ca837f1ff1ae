//! A package registry on this machine, as much of one as npm needs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

/// A registry that serves until the test process ends.
pub(crate) struct Registry {
    address: SocketAddr,
    shelves: Arc<Mutex<Shelves>>,
}

#[derive(Default)]
struct Shelves {
    packages: BTreeMap<String, BTreeMap<String, (Value, Vec<u8>)>>,
    /// Packages whose archive can't be had.
    without_archive: BTreeSet<String>,
    /// Names that are refused with this status.
    refused: BTreeMap<String, u16>,
    /// Answers nothing any more.
    hangs: bool,
}

impl Registry {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shelves = Arc::new(Mutex::new(Shelves::default()));
        let served = Arc::clone(&shelves);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shelves = Arc::clone(&served);
                thread::spawn(move || serve(stream, address, &shelves));
            }
        });
        Self { address, shelves }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Publishes a package with some files; `more` is added to its package.json.
    pub(crate) fn publish(&self, name: &str, version: &str, more: Value) {
        let mut package = json!({ "name": name, "version": version });
        for (key, value) in more.as_object().unwrap() {
            package[key] = value.clone();
        }
        let archive = archive(name, version, &package);
        let mut shelves = self.shelves.lock().unwrap();
        let versions = shelves.packages.entry(name.to_owned()).or_default();
        versions.insert(version.to_owned(), (package, archive));
    }

    pub(crate) fn lose_archive(&self, name: &str) {
        self.shelves.lock().unwrap().without_archive.insert(name.to_owned());
    }

    pub(crate) fn refuse(&self, name: &str, status: u16) {
        self.shelves.lock().unwrap().refused.insert(name.to_owned(), status);
    }

    pub(crate) fn hang(&self, hangs: bool) {
        self.shelves.lock().unwrap().hangs = hangs;
    }
}

fn serve(stream: TcpStream, address: SocketAddr, shelves: &Mutex<Shelves>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                break;
            }
        }
        let path = first.split(' ').nth(1).unwrap_or("/").replace("%2f", "/").replace("%2F", "/");
        let (status, body) = {
            let shelves = shelves.lock().unwrap();
            if shelves.hangs {
                drop(shelves);
                thread::park();
                return;
            }
            answer(&path, address, &shelves)
        };
        let head = format!(
            "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(&body)).is_err() {
            return;
        }
    }
}

fn answer(path: &str, address: SocketAddr, shelves: &Shelves) -> (u16, Vec<u8>) {
    let missing = || (404, br#"{"error":"not found"}"#.to_vec());
    let path = path.trim_start_matches('/');
    if let Some((name, version)) = path.split_once("/-/") {
        let archive = shelves.packages.get(name).and_then(|versions| versions.get(version));
        return match archive {
            Some((_, archive)) if !shelves.without_archive.contains(name) => (200, archive.clone()),
            _ => missing(),
        };
    }
    if let Some(status) = shelves.refused.get(path) {
        return (*status, br#"{"error":"refused"}"#.to_vec());
    }
    let Some(packages) = shelves.packages.get(path) else { return missing() };
    let mut versions = serde_json::Map::new();
    for (version, (package, archive)) in packages {
        let mut package = package.clone();
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha512::digest(archive));
        package["dist"] = json!({
            "tarball": format!("http://{address}/{path}/-/{version}"),
            "integrity": format!("sha512-{hash}"),
        });
        if package["scripts"]["install"].is_string() {
            package["hasInstallScript"] = true.into();
        }
        versions.insert(version.clone(), package);
    }
    let latest = packages.keys().last();
    let all = json!({ "name": path, "dist-tags": { "latest": latest }, "versions": versions });
    (200, all.to_string().into_bytes())
}

/// An archive as npm packs it.
fn archive(name: &str, version: &str, package: &Value) -> Vec<u8> {
    let mut tar = Vec::new();
    add(&mut tar, "package.json", package.to_string().as_bytes());
    add(&mut tar, "cli.js", b"#!/usr/bin/env node\n");
    for number in 0..30 {
        let text = format!("// {name} {version} {number}\n{}", "x".repeat(2000));
        add(&mut tar, &format!("lib/{number}.js"), text.as_bytes());
    }
    tar.extend([0; 1024]);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&tar).unwrap();
    encoder.finish().unwrap()
}

fn add(tar: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut header = [0_u8; 512];
    let mut put =
        |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, &format!("package/{name}"));
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{:011o}\0", content.len()));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\0");
    put(263, "00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar.extend(header);
    tar.extend(content);
    tar.extend(std::iter::repeat_n(0, (512 - content.len() % 512) % 512));
}
