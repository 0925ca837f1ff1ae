//! Versions and ranges of the list, with npm's answers.

use super::file_name::is_archive;
use super::range::Range;
use super::semver::Semver;

/// The range that stands for any version, as the array form of a list has it.
pub(super) const ANY: &str = "*";

/// Far longer than any range that somebody writes.
const MAX_VERSION_BYTES: usize = 128;

/// Checks that a text is an exact version or a plain range (`^1.0.0`, `1.x`, `>=1 <2`, `*`, ...):
/// no tag, path, file, URL, alias or flag. The error is the rest of a sentence that begins with the text.
pub fn check_version(text: &str) -> std::result::Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".+-*^~<>=| ".contains(&byte);
    let edged = text.starts_with([' ', '-', '.']) || text.ends_with(' ');
    let short = text.len() <= MAX_VERSION_BYTES && text.bytes().all(plain);
    if is_archive(text) {
        return Err("is what npm takes for a file");
    }
    match short && !edged && Range::parse(text).is_some() {
        true => Ok(()),
        false => Err("is neither an exact version nor a plain range"),
    }
}

/// Whether a text is one exact version, e.g. `1.0.0-beta.1`.
pub fn is_exact(text: &str) -> bool {
    Semver::parse(text).is_some()
}

/// Whether a version lies in a range; as npm's `semver.satisfies`, so a prerelease only where the
/// range names one of the same version. What is no version or no range never does.
pub fn satisfies(version: &str, range: &str) -> bool {
    match (Semver::parse(version), Range::parse(range)) {
        (Some(version), Some(range)) => range.admits(&version),
        _ => false,
    }
}

/// Whether a version is what a list asks for: in the range, or any at all for [`ANY`].
pub fn fits(version: &str, wanted: &str) -> bool {
    wanted == ANY || satisfies(version, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_answers_are_those_of_npm() {
        let mut read = 0;
        for line in include_str!("answers/semver.tsv").lines().filter(|l| !l.starts_with('#')) {
            let parts: Vec<&str> = line.split('\t').collect();
            let [version, range, valid, satisfied] = parts.as_slice() else { panic!("{line}") };
            match Range::parse(range) {
                Some(_) => {
                    assert_eq!(*valid, "1", "{line}");
                    assert_eq!(satisfies(version, range), *satisfied == "1", "{line}");
                    read += 1;
                }
                None => assert!(!satisfies(version, range)),
            }
        }
        assert!(read > 250, "only {read} ranges were read");
    }

    #[test]
    fn exact_versions_and_plain_ranges_are_taken() {
        for text in [
            "1.0.0",
            "0.4.1",
            "1.0.0-beta.1",
            "1.0.0+build.5",
            "^1.0.0",
            "~1.2",
            "1.x",
            "1",
            ">=1 <2",
            ">= 1.2.3 < 2",
            "*",
            "x",
            "1.0.0 - 2.0.0",
            "1.x || >=2.5.0 || 5.0.0 - 7.2.3",
            "v1.0.0",
        ] {
            assert_eq!(check_version(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let long = format!("1.0.0-{}", "a".repeat(200));
        for text in [
            "",
            " ",
            "latest",
            "next",
            "file:../a",
            "../a",
            "./a.tgz",
            "/etc",
            "git+ssh://host/a.git",
            "user/repository",
            "https://host/a.tgz",
            "npm:other@1.0.0",
            "workspace:*",
            "--global",
            "-g",
            "1.0.0 --global",
            "1.0.0\n2.0.0",
            "1.0.0\u{0}",
            "1.0.0; true",
            "$(true)",
            "1.0.0 ",
            "1 ||",
            "1.0.0-a.tgz",
            "1.0.0+a.tar",
            "1.0.0-a.TAR.GZ",
            "1.0.0-a.tar-gz",
            "1 || 2.0.0-b.tgz",
            ".1",
            "\u{661}.0.0",
            &long,
        ] {
            assert!(check_version(text).is_err(), "{text}");
        }
    }

    #[test]
    fn any_version_fits_a_list_that_names_none() {
        assert!(fits("1.0.0-beta.1", ANY) && !satisfies("1.0.0-beta.1", ANY));
        assert!(fits("1.0.0", "1.x") && !fits("2.0.0", "1.x"));
    }

    proptest! {
        #[test]
        fn no_text_panics(a in "\\PC{0,60}", b in "[0-9xv*. <>=~^|+-]{0,150}") {
            let _ = (check_version(&a), check_version(&b), satisfies(&a, &b), satisfies(&b, &a));
        }

        #[test]
        fn an_exact_version_is_in_its_own_range(v in "(0|[1-9][0-9]{0,4})(\\.(0|[1-9][0-9]{0,4})){2}(-[a-z]{1,4}(\\.[1-9])?)?") {
            prop_assert!(is_exact(&v) && check_version(&v).is_ok() && satisfies(&v, &v));
        }
    }
}
