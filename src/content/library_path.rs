//! Types and paths of library entries, which name files below the library's folder.

use crate::{Error, Result};

/// Checks the type of a library entry: one name of a folder, without a colon, which ends the type
/// in a key.
pub fn check_library_type(library_type: &str) -> Result<()> {
    match is_safe_part(library_type) && !library_type.contains([':', '/']) {
        true => Ok(()),
        false => Err(Error::LibraryPath { path: library_type.to_owned() }),
    }
}

/// Checks the path of a library entry, or of a folder other than the root: names joined by `/`,
/// none of which could lead out of the folder on any system.
pub fn check_library_path(path: &str) -> Result<()> {
    match path.split('/').all(is_safe_part) {
        true => Ok(()),
        false => Err(Error::LibraryPath { path: path.to_owned() }),
    }
}

/// A path as Node-RED's own storage would understand it: slashes at either end, doubled slashes
/// and `.` parts do not count. Empty for the root; checked as by [`check_library_path`].
pub fn normal_library_path(path: &str) -> Result<String> {
    let parts: Vec<&str> =
        path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    match parts.iter().all(|part| is_safe_part(part)) {
        true => Ok(parts.join("/")),
        false => Err(Error::LibraryPath { path: path.to_owned() }),
    }
}

fn is_safe_part(part: &str) -> bool {
    !matches!(part, "" | "." | "..") && !part.contains(['\0', '\\']) && !has_drive(part)
}

/// `C:` at the start of a part begins anew at that drive on Windows, wherever it stands.
fn has_drive(part: &str) -> bool {
    matches!(part.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn takes_plain_names() {
        for path in ["a", "a.js", "a/b/c.json", ".hidden", "...", "..a", "a..", "ä ö/ü", "12:30"]
        {
            assert!(check_library_path(path).is_ok(), "{path}");
        }
        for library_type in ["flows", "functions", "my-type", "..a"] {
            assert!(check_library_type(library_type).is_ok(), "{library_type}");
        }
    }

    #[test]
    fn refuses_what_leads_elsewhere() {
        for path in [
            "",
            ".",
            "..",
            "../a",
            "a/..",
            "a/../b",
            "a/./b",
            "/a",
            "/",
            "a/",
            "a//b",
            "a\0",
            "a\\b",
            "\\\\host\\share",
            "..\\a",
            "C:",
            "C:/a",
            "c:a",
            "a/C:b",
            "//host/share",
        ] {
            let error = check_library_path(path);
            assert_eq!(error, Err(Error::LibraryPath { path: path.to_owned() }), "{path}");
            assert!(check_library_type(path).is_err(), "{path}");
        }
        for library_type in ["a:b", ":", "a/b", "flows:"] {
            assert!(check_library_type(library_type).is_err(), "{library_type}");
        }
    }

    #[test]
    fn brings_a_path_into_its_normal_form() {
        for (path, normal) in [
            ("", ""),
            ("/", ""),
            (".", ""),
            ("a", "a"),
            ("/a", "a"),
            ("a/", "a"),
            ("a//b", "a/b"),
            ("./a/./b/", "a/b"),
            ("//a", "a"),
        ] {
            assert_eq!(normal_library_path(path).unwrap(), normal, "{path}");
        }
        for path in ["..", "a/../b", "/../a", "a\\b", "C:/x", "a\0b"] {
            assert!(normal_library_path(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_path_that_passes_stays_below_its_folder(path in "[a/.\\\\:\0C]{0,10}") {
            if check_library_path(&path).is_ok() {
                let plain = Path::new(&path).components().all(|c| matches!(c, Component::Normal(_)));
                prop_assert!(plain && Path::new("lib").join(&path).starts_with("lib"));
                prop_assert_eq!(normal_library_path(&path), Ok(path));
            }
        }

        #[test]
        fn a_normal_path_passes(path in "[a/.\\\\:\0C]{0,10}") {
            match normal_library_path(&path) {
                Ok(normal) if !normal.is_empty() => {
                    prop_assert_eq!(check_library_path(&normal), Ok(()));
                }
                _ => {}
            }
        }
    }
}
