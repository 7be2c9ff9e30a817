//! Small texts with every place spelled out.

use std::fmt::Write as _;

use super::{Frozen, Kind, Node, ScalarStyle, Stream, decode, parse};

/// Parses a text that must be valid.
fn read(text: &str) -> Stream {
    parse(text).expect("valid YAML")
}

/// Writes the tree, one node a line: depth, kind, the bytes of its span, and what introduces it.
fn outline(text: &str) -> String {
    let stream = read(text);
    let mut out = String::new();
    for document in stream.documents() {
        let _ = writeln!(out, "document {:?}", document.span().of(text));
        describe(document.root().expect("a root"), 0, &mut out);
    }
    for comment in stream.comments() {
        let place = if comment.own_line { "own line" } else { "trailing" };
        let _ = writeln!(out, "{:?} {place}", comment.span.of(text));
    }
    out
}

fn describe(node: Node<'_>, depth: usize, out: &mut String) {
    let text = node.stream().text();
    let shown = node.span().map_or("?".to_owned(), |span| format!("{:?}", span.of(text)));
    let dash = if node.dash().is_some_and(|dash| dash.of(text) == "-") { "- " } else { "" };
    let _ = writeln!(out, "{:1$}{dash}{kind:?} {shown}", "", depth * 2, kind = node.kind());
    for item in node.items() {
        describe(item, depth + 1, out);
    }
    for entry in node.entries() {
        describe(entry.key(), depth + 1, out);
        if let Some(colon) = entry.colon() {
            assert_eq!(colon.of(text), ":");
        }
        describe(entry.value(), depth + 2, out);
    }
}

#[test]
fn a_small_manifest_has_its_places() {
    let text =
        "# top\nspec:\n  containers: # all\n  - name: \"web\"\n    args: [a, 'b']\n  -\n    command:\n";
    let wanted = r##"document "# top\nspec:\n  containers: # all\n  - name: \"web\"\n    args: [a, 'b']\n  -\n    command:\n"
Mapping "spec:\n  containers: # all\n  - name: \"web\"\n    args: [a, 'b']\n  -\n    command:"
  Scalar "spec"
    Mapping "containers: # all\n  - name: \"web\"\n    args: [a, 'b']\n  -\n    command:"
      Scalar "containers"
        Sequence "- name: \"web\"\n    args: [a, 'b']\n  -\n    command:"
          - Mapping "name: \"web\"\n    args: [a, 'b']"
            Scalar "name"
              Scalar "\"web\""
            Scalar "args"
              Sequence "[a, 'b']"
                Scalar "a"
                Scalar "'b'"
          - Mapping "command:"
            Scalar "command"
              Scalar ""
"# top" own line
"# all" trailing
"##;
    assert_eq!(outline(text), wanted);
}

#[test]
fn navigation_finds_keys_and_values() {
    let stream = read("a: {b: [1, ~, '']}\nc: &x text\nd: *x\n");
    let root = stream.documents().next().and_then(|document| document.root()).expect("a root");
    let list = root.at(&["a", "b"]).expect("the list");
    assert!(list.is_flow() && list.kind() == Kind::Sequence);
    let values: Vec<_> = list.items().map(|item| (item.as_str(), item.is_null())).collect();
    assert_eq!(values, [(Some("1"), false), (None, true), (Some(""), false)]);
    assert_eq!(root.get("c").and_then(Node::anchor), Some("x"));
    let alias = root.get("d").expect("the alias");
    assert_eq!((alias.kind(), alias.as_str(), alias.frozen()), (Kind::Alias, None, Some(Frozen::Alias)));
    assert_eq!(alias.resolve().as_str(), Some("text"));
    assert_eq!(alias.resolve().frozen(), Some(Frozen::Anchored));
    assert_eq!(root.frozen(), None);
    assert_eq!(stream.node_at(4).and_then(Node::as_str), Some("b"));
    assert_eq!(root.get("c").and_then(Node::parent), Some(root));
}

#[test]
fn block_scalars_end_with_their_last_line() {
    let text = "a: |  # why\n  one\n   two\n\nb: >-\n    x\n    y\nc: |+\n  z\n\n\n# end\n";
    let stream = read(text);
    let root = stream.documents().next().and_then(|document| document.root()).expect("a root");
    let spans: Vec<_> =
        root.entries().map(|entry| entry.value().span().map(|span| span.of(text)).expect("a span")).collect();
    assert_eq!(spans, ["|  # why\n  one\n   two", ">-\n    x\n    y", "|+\n  z\n\n"]);
    assert_eq!(root.get("b").and_then(Node::scalar).map(|scalar| scalar.style), Some(ScalarStyle::Folded));
    assert_eq!(root.get("c").and_then(Node::as_str), Some("z\n\n\n"));
    assert_eq!(stream.comments().len(), 2);
}

#[test]
fn bytes_that_are_no_yaml_text_are_refused() {
    let issue = decode(b"a: b\r\nc: \xFF".to_vec()).expect_err("no UTF-8");
    assert_eq!((issue.line, issue.column, issue.offset), (2, 4, 9));
    let issue = parse("a: \u{e9}\0b").expect_err("a NUL");
    assert_eq!((issue.line, issue.column, issue.offset), (1, 5, 5));
    assert!(decode(vec![0x1B]).is_err());
}

#[test]
fn documents_cover_the_text_and_keep_their_comments() {
    let text = "# one\r\na: 1\r\n---\r\n# two\r\nb: 2\r\n...\r\n# between\r\n%YAML 1.2\r\n---\r\nc\r\n";
    let stream = read(text);
    let parts: Vec<_> = stream.documents().map(|document| document.span().of(text)).collect();
    let wanted =
        ["# one\r\na: 1\r\n", "---\r\n# two\r\nb: 2\r\n...\r\n# between\r\n", "%YAML 1.2\r\n---\r\nc\r\n"];
    assert_eq!(parts, wanted);
    let second = stream.documents().nth(1).expect("a second document");
    assert!(second.has_start_marker() && second.has_end_marker());
    let comments = stream.comments_in(second.span());
    assert_eq!(
        comments.iter().map(|comment| comment.span.of(text)).collect::<Vec<_>>(),
        ["# two", "# between"]
    );
    assert_eq!(read("").documents().len(), 0);
    assert_eq!(read("# nothing else\n").documents().len(), 0);
    assert_eq!(read("---\n---\n").documents().map(|document| document.root().map(Node::is_null)).len(), 2);
}

#[test]
fn positions_count_characters_and_no_byte_order_mark() {
    let text = "\u{FEFF}k\u{e9}y: v\r\n- \u{1F6E0}\rx";
    let lines = super::lines::Lines::new(text, 3);
    let at = |needle: &str| lines.position(text.find(needle).expect("the needle") as u32, text);
    assert_eq!([at("k"), at(":"), at("- "), at("x")], [(1, 1), (1, 4), (2, 1), (3, 1)]);
    assert_eq!((lines.count(text), lines.without_break(1, text).of(text)), (3, "k\u{e9}y: v"));
    assert_eq!(lines.with_break(1, text).of(text), "k\u{e9}y: v\r\n");
    assert!(lines.with_break(4, text).is_empty() && lines.with_break(0, text).is_empty());
}

#[test]
fn values_that_are_not_written_lie_behind_what_introduces_them() {
    let text = "a:  # c\nb: !!str\n? c\nd: [ , ]".replace("[ , ]", "{e: , f, : g}");
    let stream = read(&text);
    let nodes = stream.documents().filter_map(|document| document.root()).flat_map(Node::descendants);
    let places: Vec<_> = nodes
        .filter_map(|node| node.span().filter(|span| span.is_empty()))
        .map(|span| text.get(..span.start as usize).and_then(|before| before.chars().last()))
        .collect();
    assert_eq!(places, [Some(':'), Some('r'), Some('c'), Some(':'), Some('f'), Some(' ')]);
}

#[test]
fn tags_decide_what_is_null_and_what_is_text() {
    let stream = read("[~, !!str ~, !!null x, 'null', null, ! null, !secret x, !!int 3, !!binary eA==]");
    let list = stream.documents().next().and_then(|document| document.root()).expect("a root");
    let found: Vec<_> = list.items().map(|item| (item.is_null(), item.as_str())).collect();
    let text = |value| (false, Some(value));
    let (null, unknown) = ((true, None), (false, None));
    let wanted = [null, text("~"), null, text("null"), null, text("null"), unknown, text("3"), unknown];
    assert_eq!(found, wanted);
    assert_eq!(list.items().nth(6).and_then(Node::tag), Some("!secret"));
}

#[test]
fn streams_go_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Stream>();
}
