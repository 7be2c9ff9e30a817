//! Variables that other values are put together with: `$(DB_HOST).$(NAMESPACE).svc`.

use std::collections::BTreeSet;

/// Collects the names of the variables that stand beside a letter of a host somewhere in a text.
pub(super) fn collect(text: &str, names: &mut BTreeSet<String>) {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'$', bytes) {
        let close = match bytes.get(at + 1) {
            Some(b'(') => b')',
            Some(b'{') => b'}',
            _ => 0,
        };
        // `$NAME` has no brackets.
        let start = if close == 0 { at + 1 } else { at + 2 };
        let inner = bytes.get(start..).unwrap_or_default();
        let len = inner.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let end = start + len;
        if len == 0 || close != 0 && bytes.get(end) != Some(&close) {
            continue;
        }
        let after = if close == 0 { end } else { end + 1 };
        let before = at.checked_sub(1).and_then(|at| bytes.get(at)).copied();
        let joins_before = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        let next = bytes.get(after).copied();
        let joins_after = match next {
            // A full stop ends a sentence as well.
            Some(b'.') => bytes.get(after + 1).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'$'),
            Some(byte) => byte.is_ascii_alphanumeric() || byte == b'-',
            None => false,
        };
        if joins_before || joins_after {
            names.extend(text.get(start..end).map(str::to_owned));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_beside_letters_of_a_host_are_found() {
        let mut names = BTreeSet::new();
        collect("$(A).$(NS).svc $G.svc $I/x http://$(B):80/x ${C}-rw x-$(D) ${E}. $(F G) $(H", &mut names);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["A", "C", "D", "G", "NS"]);
    }
}
