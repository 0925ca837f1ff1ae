//! The options in the documents and in the public types are those of the table.

use std::collections::BTreeSet;

use super::super::{health, tls};
use super::{KNOWN, Support, find};

/// Described outside the tables.
const IN_PROSE: [&str; 1] = ["tls"];

/// docs/options.md up to its part about `tls`, then that part, then the one about `health`.
fn sections() -> [String; 3] {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/options.md");
    let text = std::fs::read_to_string(file).expect("the document");
    let (others, rest) = text.split_once("\n## TLS\n").expect("TLS");
    let (tls, health) = rest.split_once("\n## Probes\n").expect("probes come last");
    assert!(!health.contains("\n## "), "probes come last");
    [others, tls, health].map(str::to_owned)
}

/// What stands between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The names in the first column of all tables.
fn first_column(section: &str) -> Vec<&str> {
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.flat_map(|row| {
        // The first backtick is gone, so names and what is between them have changed places.
        let cell = row.split(" | ").next().unwrap_or_default();
        cell.split('`').step_by(2).filter(|name| !name.is_empty())
    })
    .collect()
}

/// The names in the paragraph that begins so.
fn listed(section: &str, beginning: &str) -> BTreeSet<String> {
    let start = section.find(beginning).expect("the paragraph");
    let paragraph = section[start..].split("\n\n").next().unwrap_or_default();
    code(paragraph).map(str::to_owned).collect()
}

fn names(wanted: impl Fn(&Support) -> bool) -> BTreeSet<String> {
    let known = KNOWN.iter().filter(|known| wanted(&known.support));
    known.map(|known| known.name.to_owned()).collect()
}

#[test]
fn every_honoured_option_is_documented_and_only_known_ones_are() {
    let [section, tls_section, _] = sections();
    let described = first_column(&section);
    assert!(described.len() > 50, "{described:?}");
    for name in &described {
        let known = find(name).unwrap_or_else(|| panic!("'{name}' is not known"));
        assert!(matches!(known.support, Support::Honoured), "'{name}' is not honoured");
    }
    let prose: BTreeSet<_> = code(&section).chain(code(&tls_section)).collect();
    for name in names(|support| matches!(support, Support::Honoured)) {
        let described = match IN_PROSE.contains(&name.as_str()) {
            true => prose.iter().any(|code| code.split(':').next() == Some(&name)),
            false => described.contains(&name.as_str()),
        };
        assert!(described, "'{name}' is not in docs/options.md");
    }
    for name in first_column(&tls_section) {
        assert!(tls::is_known(name), "'{name}' is not known inside 'tls'");
    }
}

#[test]
fn the_document_lists_what_has_no_effect_and_what_is_refused() {
    let [section, ..] = sections();
    assert_eq!(
        listed(&section, "Accepted without effect"),
        names(|support| matches!(support, Support::NoEffect { .. }))
    );
    assert_eq!(
        listed(&section, "Refused by name"),
        names(|support| matches!(support, Support::Refused { .. }))
    );
}

/// The types have no place for other names, so that a mistyped one is found before the start.
#[test]
fn the_types_have_every_option_and_no_other() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/index.d.ts");
    let types = std::fs::read_to_string(file).expect("the types");
    let members = |interface: &str| -> BTreeSet<String> {
        let start = types.find(&format!("  interface {interface} {{\n")).expect("the interface");
        let body = &types[start..];
        let body = &body[..body.find("\n  }\n").expect("its end")];
        let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
        let named = lines.filter_map(|line| line.split_once(": "));
        let names = named.map(|(name, _)| name.trim_end_matches('?'));
        let is_name = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        names.filter(is_name).map(str::to_owned).collect()
    };
    assert_eq!(members("ValkeyOptions"), names(|_| true));
    assert_eq!(members("TlsOptions"), tls::accepted().map(str::to_owned).collect());
}

#[test]
fn the_document_lists_what_is_inside_health() {
    let [.., section] = sections();
    assert_eq!(first_column(&section), health::MEMBERS);
}

/// The names of the specification, so that none is unknown by oversight.
#[test]
fn every_option_inside_tls_of_the_specification_is_known() {
    let names = "ca cert key passphrase pfx rejectUnauthorized servername checkServerIdentity \
        minVersion maxVersion ALPNProtocols ciphers ecdhCurve crl dhparam secureContext session \
        pskCallback sigalgs engine secureProtocol";
    for name in names.split_whitespace() {
        assert!(tls::is_known(name), "{name}");
    }
}
