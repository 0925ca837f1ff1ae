//! The entries of a flow array, as slices of its text.

use std::collections::HashSet;

use super::json::behind_string;

/// What of a node is no reference to another: its own id, where it is, and what it is wired to.
const NO_REFERENCE: [&str; 3] = ["id", "z", "wires"];

/// What is between the brackets of an array.
pub(super) fn inside(array: &str) -> Option<&str> {
    array.trim_ascii().strip_prefix('[')?.strip_suffix(']')
}

/// The entries of an array by what is between its brackets.
pub(super) fn entries(list: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    let mut rest = list.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = behind_string(after),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                let end = list.len() - after.len();
                found.extend(list.get(start..end - 1).map(str::trim_ascii));
                start = end;
            }
            _ => {}
        }
    }
    let last = list.get(start..).unwrap_or_default().trim_ascii();
    if !last.is_empty() {
        found.push(last);
    }
    found
}

/// The indexes of the entries of a flow array that may refer to one of these: they hold it, as a text or number, as
/// `true`, `false` or `null`, in a member other than `id`, `z` and `wires`. Texts count as `JSON.stringify` writes them, without
/// their quotes. May find more, never less.
pub fn entries_with(array: &str, wanted: &[String]) -> Vec<u32> {
    let wanted = Wanted::of(wanted);
    let mut found: Vec<u32> = Vec::new();
    for (entry, value) in Values::of(array) {
        if found.last() != Some(&entry) && wanted.contains(unquoted(value)) {
            found.push(entry);
        }
    }
    found
}

/// Texts to be looked for among many others: of nearly all of those their length and first byte tell enough.
struct Wanted<'t> {
    texts: HashSet<&'t str>,
    /// By the first byte, a bit for each length; the highest for all from there on.
    lengths: [u64; 256],
}

impl<'t> Wanted<'t> {
    fn of(texts: &'t [String]) -> Self {
        let texts: HashSet<_> = texts.iter().map(String::as_str).collect();
        let mut lengths = [0; 256];
        for text in &texts {
            if let Some(lengths) = lengths.get_mut(first_byte(text)) {
                *lengths |= bit_of_length(text);
            }
        }
        Self { texts, lengths }
    }

    fn contains(&self, text: &str) -> bool {
        let lengths = self.lengths.get(first_byte(text)).copied().unwrap_or_default();
        lengths & bit_of_length(text) != 0 && self.texts.contains(text)
    }
}

fn first_byte(text: &str) -> usize {
    text.bytes().next().map_or(0, usize::from)
}

fn bit_of_length(text: &str) -> u64 {
    1 << text.len().min(63)
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// The texts and other plain values in an array that may be references, each with the index of its entry; names of
/// inner members with them.
struct Values<'t> {
    rest: &'t str,
    depth: usize,
    entry: u32,
    /// The next text is the name of a member of the entry itself.
    is_name: bool,
    is_passed_over: bool,
}

impl<'t> Values<'t> {
    fn of(array: &'t str) -> Self {
        Self { rest: array, depth: 0, entry: 0, is_name: false, is_passed_over: false }
    }

    /// Takes this many bytes.
    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

impl<'t> Iterator for Values<'t> {
    type Item = (u32, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (first, after) = self.rest.as_bytes().split_first()?;
            let length = match first {
                b'"' => self.rest.len() - behind_string(after).len(),
                b'{' | b'[' | b'}' | b']' | b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => {
                    match first {
                        b'{' | b'[' => self.depth += 1,
                        b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                        b',' if self.depth == 1 => self.entry = self.entry.saturating_add(1),
                        _ => {}
                    }
                    if self.depth == 2 && matches!(first, b'{' | b',') {
                        self.is_name = true;
                        self.is_passed_over = false;
                    }
                    self.take(1);
                    continue;
                }
                _ => {
                    let is_end = |byte| b"\"{}[],: \n\r\t".contains(&byte);
                    self.rest.bytes().position(is_end).unwrap_or(self.rest.len())
                }
            };
            let value = self.take(length);
            if std::mem::take(&mut self.is_name) {
                self.is_passed_over = NO_REFERENCE.contains(&unquoted(value));
            } else if !self.is_passed_over {
                return Some((self.entry, value));
            }
        }
    }
}

#[cfg(test)]
mod tests;
