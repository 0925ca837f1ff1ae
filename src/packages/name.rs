//! Which package names npm may see.

use super::file_name::is_archive;

/// The longest name npm takes.
const MAX_NAME_BYTES: usize = 214;

/// Checks a package name by npm's rules for names that already exist (capitals and `~'!()*` are
/// allowed), and refuses besides what npm would take for a path or a file. The error is the rest
/// of a sentence that begins with the name.
pub fn check_name(name: &str) -> std::result::Result<(), &'static str> {
    if name.is_empty() {
        return Err("is empty");
    }
    if name.len() > MAX_NAME_BYTES {
        return Err("is longer than 214 characters");
    }
    let (scope, package) = match name.strip_prefix('@') {
        Some(rest) => match rest.split_once('/') {
            Some((scope, package)) => (Some(scope), package),
            None => return Err("has a scope and no name"),
        },
        None => (None, name),
    };
    if !scope.is_none_or(is_url_friendly) || !is_url_friendly(package) {
        return Err("has characters that a package name can't have");
    }
    if scope.is_some_and(|scope| scope.starts_with('.')) || package.starts_with('.') {
        return Err("begins with a period");
    }
    if scope.is_none() && package.starts_with(['-', '_']) {
        return Err("begins with a hyphen or an underscore");
    }
    if name.contains("..") {
        return Err("has two periods in a row");
    }
    if matches!(package.to_ascii_lowercase().as_str(), "node_modules" | "favicon.ico") {
        return Err("is a name that npm reserves");
    }
    // npm takes `x.tgz@1.0.0` for a file.
    if scope.is_none() && is_archive(package) {
        return Err("looks like a file");
    }
    Ok(())
}

/// Whether a part is not empty and `encodeURIComponent` would leave it as it is.
fn is_url_friendly(part: &str) -> bool {
    !part.is_empty()
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_packages_are_taken() {
        let longest = "a".repeat(214);
        for name in [
            "a",
            "node-red-node-random",
            "@scope/node",
            "@a/-b",
            "OldCapitals",
            "~tilde",
            "a.b",
            "a_b",
            "7",
            "it's-(old)!*",
            "@a/b.tgz",
            &longest,
        ] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_npm_could_take_for_something_else_is_refused() {
        let long = "a".repeat(215);
        for name in [
            "",
            " a",
            "a ",
            "a b",
            ".a",
            "_a",
            "-a",
            "--global",
            "..",
            "a..b",
            "../a",
            "@../a",
            "@a/..",
            "@a/.b",
            "@.a/b",
            "@a",
            "@a/",
            "@/a",
            "@a/b/c",
            "a/b",
            "/a",
            "a@1.0.0",
            "@a/b@1.0.0",
            "@@a/b",
            "C:a",
            "a\\b",
            "a:b",
            "a%2fb",
            "a\nb",
            "a\u{0}",
            "\u{e9}",
            "node_modules",
            "Node_Modules",
            "@a/node_modules",
            "favicon.ico",
            "a.tgz",
            "a.TAR.gz",
            "a.tar-gz",
            "$(true)",
            "a;b",
            "a&b",
            "__proto__",
            &long,
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(name in "\\PC{0,40}", likely in "[@/a.-]{0,12}") {
            let _ = (check_name(&name), check_name(&likely));
        }
    }
}
