//! What may not be shown: passwords in addresses, values of secrets' names, and keys.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

/// Returns the text with the bytes of secrets replaced by as many stars, so that spans stay where they are.
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    let told = told(text);
    match blocks(&told) {
        Some(masked) => Cow::Owned(masked),
        None => told,
    }
}

/// A word in names of secrets.
const WORD: &str = r"(?:password|passwd|passphrase|[-_]pass|pwd|secret(?:[-_]?key)?|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?)";

/// Masks what a name or an address tells in one word.
fn told(text: &str) -> Cow<'_, str> {
    static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| {
        // A name that is so long is a token.
        let user_info = r"://(?:[^\s/@:'\x22]*:(?<a>[^\s/@'\x22]+)|(?<e>[^\s/@:'\x22]{20,}))@";
        // Manifests name a secret in one line and tell it in the next: `name:` and `value:` of a variable, and an option and its
        // word in a list. Each line of a diff has a mark before it.
        let line = r"\h*\n[ +-]?\h*".replace(r"\h", r"[^\S\n]");
        let between = format!(
            r#"['"]?(?:\s*,\s*|{line})['"]?value['"]?\s*:\s*|\s*[=:]\s*[|>][-+0-9]*{line}|\s*[=:]\s*|['"]?\s*,\s*"#
        );
        let told = r#""(?<b>[^"\n]+)"|'(?<c>[^'\n]+)'|['"]?(?<d>[^\s'",\]}=:|>][^\s'",\]}]*)"#;
        let stated = format!(r#"(?i)(?:{WORD}['"]?(?:{between})|-[-\w]*{WORD}['"]?{line}-\s+)(?:{told})"#);
        Regex::new(&format!("{user_info}|{stated}")).ok()
    });
    // A pattern that does not compile, as in a build with other features of the crate, hides everything rather than nothing.
    let Some(secret) = SECRET.as_ref() else { return hidden(text) };
    secret.replace_all(text, |found: &regex::Captures<'_>| {
        let part = ["a", "b", "c", "d", "e"].into_iter().find_map(|name| found.name(name));
        let (Some(all), Some(part)) = (found.get(0), part) else { return String::new() };
        let stars = "*".repeat(part.len());
        // A reference to a variable is no secret, and hiding it would hide the point.
        let refers = part.as_str().starts_with("$(") || part.as_str().starts_with("${");
        let shown = if refers { part.as_str().to_owned() } else { stars };
        let (start, end) = (part.start() - all.start(), part.end() - all.start());
        format!("{}{shown}{}", &all.as_str()[..start], &all.as_str()[end..])
    })
}

fn hidden(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.char_indices().map(|(at, letter)| star(at, letter)).collect())
}

/// Masks the lines of block scalars that a secret's name begins, of private keys, and of data that looks like a key; none if there
/// is nothing of the kind.
///
/// A diff may show the middle of a key alone, so a long line of base64 is enough.
fn blocks(text: &str) -> Option<String> {
    static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let name = format!(r#"['"]?(?<name>[\w.-]*{WORD}[\w.-]*)['"]?\s*:\s*[|>][-+0-9]*(?:\s+#.*)?\s*$"#);
        Regex::new(&format!("(?i)^[ +-]?[- ]*{name}")).ok()
    });
    static DATA: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[ +-]?\s*[A-Za-z0-9+/]{60,}={0,2}\s*$").ok());
    let (Some(named), Some(data)) = (NAMED.as_ref(), DATA.as_ref()) else {
        return Some(hidden(text).into_owned());
    };
    let (mut below, mut key, mut found) = (None::<usize>, false, false);
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        // The first column may hold the mark of a diff.
        let stands = |&(at, letter): &(usize, char)| {
            !(letter.is_whitespace() || at == 0 && matches!(letter, '+' | '-'))
        };
        let column = line.char_indices().find(stands);
        below = below.filter(|name| column.is_none_or(|(at, _)| at > *name));
        key = key && !line.contains("-----END");
        if below.is_some() || key || data.is_match(line) {
            found = true;
            shown.extend(line.char_indices().map(|(at, letter)| star(at, letter)));
            continue;
        }
        shown.push_str(line);
        below = named.captures(line).and_then(|names| Some(names.name("name")?.start()));
        key = key
            || line.contains("PRIVATE KEY-----") && line.contains("-----BEGIN") && !line.contains("-----END");
    }
    found.then_some(shown)
}

/// A letter of a secret's line: blanks and the mark of a diff stay.
const fn star(at: usize, letter: char) -> char {
    match letter {
        ' ' | '\t' | '\r' | '\n' => letter,
        '+' | '-' if at == 0 => letter,
        _ => '*',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_in_their_own_length() {
        for (text, shown) in [
            ("redis://user:hunter2@redis:6379", "redis://user:*******@redis:6379"),
            ("DB_PASSWORD=hunter2 x", "DB_PASSWORD=******* x"),
            ("args: [\"--token\", \"hunter2\"]", "args: [\"--token\", \"*******\"]"),
            ("--api-key=hunter2", "--api-key=*******"),
            ("--db-pass=hunter2", "--db-pass=*******"),
            ("Server=db;Pwd=hunter2", "Server=db;Pwd=*******"),
            ("https://abcdefghijklmnopqrst@host/x", "https://********************@host/x"),
            ("https://somebody@host/x", "https://somebody@host/x"),
            ("bypass: x", "bypass: x"),
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
            ("--password=$hunter2", "--password=********"),
            ("http://host:80/a@b", "http://host:80/a@b"),
            ("command: [\"server\"]", "command: [\"server\"]"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn blocks_are_masked_to_their_end() {
        let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
        let stars = "*".repeat(line.len());
        for (text, shown) in [
            (
                "password: |-\n  hunter 2\n\n  and 3\nport: 1\n",
                "password: |-\n  ****** *\n\n  *** *\nport: 1\n",
            ),
            (
                "+  - db-token: > # why\n+      a\n+      b\n   - c: d\n",
                "+  - db-token: > # why\n+      *\n+      *\n   - c: d\n",
            ),
            ("tokens: 3\n  a\n", "tokens: 3\n  a\n"),
            ("script: |\n  run\n", "script: |\n  run\n"),
        ] {
            assert_eq!(masked(text), shown);
        }
        let pem = |body: &str| {
            format!(
                " tls.key: |\n   -----BEGIN RSA PRIVATE KEY-----\n   {body}\n   -----END RSA PRIVATE KEY-----\n a: b\n"
            )
        };
        assert_eq!(masked(&pem(line)), pem(&stars));
        assert_eq!(masked(&pem("short+/")), pem("*******"));
        assert_eq!(masked(&format!("-    {line}\r\n")), format!("-    {stars}\r\n"));
        assert!(matches!(masked("command: [server]\n"), Cow::Borrowed(_)));
    }
}
