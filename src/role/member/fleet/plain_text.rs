//! Text of others as one line, without anything that a terminal or an editor would obey.

/// Characters that format others and are not seen themselves: what turns the direction of text, joins or
/// hides (Unicode's general category Cf), and the two that separate lines and paragraphs.
const FORMATTING: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{2064}'),
    ('\u{2066}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0001}', '\u{e0001}'),
    ('\u{e0020}', '\u{e007f}'),
];

fn is_obeyed(character: char) -> bool {
    let is_formatting =
        || FORMATTING.iter().any(|(first, last)| (*first..=*last).contains(&character));
    character.is_control() || (!character.is_ascii() && is_formatting())
}

/// A text of one line, of no more than so many of JavaScript's characters.
pub(super) fn plain_text(text: &str, most: usize) -> String {
    // Of a text that is much longer the rest is not looked at.
    let line = text.chars().take(most * 4).fold(String::new(), |mut line, character| {
        if !is_obeyed(character) {
            line.push(character);
        } else if !line.ends_with(' ') {
            line.push(' ');
        }
        line
    });
    let line = line.trim();
    if length(line) <= most {
        return line.to_owned();
    }
    let mut left = most.saturating_sub(1);
    let fits = |character: &char| {
        let fits = character.len_utf16() <= left;
        left = left.saturating_sub(character.len_utf16());
        fits
    };
    line.chars().take_while(fits).chain(['…']).collect()
}

/// As JavaScript counts.
fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_obeyed_is_a_space() {
        assert_eq!(plain_text("a\u{1b}[2J\r\nb\u{202e}", 100), "a [2J b");
        assert_eq!(plain_text("\u{e0041}\u{2028}\u{feff}\u{ad}\0", 100), "");
        assert_eq!(plain_text("  <b>  ü 世 😀 ", 100), "<b>  ü 世 😀");
    }

    #[test]
    fn a_text_that_is_cut_is_no_longer_than_it_may_be_and_has_no_half_of_a_character() {
        for before in ["", "a"] {
            let cut = plain_text(&format!("{before}{}", "😀".repeat(200)), 100);
            assert!(length(&cut) <= 100 && cut.ends_with("😀…"), "{cut}");
        }
        assert_eq!(plain_text(&"h".repeat(300), 100), format!("{}…", "h".repeat(99)));
        assert_eq!(plain_text(&"h".repeat(100), 100), "h".repeat(100));
    }
}
