//! A parsed text and its documents.

use std::sync::Arc;

use crate::span::Span;

use super::arena::{Data, DocumentData, NONE, Properties, Values};
use super::lines::Lines;
use super::node::{Node, NodeId};

/// A parsed text: zero or more documents, and the comments of all of them.
#[derive(Debug, PartialEq, Eq)]
pub struct Stream {
    pub(super) text: Arc<str>,
    pub(super) lines: Lines,
    pub(super) nodes: Vec<Data>,
    pub(super) values: Values,
    /// Sorted by node.
    pub(super) properties: Vec<Properties>,
    pub(super) comments: Vec<Comment>,
    pub(super) documents: Vec<DocumentData>,
}

/// A comment, from its `#` to the end of the line, without the line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// The bytes of the comment.
    pub span: Span,
    /// Tells whether nothing but white space is before it on its line.
    pub own_line: bool,
}

impl Stream {
    /// Returns the text as it was given, a BOM included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the documents in their order.
    pub fn documents(&self) -> impl ExactSizeIterator<Item = Document<'_>> + DoubleEndedIterator {
        (0..self.documents.len()).map(|index| Document { stream: self, index })
    }

    /// Tells whether a node may be reached in several ways: some node has an anchor or a tag.
    #[must_use]
    pub fn may_have_aliases(&self) -> bool {
        !self.properties.is_empty()
    }

    /// Returns the comments in their order.
    #[must_use]
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// Returns the comments that begin in `span`.
    #[must_use]
    pub fn comments_in(&self, span: Span) -> &[Comment] {
        let first = self.comments.partition_point(|comment| comment.span.start < span.start);
        let after = self.comments.partition_point(|comment| comment.span.start < span.end);
        self.comments.get(first..after).unwrap_or_default()
    }

    /// Returns the node with this id.
    ///
    /// # Panics
    /// If the id is of another stream and too large for this one.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Node<'_> {
        assert!((id.0 as usize) < self.nodes.len(), "the id is of another stream");
        Node { stream: self, id }
    }

    /// Returns line and column of a byte, both counted from 1, the column in characters (a BOM is none).
    #[must_use]
    pub fn position(&self, offset: u32) -> (u32, u32) {
        self.lines.position(offset, &self.text)
    }

    /// Returns the number of lines; a text that ends in a break has an empty last one.
    #[must_use]
    pub fn line_count(&self) -> u32 {
        self.lines.count(&self.text)
    }

    /// Returns the bytes of a line (counted from 1) without its line break and without a BOM.
    #[must_use]
    pub fn line_span(&self, line: u32) -> Span {
        self.lines.without_break(line, &self.text)
    }

    /// Returns the bytes of a line (counted from 1) with its line break, if it has one, and without a BOM.
    #[must_use]
    pub fn line_span_with_break(&self, line: u32) -> Span {
        self.lines.with_break(line, &self.text)
    }

    /// Returns the deepest node that holds the byte at `offset`, or that is empty and lies there.
    #[must_use]
    pub fn node_at(&self, offset: u32) -> Option<Node<'_>> {
        let after = self.nodes.partition_point(|data| data.start <= offset);
        let mut index = after.checked_sub(1)? as u32;
        // Starts never fall from one node to the next, so whatever holds the offset is this node or above it.
        while index != NONE {
            let node = self.node(NodeId(index));
            if node.span().is_some_and(|span| offset < span.end || (span.is_empty() && offset == span.start))
            {
                return Some(node);
            }
            index = self.nodes.get(index as usize)?.parent;
        }
        None
    }

    /// Returns how many bytes the stream holds beside its text.
    #[must_use]
    pub fn memory(&self) -> usize {
        use std::mem::size_of;
        self.nodes.capacity() * size_of::<Data>()
            + self.properties.capacity() * size_of::<Properties>()
            + self.comments.capacity() * size_of::<Comment>()
            + self.documents.capacity() * size_of::<DocumentData>()
            + self.values.memory()
            + self.lines.memory()
    }

    pub(super) fn data(&self, id: NodeId) -> &Data {
        &self.nodes[id.0 as usize]
    }

    pub(super) fn properties_of(&self, id: NodeId) -> Option<&Properties> {
        let found = self.properties.binary_search_by_key(&id.0, |each| each.node).ok()?;
        self.properties.get(found)
    }
}

/// One document of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    stream: &'a Stream,
    index: usize,
}

impl<'a> Document<'a> {
    /// Returns the document's place in the stream, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns the stream.
    #[must_use]
    pub fn stream(&self) -> &'a Stream {
        self.stream
    }

    /// Returns the root node. A document without content (`---` alone) has a null scalar.
    #[must_use]
    pub fn root(&self) -> Option<Node<'a>> {
        let root = self.data().root;
        ((root as usize) < self.stream.nodes.len()).then_some(Node { stream: self.stream, id: NodeId(root) })
    }

    /// Returns the bytes from the document's directives or `---` to the beginning of the next document.
    ///
    /// The first document begins at the start of the text, so the spans of all documents cover it.
    #[must_use]
    pub fn span(&self) -> Span {
        self.data().span
    }

    /// Tells whether the document begins with `---`.
    #[must_use]
    pub fn has_start_marker(&self) -> bool {
        self.data().explicit_start
    }

    /// Tells whether the document ends with `...`.
    #[must_use]
    pub fn has_end_marker(&self) -> bool {
        self.data().explicit_end
    }

    /// Tells whether some place of the document could not be told, so that nothing in it may be edited.
    #[must_use]
    pub fn is_unresolved(&self) -> bool {
        self.data().lost
    }

    fn data(&self) -> &'a DocumentData {
        &self.stream.documents[self.index]
    }
}
