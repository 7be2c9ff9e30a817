//! Secrets that go over lines: block scalars, values of several words, private keys, data that looks like a key.

/// From this length on, a line of base64 is data that nobody reads. A diff may show the middle of a key alone.
const DATA: usize = 60;

/// Words in names of secrets, in lower case and without dashes.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secretkey",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "credentials",
];

/// A key and its value in a line.
struct Keyed<'a> {
    name: &'a str,
    /// Where the name begins.
    column: usize,
    /// Where the value begins.
    value: usize,
}

/// What was read above a line.
#[derive(Default)]
struct Above {
    /// The column of the name of a secret whose block scalar has begun.
    block: Option<usize>,
    /// A private key has begun.
    key: bool,
    /// The last line is the `name:` of a secret, in this column.
    named: Option<usize>,
}

/// Masks the lines of block scalars and the words that a secret's name begins, private keys, and data that looks like a key; none
/// if there is nothing of the kind.
pub(super) fn masked(text: &str) -> Option<String> {
    let mut above = Above::default();
    let mut shown = String::with_capacity(text.len());
    let mut found = false;
    for line in text.split_inclusive('\n') {
        match above.secret(line) {
            Some((start, end)) => {
                found = true;
                let is_in = |at: usize| (start..end).contains(&at);
                shown.extend(
                    line.char_indices().map(|(at, letter)| if is_in(at) { star(at, letter) } else { letter }),
                );
            }
            None => shown.push_str(line),
        }
    }
    found.then_some(shown)
}

/// Tells whether a line is data that looks like a key.
pub(super) fn holds_data(text: &str) -> bool {
    text.lines().any(is_data)
}

impl Above {
    /// Returns where the secret of a line begins and ends, and takes note of the line.
    fn secret(&mut self, line: &str) -> Option<(usize, usize)> {
        // The first column may hold the mark of a diff.
        let stands = |&(at, letter): &(usize, char)| {
            !(letter.is_whitespace() || at == 0 && matches!(letter, '+' | '-'))
        };
        let column = line.char_indices().find(stands);
        self.block = self.block.filter(|name| column.is_none_or(|(at, _)| at > *name));
        self.key = self.key && !line.contains("-----END");
        if self.block.is_some() || self.key || is_data(line) {
            return Some((0, line.len()));
        }
        let named = self.named.take();
        self.key =
            line.contains("PRIVATE KEY-----") && line.contains("-----BEGIN") && !line.contains("-----END");
        let keyed = keyed(line)?;
        let value = without_comment(line.get(keyed.value..)?);
        if keyed.name == "name" && ends_as_secret(value.trim_matches(['\'', '"'])) {
            self.named = Some(keyed.column);
        }
        let is_value = keyed.name == "value" && named == Some(keyed.column);
        if is_block_header(value) {
            self.block = (is_value || is_secret(keyed.name)).then_some(keyed.column);
            return None;
        }
        let several =
            value.contains([' ', '\t']) && !value.starts_with(['"', '\'', '{', '[', '&', '*', '!', '$', '#']);
        let told = several && (is_value || ends_as_secret(keyed.name));
        told.then_some((keyed.value, keyed.value + value.len()))
    }
}

/// Reads a line that begins with a key, behind the mark of a diff and the dashes of items.
fn keyed(line: &str) -> Option<Keyed<'_>> {
    let marked = line.strip_prefix(['+', '-', ' ']).unwrap_or(line);
    let start = line.len() - marked.trim_start_matches([' ', '-', '\\', '"', '\'']).len();
    let rest = line.get(start..)?;
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    let length = rest.find(|letter| !is_name(letter)).filter(|length| *length > 0)?;
    let (name, behind) = rest.split_at(length);
    let value =
        behind.trim_start_matches(['\\', '"', '\'']).trim_start_matches([' ', '\t']).strip_prefix(':')?;
    let value = value.trim_start_matches([' ', '\t']);
    // The quote of a key stands where the key does.
    let quotes =
        line.get(..start)?.bytes().rev().take_while(|byte| matches!(byte, b'\\' | b'"' | b'\'')).count();
    Some(Keyed { name, column: start - quotes, value: line.len() - value.len() })
}

/// Returns a value without the comment and the blanks behind it.
fn without_comment(value: &str) -> &str {
    let end = value.match_indices(" #").map(|(at, _)| at).next().unwrap_or(value.len());
    let end = if value.starts_with('#') { 0 } else { end };
    value.get(..end).unwrap_or(value).trim_end()
}

fn is_block_header(value: &str) -> bool {
    let behind = value.strip_prefix(['|', '>']);
    behind
        .is_some_and(|behind| behind.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+')))
}

/// Returns a name in lower case and without what parts its words.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|letter| !matches!(letter, '-' | '_'))
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

fn is_secret(name: &str) -> bool {
    let plain = plain(name);
    ends_as_secret(name) || WORDS.iter().any(|word| plain.contains(word))
}

fn ends_as_secret(name: &str) -> bool {
    let (plain, lower) = (plain(name), name.to_ascii_lowercase());
    lower.ends_with("_pass") || lower.ends_with("-pass") || WORDS.iter().any(|word| plain.ends_with(word))
}

fn is_data(line: &str) -> bool {
    let data = line.strip_prefix(['+', '-', ' ']).unwrap_or(line).trim();
    let letters = data.trim_end_matches('=');
    letters.len() >= DATA
        && data.len() - letters.len() <= 2
        && letters.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// Returns what is shown for a letter of a secret's line: blanks and the mark of a diff stay.
pub(super) const fn star(at: usize, letter: char) -> char {
    match letter {
        ' ' | '\t' | '\r' | '\n' => letter,
        '+' | '-' if at == 0 => letter,
        _ => '*',
    }
}
