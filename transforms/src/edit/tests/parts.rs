use super::{Refusal, check, refuse, value};
use crate::edit::{EditSet, replace_in_scalar, replace_scalar};
use crate::syntax::{Frozen, Stream};

/// Replaces the first `old` in the value of `v` by `new`.
fn part(old: &'static str, new: &'static str) -> impl Fn(&Stream) -> Result<EditSet, Refusal> {
    move |stream| {
        let node = value(stream, "v");
        let text = node.scalar().expect("a scalar").value;
        let start = text.find(old).expect("the value holds the old text");
        replace_in_scalar(node, start..start + old.len(), new)
    }
}

fn whole(new: &'static str) -> impl Fn(&Stream) -> Result<EditSet, Refusal> {
    move |stream| replace_scalar(value(stream, "v"), new)
}

#[test]
fn a_part_of_a_scalar_in_each_style() {
    check(
        "v: http://redis:6379/0#x # c\n",
        part("redis", "redis.db.svc"),
        "v: http://redis.db.svc:6379/0#x # c\n",
    );
    check("v: 'it''s redis''' # c\n", part("redis'", "db'"), "v: 'it''s db''' # c\n");
    check(
        "v: \"\\u00e4 \\\"redis\\\" \\n\" # c\n",
        part("\"redis\"", "\"db\""),
        "v: \"\\u00e4 \\\"db\\\" \\n\" # c\n",
    );
    check(
        "v: |\n  a redis\n    b redis\nw: x\n",
        part("b redis", "b db"),
        "v: |\n  a redis\n    b db\nw: x\n",
    );
    check(
        "v: >-\n  a redis\n  b redis\n\n  c\n",
        part("b redis\nc", "b db\nc"),
        "v: >-\n  a redis\n  b db\n\n  c\n",
    );
}

#[test]
fn a_part_of_a_scalar_over_several_lines() {
    check("v: a\n  redis  \n\n  c\n", part("redis", "db"), "v: a\n  db  \n\n  c\n");
    check("v: a\n  redis\n  c\n", part("a redis", "db"), "v: db\n  c\n");
    check("v: 'a\n  redis\n\n  c'\n", part("redis\nc", "db"), "v: 'a\n  db'\n");
    check("v: \"a\\\n  redis \\\n  c\"\n", part("aredis c", "db"), "v: \"db\"\n");
    check("v: |\n  a\n  b\n", part("a", "x\ny"), "v: |\n  x\n  y\n  b\n");
    check("v: \"a\n  b\"\n", part("b", "x\ny"), "v: \"a\n  x\\ny\"\n");
}

#[test]
fn a_plain_scalar_gets_quotes_where_it_needs_them() {
    check("v: redis\n", part("redis", "a: b"), "v: \"a: b\"\n");
    check("v: redis\n", part("redis", "yes"), "v: \"yes\"\n");
    check("v: redis\n", part("redis", "8080"), "v: \"8080\"\n");
    check("v: 80\n", part("80", "8080"), "v: 8080\n");
    check(
        "v: [redis]\n",
        |stream| replace_in_scalar(value(stream, "v").items().next().expect("an item"), 0..5, "a,b"),
        "v: [\"a,b\"]\n",
    );
    check("{v: redis}\n", part("redis", "a:b"), "{v: \"a:b\"}\n");
    check("{v: a:b}\n", part("a:b", ":b"), "{v: \":b\"}\n");
    check("v: a\n", part("a", "x\ny"), "v: \"x\\ny\"\n");
    check("v: !!str 80\n", part("80", "8080"), "v: !!str 8080\n");
}

#[test]
fn a_part_that_cannot_be_replaced() {
    refuse(
        "v: \"a\\u00e9\"\n",
        |stream| replace_in_scalar(value(stream, "v"), 1..2, "x"),
        &Refusal::OutOfRange,
    );
    refuse("v: a\n\n\n  b\n", part("a\n", "x"), &Refusal::InsideEscape);
    refuse("v: |\n  a\nw: x\n", whole(""), &Refusal::NotRepresentable("literal block"));
    refuse("v: 9.5.1\n", part(".1", ""), &Refusal::NotRepresentable("plain"));
    refuse("v: 0777\n", part("777", "644"), &Refusal::NotRepresentable("plain"));
    refuse("v: 'a'\n", part("a", "x\ny"), &Refusal::NotRepresentable("single-quoted"));
    refuse("v: >\n  a\n", part("a", "x\ny"), &Refusal::NotRepresentable("folded block"));
    refuse("v: |\n  a\n", part("a", " x"), &Refusal::NotRepresentable("literal block"));
    refuse("v: a\n  b\n", part("b", "#b"), &Refusal::NotRepresentable("plain"));
    refuse("v: &x redis\nw: *x\n", part("redis", "db"), &Refusal::Frozen(Frozen::Anchored));
    refuse("v: !vault redis\n", part("redis", "db"), &Refusal::Frozen(Frozen::Tag));
    for text in ["a\n-\n-1\n", "--- a\n-\n-1\n", "'a\n-\n-1'\n"] {
        let root = |stream: &Stream| {
            let root = stream.documents().next().and_then(|document| document.root()).expect("a root");
            replace_in_scalar(root, 2..3, "---")
        };
        refuse(
            text,
            root,
            &Refusal::NotRepresentable(if text.starts_with('\'') { "single-quoted" } else { "plain" }),
        );
    }
    refuse("v: redis\n", |stream| replace_in_scalar(value(stream, "v"), 3..9, "x"), &Refusal::OutOfRange);
}

#[test]
fn a_whole_scalar_keeps_its_style() {
    check("v: a # c\n", whole("b"), "v: b # c\n");
    check("v: 'a' # c\n", whole("it's"), "v: 'it''s' # c\n");
    check("v: \"a\" # c\n", whole("b\"\\\n\u{85}"), "v: \"b\\\"\\\\\\n\\u0085\" # c\n");
    check("v: 'a\n  b' # c\n", whole("x\ny"), "v: \"x\\ny\" # c\n");
    check("v: a # c\n", whole("~"), "v: \"~\" # c\n");
    check("v: ~ # c\n", whole("x"), "v: x # c\n");
    check("v: # c\nw: x\n", whole("x"), "v: x # c\nw: x\n");
    check("v:\nw: x\n", whole("x"), "v: x\nw: x\n");
    check("{v: , w: x}\n", whole("x"), "{v: x , w: x}\n");
    check("v: |-\n    a\n    b\nw: x\n", whole("c\n\nd"), "v: |-\n    c\n\n    d\nw: x\n");
    refuse("v: [a]\n", whole("x"), &Refusal::NotAScalar);
    check("{v: a b, w: x}\n", part("b", "-"), "{v: \"a -\", w: x}\n");
    refuse("v:\t\\:x\n", whole("x"), &Refusal::Indentation);
    check("v:\t'a'\n", whole("x"), "v:\t'x'\n");
    refuse("{v, w: x}\n", whole("x"), &Refusal::SharedLine);
    refuse("{v , w: x}\n", whole("x"), &Refusal::SharedLine);
    refuse("{v-, w: x}\n", |stream| replace_scalar(value(stream, "v-"), "x"), &Refusal::SharedLine);
}

#[test]
fn empty_lines_behind_a_block_scalar_stay() {
    for (text, expected) in [("|\na\n$\n\n", "|\na\n\n"), ("|\ra\r$\r\r", "|\ra\r\r")] {
        let stream = crate::syntax::parse(text).expect("YAML");
        let root = stream.documents().next().and_then(|document| document.root()).expect("a root");
        let edits = replace_in_scalar(root, 2..4, "").expect("the last line can go");
        assert_eq!(edits.apply(text).as_deref(), Ok(expected));
    }
    check("v: |\n  a\n\nw: x\n", part("a\n", "b\n"), "v: |\n  b\n\nw: x\n");
}

#[test]
fn a_scalar_that_its_tag_makes_a_number_takes_no_text() {
    refuse("v: !!int &c 4\n", part("4", "4server"), &Refusal::TaggedOtherwise);
    refuse("v: !!bool \"yes\"\n", whole("x"), &Refusal::TaggedOtherwise);
    refuse("v: !!null\nw: x\n", whole("x"), &Refusal::TaggedOtherwise);
    check("v: !!str 4\n", part("4", "5"), "v: !!str 5\n");
}
