//! JSON, by its strings. A file that is not quite JSON (a template) is read as far as it goes.

use crate::hosts::{Found, Slice, forms, key};

/// What the scanner is inside of: an object, or an array that stands under a key.
enum Container<'a> {
    Object,
    Array(Option<&'a str>),
}

/// Adds the hosts of all strings that are values.
pub(super) fn scan<'a>(slice: &Slice<'a>, found: &mut Found<'a>) {
    let bytes = slice.text.as_bytes();
    let mut containers: Vec<Container<'a>> = Vec::new();
    let mut pending: Option<&'a str> = None;
    let mut at = slice.range.start;
    while let Some(byte) = bytes.get(at).filter(|_| at < slice.range.end) {
        match byte {
            b'"' => {
                let end = string_end(bytes, at + 1, slice.range.end);
                let string = slice.part(at + 1..end);
                at = end;
                if is_key(bytes, end + 1, slice.range.end) {
                    pending = Some(string.as_str());
                } else {
                    value(&string, pending.take().or(key_of(&containers)), found);
                }
            }
            b'{' => {
                containers.push(Container::Object);
                pending = None;
            }
            b'[' => containers.push(Container::Array(pending.take())),
            b'}' | b']' => {
                containers.pop();
                pending = None;
            }
            b',' => pending = None,
            _ => {}
        }
        at += 1;
    }
}

fn value<'a>(string: &Slice<'a>, name: Option<&'a str>, found: &mut Found<'a>) {
    // Most strings of a dashboard are words, which only a key that names a host makes hosts.
    forms::scan(string, name.map_or(key::Key::ANY, key::of), name, found);
}

fn key_of<'a>(containers: &[Container<'a>]) -> Option<&'a str> {
    match containers.last() {
        Some(Container::Array(name)) => *name,
        Some(Container::Object) | None => None,
    }
}

/// Returns where the quote stands that closes the string.
fn string_end(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut at = start;
    while let Some(offset) = bytes.get(at..end).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += offset;
        if bytes.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    end
}

fn is_key(bytes: &[u8], start: usize, end: usize) -> bool {
    let rest = bytes.get(start..end).unwrap_or_default();
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}
