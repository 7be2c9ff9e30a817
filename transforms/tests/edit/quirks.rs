//! Texts that the other parsers read in their own way: the comparison knows it, and still sees what is wrong elsewhere.

use caulk_transforms::{edit::Refusal, syntax::parse};

use crate::before::Before;
use crate::change::{Change, check};

/// libyaml reads an empty string and a comment; YAML 1.2, the editor and the other parser read a line of content.
#[test]
fn a_hash_under_a_block_scalar_at_the_root_is_content() {
    let stream = parse("|\n# cc\n").expect("valid");
    let root = stream.documents().next().and_then(|document| document.root()).expect("a root");
    assert_eq!(root.scalar().map(|scalar| scalar.value), Some("# cc\n"));
    let before = Before::of(&stream).expect("the other parser reads the same");
    assert!(!before.has_types());
    let change = Change::Part { node: root, range: 3..4, new: "1:30" };
    assert_eq!(check(&stream, &before, &change), Ok(Ok(())));
}

/// YAML 1.2 forbids the bracket there; the parser reads it behind a plain scalar and refuses it behind a quoted one.
#[test]
fn a_bracket_too_far_left_is_refused_once_a_scalar_is_quoted() {
    let stream = parse("- [namespace ,\n]\n").expect("read all the same");
    let root = stream.documents().next().and_then(|document| document.root()).expect("a root");
    let node = root.items().next().and_then(|list| list.items().next()).expect("an item");
    let before = Before::of(&stream).expect("the other parser reads the same");
    let change = |new| Change::Part { node, range: 9..9, new };
    assert_eq!(check(&stream, &before, &change("a #b")), Ok(Err(Refusal::Indentation)));
    assert_eq!(check(&stream, &before, &change("d")), Ok(Ok(())));
}

#[test]
fn a_text_that_both_read_alike_is_compared_with_its_types() {
    for text in ["|\n  # cc\n", "a: |\n  # cc", "a: [1, yes, 'x', ~]\n"] {
        let stream = parse(text).expect("valid");
        assert!(Before::of(&stream).is_some_and(|before| before.has_types()), "{text:?}");
    }
    // libyaml keeps the tag that says only what the list is anyway.
    let stream = parse("--- !\n- a: 58.\n").expect("valid");
    assert!(Before::of(&stream).is_some_and(|before| !before.has_types()));
}
