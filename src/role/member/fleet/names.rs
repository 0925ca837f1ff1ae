//! What instances are called, and in which order they stand.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

use super::told::Told;

/// How much of what an installation keeps tells it from others on a host of the same name.
const SUFFIX: usize = 4;

/// The name of each, in the same order: that of its host, and where several have the same, with a suffix that each
/// keeps.
pub(super) fn names_of(told: &[Told]) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for Told { report, .. } in told {
        *counts.entry(&report.host).or_default() += 1;
    }
    let name = |Told { id, report, .. }: &Told| {
        let host = report.host.as_str();
        if counts.get(host) == Some(&1) {
            return host.to_owned();
        }
        let own = if report.place.is_empty() { id } else { &report.place };
        let suffix: String = own.chars().take(SUFFIX).collect();
        format!("{host}~{suffix}")
    };
    told.iter().map(name).collect()
}

/// As people count: `w9` before `w10`, and capitals beside small letters.
pub(super) fn by_name(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.chars().peekable(), other.chars().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return one.cmp(other),
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                by_count(&number(&mut left), &number(&mut right))
            }
            _ => small(left.next()).cmp(&small(right.next())),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn small(character: Option<char>) -> Option<String> {
    character.map(|character| character.to_lowercase().collect())
}

/// The digits that come next, without zeros before them.
fn number(characters: &mut Peekable<Chars<'_>>) -> String {
    let mut digits = String::new();
    while let Some(digit) = characters.next_if(char::is_ascii_digit) {
        if digit != '0' || !digits.is_empty() {
            digits.push(digit);
        }
    }
    digits
}

fn by_count(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_people_count() {
        let sorted = ["", "a", "A~1", "B", "w1", "w01", "w9", "w10", "w10a", "w10~2", "ü"];
        let mut names = sorted.map(str::to_owned);
        names.reverse();
        names.sort_by(|one, other| by_name(one, other));
        // What counts the same stays in one order, whichever that is.
        assert_eq!(names.iter().filter(|name| name.starts_with("w0") || *name == "w1").count(), 2);
        let rest = |name: &&str| !["w1", "w01"].contains(name);
        let names: Vec<&str> = names.iter().map(String::as_str).filter(rest).collect();
        assert_eq!(names, sorted.into_iter().filter(rest).collect::<Vec<_>>());
    }

    #[test]
    fn numbers_of_any_length_are_no_trouble() {
        let long = "9".repeat(5000);
        assert_eq!(by_name(&format!("w{long}"), &format!("w1{long}")), Ordering::Less);
        assert_eq!(by_name("w007", "w7").reverse(), by_name("w7", "w007"));
        assert_eq!(by_name("w1", "w1"), Ordering::Equal);
    }
}
