//! What holds for every text that parses. The fuzz targets use this file too.

use caulk_transforms::span::Span;
use caulk_transforms::syntax::{Kind, Node, Stream};

use crate::reread;

/// Checks all of them; the counts are of scalars read again.
///
/// # Panics
/// If one does not hold.
pub(crate) fn check(stream: &Stream) -> usize {
    let mut scalars = 0;
    for document in stream.documents() {
        let root = document.root().expect("a document has a root");
        for node in root.descendants() {
            scalars += check_node(node);
        }
        if document.is_unresolved() {
            assert!(
                root.descendants().all(|node| node.frozen().is_some()),
                "an unresolved document is frozen"
            );
        } else {
            let all = document.span();
            assert!(root.descendants().all(|node| node.span().is_some_and(|span| all.contains(span))));
        }
    }
    check_documents(stream);
    check_lookup(stream);
    check_comments(stream);
    check_lines(stream);
    scalars
}

fn check_documents(stream: &Stream) {
    let mut at = 0;
    for document in stream.documents() {
        assert_eq!(document.span().start, at, "documents cover the text without gaps");
        at = document.span().end;
    }
    assert!(at == 0 || at as usize == stream.text().len());
}

/// Looking up the first byte of a node finds the node or one in it.
fn check_lookup(stream: &Stream) {
    for node in stream.documents().filter_map(|document| document.root()).flat_map(Node::descendants) {
        let Some(span) = node.span().filter(|span| !span.is_empty()) else { continue };
        let found = stream.node_at(span.start).expect("a node is there");
        let mut holders = std::iter::successors(Some(found), |node| node.parent());
        assert!(holders.any(|holder| holder == node), "{found:?} lies in {node:?}");
    }
}

fn check_node(node: Node<'_>) -> usize {
    let text = node.stream().text();
    let Some(span) = node.span() else {
        assert!(node.frozen().is_some(), "what is unresolved is frozen");
        return 0;
    };
    assert!(text.get(span.range()).is_some(), "a span lies on the borders of characters");
    if let Some(holder) = node.parent().and_then(Node::span) {
        assert!(holder.contains(span), "{node:?} lies in its parent");
    }
    match node.kind() {
        Kind::Scalar => return check_scalar(node, span),
        Kind::Alias => {
            assert!(span.of(text).starts_with('*'));
            assert!(node.resolve().kind() != Kind::Alias && node.resolve().is_aliased());
            assert_eq!(node.resolve().anchor(), span.of(text).get(1..));
            assert!(node.resolve().frozen().is_some());
        }
        Kind::Sequence => check_sequence(node, text),
        Kind::Mapping => check_mapping(node, text),
    }
    0
}

fn check_scalar(node: Node<'_>, span: Span) -> usize {
    let scalar = node.scalar().expect("a scalar");
    let text = node.stream().text();
    let value = reread::value(node).expect("the span holds a scalar");
    assert_eq!(value, scalar.value, "read again from {:?}", span.of(text));
    1
}

fn check_sequence(node: Node<'_>, text: &str) {
    let mut after = node.span().map_or(0, |span| span.start);
    for item in node.items() {
        if let Some(dash) = item.dash() {
            assert!(!node.is_flow());
            assert_eq!(dash.of(text), "-");
            assert!(after <= dash.start);
            after = dash.end;
        } else {
            assert!(node.is_flow() || node.frozen().is_some(), "an item of a block sequence has a dash");
        }
        after = in_order(item, after);
    }
    if let (true, Some(span)) = (node.is_flow(), node.span()) {
        assert!(span.of(text).starts_with('[') && span.of(text).ends_with(']'));
    }
}

fn check_mapping(node: Node<'_>, text: &str) {
    let mut after = node.span().map_or(0, |span| span.start);
    for entry in node.entries() {
        after = in_order(entry.key(), after);
        if let Some(colon) = entry.colon() {
            assert_eq!(colon.of(text), ":");
            assert!(after <= colon.start);
            after = colon.end;
        }
        after = in_order(entry.value(), after);
        assert_eq!(entry.key().parent(), Some(node));
        assert_eq!(entry.value().parent(), Some(node));
    }
}

/// Checks that a node begins at or behind `after`, and returns where it ends.
fn in_order(node: Node<'_>, after: u32) -> u32 {
    let Some(span) = node.span() else { return after };
    assert!(after <= span.start, "{node:?} begins before {after}");
    span.end
}

fn check_comments(stream: &Stream) {
    let text = stream.text();
    let mut after = 0;
    for comment in stream.comments() {
        let shown = comment.span.of(text);
        assert!(shown.starts_with('#') && !shown.contains(['\n', '\r']));
        assert!(after <= comment.span.start);
        after = comment.span.end;
        let before = text[..comment.span.start as usize].trim_end_matches([' ', '\t']);
        assert_eq!(comment.own_line, matches!(before, "" | "\u{FEFF}") || before.ends_with(['\n', '\r']));
        let node = stream.node_at(comment.span.start).filter(|node| node.kind() == Kind::Scalar);
        let block = |node: Node<'_>| {
            node.span().is_some_and(|span| span.is_empty() || span.of(text).starts_with(['|', '>']))
        };
        assert!(node.is_none_or(block), "only the header of a block scalar holds a comment");
    }
}

fn check_lines(stream: &Stream) {
    let text = stream.text();
    let mut at = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    for line in 1..=stream.line_count() {
        let (inner, whole) = (stream.line_span(line), stream.line_span_with_break(line));
        assert_eq!((inner.start, whole.start), (at, at), "lines cover the text without gaps");
        assert!(whole.contains(inner) && !inner.of(text).contains(['\n', '\r']));
        assert_eq!(stream.position(inner.start), (line, 1));
        at = whole.end;
    }
    assert_eq!(at as usize, text.len());
}
