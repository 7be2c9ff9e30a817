//! XML and its like: URLs, as far as the names of their elements and attributes let them be connections.

use crate::hosts::{Found, Key, Role, Slice, key, url};

/// Adds the hosts of all URLs.
pub(super) fn scan<'a>(slice: &Slice<'a>, found: &mut Found<'a>) {
    let first = found.tokens.len();
    url::scan(slice, Key::ANY, None, found);
    found.raise(first, |token| role(slice.text.get(..token.range.start).unwrap_or_default()));
}

/// Attributes and elements that hold names rather than addresses: of vocabularies, and of what describes them.
const NAMES: &[&str] =
    &["uri", "systemid", "publicid", "nonamespaceschemalocation", "schemalocation", "doctype"];

/// Returns what the text before a URL's host makes of it.
fn role(before: &str) -> Role {
    let open = |begin: &str, end: &str| match (before.rfind(begin), before.rfind(end)) {
        (Some(begin), end) => end.is_none_or(|end| end < begin),
        (None, _) => false,
    };
    if open("<!--", "-->") || open("<!DOCTYPE", ">") {
        return Role::Mention;
    }
    // `attribute="text`, or `<element>text`.
    let (name, is_attribute) = match (before.rfind("=\""), before.rfind('>')) {
        (Some(quote), close) if close.is_none_or(|close| close < quote) => {
            (last_word(&before[..quote]), true)
        }
        (_, Some(close)) => (last_element(&before[..close]), false),
        _ => return Role::Connection,
    };
    let plain = name.rsplit(':').next().unwrap_or(name);
    let is_name = NAMES.iter().any(|each| plain.eq_ignore_ascii_case(each)) && is_attribute;
    if name.starts_with("xmlns") || is_name { Role::Mention } else { key::of(plain).role }
}

fn last_word(text: &str) -> &str {
    text.trim_end().rsplit(|letter: char| letter.is_whitespace() || letter == '<').next().unwrap_or_default()
}

/// Returns the name of the element whose opening tag a text ends in.
fn last_element(text: &str) -> &str {
    let tag = text.rsplit('<').next().unwrap_or_default();
    tag.split(char::is_whitespace).next().unwrap_or_default()
}
