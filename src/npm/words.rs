//! What npm says when it fails: the telling lines, fit for a log, and whose failure it is.

use crate::packages::Wanted;

/// The most lines of one failure.
const MOST_LINES: usize = 10;
/// The longest line, in characters.
const LONGEST_LINE: usize = 300;

/// What npm has said of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
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

impl Words {
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packages(specs: &[&str]) -> Vec<Wanted> {
        let split = |spec: &&str| {
            let (name, version) = spec.rsplit_once('@').unwrap();
            Wanted { name: name.to_owned(), version: version.to_owned(), from: None }
        };
        specs.iter().map(split).collect()
    }

    const MISSING: &str = "npm error code E404\nnpm error 404 Not Found - GET http://r/nope - not found\nnpm error 404\nnpm error 404  The requested resource 'nope@1.0.0' could not be found or you do not have permission to access it.\nnpm error 404\nnpm error 404 Note that you can also install from a\nnpm error 404 tarball, folder, http url, or git url.\nnpm error A complete log of this run can be found in: /home/x/.npm/_logs/2026-debug-0.log\n";
    const OLD: &str = "npm ERR! code ETARGET\nnpm ERR! notarget No matching version found for @s/a@9.0.0.\nnpm ERR! notarget In most cases you or one of your dependencies are requesting\nnpm ERR! notarget a package version that doesn't exist.\n\nnpm ERR! A complete log of this run can be found in:\nnpm ERR!     /root/.npm/_logs/2021-debug.log\n";
    const REFUSED: &str = "npm error code ECONNREFUSED\nnpm error syscall connect\nnpm error errno ECONNREFUSED\nnpm error FetchError: request to http://127.0.0.1:1/p failed, reason: connect ECONNREFUSED 127.0.0.1:1\nnpm error     at ClientRequest.<anonymous> (/usr/lib/x.js:130:14)\nnpm error   code: 'ECONNREFUSED',\nnpm error   port: 1,\nnpm error }\nnpm error\nnpm error If you are behind a proxy, please make sure that the 'proxy' config is set properly.  See: 'npm help config'\n";

    #[test]
    fn the_telling_lines_are_kept() {
        assert_eq!(
            Words::read(MISSING).lines,
            [
                "code E404",
                "404 Not Found - GET http://r/nope - not found",
                "404  The requested resource 'nope@1.0.0' could not be found or you do not have permission to access it.",
            ]
        );
        assert_eq!(
            Words::read(OLD).lines,
            ["code ETARGET", "notarget No matching version found for @s/a@9.0.0."]
        );
        let refused = Words::read(REFUSED);
        assert_eq!(refused.lines[0], "code ECONNREFUSED");
        assert!(refused.lines[1].starts_with("FetchError: request to http://127.0.0.1:1/p failed"));
        assert!(refused.lines.iter().all(|line| !line.starts_with("at ")), "{refused:?}");
        assert!(refused.text().starts_with("the registry can't be reached\ncode ECONNREFUSED"));
    }

    #[test]
    fn without_npm_the_last_lines_speak() {
        let output = "node:internal/modules:1\n  throw err;\n\nError: Cannot find module '/x/npm-cli.js'\n    at Module._resolve (a:1:1)\n\nNode.js v20.0.0\n";
        let words = Words::read(output);
        assert!(words.lines.contains(&"Error: Cannot find module '/x/npm-cli.js'".to_owned()));
        assert!(words.lines.len() <= 5 && words.code.is_none());
        assert_eq!(Words::read("\n\n").lines, ["it failed and said nothing"]);
    }

    #[test]
    fn whose_failure_it_is() {
        for (code, kind) in [
            ("E404", Kind::Package),
            ("ETARGET", Kind::Package),
            ("ERESOLVE", Kind::Package),
            ("EINTEGRITY", Kind::Package),
            ("1", Kind::Package),
            ("E401", Kind::Doubtful),
            ("E503", Kind::Doubtful),
            ("ENOSPC", Kind::General),
            ("EROFS", Kind::General),
            ("EACCES", Kind::General),
            ("ENOTFOUND", Kind::General),
            ("ETIMEDOUT", Kind::General),
        ] {
            let words = Words::read(&format!("npm error code {code}\nnpm error x"));
            assert_eq!(words.kind(), kind, "{code}");
        }
        let disk =
            Words::read("npm error code ENOSPC\nnpm error nospc ENOSPC: no space left, write");
        assert!(disk.text().starts_with("no space is left on the disk"));
        assert_eq!(Words::read("killed").kind(), Kind::Package);
    }

    #[test]
    fn npm_names_the_culprit() {
        let name = |output: &str, specs: &[&str]| {
            Words::read(output).culprit(&packages(specs)).map(|wanted| wanted.name.clone())
        };
        assert_eq!(name(MISSING, &["a@1.0.0", "nope@1.0.0"]).as_deref(), Some("nope"));
        assert_eq!(name(OLD, &["a@9.0.0", "@s/a@9.0.0"]).as_deref(), Some("@s/a"));
        // Not just as it was asked for: something else needs it.
        assert_eq!(name(MISSING, &["a@1.0.0", "nope@1.0.1"]), None);
        assert_eq!(name(MISSING, &["ope@1.0.0"]), None);
        assert_eq!(name(REFUSED, &["p@1.0.0"]), None);
        let script =
            "npm error code 1\nnpm error path /u/node_modules/@s/a\nnpm error command failed";
        let list = packages(&["a@1.0.0", "@s/a@1.0.0"]);
        assert_eq!(Words::read(script).suspect(&list).unwrap().name, "@s/a");
        assert_eq!(Words::read(MISSING).suspect(&list), None);
    }

    #[test]
    fn credentials_are_masked() {
        for (line, expected) in [
            ("GET https://user:hidden@host/x/y@1.0.0", "GET https://***@host/x/y@1.0.0"),
            (
                "proxy http://hidden@host:80, next //a:hidden@b",
                "proxy http://***@host:80, next //***@b",
            ),
            ("https://a:hid@den@host", "https://***@host"),
            ("https://host/@scope/name", "https://host/@scope/name"),
            ("//r/:_authToken=hidden", "//r/:_authToken=***"),
            ("//r/:_auth = \"hidden\"", "//r/:_auth = \"***\""),
            ("_password: hidden, x", "_password: ***, x"),
            ("Authorization: Bearer hidden", "Authorization: Bearer ***"),
            ("?token=hidden&b=1", "?token=***&b=1"),
            ("a token was expected", "a token was expected"),
        ] {
            assert_eq!(masked(line), expected);
        }
        let output = "npm error code E401\nnpm error //r/:_authToken=hidden https://u:hidden@h/\n";
        assert!(!Words::read(output).text().contains("hidden"));
        assert!(!Words::read("spawn failed https://u:hidden@h/").text().contains("hidden"));
    }

    #[test]
    fn nothing_in_it_can_forge_a_log() {
        let output = "npm error code E1\nnpm error \u{1b}[31mred\u{1b}[0m\u{7}\tand\r \u{202e}turned\u{1b}]0;title\n";
        assert_eq!(Words::read(output).lines, ["code E1", "red and turned]0;title"]);
        let long = format!("npm error {}\n", "x".repeat(5000)).repeat(50);
        assert!(Words::read(&long).text().len() < 4000);
    }

    proptest! {
        #[test]
        fn no_output_panics(output in "(npm error |npm ERR! |code |path |//|@|=|:|token|_auth|\\PC|\n|\u{1b}\\[|/node_modules/){0,60}") {
            let words = Words::read(&output);
            prop_assert!(!words.lines.is_empty() && words.lines.len() <= MOST_LINES);
            prop_assert!(words.text().lines().all(|line| !line.contains(char::is_control)));
            let list = packages(&["a@1.0.0"]);
            let _ = (words.culprit(&list), words.suspect(&list), words.kind());
        }

        #[test]
        fn no_password_of_a_url_survives(user in "[a-z@:]{0,6}", password in "S[a-z0-9:@]{3,9}S", host in "[a-z]{1,5}") {
            let line = format!("npm error request to https://{user}:{password}@{host}/p failed");
            prop_assert!(!Words::read(&line).text().contains(&password));
        }
    }
}
