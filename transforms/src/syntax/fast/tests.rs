//! What is read quickly and what is declined. That both readings are equal is tested with whole files beside the library.

use std::sync::Arc;

use proptest::prelude::*;

use super::read;
use crate::syntax::build::build;

/// Reads a text quickly, if it can be, and checks that the parser's events give the same.
fn quick(text: &str) -> bool {
    let text: Arc<str> = text.into();
    let Some(stream) = read(&text, &mut Vec::new()) else { return false };
    match build(&text) {
        Ok(slow) => assert_eq!(stream, slow, "{text:?}"),
        Err(issue) => panic!("the parser refuses {text:?}: {issue}"),
    }
    true
}

#[test]
fn manifests_are_read_quickly() {
    for text in [
        "",
        "# only a comment\n",
        "a: 1",
        "---\n# c\na: 1 # d\n---\n---\nb:\n",
        "a:\n  b:\n    c: d\n  e:\nf:\n- g\n- h:\n  i: j\n-\n- - k\n  - l\n",
        "a: [b, 'c', \"d\", [e], {f: g, \"h\":1}, ]\ni: {\n    j: k, # l\n    # m\n    n: [],\n  }\n",
        "{\"a\": [1, {\"b\" : \"c\\u00e9\\n\"}],\n\"d\":{}}\n",
        "a: 'it''s'\nb: \"x\\ty \\\"z\\\"\"\n\"c d\": e#f:g -h\n'<<': http://i.j:80/?k=l\n",
        "a: |  # why\n  b\n   c\n\n\n  d\n# e\nf: >-\n\n    g\n    h\n\n    i\n     j\n    k\nl: |-\n  m",
        "a: b\n   c\n\n   d # e\nf:\n  g\n  h\n- i\n".trim_end_matches("- i\n"),
        "a: 'b\n  c''d\n\n  e'\nf: \"g  \n  h\\t \n  i\"\n",
        "a: &x b\nc: *x\nd: &y\n  e: f\ng: &z\n- h\n<<: *y\ni: &n\nj: [k]\n",
        "a: &x b\nc: [*x, {d: *x},*x ]\n<<: [ *x,*x\n  ]\n",
        "a: :80\n- ::1/128\n".trim_end_matches("- ::1/128\n"),
        "- :80\n- ::1/128\n- :a: b\n",
        "a: 1\na: 2\n\u{e9}: \u{1F6E0} # \u{e9}\n",
    ] {
        assert!(quick(text), "{text:?}");
    }
}

#[test]
fn what_is_unusual_or_wrong_is_left_to_the_parser() {
    for text in [
        "\u{FEFF}a: 1",
        "a: 1\r\nb: 2\r\n",
        "%YAML 1.2\n---\na",
        "a: 1\n...\n",
        "a\n",
        "--- a\n",
        "a:\t1\n",
        "a: b\n\tc\n",
        "? a\n: b\n",
        "a : b\n",
        "a: !!str b\n",
        "&a b: c\n",
        "a: *unknown\n",
        "a: &x 1\n---\nb: *x\n",
        "a: &x 1\nb: [*x: c]\n",
        "a: &x 1\nb: {*x : c}\n",
        "a: &x 1\nb: [*x c]\n",
        "a: [:b]\n",
        ": b\n",
        "a: - b\n",
        "a: b: c\n",
        "a: 'b' c\n",
        "a: 'b'#c\n",
        "a: b\n c: d\n",
        "a:\n  b: c\n d: e\n",
        "- a\nb: c\n",
        "a: [b\n",
        "a: [b\n]\n",
        "a: [b: c]\n",
        "a: {b}\n",
        "a: [- b]\n",
        "a: [b -, c]\n",
        "a: [,]\n",
        "a: [b]c\n",
        "a: \"b\\q\"\n",
        "a: \"b\nc\"\n",
        "a: |2\n   b\n",
        "a: |+\n  b\n\n",
        "a: |\n    \n  b\n",
        "a: |\nb: c\n",
        "a: @b\n",
        "a: \u{2028}b\n",
    ] {
        assert!(read(&text.into(), &mut Vec::new()).is_none(), "{text:?}");
    }
}

/// The quick reader searches anchors one by one: a text of many anchors and aliases would take it a time that grows with the square.
#[test]
fn many_anchors_are_left_to_the_parser() {
    let anchored =
        |count: usize| (0..count).map(|number| format!("k{number}: &a{number} v\n")).collect::<String>();
    let text = |count: usize| anchored(count) + "last: *a0\n";
    assert!(read(&text(64).into(), &mut Vec::new()).is_some());
    assert!(read(&text(65).into(), &mut Vec::new()).is_none());
    assert!(
        read(&anchored(1000).into(), &mut Vec::new()).is_some(),
        "anchors that nobody refers to cost nothing"
    );
}

/// Lines of manifests and of what looks like them, to be put below each other at any indentation.
const PIECES: [&str; 54] = [
    "a:",
    "b: c",
    "- ",
    "- d",
    "- e: f",
    "-",
    "g: [h, i]",
    "j: {k: l}",
    "m: |",
    "n: >-",
    "o p",
    "'q'",
    "\"r\"",
    "'s': t",
    "# u",
    "v: # w",
    "x: y # z",
    "",
    "---",
    "...",
    "a: &x b",
    "c: *x",
    "- &y",
    "- *y",
    "<<: *x",
    "d: '",
    "e: \"",
    "f'",
    "g\"",
    "h: [",
    "i,",
    "]",
    "j: {",
    "k: l,",
    "}",
    "\"m\":n",
    "o:p",
    "- - q",
    "- [r]",
    "? s",
    ": t",
    "u: !v w",
    "x: y: z",
    "a: \"\\n\"",
    "-b",
    "c: - d",
    "\te",
    "f: g\t",
    "[*x, *y]",
    "h: {i: *x}",
    "- [*x]: j",
    ":k",
    "- ::l",
    "m: :n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_read_quickly_is_read_equally(
        lines in proptest::collection::vec((0_usize..7, proptest::sample::select(&PIECES[..]), 0_u8..8), 1..9)
    ) {
        let mut text = String::new();
        for (indent, piece, end) in lines {
            text.push_str(&" ".repeat(indent));
            text.push_str(piece);
            // Now and then the next piece stands on the same line.
            text.push_str(if end == 0 { " " } else { "\n" });
        }
        quick(&text);
        quick(text.trim_end_matches('\n'));
    }
}
