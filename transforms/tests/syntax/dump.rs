//! Writes a tree as the event stream of the YAML test suite.

use std::fmt::Write as _;

use caulk_transforms::syntax::{Kind, Node, ScalarStyle, Stream};

pub(crate) fn events(stream: &Stream) -> String {
    let mut out = String::from("+STR\n");
    for document in stream.documents() {
        out.push_str(if document.has_start_marker() { "+DOC ---\n" } else { "+DOC\n" });
        node(document.root().expect("a root"), &mut out);
        out.push_str(if document.has_end_marker() { "-DOC ...\n" } else { "-DOC\n" });
    }
    out.push_str("-STR\n");
    out
}

fn node(node: Node<'_>, out: &mut String) {
    match node.kind() {
        Kind::Alias => {
            let name = node.span().map_or("?", |span| span.of(node.stream().text()));
            let _ = writeln!(out, "=ALI {name}");
        }
        Kind::Scalar => scalar(node, out),
        Kind::Sequence => {
            out.push_str(if node.is_flow() { "+SEQ []" } else { "+SEQ" });
            properties(node, out);
            out.push('\n');
            node.items().for_each(|item| self::node(item, out));
            out.push_str("-SEQ\n");
        }
        Kind::Mapping => {
            out.push_str(if node.is_flow() { "+MAP {}" } else { "+MAP" });
            properties(node, out);
            out.push('\n');
            for entry in node.entries() {
                self::node(entry.key(), out);
                self::node(entry.value(), out);
            }
            out.push_str("-MAP\n");
        }
    }
}

fn scalar(node: Node<'_>, out: &mut String) {
    let scalar = node.scalar().expect("a scalar");
    let style = match scalar.style {
        ScalarStyle::Plain => ':',
        ScalarStyle::SingleQuoted => '\'',
        ScalarStyle::DoubleQuoted => '"',
        ScalarStyle::Literal => '|',
        ScalarStyle::Folded => '>',
    };
    out.push_str("=VAL");
    properties(node, out);
    let value = scalar.value.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t");
    let value = value.replace('\r', "\\r").replace('\u{8}', "\\b");
    let _ = writeln!(out, " {style}{value}");
}

fn properties(node: Node<'_>, out: &mut String) {
    if let Some(anchor) = node.anchor() {
        let _ = write!(out, " &{anchor}");
    }
    if let Some(tag) = node.tag() {
        let _ = write!(out, " <{tag}>");
    }
}
