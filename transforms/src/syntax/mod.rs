//! YAML documents with byte-exact spans.
//!
//! yaml-rust2's event parser says what the text means; a lexer of our own walks along with its events and says where
//! everything is. The two must agree at every token. Where they do not, the document is read-only: its
//! nodes are [`Frozen::Unresolved`]. Most texts need neither: a quick reader knows the YAML that manifests are written in.

mod arena;
mod build;
mod cursor;
mod fast;
mod frozen;
mod input;
mod keys;
mod lines;
mod node;
mod scalar;
mod stream;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use frozen::Frozen;
pub use input::{ParseIssue, decode};
pub use node::{Entries, Entry, Items, Kind, Node, NodeId, Scalar, ScalarStyle};
pub use stream::{Comment, Document, Stream};

/// The deepest nesting that is read. Deeper text is refused.
pub const MAX_DEPTH: usize = 512;

/// For how many nodes a [`Parser`] keeps room.
const MOST_KEPT: usize = 1 << 16;

/// Reads all documents of a text.
///
/// # Errors
/// If the text is no YAML 1.2, holds control characters, nests deeper than [`MAX_DEPTH`] or has 2 GiB or more.
pub fn parse(text: impl Into<Arc<str>>) -> Result<Stream, ParseIssue> {
    Parser::default().parse(text)
}

/// Reads one text after the other, and keeps the room that it takes.
#[derive(Debug, Default)]
pub struct Parser {
    nodes: Vec<arena::Data>,
}

impl Parser {
    /// Reads all documents of a text as [`parse`] does.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn parse(&mut self, text: impl Into<Arc<str>>) -> Result<Stream, ParseIssue> {
        let text = text.into();
        input::check(&text)?;
        let quick = fast::read(&text, &mut self.nodes);
        // A single giant must not stay in memory until the last text is read.
        if self.nodes.len() > MOST_KEPT {
            self.nodes = Vec::new();
        }
        match quick {
            Some(stream) => Ok(stream),
            None => build::build(&text),
        }
    }
}

/// Reads all documents of a text as [`parse`] does, by the parser's events in any case: for comparisons with it.
///
/// # Errors
/// As [`parse`].
pub fn parse_by_events(text: impl Into<Arc<str>>) -> Result<Stream, ParseIssue> {
    let text = text.into();
    input::check(&text)?;
    build::build(&text)
}
