use super::{Refusal, check, refuse, value};
use crate::edit::{EditSet, insert_items, remove_items};
use crate::syntax::{Frozen, Stream};

fn insert(at: usize, values: &'static [&'static str]) -> impl Fn(&Stream) -> Result<EditSet, Refusal> {
    move |stream| insert_items(value(stream, "args"), at, values)
}

fn remove(range: std::ops::Range<usize>) -> impl Fn(&Stream) -> Result<EditSet, Refusal> {
    move |stream| remove_items(value(stream, "args"), range.clone())
}

#[test]
fn items_are_put_on_lines_of_their_own() {
    check("args:\n- a # c\n- b\n", insert(1, &["x"]), "args:\n- a # c\n- x\n- b\n");
    check(
        "args:\n  -  'a' # c\n# next\nb: c\n",
        insert(1, &["x", "it's"]),
        "args:\n  -  'a' # c\n  -  'x'\n  -  'it''s'\n# next\nb: c\n",
    );
    check("args:\n  # own\n  - a\n", insert(0, &["x"]), "args:\n  - x\n  # own\n  - a\n");
    check(
        "args:\n- - a\n  - b\n",
        |stream| {
            let outer = value(stream, "args");
            insert_items(outer.items().next().expect("an item"), 0, &["x"])
        },
        "args:\n- - x\n  - a\n  - b\n",
    );
    check("args:\n- |\n  a\n\nb: c\n", insert(1, &["x: y"]), "args:\n- |\n  a\n- \"x: y\"\n\nb: c\n");
    // The text ends without a line break, and its lines end in different ways.
    let mixed = super::run("args:\r\n- a\r\n- b\n- c", &insert(3, &["x"]));
    assert_eq!(mixed.as_deref(), Ok("args:\r\n- a\r\n- b\n- c\n- x"));
    let mixed = super::run("args:\n- a\r\n\n# c", &insert(1, &["x"]));
    assert_eq!(mixed.as_deref(), Ok("args:\n- a\r\n- x\r\n\n# c"));
    let mixed = super::run("args:\n-\r\n  a\n  b", &insert(1, &["x"]));
    assert_eq!(mixed.as_deref(), Ok("args:\n-\r\n  a\n  b\n- x"));
    assert_eq!(super::run("args:\n- |\n  a", &insert(1, &["x"])), Err(Refusal::BlockScalarAbove));
    refuse("args:\n- |+\n  a\n\nb: c\n", insert(1, &["x"]), &Refusal::BlockScalarAbove);
}

#[test]
fn items_are_put_into_brackets() {
    check("args: [a,b] # c\n", insert(1, &["x", "z"]), "args: [a,x,z,b] # c\n");
    check("args: [ \"a\" ]\n", insert(1, &["x"]), "args: [ \"a\", \"x\" ]\n");
    check("args: [a, ]\n", insert(1, &["x"]), "args: [a, x, ]\n");
    check("args: []\n", insert(0, &["x", "y"]), "args: [\"x\", \"y\"]\n");
    check("args: [ ] # c\n", insert(0, &["x"]), "args: [\"x\"] # c\n");
    check("args: [a]\n", insert(0, &["b, c", "yes"]), "args: [\"b, c\", \"yes\", a]\n");
    check("args: [\n  a, # c\n  b # d\n ]\n", insert(2, &["x"]), "args: [\n  a, # c\n  b, # d\n  x\n ]\n");
    check(
        "args: [\n  a, # c\n  # e\n  b, # d\n ]\n",
        insert(2, &["x"]),
        "args: [\n  a, # c\n  # e\n  b, # d\n  x,\n ]\n",
    );
    check(
        "args: [\n  a, # c\n  # e\n  b, # d\n ]\n",
        insert(1, &["x"]),
        "args: [\n  a, # c\n  x,\n  # e\n  b, # d\n ]\n",
    );
    refuse("args: [a]\n", insert(2, &["x"]), &Refusal::OutOfRange);
    refuse("args: a\n", insert(0, &["x"]), &Refusal::NotAList);
    refuse("args: [ # c\n ]\n", insert(0, &["x"]), &Refusal::CommentInTheWay);
    refuse("args: &x [a]\nb: *x\n", insert(0, &["x"]), &Refusal::Frozen(Frozen::Anchored));
}

#[test]
fn items_go_with_their_comments() {
    check("args:\n# own\n- a # c\n# next\n- b\n", remove(0..1), "args:\n# next\n- b\n");
    check("args:\n- a\n- b # c\n- c\n", remove(1..3), "args:\n- a\n");
    check(
        "args:\n- - a # c\n  - b\n",
        |stream| {
            let outer = value(stream, "args");
            remove_items(outer.items().next().expect("an item"), 0..1)
        },
        "args:\n- - b\n",
    );
    check("args: [a, b, c] # d\n", remove(0..2), "args: [c] # d\n");
    check("args: [a, b, c] # d\n", remove(1..3), "args: [a] # d\n");
    check("args: [a, b, ] # d\n", remove(1..2), "args: [a, ] # d\n");
    check("args: [ a ] # d\n", remove(0..1), "args: [] # d\n");
    check("args: [\n  # x\n  a, # c\n  # e\n  b # d\n ]\n", remove(0..1), "args: [\n  # e\n  b # d\n ]\n");
    check("args: [\n  # x\n  a, # c\n  # e\n  b # d\n ]\n", remove(1..2), "args: [\n  # x\n  a # c\n ]\n");
    check("args: [\n  a, # c\n  b, # d\n ]\n", remove(1..2), "args: [\n  a, # c\n ]\n");
    check("args: [\n  \"a\",\n  \"b\"\n ]\n", remove(1..2), "args: [\n  \"a\"\n ]\n");
}

#[test]
fn items_do_not_go() {
    refuse("args:\n- a\n", remove(0..1), &Refusal::WouldBeEmpty);
    refuse("args: [a]\n", remove(0..2), &Refusal::OutOfRange);
    refuse("args:\n- a\n# whose?\n\n- b\n- c\n", remove(0..2), &Refusal::CommentInTheWay);
    refuse("args: [a, # c\n  b, c]\n", remove(0..1), &Refusal::CommentInTheWay);
    refuse("args: [&x a, b]\nc: *x\n", remove(0..1), &Refusal::AnchorOrAlias);
    refuse("args:\n- |+\n  a\n- b\n\n- c\n", remove(1..2), &Refusal::BlockScalarAbove);
}

#[test]
fn a_pair_without_a_value_keeps_the_blank_behind_its_colon() {
    check("args: [a: , b]\n", remove(1..2), "args: [a: ]\n");
    check("args: [a: , b, c]\n", remove(1..2), "args: [a: , c]\n");
    refuse("args: [a:, b]\n", remove(1..2), &Refusal::SharedLine);
}
