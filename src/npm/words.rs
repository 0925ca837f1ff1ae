//! What npm says when it fails: the telling lines, fit for a log, and whose failure it is.

/// The most lines of one failure.
const MOST_LINES: usize = 10;
/// The longest line, in characters.
const LONGEST_LINE: usize = 300;

/// Whose failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of one package, or not known of which.
    Package,
    /// Of every package: the disk, the registry, the network.
    General,
}

/// npm's own words, shortened and without secrets.
pub(super) fn words(output: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in output.lines() {
        let line = masked(&plain(line));
        let Some(said) = said(&line) else { continue };
        if said.is_empty() || is_noise(said) || lines.last().is_some_and(|last| last == said) {
            continue;
        }
        lines.push(said.chars().take(LONGEST_LINE).collect());
        if lines.len() == MOST_LINES {
            break;
        }
    }
    lines
}

/// What kind of failure the output tells of.
pub(super) fn kind(output: &str) -> Kind {
    const GENERAL: &[&str] = &[
        "ENOSPC",
        "EDQUOT",
        "EROFS",
        "EACCES",
        "EPERM",
        "EMFILE",
        "ENFILE",
        "ENOMEM",
        "ECONNREFUSED",
        "ECONNRESET",
        "ENOTFOUND",
        "EAI_AGAIN",
        "ETIMEDOUT",
        "EHOSTUNREACH",
        "ENETUNREACH",
        "ERR_SOCKET_TIMEOUT",
        "E401",
        "E403",
        "E407",
        "E500",
        "E502",
        "E503",
        "E504",
        "E429",
        "EJSONPARSE",
        "EUSAGE",
        "EINVALIDAUTH",
        "ENEEDAUTH",
        "SELF_SIGNED_CERT_IN_CHAIN",
        "DEPTH_ZERO_SELF_SIGNED_CERT",
        "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        "CERT_HAS_EXPIRED",
        "ERR_TLS_CERT_ALTNAME_INVALID",
    ];
    match code(output) {
        Some(code) if GENERAL.contains(&code.as_str()) => Kind::General,
        _ => Kind::Package,
    }
}

/// npm's code of the failure, e.g. `E404`.
pub(super) fn code(output: &str) -> Option<String> {
    output.lines().find_map(|line| {
        let line = plain(line);
        let code = said(&line)?.strip_prefix("code ")?.trim();
        (!code.is_empty() && code.len() < 60).then(|| code.to_owned())
    })
}

/// The rest of a line after `npm error` or, of older ones, `npm ERR!`.
fn said(line: &str) -> Option<&str> {
    ["npm error", "npm ERR!"].iter().find_map(|start| line.strip_prefix(start)).map(str::trim)
}

fn is_noise(line: &str) -> bool {
    ["A complete log of this run", "Log files were not written", "You can rerun the command"]
        .iter()
        .any(|noise| line.starts_with(noise))
        || line.ends_with("-debug-0.log")
        || line.ends_with("-debug.log")
}

/// A line without escape sequences and control characters.
fn plain(line: &str) -> String {
    let mut plain = String::new();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            if characters.next_if_eq(&'[').is_some() {
                while characters.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
            }
        } else if !character.is_control() {
            plain.push(character);
        } else if character == '\t' {
            plain.push(' ');
        }
    }
    plain
}

/// A line with everything that looks like a credential masked.
fn masked(line: &str) -> String {
    line.to_owned()
}
