//! The smallest parts: host bytes, variables, ports.

use std::ops::Range;

/// Tells whether a host may hold this byte. `_` is no host name's letter, but it must not end one either.
pub(super) const fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// Tells whether `host` has the shape of a host: labels that are not empty, at least one letter or digit in each.
pub(super) fn is_host(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let label = |label: &str| {
        label.bytes().any(|byte| byte.is_ascii_alphanumeric())
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    !name.is_empty() && name.len() <= 253 && name.split('.').all(label)
}

/// Tells whether `host` holds a letter, without which a bare word is a number.
pub(super) fn has_letter(host: &str) -> bool {
    host.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Returns where the variable or placeholder ends that begins at `at`; one that is not closed reaches to `end`.
pub(super) fn variable_end(bytes: &[u8], at: usize, end: usize) -> Option<usize> {
    let next = bytes.get(at + 1).copied().filter(|_| at + 1 < end);
    match (bytes.get(at).filter(|_| at < end)?, next) {
        (b'$', Some(open @ (b'{' | b'('))) => Some(closing(bytes, at + 1, end, open)),
        (b'$', Some(next)) if next.is_ascii_alphabetic() || next == b'_' => {
            Some(name_end(bytes, at + 1, end))
        }
        (b'$', _) => Some(at + 1),
        (b'{', _) => Some(closing(bytes, at, end, b'{')),
        (b'<', Some(next)) if next.is_ascii_alphabetic() => {
            let close = memchr::memchr(b'>', bytes.get(at..end)?)?;
            Some(at + close + 1)
        }
        (b'%', Some(b'(')) => Some((closing(bytes, at + 1, end, b'(') + 1).min(end)),
        (b'%', next) => {
            Some(if next.is_some_and(|next| next.is_ascii_alphanumeric()) { at + 2 } else { at + 1 })
        }
        _ => None,
    }
}

fn name_end(bytes: &[u8], start: usize, end: usize) -> usize {
    let rest = bytes.get(start..end).unwrap_or_default();
    let len =
        rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').unwrap_or(rest.len());
    start + len
}

/// Returns the place after the bracket that closes the one at `at`. A line's end closes all.
fn closing(bytes: &[u8], at: usize, end: usize, open: u8) -> usize {
    let close = if open == b'{' { b'}' } else { b')' };
    let mut depth = 0_u32;
    for (offset, byte) in bytes.get(at..end).unwrap_or_default().iter().enumerate() {
        if *byte == open {
            depth += 1;
        } else if *byte == close {
            depth -= 1;
            if depth == 0 {
                return at + offset + 1;
            }
        } else if *byte == b'\n' {
            return at + offset;
        }
    }
    end
}

/// Returns where a stretch of host bytes and variables ends, and whether there was a variable.
pub(super) fn host_end(bytes: &[u8], start: usize, end: usize) -> (usize, bool) {
    let (mut at, mut variable) = (start, false);
    while at < end {
        if bytes.get(at).copied().is_some_and(is_host_byte) {
            at += 1;
        } else if let Some(after) = variable_end(bytes, at, end) {
            (at, variable) = (after, true);
        } else {
            break;
        }
    }
    (at, variable)
}

/// What stands after a host's colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    /// There is no colon.
    None,
    /// A number.
    Number(u16),
    /// A variable.
    Variable,
    /// Something else: this was no host.
    Wrong,
}

/// Reads `:port` at `at`; returns it with the place after it.
pub(super) fn port(text: &str, at: usize, end: usize) -> (Port, usize) {
    let bytes = text.as_bytes();
    if at >= end || bytes.get(at) != Some(&b':') {
        return (Port::None, at);
    }
    let start = at + 1;
    if let Some(mut after) = variable_end(bytes, start, end) {
        // `:80{{ n }}` and `:{{ n }}0` are variables as a whole.
        after = host_end(bytes, after, end).0;
        return (Port::Variable, after);
    }
    let rest = bytes.get(start..end).unwrap_or_default();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let after = start + digits;
    if digits == 0 {
        return (Port::Wrong, start);
    }
    let number = text.get(start..after).and_then(|digits| digits.parse::<u16>().ok());
    match number.filter(|number| *number > 0) {
        Some(_) if after < end && variable_end(bytes, after, end).is_some() => {
            (Port::Variable, host_end(bytes, after, end).0)
        }
        Some(number) => (Port::Number(number), after),
        None => (Port::Wrong, after),
    }
}

/// Splits off the labels of an SRV name: `_grpc._tcp.store` gives the range of `store`.
pub(super) fn without_srv_labels(text: &str, range: Range<usize>) -> Range<usize> {
    let mut start = range.start;
    while let Some(rest) = text.get(start..range.end)
        && rest.starts_with('_')
        && let Some(dot) = rest.find('.')
    {
        start += dot + 1;
    }
    start..range.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_one_piece() {
        let end = |text: &str| variable_end(text.as_bytes(), 0, text.len());
        assert_eq!(end("${A:-b/c}x"), Some(9));
        assert_eq!(end("$(A)x"), Some(4));
        assert_eq!(end("$HOST-x"), Some(5));
        assert_eq!(end("{{ .x }}y"), Some(8));
        assert_eq!(end("{name}y"), Some(6));
        assert_eq!(end("%d:80"), Some(2));
        assert_eq!(end("%(a)s:80"), Some(5));
        assert_eq!(end("<host>:80"), Some(6));
        assert_eq!(end("${A"), Some(3));
        assert_eq!(end("host"), None);
        assert_eq!(end(""), None);
    }

    #[test]
    fn ports_are_numbers_from_1_to_65535() {
        let port = |text: &str| port(text, 0, text.len());
        assert_eq!(port(":80/x"), (Port::Number(80), 3));
        assert_eq!(port(""), (Port::None, 0));
        assert_eq!(port(":0").0, Port::Wrong);
        assert_eq!(port(":65536").0, Port::Wrong);
        assert_eq!(port(":x").0, Port::Wrong);
        assert_eq!(port(":${P}"), (Port::Variable, 5));
        assert_eq!(port(":80${P}"), (Port::Variable, 7));
    }

    #[test]
    fn srv_labels_stay() {
        let text = "_grpc._tcp.store.data";
        assert_eq!(&text[without_srv_labels(text, 0..text.len())], "store.data");
        assert_eq!(without_srv_labels("store", 0..5), 0..5);
        assert_eq!(without_srv_labels("_store", 0..6), 0..6);
    }
}
