//! What npm puts out when it fails: the telling lines, fit for a log, and whose failure it is.

use crate::packages::Wanted;

/// The most lines of one failure.
const MOST_LINES: usize = 10;
/// The longest line, in characters.
const LONGEST_LINE: usize = 300;

/// What npm has said of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ErrorOutput {
    /// Its code, e.g. `E404`.
    pub(super) code: Option<String>,
    /// Its telling lines; without secrets, control characters and noise. Never empty.
    pub(super) lines: Vec<String>,
}

/// Whose failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of one package, or not known of which.
    Package,
    /// Of one package or of all: a registry may refuse one name, or everybody.
    Doubtful,
    /// Of every package: the disk, the registry, the network.
    General,
}

/// What a general failure means, for those who don't know the codes.
const MEANINGS: &[(&[&str], &str)] = &[
    (&["ENOSPC", "EDQUOT"], "no space is left on the disk of the user directory"),
    (&["EROFS"], "the user directory or npm's cache is on a read-only disk"),
    (&["EACCES", "EPERM"], "no permission to write in the user directory or npm's cache"),
    (&["EMFILE", "ENFILE"], "too many open files"),
    (&["ENOMEM"], "not enough memory"),
    (
        &[
            "ECONNREFUSED",
            "ECONNRESET",
            "ENOTFOUND",
            "EAI_AGAIN",
            "ETIMEDOUT",
            "EHOSTUNREACH",
            "ENETUNREACH",
            "ERR_SOCKET_TIMEOUT",
            "ENOTCACHED",
            "EIDLETIMEOUT",
        ],
        "the registry can't be reached",
    ),
    (
        &[
            "SELF_SIGNED_CERT_IN_CHAIN",
            "DEPTH_ZERO_SELF_SIGNED_CERT",
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            "UNABLE_TO_GET_ISSUER_CERT",
            "CERT_HAS_EXPIRED",
            "ERR_TLS_CERT_ALTNAME_INVALID",
        ],
        "the registry's certificate is not trusted",
    ),
    (&["EJSONPARSE"], "a JSON file in the user directory is broken"),
    (&["EUSAGE"], "this npm does not know how it is run"),
];
const DOUBTFUL: &[&str] = &["E401", "E403", "E407", "E429", "E500", "E502", "E503", "E504"];

impl ErrorOutput {
    /// Reads what a run has put out.
    pub(super) fn read(output: &str) -> Self {
        let lines: Vec<String> = output.lines().map(plain).collect();
        let said: Vec<&str> = lines.iter().filter_map(|line| said(line)).collect();
        let code = said.iter().find_map(|line| line.strip_prefix("code "));
        let code = code.map(|code| code.trim().to_owned()).filter(|code| {
            (1..60).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_graphic())
        });
        let mut telling: Vec<String> = Vec::new();
        for line in said.iter().filter(|line| !is_noise(line)) {
            add(&mut telling, line);
        }
        if telling.is_empty() {
            // npm itself was not reached: the end of whatever spoke instead.
            let last: Vec<&String> = lines.iter().filter(|line| !is_noise(line.trim())).collect();
            for line in last.iter().skip(last.len().saturating_sub(MOST_LINES / 2)) {
                add(&mut telling, line);
            }
        }
        if telling.is_empty() {
            telling.push("it failed and said nothing".to_owned());
        }
        Self { code, lines: telling }
    }

    pub(super) fn kind(&self) -> Kind {
        match self.code.as_deref() {
            Some(code) if DOUBTFUL.contains(&code) => Kind::Doubtful,
            Some(code) if meaning(code).is_some() => Kind::General,
            _ => Kind::Package,
        }
    }

    /// The lines as one text, what they mean first where that is known.
    pub(super) fn text(&self) -> String {
        let lines = self.lines.join("\n");
        match self.code.as_deref().and_then(meaning) {
            Some(meaning) => format!("{meaning}\n{lines}"),
            None => lines,
        }
    }

    /// Whether the registry has answered, and has no such package or version.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self.code.as_deref(), Some("E404" | "ETARGET" | "ENOVERSIONS"))
    }

    /// The conflict between peer dependencies that npm has refused, if that is what it says.
    pub(super) fn conflict(&self) -> Option<String> {
        (self.code.as_deref() == Some("ERESOLVE")).then(|| self.text())
    }

    /// The package that npm names as the one that can't be had, exactly as it was asked for.
    pub(super) fn culprit<'w>(&self, packages: &'w [Wanted]) -> Option<&'w Wanted> {
        if !self.is_not_found() {
            return None;
        }
        let is_part = |c: char| !c.is_whitespace() && !"'\"".contains(c);
        self.lines
            .iter()
            .flat_map(|line| line.split(|c| !is_part(c)))
            .map(|word| word.trim_end_matches(['.', ',']))
            .find_map(|word| packages.iter().find(|wanted| wanted.spec() == word))
    }

    /// The package in whose folder something failed, e.g. its own script.
    pub(super) fn suspect<'w>(&self, packages: &'w [Wanted]) -> Option<&'w Wanted> {
        let path = self.lines.iter().find_map(|line| line.strip_prefix("path "))?;
        let path = path.replace('\\', "/");
        let (_, name) = path.trim().rsplit_once("/node_modules/")?;
        packages.iter().find(|wanted| wanted.name == name)
    }
}

fn meaning(code: &str) -> Option<&'static str> {
    MEANINGS.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, meaning)| *meaning)
}

fn add(lines: &mut Vec<String>, line: &str) {
    let line = line.trim();
    if lines.len() < MOST_LINES && !line.is_empty() && lines.last().is_none_or(|l| l != line) {
        lines.push(masked(line).chars().take(LONGEST_LINE).collect());
    }
}

/// The rest of a line after `npm error` or, of older ones, `npm ERR!`.
fn said(line: &str) -> Option<&str> {
    ["npm error", "npm ERR!"].iter().find_map(|start| line.strip_prefix(start)).map(str::trim)
}

/// Where the log is, how npm can be used otherwise, and the places in its code.
fn is_noise(line: &str) -> bool {
    const STARTS: &[&str] = &[
        "A complete log of this run",
        "Log files were not written",
        "404 Note that you can also install",
        "404 tarball, folder, http url",
        "Fix the upstream dependency conflict",
        "this command with --force or",
        "to accept an incorrect",
        "For a full report see",
        "notarget In most cases you or one of",
        "notarget a package version that doesn't",
        "at ",
        "errno ",
        "syscall ",
    ];
    let trace =
        line.ends_with('{') || line == "}" || line.ends_with("',") || line.ends_with(".log");
    line.is_empty() || line == "404" || trace || STARTS.iter().any(|start| line.starts_with(start))
}

/// A line without escape sequences and control characters.
fn plain(line: &str) -> String {
    let mut plain = String::new();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                if characters.next_if_eq(&'[').is_some() {
                    while characters.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
                }
            }
            '\t' => plain.push(' '),
            _ if character.is_control() => {}
            // Marks that turn the direction of what follows.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            _ => plain.push(character),
        }
    }
    plain
}

/// A line with everything masked that looks like a credential: in a URL, in an npm option, or as
/// the value of something named so.
fn masked(line: &str) -> String {
    const NAMES: &[&str] = &[
        "_authtoken",
        "_auth",
        "_password",
        "password",
        "passwd",
        "token",
        "secret",
        "authorization",
        "otp",
    ];
    let mut line = mask_urls(line);
    for name in NAMES {
        let mut from = 0;
        // ASCII lower case keeps every byte in its place.
        while let Some(at) = line.to_ascii_lowercase().get(from..).and_then(|l| l.find(name)) {
            let end = from + at + name.len();
            from = end;
            let rest = line.get(end..).unwrap_or_default();
            let value = rest.trim_start_matches(['"', '\'', ' ']);
            let Some(value) = value.strip_prefix(['=', ':']) else { continue };
            let value = value.trim_start_matches(['"', '\'', ' ']);
            let value = ["Bearer ", "Basic "]
                .iter()
                .find_map(|scheme| value.strip_prefix(scheme))
                .unwrap_or(value);
            let start = line.len() - value.len();
            let length = value.find(['"', '\'', ' ', ',', '&', ';']).unwrap_or(value.len());
            if length > 0 {
                line.replace_range(start..start + length, "***");
                from = start + 3;
            }
        }
    }
    line
}

/// Masks `user:password` in `//user:password@host`.
fn mask_urls(line: &str) -> String {
    let mut masked = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("//") {
        masked.push_str(before);
        masked.push_str("//");
        let end = after.find(['/', ' ', '"', '\'', '?', '#']).unwrap_or(after.len());
        let authority = after.get(..end).unwrap_or_default();
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                masked.push_str("***@");
                masked.push_str(host);
            }
            None => masked.push_str(authority),
        }
        rest = after.get(end..).unwrap_or_default();
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests;
