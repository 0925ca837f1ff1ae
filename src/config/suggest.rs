//! The known name that an unknown one was probably meant to be.

/// Longer names than this are no slip of the pen, and comparing them costs.
const LONGEST: usize = 64;
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
    if length > LONGEST {
        return None;
    }
    let allowed = (length / 3).clamp(1, 3);
    let by_edits = known
        .clone()
        .into_iter()
        .map(|candidate| (edits(&name, &candidate.to_lowercase()), candidate))
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

/// Edits (insert, delete, replace, swap neighbours) that turn `from` into `to`.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let mut previous = None;
    for (row, letter) in from.chars().enumerate() {
        let mut line = Vec::with_capacity(last.len());
        line.push(row + 1);
        let mut left = row + 1;
        for (column, other) in to.iter().enumerate() {
            let at =
                |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, column).saturating_add(usize::from(letter != *other));
            let mut least =
                replaced.min(at(&last, column + 1).saturating_add(1)).min(left.saturating_add(1));
            let neighbour = column.checked_sub(1).and_then(|index| to.get(index));
            if previous == Some(*other) && neighbour == Some(&letter) {
                least = least.min(at(&before, column - 1).saturating_add(1));
            }
            line.push(least);
            left = least;
        }
        previous = Some(letter);
        before = std::mem::replace(&mut last, line);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KNOWN: [&str; 8] =
        ["role", "keyPrefix", "host", "port", "path", "password", "sessionTTL", "connectTimeout"];

    #[test]
    fn counts_edits() {
        for (from, to, count) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("port", "port", 0),
            ("prot", "port", 1),
            ("pot", "port", 1),
            ("ports", "port", 1),
            ("kitten", "sitting", 3),
            ("ca", "abc", 3),
            ("größe", "grösse", 2),
        ] {
            assert_eq!(edits(from, to), count, "{from} {to}");
        }
    }

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

    proptest! {
        #[test]
        fn edits_are_a_distance(a in "[a-c]{0,6}", b in "[a-c]{0,6}") {
            let distance = edits(&a, &b);
            prop_assert_eq!(distance, edits(&b, &a));
            prop_assert_eq!(distance == 0, a == b);
            prop_assert!(distance <= a.len().max(b.len()));
            prop_assert!(distance >= a.len().abs_diff(b.len()));
        }
    }
}
