use super::*;
use ScalarStyle::{DoubleQuoted, Folded, Literal, Plain, SingleQuoted};

#[track_caller]
fn map(source: &str, style: ScalarStyle, value: &str) -> Mapping {
    Mapping::of(source, style, value).expect("the source reads as the value")
}

/// Checks which source stands for the first `part` of the value.
#[track_caller]
fn part(source: &str, style: ScalarStyle, value: &str, part: &str, expected: Option<&str>) {
    let start = value.find(part).expect("a part of the value");
    let range = map(source, style, value).source_of(&(start..start + part.len()));
    assert_eq!(range.map(|range| &source[range]), expected);
}

#[test]
fn flow_scalars() {
    part("a b", Plain, "a b", "b", Some("b"));
    part("a  \n\n \n  b", Plain, "a\n\nb", "a\n\nb", Some("a  \n\n \n  b"));
    part("a\r\n  b", Plain, "a b", "a b", Some("a\r\n  b"));
    part("a\n\n\n  b", Plain, "a\n\nb", "a\n", None);
    part("'a''b'", SingleQuoted, "a'b", "'b", Some("''b"));
    part("' a \n  b '", SingleQuoted, " a b ", "b ", Some("b "));
    part(r#""\x41\u00e9\U0001F980\/\e""#, DoubleQuoted, "Aé🦀/\u{1b}", "é🦀", Some(r"\u00e9\U0001F980"));
    part("\"a\\\n  \\ b \\\r\n\r\n c\"", DoubleQuoted, "a b \nc", "b ", Some("b "));
    assert_eq!(map("'ab'", SingleQuoted, "ab").source_of(&(2..2)), Some(3..3));
    assert_eq!(map("''", SingleQuoted, "").source_of(&(0..0)), None);
}

#[test]
fn block_scalars() {
    part("|\n  a\n   b\n\n  c\n", Literal, "a\n b\n\nc\n", " b\n\nc", Some(" b\n\n  c"));
    part("|2-\n    a\n\n", Literal, "  a", "  a", Some("  a"));
    part("| # c\r\n  a\r\n  b\r\n", Literal, "a\nb\n", "\nb", Some("\r\n  b"));
    part(
        ">\n  a\n  b\n\n  c\n   d\n  e\n",
        Folded,
        "a b\nc\n d\ne\n",
        "b\nc\n d\n",
        Some("b\n\n  c\n   d\n  "),
    );
    part("|+\n  a\n\n", Literal, "a\n\n", "a", Some("a"));
    part("|\n  a", Literal, "a\n", "a", Some("a"));
    part("|\n  a", Literal, "a\n", "a\n", None);
}

#[test]
fn what_does_not_read_as_the_value_has_no_mapping() {
    assert_eq!(Mapping::of("a", Plain, "b"), None);
    assert_eq!(Mapping::of("'a", SingleQuoted, "a"), None);
    assert_eq!(Mapping::of("'a' 'b'", SingleQuoted, "a' 'b"), None);
    assert_eq!(Mapping::of("\"\\q\"", DoubleQuoted, "q"), None);
    assert_eq!(Mapping::of("\"\\ud800\"", DoubleQuoted, ""), None);
    assert_eq!(Mapping::of("\"\\u00é\"", DoubleQuoted, "é"), None);
    assert_eq!(Mapping::of("|\n  a\n b\n", Literal, "a\nb\n"), None);
    assert_eq!(Mapping::of("", Literal, ""), None);
}

#[test]
fn a_changed_indentation_is_noticed() {
    let mapping = map("|\n  a\n  b\n", Literal, "a\nb\n");
    assert!(mapping.still_reads("|\n  x\n  b\n", Literal, "x\nb\n"));
    assert!(!mapping.still_reads("|\n   x\n  b\n", Literal, " x\nb\n"));
    assert!(!mapping.still_reads("|\n   x\n   b\n", Literal, "x\nb\n"));
}
