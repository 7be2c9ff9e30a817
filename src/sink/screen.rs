//! Text for people: nothing in it may steer their terminal. What may not be shown is in [`super::mask`].

use std::{borrow::Cow, fmt::Write as _};

pub use super::mask::masked;

/// Returns the text with everything escaped that a terminal or an eye may take for something else: control characters and
/// the marks that turn the direction of writing. Line feeds go too, so that a value stays in its line.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_treacherous) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            letter if is_treacherous(letter) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(letter));
            }
            letter => safe.push(letter),
        }
    }
    Cow::Owned(safe)
}

/// Returns a patch that may be shown on a terminal: its lines stay lines, and tabs stay tabs.
#[must_use]
pub fn plain_lines(text: &str) -> Cow<'_, str> {
    let harmless = |letter: char| matches!(letter, '\n' | '\t') || !is_treacherous(letter);
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match harmless(letter) {
            true => safe.push(letter),
            false => safe.push_str(&plain(letter.encode_utf8(&mut [0; 4]))),
        }
    }
    Cow::Owned(safe)
}

/// Tells whether a terminal or an eye may take the letter for something else than a letter.
pub(super) fn is_treacherous(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(plain("a\u{1b}]0;x\u{7}b\u{202e}c\nd\u{9b}"), "a\\u{1b}]0;x\\u{7}b\\u{202e}c\\nd\\u{9b}");
        assert_eq!(plain_lines("+a\tb\n+\u{1b}[2J\r\n"), "+a\tb\n+\\u{1b}[2J\\r\n");
        assert!(matches!(plain("größe: ✓"), Cow::Borrowed(_)));
    }
}
