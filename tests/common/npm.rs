//! User directories with an npm that does what the test says (`fake_npm.js`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use node_red_storage_valkey::role::packages::{HostInfo, NpmCommand};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A user directory, and beside it the folder that its npm is controlled with.
pub struct UserDir(TempDir);

/// One run of npm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// `install` or `uninstall`.
    pub verb: String,
    /// What stands after `--`.
    pub packages: Vec<String>,
    /// When it began, in ms since 1970.
    pub began: u64,
    /// When it ended; `None` while it goes on, and when it was killed.
    pub ended: Option<u64>,
}

impl UserDir {
    /// An empty directory.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("user")).unwrap();
        fs::create_dir(dir.path().join("npm")).unwrap();
        Self(dir)
    }

    /// A directory with these packages.
    pub fn with(packages: &[(&str, &str)]) -> Self {
        let dir = Self::new();
        for (name, version) in packages {
            dir.put(name, version);
        }
        dir
    }

    /// The user directory.
    pub fn path(&self) -> PathBuf {
        self.0.path().join("user")
    }

    /// What the core is told of npm here.
    pub fn host_info(&self) -> HostInfo {
        self.host_info_with(json!({}))
    }

    /// The same with further entries, e.g. `{"denyList": ["a"]}`.
    pub fn host_info_with(&self, further: Value) -> HostInfo {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/fake_npm.js");
        let args = [script, self.control("")].map(|path| path.to_str().unwrap().to_owned());
        let names = |member: &str| -> Option<Vec<String>> {
            let names = further[member].as_array()?;
            Some(names.iter().map(|name| name.as_str().unwrap().to_owned()).collect())
        };
        HostInfo {
            npm: NpmCommand { program: "node".into(), args: args.into() },
            allow_list: names("allowList"),
            deny_list: names("denyList"),
            excluded: names("excluded").unwrap_or_default().into_iter().collect(),
            run_grace: further["runGrace"].as_u64().map(Duration::from_millis),
        }
    }

    /// Names that the registry does not know from here on.
    pub fn lacks(&self, names: &[&str]) {
        fs::write(self.control("missing"), names.join("\n")).unwrap();
    }

    /// The scripts of these fail from here on.
    pub fn cant_build(&self, names: &[&str]) {
        fs::write(self.control("unbuilt"), names.join("\n")).unwrap();
    }

    /// Every run fails with these words from here on.
    pub fn breaks(&self, words: &str) {
        fs::write(self.control("broken"), words).unwrap();
    }

    /// Every run without `--legacy-peer-deps` fails with these words from here on.
    pub fn conflicts(&self, words: &str) {
        fs::write(self.control("conflict"), words).unwrap();
    }

    /// Runs succeed again.
    pub fn mends(&self) {
        fs::remove_file(self.control("broken")).unwrap();
    }

    /// npm does nothing, and does not end, until [`Self::goes_on`].
    pub fn hangs(&self) {
        fs::write(self.control("hold"), "").unwrap();
    }

    /// npm does everything, and does not end, until [`Self::goes_on`].
    pub fn hangs_at_its_end(&self) {
        fs::write(self.control("hold-after"), "").unwrap();
    }

    /// npm that hangs goes on.
    pub fn goes_on(&self) {
        for name in ["hold", "hold-after"] {
            let _ = fs::remove_file(self.control(name));
        }
    }

    /// All runs so far, in the order in which they began. Fails if two went on at a time.
    pub fn runs(&self) -> Vec<Run> {
        let mut runs = Vec::<Run>::new();
        let mut going_on = None;
        for line in fs::read_to_string(self.control("log")).unwrap_or_default().lines() {
            // The last line may be written now.
            let Ok(entry) = serde_json::from_str::<Value>(line) else { break };
            let time = entry["time"].as_u64().unwrap();
            if entry["at"] == "begin" {
                let alive = going_on.is_some_and(is_alive);
                assert!(!alive, "two at a time: {runs:?}, {entry}");
                going_on = entry["pid"].as_u64();
                let packages = serde_json::from_value(entry["packages"].clone()).unwrap();
                let verb = entry["verb"].as_str().unwrap().to_owned();
                runs.push(Run { verb, packages, began: time, ended: None });
            } else {
                assert_eq!(going_on.take(), entry["pid"].as_u64(), "two at a time: {runs:?}");
                runs.last_mut().unwrap().ended = Some(time);
            }
        }
        runs
    }

    /// Whether the process of the last run lives.
    pub fn is_running(&self) -> bool {
        let log = fs::read_to_string(self.control("log")).unwrap_or_default();
        let pid = log.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok());
        pid.and_then(|entry| entry["pid"].as_u64()).is_some_and(is_alive)
    }

    /// All runs so far as `install a@1.0.0 b@1.0.0`.
    pub fn said(&self) -> Vec<String> {
        let said = |run: &Run| format!("{} {}", run.verb, run.packages.join(" "));
        self.runs().iter().map(said).collect()
    }

    /// The flags of the run with this number.
    pub fn flags(&self, number: usize) -> Vec<String> {
        let log = fs::read_to_string(self.control("log")).unwrap();
        let begins = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let begin = begins.filter(|entry| entry["at"] == "begin").nth(number).unwrap();
        serde_json::from_value(begin["flags"].clone()).unwrap()
    }

    /// What is in node_modules: name and version.
    pub fn installed(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for folder in packages_in(&self.path().join("node_modules")) {
            let text = fs::read_to_string(folder.join("package.json")).unwrap_or_default();
            if let Ok(package) = serde_json::from_str::<Value>(&text) {
                let text = |field: &str| package[field].as_str().unwrap().to_owned();
                found.insert(text("name"), text("version"));
            }
        }
        found
    }

    /// Whether exactly these are in node_modules, e.g. `a@1.0.0 b@2.0.0`, sorted by name.
    pub fn holds(&self, packages: &str) -> bool {
        let found: Vec<String> =
            self.installed().iter().map(|(name, version)| format!("{name}@{version}")).collect();
        found.join(" ") == packages
    }

    /// The dependencies in package.json.
    pub fn declared(&self) -> Value {
        let text = fs::read_to_string(self.path().join("package.json")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["dependencies"].clone()
    }

    /// Puts a package into node_modules and package.json, as npm would.
    pub fn put(&self, name: &str, version: &str) {
        self.put_declared(name, version, version);
    }

    /// The same, with what package.json says of it.
    pub fn put_declared(&self, name: &str, version: &str, declared: &str) {
        let folder = self.path().join("node_modules").join(name);
        fs::create_dir_all(&folder).unwrap();
        let package = json!({ "name": name, "version": version });
        fs::write(folder.join("package.json"), package.to_string()).unwrap();
        let file = self.path().join("package.json");
        let text = fs::read_to_string(&file).unwrap_or_else(|_| "{}".to_owned());
        let mut package: Value = serde_json::from_str(&text).unwrap();
        package["dependencies"][name] = declared.into();
        fs::write(file, package.to_string()).unwrap();
    }

    /// Takes a package out of node_modules and package.json, as npm would.
    pub fn take(&self, name: &str) {
        self.lose(name);
        let file = self.path().join("package.json");
        let mut package: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        package["dependencies"].as_object_mut().unwrap().remove(name);
        fs::write(file, package.to_string()).unwrap();
    }

    /// Takes its folder away, and leaves package.json as it is.
    pub fn lose(&self, name: &str) {
        let _ = fs::remove_dir_all(self.path().join("node_modules").join(name));
    }

    fn control(&self, name: &str) -> PathBuf {
        self.0.path().join("npm").join(name)
    }
}

impl Drop for UserDir {
    fn drop(&mut self) {
        // Or a run that nobody waits for any more would hang forever.
        self.goes_on();
    }
}

/// The folders of all packages, those with a scope as well.
fn packages_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let in_scope = |path: PathBuf| match path.file_name().unwrap().to_string_lossy().as_bytes() {
        [b'@', ..] => packages_in(&path),
        [b'.', ..] => Vec::new(),
        _ => vec![path],
    };
    entries.flat_map(in_scope).collect()
}

/// Whether a process has not ended; one that nobody has waited for yet counts as ended.
fn is_alive(pid: u64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.starts_with(" Z"))
}
