//! What npm takes for the name of a file, wherever it stands.

/// Whether a text ends as an archive does. npm then reads it as a path, even where the whole is a
/// version, as `1.0.0-a.tgz`. Some versions of npm take any character for the period in `tar.gz`.
pub(super) fn is_archive(text: &str) -> bool {
    let text = text.as_bytes();
    let ends = |end: &[u8]| {
        text.len().checked_sub(end.len()).and_then(|at| text.get(at..)).is_some_and(|last| {
            last.iter()
                .zip(end)
                .all(|(byte, wanted)| *wanted == b'?' || byte.eq_ignore_ascii_case(wanted))
        })
    };
    [".tgz", ".tar", ".tar?gz"].iter().any(|end| ends(end.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_known_by_their_end() {
        for text in ["a.tgz", "a.TAR", "1.0.0-a.tar.gz", "a.tar-gz", "a.tarxGZ", ".tgz"] {
            assert!(is_archive(text), "{text}");
        }
        for text in ["", "tgz", "a.tgz.b", "a.targz", "a-tgz", "1.0.0-tgz", "\u{e9}", "a.tar.g"] {
            assert!(!is_archive(text), "{text}");
        }
    }
}
