//! Edits: what is to be replaced by what, and the helpers that make them.
//!
//! Rules never slice text. They call a helper, which owns indentation, quoting, comments and line endings, and
//! which refuses, with the reason, where an edit could change more than it says.

use crate::span::Span;

/// One replacement. An empty span inserts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// The bytes that go.
    pub span: Span,
    /// The text that comes in their place.
    pub replacement: String,
}

/// The edits of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EditSet {
    /// Invariant: sorted and disjoint.
    edits: Vec<Edit>,
}
