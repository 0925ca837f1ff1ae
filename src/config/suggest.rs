//! The known name that an unknown one was probably meant to be.

use strsim::osa_distance;

/// Longer names than this are no slip of the pen, and comparing them costs.
const MAX_NAME_LENGTH: usize = 64;
/// Shorter fragments than this are part of too many names.
const SHORTEST_PART: usize = 4;

/// The nearest of `known` to `name`, when it is near enough to be meant: few edits away (two
/// swapped letters count as one), or one name begins or ends with the other. Case does not count.
/// Of several as near, the first in `known` wins.
pub(super) fn suggest<'k>(
    name: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
) -> Option<&'k str> {
    let name = name.to_lowercase();
    let length = name.chars().count();
    if length > MAX_NAME_LENGTH {
        return None;
    }
    let allowed = (length / 3).clamp(1, 3);
    let by_edits = known
        .clone()
        .into_iter()
        .map(|candidate| (osa_distance(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate);
    by_edits.or_else(|| {
        known.into_iter().find(|candidate| {
            let candidate = candidate.to_lowercase();
            is_part(&name, &candidate) || is_part(&candidate, &name)
        })
    })
}

fn is_part(part: &str, whole: &str) -> bool {
    part.len() >= SHORTEST_PART && (whole.starts_with(part) || whole.ends_with(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 8] =
        ["role", "keyPrefix", "host", "port", "path", "password", "sessionTTL", "connectTimeout"];

    #[test]
    fn finds_what_was_meant() {
        for (name, meant) in [
            ("prot", "port"),
            ("keyprefix", "keyPrefix"),
            ("KEYPREFIX", "keyPrefix"),
            ("prefix", "keyPrefix"),
            ("hots", "host"),
            ("hostname", "host"),
            ("pass", "password"),
            ("passwrod", "password"),
            // A swap and an edit elsewhere; two swaps.
            ("asswrod", "password"),
            ("apsswrod", "password"),
            ("sesionTtl", "sessionTTL"),
            ("connect_timeout", "connectTimeout"),
        ] {
            assert_eq!(suggest(name, KNOWN), Some(meant), "{name}");
        }
    }

    #[test]
    fn leaves_far_names_alone() {
        for name in ["", "x", "foo", "database", "ttl", "something", &"port".repeat(40)] {
            assert_eq!(suggest(name, KNOWN), None, "{name}");
        }
    }
}
