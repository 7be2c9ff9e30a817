//! Argument lists and shell scripts.

mod mentions;

use super::{
    Found, HostToken, Key, Place, Role, Slice, Subject, endpoint, file, forms, key, lex::Port, list, scan,
    url,
};

/// One word of an argument list that holds hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument<'a> {
    /// The word's place in the list.
    pub index: usize,
    /// Its hosts; none is never listed.
    pub tokens: Vec<HostToken<'a>>,
}

/// Programs that take a script after `-c`.
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"];

/// Finds the hosts of a command line: `--flag=value`, a flag and its value, scripts of shells, plain words.
///
/// `words` is what runs, the program first; where the program is not known, only arguments.
#[must_use]
pub fn scan_arguments<'a>(words: &[&'a str]) -> Vec<Argument<'a>> {
    let mut script_next = false;
    let shell = words.iter().take(3).any(|word| SHELLS.contains(&program(word)));
    let mut found = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|at| words.get(at)).copied();
        let place = if script_next || word.trim_end().contains('\n') {
            Place::Script
        } else {
            Place::Argument(before.filter(|before| is_flag(before) && !before.contains('=')))
        };
        script_next = shell && is_script_flag(word);
        let mut tokens = scan(word, place);
        let first = words.first().map_or("", |word| program(word));
        if mentions::is_quiet(first, before) {
            tokens.iter_mut().for_each(|token| token.role = Role::Mention);
        }
        if !tokens.is_empty() {
            found.push(Argument { index, tokens });
        }
    }
    found
}

fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Tells whether the word is `-c`, alone or with other letters: `-ec`, `-lc`.
fn is_script_flag(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|letters| {
        letters.ends_with('c') && letters.len() <= 4 && letters.bytes().all(|byte| byte.is_ascii_lowercase())
    })
}

fn is_flag(word: &str) -> bool {
    word.starts_with('-') && word.len() > 1 && !word.contains(char::is_whitespace)
}

/// Adds the hosts of one argument.
pub(super) fn scan_argument<'a>(value: &'a str, flag: Option<&'a str>, found: &mut Found<'a>) {
    let whole = Slice::whole(value);
    if let Some((name, _)) = value.split_once('=').filter(|(name, _)| is_name(name)) {
        // `-Dspring.redis.host=redis`, `--set redis.host=redis`, `DB_HOST=db`.
        let plain = name.strip_prefix("-D").unwrap_or(name).trim_start_matches('-');
        let rest = whole.part(name.len() + 1..value.len());
        let first = found.tokens.len();
        forms::scan(&rest, key::of(plain), Some(plain), found);
        // `--label url=http://web`
        let above = flag.map_or(Role::Connection, |flag| key::of(flag.trim_start_matches('-')).role);
        return found.raise(first, |_| above);
    }
    let blank = memchr::memchr3(b' ', b'\n', b'\t', value.trim().as_bytes()).is_some();
    match flag {
        Some(flag) => forms::scan(&whole, key::of(flag.trim_start_matches('-')), Some(flag), found),
        None if blank => scan_script(&whole, found),
        None if value.starts_with('-') => {}
        None => forms::scan(&whole, Key::ANY, None, found),
    }
}

fn is_name(name: &str) -> bool {
    let plain = name.trim_start_matches('-');
    !plain.is_empty()
        && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
        && plain.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
}

/// Adds the URLs and the words `host:port` of a shell's script; comments are left out.
pub(super) fn scan_script<'a>(slice: &Slice<'a>, found: &mut Found<'a>) {
    scan_lines(slice, mentions::in_shell, found);
}

/// Adds the URLs and the words `host:port` of a program in another language.
pub(super) fn scan_program<'a>(slice: &Slice<'a>, found: &mut Found<'a>) {
    // What a module hands out is settings, as in a file without a program.
    let settings = ["module.exports", "export default"].iter().any(|words| slice.as_str().contains(words));
    scan_lines(slice, if settings { mentions::in_settings } else { mentions::in_program }, found);
}

/// What a host is in a line, by where it begins and ends there.
type RoleIn = fn(&str, usize, usize) -> Role;

fn scan_lines<'a>(slice: &Slice<'a>, role_in: RoleIn, found: &mut Found<'a>) {
    let bytes = slice.as_str().as_bytes();
    if memchr::memchr2(b':', b'=', bytes).is_none() {
        return;
    }
    // `ALLOWED = [` gives what it says to the lines up to its bracket; what a here-document holds is a text.
    let (mut list, mut document): (Option<Role>, Option<&str>) = (None, None);
    for line in file::lines(slice) {
        let line = line.trimmed();
        let text = line.as_str();
        if text.starts_with([']', ')', '}']) {
            list = None;
        }
        if document.is_some_and(|end| text == end) {
            document = None;
        }
        let is_comment = ["#", "//", "-- ", "/*", "* ", "\"\"\""].iter().any(|mark| text.starts_with(mark));
        if !is_comment && text.contains([':', '=']) {
            let first = found.tokens.len();
            scan_line(&line, found);
            let above = list.unwrap_or(Role::Connection).max(match document {
                Some(_) => Role::Identity,
                None => Role::Connection,
            });
            let start = line.range.start;
            found.raise(first, |token| {
                above.max(role_in(text, token.range.start - start, token.range.end - start))
            });
        }
        if text.ends_with(['[', '(', '{']) {
            list = mentions::nearest_key(text).map(|name| key::of(name).role);
        }
        document = document.or_else(|| here_document(text));
    }
}

/// Returns the word that ends the here-document that a line begins.
fn here_document(line: &str) -> Option<&str> {
    let rest = line.split_once("<<")?.1.trim_start_matches(['-', ' ', '"', '\'', '\\']);
    let end =
        rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(rest.len());
    rest.get(..end).filter(|word| word.starts_with(|letter: char| letter.is_ascii_uppercase()))
}

fn scan_line<'a>(line: &Slice<'a>, found: &mut Found<'a>) {
    if let Some((name, value)) = exported(line) {
        return forms::scan(&value, key::of(name), Some(name), found);
    }
    url::scan(line, Key::ANY, None, found);
    for word in words(line) {
        scan_word(&word, found);
    }
}

/// Reads `export NAME=value`, alone on its line: what the variables of a container say in a manifest.
fn exported<'a>(line: &Slice<'a>) -> Option<(&'a str, Slice<'a>)> {
    let (name, value) = line.as_str().strip_prefix("export ")?.split_once('=')?;
    let plain = is_name(name) && !value.contains([' ', ';', '|', '&']);
    plain.then(|| (name, line.part(line.range.end - value.len()..line.range.end)))
}

/// Splits a script's line where a shell does, and at assignments' `=`.
fn words<'a>(line: &Slice<'a>) -> impl Iterator<Item = Slice<'a>> + use<'a> {
    let line = line.clone();
    list::items(&line).flat_map(|item| {
        let mut start = item.range.start;
        let mut parts = Vec::new();
        for (at, byte) in item.as_str().bytes().enumerate() {
            if matches!(byte, b'|' | b'&' | b'(' | b')' | b'>') {
                parts.push(item.part(start..item.range.start + at));
                start = item.range.start + at + 1;
            }
        }
        parts.push(item.part(start..item.range.end));
        parts
    })
}

fn scan_word<'a>(word: &Slice<'a>, found: &mut Found<'a>) {
    let text = word.as_str();
    if !text.contains(':') || found.is_taken(&word.range) {
        return;
    }
    let (name, start) = text
        .split_once('=')
        .filter(|(name, _)| is_name(name))
        .map_or((None, word.range.start), |(name, _)| (Some(name), word.range.start + name.len() + 1));
    let meaning = name.map_or(Key::ANY, |name| key::of(name.trim_start_matches('-')));
    if matches!(meaning.subject, Subject::Other | Subject::Prose) {
        return;
    }
    let rest = word.part(start..word.range.end);
    let meaning = Key { subject: Subject::Any, ..meaning };
    // A bare word counts nowhere in a script, so that only what has a port is asked for.
    let host = rest.range.start + list::prefix_len(rest.as_str());
    let has_port =
        endpoint::read(rest.text, host, rest.range.end).is_some_and(|endpoint| endpoint.port != Port::None);
    if has_port {
        list::scan(&rest, meaning, name.map(|name| name.trim_start_matches('-')), found);
    }
}
