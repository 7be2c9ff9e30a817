//! URLs: `scheme://user:pw@host:port,host:port/path?query`, anywhere in a text.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{
    Form, Found, Key, Slice,
    endpoint::{self, Context},
    lex::{self, Port},
};

mod schemes;

use schemes::{NOT_DNS, SEVERAL, TLS, VERIFY};

static AUTHORITY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("://"));

/// Adds the hosts of all URLs in `slice`.
pub(super) fn scan<'a>(slice: &Slice<'a>, meaning: Key, key: Option<&'a str>, found: &mut Found<'a>) {
    let text = slice.as_str();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| AUTHORITY.find(rest.as_bytes())) {
        let colon = slice.range.start + from + at;
        let end = url(slice, colon, meaning, key, found);
        from = (end - slice.range.start).max(from + at + 3);
        while !text.is_char_boundary(from) {
            from += 1;
        }
    }
}

/// Reads the URL whose `://` stands at `colon`; returns where its word ends.
fn url<'a>(
    slice: &Slice<'a>,
    colon: usize,
    meaning: Key,
    key: Option<&'a str>,
    found: &mut Found<'a>,
) -> usize {
    let bytes = slice.text.as_bytes();
    let (start, scheme) = scheme_before(slice, colon);
    let authority = colon + 3;
    // SQL Server may name its host among the properties only: `jdbc:sqlserver://;serverName=db`.
    let word = if bytes.get(authority) == Some(&b';') {
        authority
    } else {
        word_end(bytes, authority, slice.range.end)
    };
    found.take(start..word);
    // `x:///path` has no authority; gRPC puts the name into the path: `dns:///host:port`.
    let empty = bytes.get(authority) == Some(&b'/');
    let is = |table: &[&str]| scheme.is_some_and(|scheme| one_of(scheme, table));
    if is(NOT_DNS) || empty && !is(&["dns", "passthrough", "dnssrv"]) {
        return word;
    }
    let begin = if empty { authority + 1 } else { after_userinfo(bytes, authority, word) };
    let Some(mut endpoints) = authority_of(slice, begin, word, is(SEVERAL)) else { return word };
    if !empty && has_stray_at(slice, endpoints.end, word, scheme) {
        return word;
    }
    let rest = slice.text.get(endpoints.end..word).unwrap_or_default();
    let srv = is(&["mongodb+srv", "dnssrv", "srv"]);
    let context = Context {
        scheme,
        tls: is(TLS) || verifies(rest),
        ..Context::new(if srv { Form::Srv } else { Form::Url }, meaning, key)
    };
    for endpoint in endpoints.list.drain(..) {
        found.add(slice, &endpoint, context);
    }
    word
}

/// Returns where the URL begins, and its scheme. A scheme that is a variable is none.
fn scheme_before<'a>(slice: &Slice<'a>, colon: usize) -> (usize, Option<&'a str>) {
    let head = slice.text.as_bytes().get(slice.range.start..colon).unwrap_or_default();
    let len = head.iter().rev().take_while(|byte| is_scheme_byte(**byte)).count();
    let start = colon - len;
    let before = head.len().checked_sub(len + 1).and_then(|at| head.get(at));
    if len == 0 || before == Some(&b'$') {
        return (start, None);
    }
    // `jdbc:mysql:replication://`: what stands before belongs to the URL too.
    let chain = head.iter().rev().take_while(|byte| is_scheme_byte(**byte) || **byte == b':').count();
    (colon - chain, slice.text.get(start..colon))
}

/// Returns where a URL's word ends: at white space, a quote, or a bracket that text puts around URLs. Variables are
/// one piece, whatever they hold.
fn word_end(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut at = start;
    while let Some(byte) = bytes.get(at).filter(|_| at < end) {
        if let Some(after) = lex::variable_end(bytes, at, end) {
            at = after;
        } else if matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'|' | b'\\')
            || byte.is_ascii_whitespace()
        {
            // A backslash is part of SQL Server's `host\instance`, but of no other URL.
            break;
        } else {
            at += 1;
        }
    }
    before_next_url(bytes, start, at.min(end))
}

/// Cuts a word where a further URL begins after a comma or semicolon; one in a query (`?next=http://x`) stays.
fn before_next_url(bytes: &[u8], start: usize, end: usize) -> usize {
    let word = bytes.get(start..end).unwrap_or_default();
    for mark in AUTHORITY.find_iter(word) {
        let name_before =
            |at: usize| at - word.iter().take(at).rev().take_while(|byte| is_scheme_byte(**byte)).count();
        let mut at = name_before(mark);
        // `etcd-0=http://a,etcd-1=http://b`
        let named = at.checked_sub(1).filter(|at| word.get(*at) == Some(&b'='));
        if let Some(equals) = named.filter(|equals| memchr::memchr(b'?', &word[..*equals]).is_none()) {
            at = name_before(equals);
        }
        let before = at.checked_sub(1).filter(|before| matches!(word.get(*before), Some(b',' | b';')));
        if let Some(before) = before.filter(|_| at < mark) {
            return start + before;
        }
    }
    end
}

const fn is_scheme_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_')
}

/// Returns where the host begins: after the last `@` of the authority, or where the authority begins.
fn after_userinfo(bytes: &[u8], start: usize, end: usize) -> usize {
    let (mut at, mut begin) = (start, start);
    while let Some(byte) = bytes.get(at).filter(|_| at < end) {
        match byte {
            b'/' | b'?' | b'#' => break,
            b'@' => begin = at + 1,
            _ => {}
        }
        at = lex::variable_end(bytes, at, end).unwrap_or(at + 1);
    }
    begin
}

struct Authority {
    list: Vec<endpoint::Endpoint>,
    end: usize,
}

/// Reads the hosts of an authority. None if what stands there is no authority.
fn authority_of(slice: &Slice<'_>, begin: usize, word: usize, several: bool) -> Option<Authority> {
    let bytes = slice.text.as_bytes();
    let mut list = vec![endpoint::read(slice.text, begin, word)?];
    let mut end = list.last()?.end;
    while bytes.get(end) == Some(&b',') && end < word {
        let Some(next) = endpoint::read(slice.text, end + 1, word) else { break };
        let is_url = slice.text.get(next.host.end..word).is_some_and(|rest| rest.starts_with("://"));
        if is_url || next.port == Port::None && !several || !ends_authority(bytes, next.end, word) {
            break;
        }
        end = next.end;
        list.push(next);
    }
    ends_authority(bytes, end, word).then_some(Authority { list, end })
}

fn ends_authority(bytes: &[u8], at: usize, end: usize) -> bool {
    at >= end
        || matches!(
            bytes.get(at),
            None | Some(b'/' | b'?' | b'#' | b',' | b';' | b'&' | b')' | b']' | b'}' | b'\\')
        )
}

/// Tells whether an `@` in the path makes it doubtful where the user info ends: `redis://u:1/x@host` has a password
/// with a slash. In the web's URLs an `@` in the path is common.
fn has_stray_at(slice: &Slice<'_>, start: usize, end: usize, scheme: Option<&str>) -> bool {
    let web = scheme.is_none_or(|scheme| one_of(scheme, &["http", "https", "ws", "wss", "git", "ssh"]));
    let rest = slice.text.get(start..end).unwrap_or_default();
    let path = rest.split(['?', ',']).next().unwrap_or_default();
    !web && path.contains('@')
}

/// Tells whether the parameters of a connection string ask for TLS with a check of the name.
pub(super) fn verifies(parameters: &str) -> bool {
    parameters.contains('=')
        && parameters.split(['?', '&', ';', ' ', ',', '"', '\'']).any(|pair| {
            let pair: String = pair.trim().to_ascii_lowercase().replace(' ', "");
            VERIFY.contains(&pair.as_str())
        })
}

pub(super) fn one_of(word: &str, table: &[&str]) -> bool {
    table.iter().any(|entry| word.eq_ignore_ascii_case(entry))
}
