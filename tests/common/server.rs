//! A real Valkey or Redis server in a directory of its own.

use super::{free_port, temp_dir};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running server; it ends with this value.
pub struct Server {
    child: Option<Child>,
    dir: TempDir,
    args: Vec<String>,
    executable: PathBuf,
    /// The port, on 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// Starts a server without persistence, with these further options.
    pub fn start(args: &[&str]) -> Self {
        Self::start_as(executable(), args)
    }

    /// The same with a server of one kind, e.g. `redis-7`.
    pub fn start_flavour(flavour: &str, args: &[&str]) -> Self {
        Self::start_as(&fetched(&[flavour]), args)
    }

    fn start_as(executable: &Path, args: &[&str]) -> Self {
        Self::start_in(temp_dir(), executable, args)
    }

    fn start_in(dir: TempDir, executable: &Path, args: &[&str]) -> Self {
        let args: Vec<_> = args.iter().map(|arg| (*arg).to_owned()).collect();
        // Another process may take the port between the look and the start.
        for _ in 0..5 {
            let port = free_port();
            if let Some(child) = spawn(executable, dir.path(), port, &args) {
                let executable = executable.to_owned();
                return Self { child: Some(child), dir, args, executable, port };
            }
        }
        panic!("no server came up; its last words: {}", last_words(dir.path()));
    }

    /// Starts a server with a configuration file, which it may rewrite, and further options.
    pub fn start_configured(config: &str, args: &[&str]) -> Self {
        let dir = temp_dir();
        let file = dir.path().join("server.conf");
        std::fs::write(&file, config).unwrap();
        let args = [&[file.to_str().unwrap()], args].concat();
        Self::start_in(dir, executable(), &args)
    }

    /// The value of one of the options it was started with.
    pub fn argument(&self, name: &str) -> &str {
        let at = self.args.iter().position(|arg| arg == name).expect("such an option");
        &self.args[at + 1]
    }

    /// Whether it was not killed.
    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Adds an ACL user by its rules, e.g. `worker on nopass ~nr:* +get`.
    pub fn add_user(&self, rules: &str) {
        let mut command = redis::cmd("ACL");
        command.arg("SETUSER");
        for rule in rules.split(' ') {
            command.arg(rule);
        }
        command.exec(&mut self.admin()).unwrap();
    }

    /// The server's working directory.
    pub fn directory(&self) -> &Path {
        self.dir.path()
    }

    /// Kills the server at once.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A stopped process does not even die of SIGKILL in every system's eyes.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again, empty, on the same port.
    pub fn restart(&mut self) {
        self.kill();
        // Where ports are not held, an outgoing connection may have been given this one meanwhile.
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            self.child = spawn(&self.executable, self.dir.path(), self.port, &self.args);
            if self.child.is_some() {
                return;
            }
            assert!(Instant::now() < deadline, "the server does not come up again");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Starts it again with further options, which win.
    pub fn restart_with(&mut self, args: &[&str]) {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self.restart();
    }

    /// Sends a signal, e.g. `STOP`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("running").id().to_string();
        let sent = Command::new("kill").arg(format!("-{name}")).arg(pid).status().unwrap();
        assert!(sent.success());
    }

    /// A connection of the crate's own, for what the tests do beside what they test.
    pub fn admin(&self) -> redis::Connection {
        self.admin_with("")
    }

    /// The same with log-in, e.g. `:password@`.
    pub fn admin_with(&self, login: &str) -> redis::Connection {
        let url = format!("redis://{login}127.0.0.1:{}", self.port);
        redis::Client::open(url).unwrap().get_connection().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(executable: &Path, dir: &Path, port: u16, args: &[String]) -> Option<Child> {
    let log = std::fs::File::create(dir.join("server.log")).unwrap();
    // A configuration file comes first, or the server takes it for a value.
    let (file, args) = match args.split_first() {
        Some((first, rest)) if !first.starts_with("--") => (Some(first), rest),
        _ => (None, args),
    };
    let mut child = Command::new(executable)
        .current_dir(dir)
        .args(file)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
        .args(args)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(child);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn last_words(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("server.log")).unwrap_or_default()
}

/// `VALKEY_SERVER`, a server on PATH, or the one that the project's script fetches.
fn executable() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        if let Some(path) = std::env::var_os("VALKEY_SERVER") {
            return PathBuf::from(path);
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        for name in ["valkey-server", "redis-server"] {
            if let Some(found) =
                std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
            {
                return found;
            }
        }
        fetched(&[])
    })
}

/// The server that the project's script finds or fetches.
fn fetched(args: &[&str]) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/valkey-server.js");
    let printed = Command::new("node").arg(script).args(args).output().expect("node runs");
    let printed = String::from_utf8(printed.stdout).unwrap();
    let found = printed.lines().last().map(str::trim).unwrap_or_default();
    assert!(Path::new(found).is_file(), "no server: set VALKEY_SERVER ({found})");
    PathBuf::from(found)
}
