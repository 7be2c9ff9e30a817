//! What may not be shown: passwords in addresses, values of secrets' names, and keys.

mod lines;

use std::{borrow::Cow, sync::LazyLock};

// Unicode's letters would cost every run more than all the rest of its output: delimiters and names are ASCII.
use regex::bytes::{Captures, Regex};

/// Returns the text with the bytes of secrets replaced by as many stars, so that spans stay where they are.
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    if !may_tell(text) {
        return Cow::Borrowed(text);
    }
    // What goes over lines is told from the text as it is; a star in it would end a key or begin another one.
    match lines::masked(text) {
        Some(masked) => Cow::Owned(told(&masked).into_owned()),
        None => told(text),
    }
}

/// A word in names of secrets.
const WORD: &str = r"(?:password|passwd|passphrase|[-_]pass|pwd|secret(?:[-_]?key)?|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?)";

/// What stands in every text that tells a secret in a line, in lower case.
const STEMS: &[&str] =
    &["://", "pass", "pwd", "secret", "token", "key", "credential", "auth", "bearer", "sig", "code="];

/// Tells whether there is anything to look for, which takes less than looking for it.
fn may_tell(text: &str) -> bool {
    let bytes = text.as_bytes();
    let stands = |stem: &&str| {
        let first = stem.as_bytes().first().copied().unwrap_or_default();
        memchr::memchr2_iter(first, first.to_ascii_uppercase(), bytes).any(|at| {
            let part = bytes.get(at..at + stem.len());
            part.is_some_and(|part| part.eq_ignore_ascii_case(stem.as_bytes()))
        })
    };
    lines::holds_data(text) || STEMS.iter().any(stands)
}

/// Returns the pattern of all that tells a secret beside its name; the first group that takes part in a match is the secret.
fn pattern() -> String {
    // Quotes may be written inside of a quoted text.
    let quote = r#"(?:\\*['"])?"#;
    let blank = r"[^\S\n]*";
    // Manifests name a secret in one line and tell it in the next: `name:` and `value:` of a variable, and an option and its word
    // in a list. Each line of a diff has a mark before it.
    let line = format!(r"{blank}(?:[^\S\n]#[^\n]*)?\n[ +-]?{blank}");
    let value = format!(
        r#""((?:[^"\\\n]|\\.)+)"|'([^'\n]+)'|\\+"([^"\\\n]+)|{quote}([^\s'",\]}}=:|>\\][^\s'",\]}}\\]*)"#
    );
    let pair = format!(r#"{quote}(?:\s*,\s*|{line}){quote}value{quote}\s*:\s*"#);
    let between = format!(r#"{pair}|{quote}\s*[=:]\s*|\\*['"]\s*,\s*"#);
    let word = r#"['"]?([^\s'",\]}=:|>\\-][^\s'",\]}\\]*)"#;
    // A dash inside of a name, as in `web-secret`, begins no option.
    let option = format!(r#"(?:^|[\s"'\[,(=])-[-\w]*{WORD}"#);
    let ways = [
        // A name that is so long is a token.
        r"://(?:[^\s/@:'\x22]*:([^\s/@'\x22]+)|([^\s/@:'\x22]{20,}))@".to_owned(),
        format!(r"(?:{WORD}(?:{between})|{option}{quote}{line}-\s+)(?:{value})"),
        format!(r"{option}[^\S\n]+{word}"),
        format!(
            r#"authorization{quote}{blank}[:=]{blank}{quote}(?:(?:bearer|basic|token|digest|negotiate)[^\S\n]+([^\s'",\\]+)|([^\s'",\\]{{16,}}))"#
        ),
        r"bearer[^\S\n]+([-\w.~+/]{16,}=*)".to_owned(),
        r#"[?&][-\w]*(?:signature|sig|auth|key|code)=([^\s'"&\\]+)"#.to_owned(),
        format!(r#"['"]auth{quote}\s*:\s*{quote}([A-Za-z0-9+/]{{8,}}=*)"#),
    ];
    format!("(?i-u){}", ways.join("|"))
}

/// Masks what a name or an address tells.
fn told(text: &str) -> Cow<'_, str> {
    static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&pattern()).ok());
    // A pattern that does not compile, as in a build with other features of the crate, hides everything rather than nothing.
    let Some(secret) = SECRET.as_ref() else { return hidden(text) };
    let told = secret.replace_all(text.as_bytes(), |found: &Captures<'_>| {
        let part = found.iter().skip(1).flatten().next();
        let (Some(all), Some(part)) = (found.get(0), part) else { return Vec::new() };
        let (start, end) = (part.start() - all.start(), part.end() - all.start());
        let before = &all.as_bytes()[..start];
        let stars = vec![b'*'; part.len()];
        let shown = if is_open(before, part.as_bytes()) { part.as_bytes() } else { &stars };
        [before, shown, &all.as_bytes()[end..]].concat()
    });
    match told {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(told) => String::from_utf8(told).map_or_else(|_| hidden(text), Cow::Owned),
    }
}

/// Tells whether what stands behind a secret's name is none: a reference, whose hiding would hide the point, or a mapping.
fn is_open(before: &[u8], part: &[u8]) -> bool {
    let refers = [&b"$("[..], b"${", b"{{"].iter().any(|sign| part.starts_with(sign));
    let is_mapping = part.starts_with(b"{") && before.ends_with(b": ");
    // The next line is a key of its own, or begins a list.
    let is_below =
        before.contains(&b'\n') && !before.ends_with(b"- ") && (part.ends_with(b":") || part == b"-");
    refers || is_mapping || is_below
}

fn hidden(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.char_indices().map(|(at, letter)| lines::star(at, letter)).collect())
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
    fn every_way_to_tell_a_secret_is_known() {
        for (text, shown) in [
            (r#"config: "{\"password\": \"hunter2\"}""#, r#"config: "{\"password\": \"*******\"}""#),
            (r#"password: "a \" b" # c"#, r#"password: "******" # c"#),
            ("run --db-password hunter2 --port 1", "run --db-password ******* --port 1"),
            ("run --token --port 1", "run --token --port 1"),
            ("--password 'hunter2'", "--password '*******'"),
            ("Authorization: Basic dXNlcjpw", "Authorization: Basic ********"),
            ("-H 'Authorization: Bearer abc'", "-H 'Authorization: Bearer ***'"),
            ("authorization: enabled", "authorization: enabled"),
            ("Bearer abcdefghijklmnop=", "Bearer *****************"),
            ("the bearer of this", "the bearer of this"),
            ("https://b.example/x?sig=abc%2F&se=1", "https://b.example/x?sig=******&se=1"),
            ("https://b.example/x?X-Amz-Signature=abc", "https://b.example/x?X-Amz-Signature=***"),
            (
                r#"{"auths": {"r": {"auth": "dXNlcjpwdw=="}}}"#,
                r#"{"auths": {"r": {"auth": "************"}}}"#,
            ),
            (r#"{\"auth\":\"dXNlcjpwdw==\"}"#, r#"{\"auth\":\"************\"}"#),
            (
                "- name: DB_PASSWORD # why\n  value: hunter2\n",
                "- name: DB_PASSWORD # why\n  value: *******\n",
            ),
            ("  - \"--token\"\n  - \"hunter2\"\n", "  - \"--token\"\n  - \"*******\"\n"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn what_only_speaks_of_secrets_is_shown() {
        for text in [
            "      secret:\n        secretName: web-tls\n",
            "- secret: {secretName: web-tls}",
            "secretName: web-tls",
            "passwordSecretRef:\n  name: x\n",
            "tokenReviewer: true",
            "password: {{ .Values.password }}",
            "- token:\n    - a\n",
            "DB_PASSWORD_FILE=/run/secrets/db",
            "imagePullSecrets: [{name: x}]",
            "ExternalSecret/web-config-secret is in the namespace web",
            "- web-token\n- other\n",
            "valueFrom: {secretKeyRef: {name: a, key: b}}",
            "the code of a design, a sign, the author, a keyboard",
        ] {
            assert_eq!(masked(text), text);
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
            (
                "- name: A_PASSWORD # why\n  value: |\n    hunter 2\n  x: 1\n",
                "- name: A_PASSWORD # why\n  value: |\n    ****** *\n  x: 1\n",
            ),
            (
                "- name: \"A_PASSWORD\"\n  value: two words # why\n",
                "- name: \"A_PASSWORD\"\n  value: *** ***** # why\n",
            ),
            ("  password: two words # why\n  a: b c\n", "  password: *** ***** # why\n  a: b c\n"),
            ("+  \"db_token\": two words\r\n", "+  \"db_token\": *** *****\r\n"),
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
