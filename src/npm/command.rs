//! The command line of npm: always a vector, never a shell line.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How npm is started.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) first_args: Vec<String>,
    pub(super) install_scripts: Option<bool>,
}

impl Program {
    /// Why it could not be started, for a log.
    pub(super) fn not_started(&self, error: &io::Error) -> String {
        let path = self.path.display();
        match error.kind() {
            io::ErrorKind::NotFound => {
                format!("'{path}' was not found; packages can't be installed without npm")
            }
            io::ErrorKind::ArgumentListTooLong => {
                "too many packages for one command line".to_owned()
            }
            _ => format!("'{path}' can't be run: {error}"),
        }
    }
}

/// What every run has. `--loglevel` keeps npm's words for an error where an environment would
/// silence them.
const COMMON: &[&str] =
    &["--no-audit", "--no-update-notifier", "--no-fund", "--no-progress", "--loglevel=error"];

/// What an installation has besides. `--save-prod` takes a package that was a development or
/// optional dependency over among the others; `--omit=dev` would leave it out otherwise. There is
/// no `--engine-strict`: what runs on the admin is not kept out here for what a package says of
/// versions; who wants it has it in `.npmrc`.
const INSTALL: &[&str] = &["--save", "--save-prod", "--save-exact", "--omit=dev"];
const UNINSTALL: &[&str] = &["--save", "--omit=dev"];

/// `npm install` of packages, each as `name@version`.
pub(super) fn install(program: &Program, specs: &[String]) -> Vec<String> {
    arguments(program, "install", INSTALL, specs)
}

/// `npm uninstall` of packages.
pub(super) fn uninstall(program: &Program, names: &[String]) -> Vec<String> {
    arguments(program, "uninstall", UNINSTALL, names)
}

/// The same run, with conflicts between peer dependencies left as they are.
pub(super) fn with_conflicts(args: &[String]) -> Vec<String> {
    let (verb, rest) = args.split_at(args.len().min(1));
    [verb, &["--legacy-peer-deps".to_owned()], rest].concat()
}

/// How much of one command line packages may take up; Windows has little room.
const ROOM: usize = if cfg!(windows) { 7000 } else { 500_000 };

/// Splits packages into as few parts as fit on a command line.
pub(super) fn portions<P>(packages: &[P], length: impl Fn(&P) -> usize) -> Vec<&[P]> {
    let mut portions = Vec::new();
    let (mut rest, mut taken, mut used) = (packages, 0, 0);
    while let Some(package) = rest.get(taken) {
        used += length(package) + 3;
        if used > ROOM && taken > 0 {
            let (portion, others) = rest.split_at(taken);
            portions.push(portion);
            (rest, taken, used) = (others, 0, 0);
        } else {
            taken += 1;
        }
    }
    if !rest.is_empty() {
        portions.push(rest);
    }
    portions
}

fn arguments(program: &Program, command: &str, own: &[&str], packages: &[String]) -> Vec<String> {
    let scripts = match program.install_scripts {
        Some(false) => &["--ignore-scripts"][..],
        _ => &[],
    };
    let fixed = [&[command], COMMON, own, scripts, &["--"]].concat();
    let fixed = fixed.into_iter().map(str::to_owned);
    fixed.chain(packages.iter().cloned()).collect()
}

/// npm with its arguments, in the user directory, with nothing to read and its output taken.
pub(super) fn command(program: &Program, args: &[String], user_dir: &Path) -> Command {
    let mut command = Command::new(&program.path);
    command
        .args(&program.first_args)
        .args(args.iter().take(1))
        .args(stay(user_dir))
        .args(args.iter().skip(1))
        .current_dir(user_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(misleads) {
            command.env_remove(&name);
        }
    }
    command
}

/// What keeps npm in the user directory when that could be a workspace of a project further up,
/// which npm would change instead. Only then: with `--prefix` it does not read its global
/// configuration, and with `--no-workspaces` it does not remove what nothing needs any more.
fn stay(user_dir: &Path) -> Option<OsString> {
    let has_workspaces = |folder: &Path| {
        let text = std::fs::read_to_string(folder.join("package.json")).unwrap_or_default();
        text.contains("\"workspaces\"")
    };
    let absolute = std::path::absolute(user_dir).ok()?;
    let above = absolute.ancestors().skip(1).any(has_workspaces);
    above.then(|| [OsStr::new("--prefix="), absolute.as_os_str()].into_iter().collect())
}

/// Whether a variable would turn our run into another one. An `npm start` that Node-RED was
/// started with hands its own options down as `npm_config_*`; those that say where packages come
/// from and what is trusted (registry, proxy, certificates, cache, age) stay: they may be all there
/// is of the user's configuration.
fn misleads(variable: &str) -> bool {
    const OPTIONS: &[&str] = &[
        "also",
        "dev",
        "dry_run",
        "foreground_scripts",
        "global",
        "include",
        "include_workspace_root",
        "json",
        "local_prefix",
        "location",
        "long",
        "omit",
        "only",
        "package_lock_only",
        "parseable",
        "production",
        "save",
        "save_bundle",
        "save_dev",
        "save_exact",
        "save_optional",
        "save_peer",
        "save_prefix",
        "save_prod",
        "workspace",
        "workspaces",
    ];
    let name = variable.to_ascii_lowercase().replace('-', "_");
    match name.strip_prefix("npm_config_") {
        Some(option) => OPTIONS.contains(&option.trim_start_matches('_')),
        None => {
            name.starts_with("npm_lifecycle_")
                || name.starts_with("npm_package_")
                || matches!(name.as_str(), "npm_command" | "init_cwd" | "node_channel_fd")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(install_scripts: Option<bool>) -> Program {
        Program { path: "npm".into(), first_args: vec!["first".to_owned()], install_scripts }
    }

    fn line(command: &Command) -> Vec<&str> {
        command.get_args().map(|arg| arg.to_str().unwrap()).collect()
    }

    #[test]
    fn packages_come_after_everything_that_is_an_option() {
        let packages = ["a@>=1 <2".to_owned(), "@s/b@1.0.0".to_owned()];
        for (scripts, ignored) in [(None, false), (Some(true), false), (Some(false), true)] {
            let args = install(&program(scripts), &packages);
            let end = args.iter().position(|arg| arg == "--").unwrap();
            assert_eq!(args[0], "install");
            assert_eq!(args[end + 1..], packages);
            for option in ["--save-exact", "--omit=dev", "--no-audit"] {
                assert!(args[..end].contains(&option.to_owned()), "{option}");
            }
            assert_eq!(args.contains(&"--ignore-scripts".to_owned()), ignored);
        }
        let args = uninstall(&program(Some(false)), &packages);
        assert_eq!(args[0], "uninstall");
        assert!(
            args.contains(&"--save".to_owned()) && args.contains(&"--ignore-scripts".to_owned())
        );
    }

    #[test]
    fn a_conflict_is_left_by_an_option_of_npm() {
        let args = install(&program(None), &["a@1.0.0".to_owned()]);
        let again = with_conflicts(&args);
        assert_eq!(again[..2], ["install", "--legacy-peer-deps"]);
        assert_eq!(again[2..], args[1..]);
    }

    #[test]
    fn it_runs_in_the_user_directory_and_not_above() {
        let above = tempfile::tempdir().unwrap();
        let user_dir = above.path().join("user");
        std::fs::create_dir(&user_dir).unwrap();
        let args = install(&program(None), &["a@1.0.0".to_owned()]);
        let plain = command(&program(None), &args, &user_dir);
        assert_eq!(plain.get_current_dir(), Some(user_dir.as_path()));
        assert_eq!(line(&plain)[..2], ["first", "install"]);
        assert!(!line(&plain).iter().any(|arg| arg.starts_with("--prefix")));
        std::fs::write(above.path().join("package.json"), r#"{"workspaces":["user"]}"#).unwrap();
        let led = command(&program(None), &args, &user_dir);
        let prefix = format!("--prefix={}", user_dir.display());
        assert_eq!(line(&led)[..3], ["first", "install", &prefix]);
    }

    #[test]
    fn variables_that_mislead_are_told_from_those_that_configure() {
        for name in [
            "npm_config_global",
            "NPM_CONFIG_LOCATION",
            "npm_config_dry-run",
            "npm_config_save_dev",
            "npm_config_omit",
            "npm_lifecycle_event",
            "npm_package_json",
            "INIT_CWD",
            "NODE_CHANNEL_FD",
        ] {
            assert!(misleads(name), "{name}");
        }
        for name in [
            "npm_config_registry",
            "NPM_CONFIG_USERCONFIG",
            "npm_config_prefix",
            "npm_config_cache",
            "npm_config_ignore_scripts",
            "npm_config_//host/:_authToken",
            "NODE_EXTRA_CA_CERTS",
            "PATH",
            "HTTPS_PROXY",
        ] {
            assert!(!misleads(name), "{name}");
        }
    }

    #[test]
    fn a_command_line_is_never_too_long() {
        let names: Vec<String> = (0..10).map(|n| format!("{n}{}", "a".repeat(ROOM / 3))).collect();
        let parts = portions(&names, String::len);
        assert!(parts.len() >= 5 && parts.iter().all(|part| (1..=2).contains(&part.len())));
        assert_eq!(parts.concat(), names);
        assert!(portions(&[] as &[String], String::len).is_empty());
        let long = ["a".repeat(ROOM * 2)];
        assert_eq!(portions(&long, String::len).len(), 1);
    }

    #[test]
    fn why_it_did_not_start_is_told() {
        let told = |kind: io::ErrorKind| program(None).not_started(&kind.into());
        assert!(told(io::ErrorKind::NotFound).starts_with("'npm' was not found"));
        assert!(told(io::ErrorKind::PermissionDenied).starts_with("'npm' can't be run"));
    }
}
