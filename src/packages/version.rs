//! Versions and ranges, with npm's answers.

use nodejs_semver::{Range, Version};

/// Far longer than any range that somebody writes.
const LONGEST: usize = 128;

/// Checks that a text is an exact version or a plain range (`^1.0.0`, `1.x`, `>=1 <2`, `*`, ...):
/// no tag, path, URL, alias or flag. The error is the rest of a sentence that begins with the text.
pub fn check_version(text: &str) -> std::result::Result<(), &'static str> {
    const WRONG: &str = "is neither an exact version nor a plain range";
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".+-*^~<>=| ".contains(&byte);
    if text.is_empty()
        || text.len() > LONGEST
        || text.starts_with(['-', ' '])
        || !text.bytes().all(plain)
        || range(text).is_none()
    {
        return Err(WRONG);
    }
    Ok(())
}

/// Whether a text is one exact version, e.g. `1.0.0-beta.1`.
pub fn is_exact(text: &str) -> bool {
    version(text).is_some()
}

/// Whether a version lies in a range; as npm's `semver.satisfies`, so a prerelease only where the
/// range names one of the same version. What is no version or no range never does.
pub fn satisfies(version_text: &str, range_text: &str) -> bool {
    match (version(version_text), range(range_text)) {
        (Some(version), Some(range)) => range.satisfies(&version),
        _ => false,
    }
}

fn version(text: &str) -> Option<Version> {
    (text.len() <= 256).then(|| Version::parse(text).ok()).flatten()
}

fn range(text: &str) -> Option<Range> {
    (text.len() <= 256).then(|| Range::parse(text).ok()).flatten()
}
