//! Each case is a minimal text before and after, checked in all the ways that a file can be written.

mod keys;
mod lists;
mod moves;
mod parts;

use super::{EditSet, Refusal};
use crate::syntax::{Entry, Node, Stream, parse};

/// Checks that `edit` makes `after` of `before`: with LF and CRLF, with a BOM, without a final line break, and as the
/// second of three documents between letters of several bytes.
#[track_caller]
fn check(before: &str, edit: impl Fn(&Stream) -> Result<EditSet, Refusal>, after: &str) {
    type Writing = fn(&str) -> String;
    let variants: [(&str, Writing); 6] = [
        ("as it is", str::to_owned),
        ("CRLF", |text| text.replace('\n', "\r\n")),
        ("BOM", |text| format!("\u{feff}{text}")),
        ("BOM and CRLF", |text| format!("\u{feff}{}", text.replace('\n', "\r\n"))),
        ("no final line break", |text| text.trim_end_matches('\n').to_owned()),
        ("between documents", |text| format!("# Grüße\nä: 'ö' # ü\n---\n{text}---\nname: 名前 # 🦀\n")),
    ];
    for (variant, write) in variants {
        let (from, to) = (write(before), write(after));
        assert_eq!(run(&from, &edit).as_deref(), Ok(to.as_str()), "variant: {variant}");
    }
}

/// Checks that `edit` is refused, for the same reason in all variants.
#[track_caller]
fn refuse(before: &str, edit: impl Fn(&Stream) -> Result<EditSet, Refusal>, reason: &Refusal) {
    for text in [before.to_owned(), before.replace('\n', "\r\n")] {
        assert_eq!(run(&text, &edit).as_ref(), Err(reason));
    }
}

fn run(text: &str, edit: &impl Fn(&Stream) -> Result<EditSet, Refusal>) -> Result<String, Refusal> {
    let stream = parse(text).expect("the text before is YAML");
    let edits = edit(&stream)?;
    let result = edits.apply(text).expect("the edits are within the text");
    if let Err(issue) = parse(result.as_str()) {
        panic!("the result is no YAML: {issue:?}\n{result}");
    }
    Ok(result)
}

/// Returns the first mapping that has the key, in any document.
fn holder<'a>(stream: &'a Stream, key: &str) -> Node<'a> {
    let mut nodes = stream.documents().filter_map(|document| document.root()).flat_map(Node::descendants);
    nodes.find(|node| node.entry(key).is_some()).expect("a mapping has the key")
}

fn entry<'a>(stream: &'a Stream, key: &str) -> Entry<'a> {
    holder(stream, key).entry(key).expect("the mapping has the key")
}

fn value<'a>(stream: &'a Stream, key: &str) -> Node<'a> {
    entry(stream, key).value()
}
