//! The command line of npm: always a vector, never a shell line.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::packages::Wanted;

/// How npm is started.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) first_args: Vec<String>,
    pub(super) install_scripts: Option<bool>,
}

/// What every run has. `--no-workspaces` keeps npm from taking a directory further up for the
/// project; `--loglevel` keeps its words for an error where an environment would silence them.
const COMMON: &[&str] = &[
    "--no-audit",
    "--no-update-notifier",
    "--no-fund",
    "--no-progress",
    "--loglevel=error",
    "--no-workspaces",
];

/// `npm install` of these packages.
pub(super) fn install(program: &Program, packages: &[Wanted]) -> Vec<String> {
    let mut args = vec!["install".to_owned()];
    args.extend(COMMON.iter().map(|arg| (*arg).to_owned()));
    for arg in ["--save", "--save-prod", "--save-exact", "--omit=dev"] {
        args.push(arg.to_owned());
    }
    scripts(program, &mut args);
    args.push("--".to_owned());
    args.extend(packages.iter().map(|wanted| format!("{}@{}", wanted.name, wanted.version)));
    args
}

/// `npm uninstall` of these packages.
pub(super) fn uninstall(program: &Program, names: &[String]) -> Vec<String> {
    let mut args = vec!["uninstall".to_owned()];
    args.extend(COMMON.iter().map(|arg| (*arg).to_owned()));
    for arg in ["--save", "--omit=dev"] {
        args.push(arg.to_owned());
    }
    scripts(program, &mut args);
    args.push("--".to_owned());
    args.extend(names.iter().cloned());
    args
}

fn scripts(program: &Program, args: &mut Vec<String>) {
    if program.install_scripts == Some(false) {
        args.push("--ignore-scripts".to_owned());
    }
}

/// npm with its arguments, in the user directory, with nothing to read and its output taken.
pub(super) fn command(program: &Program, args: &[String], user_dir: &Path) -> Command {
    let mut command = Command::new(&program.path);
    command
        .args(&program.first_args)
        .args(args)
        .current_dir(user_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(misleads) {
            command.env_remove(&name);
        }
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// Whether a variable would turn our run into another one. An `npm start` that Node-RED was
/// started with hands its own options down as `npm_config_*`; those that say where packages come
/// from (registry, proxy, certificates, cache) stay, since they may be all there is.
fn misleads(variable: &str) -> bool {
    const OPTIONS: &[&str] = &[
        "also",
        "before",
        "dev",
        "dry_run",
        "force",
        "foreground_scripts",
        "global",
        "global_style",
        "if_present",
        "include",
        "include_workspace_root",
        "install_links",
        "install_strategy",
        "json",
        "legacy_bundling",
        "local_prefix",
        "location",
        "lockfile_version",
        "long",
        "omit",
        "only",
        "optional",
        "package_lock_only",
        "parseable",
        "prefix",
        "prefer_dedupe",
        "production",
        "save",
        "save_bundle",
        "save_dev",
        "save_exact",
        "save_optional",
        "save_peer",
        "save_prefix",
        "save_prod",
        "shrinkwrap",
        "package_lock",
        "tag",
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
