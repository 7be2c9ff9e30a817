//! The same text with CRLF, lone CR, a BOM, letters of several bytes: the same tree at places that move as they must.

use caulk_transforms::span::Span;
use caulk_transforms::syntax::{Kind, Node, ScalarStyle, Stream, parse};

use crate::oracle::compare;
use crate::{dump, invariants};

/// Checks all variants of a text that is valid.
pub(crate) fn check(name: &str, text: &str) {
    let plain = parse(text).expect("the text is valid");
    if !text.contains('\r') {
        same_shape(name, &plain, &text.replace('\n', "\r\n"), |at| at + breaks_before(text, at));
        same_shape(name, &plain, &text.replace('\n', "\r"), |at| at);
    }
    if !text.starts_with('\u{FEFF}') {
        same_shape(name, &plain, &format!("\u{FEFF}{text}"), |at| at + 3);
    }
    if text.is_ascii() {
        // Letters without a meaning of their own become two bytes each; escapes stay as they are.
        letters(name, text);
    }
}

fn breaks_before(text: &str, at: u32) -> u32 {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..at as usize]).count() as u32
}

/// Parses `changed` and compares events, and places after moving them.
fn same_shape(name: &str, plain: &Stream, changed: &str, moved: impl Fn(u32) -> u32) {
    let stream = parse(changed).unwrap_or_else(|issue| panic!("{name}: {issue}"));
    assert_eq!(dump::events(plain), dump::events(&stream), "{name}");
    invariants::check(&stream);
    let places = |stream: &Stream| -> Vec<Option<Span>> {
        let nodes = stream.documents().filter_map(|document| document.root()).flat_map(Node::descendants);
        let mut places: Vec<_> = nodes.flat_map(|node| [node.span(), node.dash()]).collect();
        places.extend(stream.comments().iter().map(|comment| Some(comment.span)));
        places
    };
    for (before, after) in places(plain).into_iter().zip(places(&stream)) {
        let wanted = before.map(|span| Span::new(moved(span.start), moved(span.end)));
        assert_eq!(wanted, after, "{name}");
    }
    for (before, after) in plain.comments().iter().zip(stream.comments()) {
        assert_eq!(before.own_line, after.own_line, "{name}");
    }
}

fn letters(name: &str, text: &str) {
    let changed = text.replace('o', "\u{f6}").replace('k', "\u{1F6E0}").replace('s', "\u{17F}");
    // Within escapes, tags and directives those letters mean something; such a text may no longer be valid.
    let Ok(stream) = parse(changed) else { return };
    let found = compare(&stream);
    assert!(found.editable_differences.is_empty(), "{name}: {:#?}", found.editable_differences);
    invariants::check(&stream);
    let odd =
        stream.documents().filter_map(|document| document.root()).flat_map(Node::descendants).find(|node| {
            let plain = node.scalar().is_some_and(|scalar| scalar.style == ScalarStyle::Plain);
            plain && node.kind() == Kind::Scalar && node.span().is_none()
        });
    assert!(odd.is_none(), "{name}: {odd:?}");
}
