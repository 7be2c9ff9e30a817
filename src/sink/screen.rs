//! Text for people: nothing in it may steer their terminal or show their secrets.

use std::{borrow::Cow, fmt::Write as _, sync::LazyLock};

use regex::Regex;

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

/// Returns the text with the bytes of secrets replaced by as many stars, so that spans stay where they are.
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let user_info = r"://[^\s/@:'\x22]*:(?<a>[^\s/@'\x22]+)@";
        let word = r"(?:password|passwd|passphrase|secret(?:[-_]?key)?|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?)";
        // Manifests name a secret in one line and tell it in the next: `name:` and `value:` of a variable, and an option and its
        // word in a list. Each line of a diff has a mark before it.
        let line = r"\h*\n[ +-]?\h*".replace(r"\h", r"[^\S\n]");
        let between = format!(
            r#"['"]?(?:\s*,\s*|{line})['"]?value['"]?\s*:\s*|\s*[=:]\s*[|>][-+0-9]*{line}|\s*[=:]\s*|['"]?\s*,\s*"#
        );
        let told = r#""(?<b>[^"\n]+)"|'(?<c>[^'\n]+)'|['"]?(?<d>[^\s'",\]}=:][^\s'",\]}]*)"#;
        let stated = format!(r#"(?i)(?:{word}['"]?(?:{between})|-[-\w]*{word}['"]?{line}-\s+)(?:{told})"#);
        Regex::new(&format!("{user_info}|{stated}")).ok()
    });
    let Some(secret) = SECRET.as_ref() else { return Cow::Borrowed(text) };
    secret.replace_all(text, |found: &regex::Captures<'_>| {
        let part = ["a", "b", "c", "d"].into_iter().find_map(|name| found.name(name));
        let (Some(all), Some(part)) = (found.get(0), part) else { return String::new() };
        let stars = "*".repeat(part.len());
        // A reference to a variable is no secret, and hiding it would hide the point.
        let hidden = if part.as_str().starts_with('$') { part.as_str().to_owned() } else { stars };
        let (start, end) = (part.start() - all.start(), part.end() - all.start());
        format!("{}{hidden}{}", &all.as_str()[..start], &all.as_str()[end..])
    })
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

    #[test]
    fn secrets_are_masked_in_their_own_length() {
        for (text, shown) in [
            ("redis://user:hunter2@redis:6379", "redis://user:*******@redis:6379"),
            ("DB_PASSWORD=hunter2 x", "DB_PASSWORD=******* x"),
            ("args: [\"--token\", \"hunter2\"]", "args: [\"--token\", \"*******\"]"),
            ("--api-key=hunter2", "--api-key=*******"),
            ("password: 'hünter2'", "password: '********'"),
            ("{name: DB_PASSWORD, value: hunter2}", "{name: DB_PASSWORD, value: *******}"),
            (
                r#"{"name": "DB_PASSWORD", "value": "hunter2"}"#,
                r#"{"name": "DB_PASSWORD", "value": "*******"}"#,
            ),
            (
                "   - name: DB_PASSWORD\n+    value: hunter2\n",
                "   - name: DB_PASSWORD\n+    value: *******\n",
            ),
            ("  - --token\n  - hunter2\n", "  - --token\n  - *******\n"),
            ("password: |-\n  hunter2\n", "password: |-\n  *******\n"),
            ("SECRET_KEY=hunter2", "SECRET_KEY=*******"),
            ("password: \"hunter two\" # why", "password: \"**********\" # why"),
            ("password: \"$(PASSWORD)\"", "password: \"$(PASSWORD)\""),
            ("- secret\n- configMap\n", "- secret\n- configMap\n"),
            ("--password=$(PASSWORD)", "--password=$(PASSWORD)"),
            ("http://host:80/a@b", "http://host:80/a@b"),
            ("command: [\"server\"]", "command: [\"server\"]"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }
}
