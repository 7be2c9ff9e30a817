//! How nodes lie in memory: one array in document order, a few bytes each, rare things on the side.

use crate::span::Span;

use super::frozen::Frozen;
use super::node::{Kind, ScalarStyle};

/// Stands for "none" where an index or an offset is kept.
pub(super) const NONE: u32 = u32::MAX;

/// One node. Children follow their parent directly, a mapping's as key, value, key, value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Data {
    /// The first byte of the content, without anchor and tag.
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) parent: u32,
    /// The index behind the node's last descendant.
    pub(super) next: u32,
    /// The dash of a block sequence's item, the colon of a mapping's key, or [`NONE`].
    pub(super) indicator: u32,
    /// A scalar's place in [`Values`] or [`NONE`] if the text has the same bytes; an alias's target.
    pub(super) extra: u32,
    pub(super) shape: Shape,
    pub(super) flags: Flags,
    /// Filled when the whole text is read.
    pub(super) frozen: Option<Frozen>,
}

/// A dense manifest has a node every 15 bytes, so a byte more here is felt.
const _: () = assert!(std::mem::size_of::<Data>() == 28);

impl Data {
    pub(super) const fn span(&self) -> Span {
        Span { start: self.start, end: self.end }
    }
}

/// What a node is, in one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Scalar(ScalarStyle),
    BlockSequence,
    FlowSequence,
    BlockMapping,
    FlowMapping,
    /// `[a: b]` holds a mapping without braces.
    Pair,
    Alias,
}

impl Shape {
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Scalar(_) => Kind::Scalar,
            Self::BlockSequence | Self::FlowSequence => Kind::Sequence,
            Self::BlockMapping | Self::FlowMapping | Self::Pair => Kind::Mapping,
            Self::Alias => Kind::Alias,
        }
    }

    pub(super) const fn is_flow(self) -> bool {
        matches!(self, Self::FlowSequence | Self::FlowMapping | Self::Pair)
    }
}

/// Yes-or-no facts about a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags(u8);

impl Flags {
    /// The place in the text could not be told with certainty.
    pub(super) const UNRESOLVED: Self = Self(1);
    /// An alias refers to this node.
    pub(super) const ALIASED: Self = Self(1 << 1);
    /// It has an anchor or a tag, kept in the table of properties.
    pub(super) const PROPERTIES: Self = Self(1 << 2);
    /// The node is a key introduced by `? `.
    pub(super) const EXPLICIT_KEY: Self = Self(1 << 3);
    /// The mapping has the key `<<`.
    pub(super) const MERGE: Self = Self(1 << 4);
    /// Two keys of the mapping are equal.
    pub(super) const DUPLICATE: Self = Self(1 << 5);
    /// A key of the mapping is no scalar.
    pub(super) const COMPLEX: Self = Self(1 << 6);
    /// A key of the mapping is introduced by `? `.
    pub(super) const EXPLICIT: Self = Self(1 << 7);

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn set(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Anchor and tag of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Properties {
    pub(super) node: u32,
    /// The name, without the `&`.
    pub(super) anchor: Option<Span>,
    /// The tag with its handle resolved, such as `tag:yaml.org,2002:str` or `!vault`.
    pub(super) tag: Option<Box<str>>,
}

/// The values that the text does not hold as they are: folded, escaped, indented.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values {
    text: String,
    ends: Vec<usize>,
}

impl Values {
    pub(super) fn push(&mut self, value: &str) -> u32 {
        self.text.push_str(value);
        self.end()
    }

    /// Returns the text that a value is to be appended to; [`Self::end`] ends it.
    pub(super) fn begin(&mut self) -> &mut String {
        &mut self.text
    }

    pub(super) fn end(&mut self) -> u32 {
        self.ends.push(self.text.len());
        self.ends.len() as u32 - 1
    }

    pub(super) fn get(&self, index: u32) -> &str {
        let index = index as usize;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }

    pub(super) fn memory(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * std::mem::size_of::<usize>()
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DocumentData {
    pub(super) root: u32,
    /// From the directives or the `---`, or the end of the document before, to where the next begins.
    pub(super) span: Span,
    pub(super) explicit_start: bool,
    pub(super) explicit_end: bool,
    /// A token was not where it was expected: no node of this document may be edited.
    pub(super) lost: bool,
}
