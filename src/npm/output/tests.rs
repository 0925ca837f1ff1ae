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
const OLD: &str = "npm ERR! code ETARGET\nnpm ERR! notarget No matching version found for @s/a@9.0.0.\nnpm ERR! notarget In most cases you or one of your dependencies are requesting\nnpm ERR! notarget a package version that doesn't exist.\n\nnpm ERR! A complete log of this run can be found in:\nnpm ERR!     /home/x/.npm/_logs/2021-debug.log\n";
const REFUSED: &str = "npm error code ECONNREFUSED\nnpm error syscall connect\nnpm error errno ECONNREFUSED\nnpm error FetchError: request to http://127.0.0.1:1/p failed, reason: connect ECONNREFUSED 127.0.0.1:1\nnpm error     at ClientRequest.<anonymous> (/usr/lib/x.js:130:14)\nnpm error   code: 'ECONNREFUSED',\nnpm error   port: 1,\nnpm error }\nnpm error\nnpm error If you are behind a proxy, please make sure that the 'proxy' config is set properly.  See: 'npm help config'\n";

#[test]
fn the_telling_lines_are_kept() {
    assert_eq!(
        ErrorOutput::read(MISSING).lines,
        [
            "code E404",
            "404 Not Found - GET http://r/nope - not found",
            "404  The requested resource 'nope@1.0.0' could not be found or you do not have permission to access it.",
        ]
    );
    assert_eq!(
        ErrorOutput::read(OLD).lines,
        ["code ETARGET", "notarget No matching version found for @s/a@9.0.0."]
    );
    let refused = ErrorOutput::read(REFUSED);
    assert_eq!(refused.lines[0], "code ECONNREFUSED");
    assert!(refused.lines[1].starts_with("FetchError: request to http://127.0.0.1:1/p failed"));
    assert!(refused.lines.iter().all(|line| !line.starts_with("at ")), "{refused:?}");
    assert!(refused.text().starts_with("the registry can't be reached\ncode ECONNREFUSED"));
}

#[test]
fn without_npm_the_last_lines_speak() {
    let output = "node:internal/modules:1\n  throw err;\n\nError: Cannot find module '/x/npm-cli.js'\n    at Module._resolve (a:1:1)\n\nNode.js v20.0.0\n";
    let output = ErrorOutput::read(output);
    assert!(output.lines.contains(&"Error: Cannot find module '/x/npm-cli.js'".to_owned()));
    assert!(output.lines.len() <= 5 && output.code.is_none());
    assert_eq!(ErrorOutput::read("\n\n").lines, ["it failed and said nothing"]);
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
        let output = ErrorOutput::read(&format!("npm error code {code}\nnpm error x"));
        assert_eq!(output.kind(), kind, "{code}");
    }
    let disk =
        ErrorOutput::read("npm error code ENOSPC\nnpm error nospc ENOSPC: no space left, write");
    assert!(disk.text().starts_with("no space is left on the disk"));
    assert_eq!(ErrorOutput::read("killed").kind(), Kind::Package);
}

#[test]
fn npm_names_the_culprit() {
    let name = |output: &str, specs: &[&str]| {
        ErrorOutput::read(output).culprit(&packages(specs)).map(|wanted| wanted.name.clone())
    };
    assert_eq!(name(MISSING, &["a@1.0.0", "nope@1.0.0"]).as_deref(), Some("nope"));
    assert_eq!(name(OLD, &["a@9.0.0", "@s/a@9.0.0"]).as_deref(), Some("@s/a"));
    // Not just as it was asked for: something else needs it.
    assert_eq!(name(MISSING, &["a@1.0.0", "nope@1.0.1"]), None);
    assert_eq!(name(MISSING, &["ope@1.0.0"]), None);
    assert_eq!(name(REFUSED, &["p@1.0.0"]), None);
    let script = "npm error code 1\nnpm error path /u/node_modules/@s/a\nnpm error command failed";
    let list = packages(&["a@1.0.0", "@s/a@1.0.0"]);
    assert_eq!(ErrorOutput::read(script).suspect(&list).unwrap().name, "@s/a");
    assert_eq!(ErrorOutput::read(MISSING).suspect(&list), None);
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
    assert!(!ErrorOutput::read(output).text().contains("hidden"));
    assert!(!ErrorOutput::read("spawn failed https://u:hidden@h/").text().contains("hidden"));
}

#[test]
fn nothing_in_it_can_forge_a_log() {
    let output = "npm error code E1\nnpm error \u{1b}[31mred\u{1b}[0m\u{7}\tand\r \u{202e}turned\u{1b}]0;title\n";
    assert_eq!(ErrorOutput::read(output).lines, ["code E1", "red and turned]0;title"]);
    let long = format!("npm error {}\n", "x".repeat(5000)).repeat(50);
    assert!(ErrorOutput::read(&long).text().len() < 4000);
}

proptest! {
    #[test]
    fn no_output_panics(output in "(npm error |npm ERR! |code |path |//|@|=|:|token|_auth|\\PC|\n|\u{1b}\\[|/node_modules/){0,60}") {
        let output = ErrorOutput::read(&output);
        prop_assert!(!output.lines.is_empty() && output.lines.len() <= MOST_LINES);
        prop_assert!(output.text().lines().all(|line| !line.contains(char::is_control)));
        let list = packages(&["a@1.0.0"]);
        let _ = (output.culprit(&list), output.suspect(&list), output.kind());
    }

    #[test]
    fn no_password_of_a_url_survives(user in "[a-z@:]{0,6}", password in "S[a-z0-9:@]{3,9}S", host in "[a-z]{1,5}") {
        let line = format!("npm error request to https://{user}:{password}@{host}/p failed");
        prop_assert!(!ErrorOutput::read(&line).text().contains(&password));
    }
}
