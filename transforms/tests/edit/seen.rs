//! A text as an independent parser sees it: nodes with their text, anchors and tags, and the comments.

use granit_parser::{Event, Parser};

/// A node. A mapping's children are key, value, key, value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) kind: Kind,
    pub(crate) tag: Option<String>,
    /// The number of the anchor, 0 for none.
    pub(crate) anchor: usize,
    pub(crate) children: Vec<Seen>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar(String),
    Sequence,
    Mapping,
    Alias(usize),
}

/// A comment with its place: line from 1, column from 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Comment {
    pub(crate) text: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) documents: Vec<Seen>,
    pub(crate) comments: Vec<Comment>,
}

/// Reads a text; none if the parser refuses it.
pub(crate) fn read(text: &str) -> Option<Text> {
    let mut seen = Text { documents: Vec::new(), comments: Vec::new() };
    let mut open: Vec<Seen> = Vec::new();
    let options = granit_parser::options! { max_buffered_comment_events: usize::MAX };
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.ok()?;
        let node = match event {
            Event::Comment(text, ..) => {
                let place = span.start;
                seen.comments.push(Comment {
                    text: text.into_owned(),
                    line: place.line(),
                    column: place.col(),
                });
                continue;
            }
            Event::Alias(anchor) => Some(node(Kind::Alias(anchor), 0, None)),
            Event::Scalar(value, _, anchor, tag) => {
                Some(node(Kind::Scalar(value.into_owned()), anchor, tag.map(|tag| tag.to_string())))
            }
            Event::SequenceStart(_, anchor, tag) => {
                open.push(node(Kind::Sequence, anchor, tag.map(|tag| tag.to_string())));
                continue;
            }
            Event::MappingStart(_, anchor, tag) => {
                open.push(node(Kind::Mapping, anchor, tag.map(|tag| tag.to_string())));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop(),
            _ => continue,
        };
        let node = node?;
        match open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => seen.documents.push(node),
        }
    }
    Some(seen)
}

fn node(kind: Kind, anchor: usize, tag: Option<String>) -> Seen {
    Seen { kind, tag, anchor, children: Vec::new() }
}
