//! Navigation: nodes, entries and their values.

use std::fmt;
use std::ops::Range;

use crate::span::Span;

use super::arena::{Flags, NONE, Shape};
use super::frozen::{Frozen, is_core_tag};
use super::stream::Stream;

/// The name of a node within its stream. Ids rise in document order, parents before children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A string, number, null ...
    Scalar,
    /// A list.
    Sequence,
    /// Keys and values.
    Mapping,
    /// `*name`. It is never expanded; see [`Node::resolve`].
    Alias,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScalarStyle {
    /// Without quotes; also a value that is not written at all.
    Plain,
    /// `'...'`
    SingleQuoted,
    /// `"..."`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// A scalar's value and style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scalar<'a> {
    /// The value, unescaped and folded. A block scalar that ends with the text and no line break has one here.
    pub value: &'a str,
    /// How it is written.
    pub style: ScalarStyle,
}

/// One node of a document.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    pub(super) stream: &'a Stream,
    pub(super) id: NodeId,
}

/// One key and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    key: Node<'a>,
    value: Node<'a>,
}

impl<'a> Node<'a> {
    /// Returns the node's name within the stream.
    #[must_use]
    pub fn id(self) -> NodeId {
        self.id
    }

    /// Returns the stream that holds the node.
    #[must_use]
    pub fn stream(self) -> &'a Stream {
        self.stream
    }

    /// Returns what the node is.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.shape().kind()
    }

    /// Returns the value of a scalar; none for a null and for a scalar with a custom tag, whose value is not its text.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        let scalar = self.scalar()?;
        let known = self.tag().is_none_or(is_core_tag);
        (known && !self.is_null()).then_some(scalar.value)
    }

    /// Returns a scalar's value as it is written, and its style, whatever its tag.
    #[must_use]
    pub fn scalar(self) -> Option<Scalar<'a>> {
        let data = self.stream.data(self.id);
        let Shape::Scalar(style) = data.shape else { return None };
        let value = if data.extra != NONE {
            self.stream.values.get(data.extra)
        } else {
            self.stream.text.get(inner(data.span(), style)).unwrap_or_default()
        };
        Some(Scalar { value, style })
    }

    /// Tells whether the node is null: not written, `~`, `null`, `Null`, `NULL` without quotes or tag, or `!!null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        let Some(scalar) = self.scalar() else { return false };
        match self.tag() {
            Some(tag) => tag == "tag:yaml.org,2002:null",
            None => {
                scalar.style == ScalarStyle::Plain
                    && matches!(scalar.value, "" | "~" | "null" | "Null" | "NULL")
            }
        }
    }

    /// Tells whether the node is a collection in flow style: `[...]`, `{...}`, or a pair `a: b` in a flow sequence.
    #[must_use]
    pub fn is_flow(self) -> bool {
        self.shape().is_flow()
    }

    /// Returns the items of a sequence; none if it is no sequence.
    #[must_use]
    pub fn items(self) -> Items<'a> {
        Items(self.children_if(Kind::Sequence))
    }

    /// Returns the entries of a mapping; none if it is no mapping.
    #[must_use]
    pub fn entries(self) -> Entries<'a> {
        Entries(self.children_if(Kind::Mapping))
    }

    /// Returns the node itself and all nodes in it, in document order. Aliases are not followed.
    pub fn descendants(self) -> impl Iterator<Item = Self> {
        (self.id.0..self.stream.data(self.id).next)
            .map(move |id| Self { stream: self.stream, id: NodeId(id) })
    }

    /// Returns the value of the first entry with this scalar key. Aliases are not followed.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Self> {
        self.entry(key).map(Entry::value)
    }

    /// Returns the first entry with this scalar key. Aliases are not followed.
    #[must_use]
    pub fn entry(self, key: &str) -> Option<Entry<'a>> {
        self.entries().find(|entry| entry.key.reads(key))
    }

    /// Looks up one key after the other.
    #[must_use]
    pub fn at(self, keys: &[&str]) -> Option<Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Returns the anchored node that an alias stands for, and any other node itself.
    #[must_use]
    pub fn resolve(self) -> Self {
        let data = self.stream.data(self.id);
        match data.shape {
            Shape::Alias => Self { stream: self.stream, id: NodeId(data.extra) },
            _ => self,
        }
    }

    /// Returns the collection that holds the node; none for the root of a document.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        let parent = self.stream.data(self.id).parent;
        (parent != NONE).then_some(Self { stream: self.stream, id: NodeId(parent) })
    }

    /// Returns the name of the key that the node stands under; none for keys, items and roots.
    #[must_use]
    pub fn key_above(self) -> Option<&'a str> {
        self.parent()?.entries().find(|entry| entry.value().id == self.id)?.name()
    }

    /// Returns the name of the node's anchor, without the `&`.
    #[must_use]
    pub fn anchor(self) -> Option<&'a str> {
        self.stream.text.get(self.properties()?.anchor?.range())
    }

    /// Returns the node's tag, resolved: `tag:yaml.org,2002:str` for `!!str`, `!vault` for `!vault`.
    #[must_use]
    pub fn tag(self) -> Option<&'a str> {
        self.properties()?.tag.as_deref()
    }

    /// Returns the bytes of the content, without anchor and tag; none if they could not be told with certainty.
    ///
    /// A value that is not written is empty, right behind its colon, dash or tag. A block collection ends where its
    /// last node ends; a block scalar at the end of its last line, without the line break.
    #[must_use]
    pub fn span(self) -> Option<Span> {
        let data = self.stream.data(self.id);
        (!data.flags.has(Flags::UNRESOLVED)).then_some(data.span())
    }

    /// Returns the dash that introduces an item of a block sequence.
    #[must_use]
    pub fn dash(self) -> Option<Span> {
        let is_item = self.parent().is_some_and(|parent| parent.kind() == Kind::Sequence);
        if is_item { self.indicator() } else { None }
    }

    /// Tells whether the node is a mapping with the key `<<`.
    #[must_use]
    pub fn has_merge_key(self) -> bool {
        self.stream.data(self.id).flags.has(Flags::MERGE)
    }

    /// Tells whether an alias refers to this very node.
    #[must_use]
    pub fn is_aliased(self) -> bool {
        self.stream.data(self.id).flags.has(Flags::ALIASED)
    }

    /// Returns why edits in the node are refused, if they are: for itself or for a node that holds it.
    #[must_use]
    pub fn frozen(self) -> Option<Frozen> {
        self.stream.data(self.id).frozen
    }

    /// Tells whether the node is a scalar with this text. Looking up keys is most of what rules do, and most keys differ in
    /// length already.
    fn reads(self, text: &str) -> bool {
        let data = self.stream.data(self.id);
        let Shape::Scalar(style) = data.shape else { return false };
        if data.extra != NONE {
            return self.stream.values.get(data.extra) == text;
        }
        let range = inner(data.span(), style);
        if range.len() != text.len() {
            return false;
        }
        let (own, text) = (self.stream.text.as_bytes().get(range), text.as_bytes());
        own.is_some_and(|own| own.first() == text.first() && own == text)
    }

    fn shape(self) -> Shape {
        self.stream.data(self.id).shape
    }

    fn properties(self) -> Option<&'a super::arena::Properties> {
        if !self.stream.data(self.id).flags.has(Flags::PROPERTIES) {
            return None;
        }
        self.stream.properties_of(self.id)
    }

    fn indicator(self) -> Option<Span> {
        let at = self.stream.data(self.id).indicator;
        (at != NONE).then(|| Span::new(at, at + 1))
    }

    fn children_if(self, kind: Kind) -> Children<'a> {
        let next = self.id.0 + 1;
        let end = if self.kind() == kind { self.stream.data(self.id).next } else { next };
        Children { stream: self.stream, next, end }
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && std::ptr::eq(self.stream, other.stream)
    }
}

impl Eq for Node<'_> {}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Node");
        debug.field("id", &self.id.0).field("kind", &self.kind()).field("span", &self.span());
        if let Some(scalar) = self.scalar() {
            debug.field("value", &scalar.value);
        }
        debug.finish()
    }
}

impl<'a> Entry<'a> {
    /// Returns the key.
    #[must_use]
    pub fn key(self) -> Node<'a> {
        self.key
    }

    /// Returns the value; a value that is not written is a null scalar.
    #[must_use]
    pub fn value(self) -> Node<'a> {
        self.value
    }

    /// Returns the colon; none if it is not written, as in `{a, b}` or `? a`.
    #[must_use]
    pub fn colon(self) -> Option<Span> {
        self.key.indicator()
    }

    /// Tells whether the key is introduced by `? `.
    #[must_use]
    pub fn is_explicit(self) -> bool {
        self.key.stream.data(self.key.id).flags.has(Flags::EXPLICIT_KEY)
    }

    /// Returns the key's text, if it is a scalar.
    #[must_use]
    pub fn name(self) -> Option<&'a str> {
        self.key.scalar().map(|scalar| scalar.value)
    }
}

/// Returns the bytes within the quotes of a scalar, if it has any.
pub(super) fn inner(span: Span, style: ScalarStyle) -> Range<usize> {
    let quotes = usize::from(matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted));
    span.start as usize + quotes..(span.end as usize).saturating_sub(quotes)
}

/// Iterates over the items of a sequence.
#[derive(Debug, Clone)]
pub struct Items<'a>(Children<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

/// Iterates over the entries of a mapping.
#[derive(Debug, Clone)]
pub struct Entries<'a>(Children<'a>);

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(Entry { key: self.0.next()?, value: self.0.next()? })
    }
}

#[derive(Debug, Clone)]
struct Children<'a> {
    stream: &'a Stream,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let id = NodeId(self.next);
        self.next = self.stream.data(id).next;
        Some(Node { stream: self.stream, id })
    }
}
