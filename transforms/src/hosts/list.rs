//! `host:port`, bare words, and lists of them with `,`, `;` or blanks between.

use super::{
    Form, Found, Key, Role, Slice, Subject,
    endpoint::{self, Context, Endpoint},
    lex::{self, Port},
    name,
};

/// Below this a number after a colon is an image's tag (`redis:7`, `postgres:16`) as often as a port.
const SMALLEST_PORT: u16 = 20;

/// What one item of a list is.
enum Item {
    /// A host, with or without a port.
    Host(Endpoint),
    /// `key=value` with what its value holds; or nothing that matters: a URL, a variable.
    Known,
    /// Something that no list of hosts holds.
    Foreign,
}

/// Adds the hosts of a list, or of a single item.
///
/// All items must be understood, or none counts: a sentence that mentions `redis:6379` is no list.
pub(super) fn scan<'a>(slice: &Slice<'a>, meaning: Key, key: Option<&'a str>, found: &mut Found<'a>) {
    let text = slice.as_str();
    if !meaning.names_hosts() && memchr::memchr(b':', text.as_bytes()).is_none() {
        return;
    }
    let mut hosts = Vec::new();
    let items: Vec<Slice<'a>> = items(slice).collect();
    for item in &items {
        if found.is_taken(&item.range) {
            continue;
        }
        match read_item(item, meaning, found) {
            Item::Host(endpoint) => hosts.push(endpoint),
            Item::Known => {}
            Item::Foreign => return,
        }
    }
    // `MESSAGE: redis or kafka` under a key for one host is a sentence.
    let blanks = items.len() > 1 && meaning.subject == Subject::Host && !text.contains([',', ';']);
    // Escapes mean text inside text.
    let no_words = blanks || !meaning.names_hosts() || text.contains('\\');
    for endpoint in hosts {
        let word = endpoint.port == Port::None;
        let plain = slice.text.get(endpoint.host.clone()).is_some_and(|host| !host.contains('.'));
        if word && (no_words || plain && meaning.subject == Subject::Dotted) {
            continue;
        }
        let form = if word { Form::Word } else { Form::HostPort };
        found.add(slice, &endpoint, Context::new(form, meaning, key));
    }
}

/// Splits at `,`, `;`, white space, quotes and square brackets; a variable is one piece.
pub(super) fn items<'a>(slice: &Slice<'a>) -> impl Iterator<Item = Slice<'a>> + use<'a> {
    let slice = slice.clone();
    let bytes = slice.text.as_bytes();
    let end = slice.range.end;
    let mut at = slice.range.start;
    std::iter::from_fn(move || {
        while at < end && bytes.get(at).is_some_and(|byte| is_separator(*byte)) {
            at += 1;
        }
        let start = at;
        while at < end && bytes.get(at).is_some_and(|byte| !is_separator(*byte)) {
            at = lex::variable_end(bytes, at, end).unwrap_or(at + 1);
        }
        (start < at).then(|| slice.part(start..at))
    })
}

fn is_separator(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b'"' | b'\'' | b'[' | b']' | b'`')
}

/// What may stand before a host: `tcp:host:port`, `dns+host:port` (Thanos).
const PREFIXES: &[&str] = &[
    "dns+",
    "dnssrv+",
    "dnssrvnoa+",
    "tcp:",
    "tcp4:",
    "udp:",
    "tls:",
    "ssl:",
    "openssl:",
    "TCP:",
    "TCP4:",
    "UDP:",
];

/// Returns how many bytes of a word stand before its host.
pub(super) fn prefix_len(word: &str) -> usize {
    PREFIXES.iter().find(|prefix| word.starts_with(**prefix)).map_or(0, |prefix| prefix.len())
}

fn read_item<'a>(item: &Slice<'a>, meaning: Key, found: &mut Found<'a>) -> Item {
    let text = item.as_str();
    let end = item.range.end;
    if let Some((name, _)) = text.split_once('=').filter(|(name, _)| is_option(name)) {
        return option(item, name, found);
    }
    let mut start = item.range.start + prefix_len(text);
    if let Some(at) = userinfo_end(item) {
        start = start.max(at);
    }
    let Some(endpoint) = endpoint::read(item.text, start, end) else { return Item::Foreign };
    let host = item.text.get(endpoint.host.clone()).unwrap_or_default();
    if endpoint.variable {
        return if endpoint.end == end || endpoint.port != Port::None {
            Item::Host(endpoint)
        } else {
            Item::Known
        };
    }
    let rest = item.text.get(endpoint.end..end).unwrap_or_default();
    let plausible = match endpoint.port {
        Port::Number(port) => lex::has_letter(host) && port >= SMALLEST_PORT && may_follow_port(rest),
        Port::Variable => lex::has_letter(host) && may_follow_port(rest),
        // `x.n.svc/path` needs no port to be a host.
        _ => meaning.names_hosts() && (rest.is_empty() || rest.starts_with('/') && is_service_name(host)),
    };
    if plausible && (lex::has_letter(host) || name::is_address(host)) {
        Item::Host(endpoint)
    } else {
        Item::Foreign
    }
}

/// What may follow a port: a path or database, a weight or number, an option.
fn may_follow_port(rest: &str) -> bool {
    let number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    rest.is_empty()
        || rest.starts_with(['/', '?', '#'])
        || rest.strip_prefix(':').is_some_and(number)
        || matches!(rest, ")" | "}" | "|" | "&")
}

fn is_service_name(host: &str) -> bool {
    host.ends_with(".svc") || host.contains(".svc.")
}

fn is_option(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// `name=value` in a list: only `host:port` counts in the value, and only if the name allows it.
fn option<'a>(item: &Slice<'a>, name: &str, found: &mut Found<'a>) -> Item {
    let start = item.range.start + name.len() + 1;
    let inner = super::key::of(name);
    if matches!(inner.subject, Subject::Other | Subject::Prose) || inner.role > Role::Connection {
        return Item::Known;
    }
    let value = item.part(start..item.range.end);
    match endpoint::read(item.text, start + prefix_len(value.as_str()), item.range.end) {
        Some(endpoint) if endpoint.port != Port::None && !endpoint.variable => {
            match read_item(&value, Key { subject: Subject::Any, ..inner }, found) {
                Item::Foreign => Item::Known,
                other => other,
            }
        }
        _ => Item::Known,
    }
}

/// Returns where the host begins in `user:pw@host:port`, which has no scheme.
fn userinfo_end(item: &Slice<'_>) -> Option<usize> {
    let text = item.as_str();
    let at = text.find('@').filter(|at| *at > 0)?;
    let only = !text.get(at + 1..)?.contains('@') && text.get(..at)?.contains(':');
    only.then_some(item.range.start + at + 1)
}
