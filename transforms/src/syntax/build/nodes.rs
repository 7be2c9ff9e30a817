//! The events of nodes: what introduces them, their properties, their ends.

use yaml_rust2::scanner::{Marker, TScalarStyle};

use super::{Builder, Given};
use crate::span::Span;
use crate::syntax::arena::{Flags, NONE, Properties, Shape};
use crate::syntax::input::ParseIssue;
use crate::syntax::keys;
use crate::syntax::node::ScalarStyle;
use crate::syntax::scalar::{self, Block, Extent};

impl Builder<'_> {
    pub(super) fn scalar(&mut self, value: &str, style: TScalarStyle, given: &Given, mark: Marker) {
        let style = style_of(style);
        let unwritten = style == ScalarStyle::Plain && value.is_empty();
        let dash = self.introduce(unwritten && given.is_empty(), mark);
        let properties = self.take_properties(given);
        let extent = if self.lost {
            None
        } else if unwritten {
            Some((self.cursor.last, Extent { end: self.cursor.last, verbatim: true, kept: 0 }))
        } else {
            self.extent(value, style, mark)
        };
        let Some((start, extent)) = extent else {
            self.lose();
            let node = self.push(Shape::Scalar(style), NONE, self.cursor.last, self.cursor.last);
            self.keep_value(node, value);
            return self.keep_properties(node, given, properties);
        };
        let node = self.push(Shape::Scalar(style), dash, start, extent.end);
        if !extent.verbatim {
            self.keep_value(node, value.get(..extent.kept).unwrap_or(value));
        }
        self.keep_properties(node, given, properties);
    }

    /// Finds the first byte and the extent of a scalar that is written, and moves behind it.
    fn extent(&mut self, value: &str, style: ScalarStyle, mark: Marker) -> Option<(usize, Extent)> {
        self.cursor.skip();
        let start = self.cursor.at;
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        if !is_block && !self.agrees(mark) {
            return None;
        }
        let extent = match style {
            ScalarStyle::Plain => scalar::plain(&self.cursor, value),
            ScalarStyle::SingleQuoted => scalar::quoted(&self.cursor, b'\'', value),
            ScalarStyle::DoubleQuoted => scalar::quoted(&self.cursor, b'"', value),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let content = self.marks.offset(mark.line(), mark.col(), self.lines, self.text);
                let block = Block {
                    value,
                    folded: style == ScalarStyle::Folded,
                    content: content.map(|at| at as usize),
                    indent: mark.col(),
                };
                scalar::block(&mut self.cursor, block)
            }
        }?;
        // The header of a block scalar without content may have a comment, which is already behind the cursor.
        self.cursor.at = self.cursor.at.max(extent.end);
        self.cursor.last = extent.end;
        Some((start, extent))
    }

    pub(super) fn alias(&mut self, anchor: usize, mark: Marker) -> Result<(), ParseIssue> {
        let dash = self.introduce(false, mark);
        self.cursor.skip();
        let agrees = !self.lost && self.agrees(mark);
        let span = if agrees { self.cursor.take_property(b'*') } else { None };
        if span.is_none() {
            self.lose();
        }
        let last = self.cursor.last;
        let (start, end) = span.map_or((last, last), |span| (span.start as usize, span.end as usize));
        let node = self.push(Shape::Alias, dash, start, end);
        // The parser remembers anchors over the end of a document; YAML does not.
        let first = self.documents.last().map_or(0, |document| document.root);
        let target = anchor.checked_sub(1).and_then(|index| self.anchors.get(index)).copied();
        let Some(target) = target.filter(|target| *target >= first) else {
            return Err(self.issue("the alias refers to no anchor of its document", mark));
        };
        if let Some(data) = self.nodes.get_mut(target as usize) {
            data.flags.set(Flags::ALIASED);
        }
        if let Some(data) = self.nodes.get_mut(node as usize) {
            data.extra = target;
        }
        Ok(())
    }

    pub(super) fn open_sequence(&mut self, given: &Given, mark: Marker) -> Result<(), ParseIssue> {
        self.open_collection(given, mark, b'[', Shape::FlowSequence, Shape::BlockSequence)
    }

    pub(super) fn open_mapping(&mut self, given: &Given, mark: Marker) -> Result<(), ParseIssue> {
        let in_flow = self.open.last().is_some_and(|open| open.shape.is_flow());
        let other = if in_flow { Shape::Pair } else { Shape::BlockMapping };
        self.open_collection(given, mark, b'{', Shape::FlowMapping, other)
    }

    /// Opens a collection: one with brackets is marked at its bracket, any other elsewhere.
    fn open_collection(
        &mut self,
        given: &Given,
        mark: Marker,
        bracket: u8,
        flow: Shape,
        other: Shape,
    ) -> Result<(), ParseIssue> {
        self.recognize_pair(mark);
        let dash = self.introduce(false, mark);
        let properties = self.take_properties(given);
        let (mut start, mut shape) = (self.cursor.last, other);
        if !self.lost {
            self.cursor.skip();
            start = self.cursor.at;
            if self.cursor.peek() == Some(bracket) && self.agrees(mark) {
                shape = flow;
                self.cursor.consume(1);
            }
        }
        let node = self.push(shape, dash, start, start);
        self.keep_properties(node, given, properties);
        self.descend(node, shape, mark)
    }

    /// Corrects the collection around this one, if both are marked at the same brace: `[{a: b}: c]`.
    ///
    /// The brace is then that of the pair's key, and the pair has none.
    fn recognize_pair(&mut self, mark: Marker) {
        let Some(open) = self.open.last().copied() else { return };
        if self.lost || open.shape != Shape::FlowMapping || open.children > 0 {
            return;
        }
        let at = self.marks.offset(mark.line(), mark.col(), self.lines, self.text);
        let Some(data) = self.nodes.get_mut(open.node as usize).filter(|data| at == Some(data.start)) else {
            return;
        };
        data.shape = Shape::Pair;
        self.cursor.at = data.start as usize;
        self.cursor.last = self.cursor.at;
        if let Some(open) = self.open.last_mut() {
            open.shape = Shape::Pair;
        }
    }

    pub(super) fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let bracket = match open.shape {
            Shape::FlowSequence => Some(b']'),
            Shape::FlowMapping => Some(b'}'),
            _ => None,
        };
        if let (Some(bracket), false) = (bracket, self.lost) {
            self.cursor.take(b',');
            if self.cursor.take(bracket).is_none() {
                self.lose();
            }
        }
        let keys = self.key_flags(&open);
        let (end, next, lost) = (self.cursor.last as u32, self.nodes.len() as u32, self.lost);
        if let Some(data) = self.nodes.get_mut(open.node as usize) {
            data.end = end.max(data.start);
            data.next = next;
            data.flags.set(keys);
            if lost {
                data.flags.set(Flags::UNRESOLVED);
            }
        }
    }

    /// Moves over the indicators before the next node. Returns the dash of a block sequence's item.
    ///
    /// A node is `bare` if nothing of it is written: no content, no anchor, no tag.
    fn introduce(&mut self, bare: bool, mark: Marker) -> u32 {
        let Some(open) = self.open.last().copied() else { return NONE };
        if self.lost {
            return NONE;
        }
        let done = match open.shape {
            Shape::BlockSequence => self.cursor.take_before_blank(b'-'),
            Shape::FlowSequence if open.children > 0 => self.cursor.take(b','),
            Shape::BlockMapping | Shape::FlowMapping | Shape::Pair if open.children.is_multiple_of(2) => {
                self.introduce_key(open.shape == Shape::FlowMapping && open.children > 0, bare)
            }
            Shape::BlockMapping | Shape::FlowMapping | Shape::Pair => {
                self.introduce_value(open.shape, open.last_key, bare, mark)
            }
            Shape::FlowSequence | Shape::Scalar(_) | Shape::Alias => Some(NONE),
        };
        if done.is_none() {
            self.lose();
        }
        if open.shape == Shape::BlockSequence { done.unwrap_or(NONE) } else { NONE }
    }

    fn introduce_key(&mut self, needs_comma: bool, bare: bool) -> Option<u32> {
        if needs_comma {
            self.cursor.take(b',')?;
        }
        if self.cursor.take_before_blank(b'?').is_some() {
            // The key is the next node to come.
            self.explicit_key = true;
        } else if bare {
            self.cursor.skip();
            self.cursor.last = self.cursor.at;
        }
        Some(NONE)
    }

    fn introduce_value(&mut self, shape: Shape, key: u32, bare: bool, mark: Marker) -> Option<u32> {
        let colon = if shape == Shape::BlockMapping {
            self.cursor.skip();
            // The colon at which the parser ends this mapping is that of a mapping around it.
            if bare && self.agrees(mark) { None } else { self.cursor.take_before_blank(b':') }
        } else {
            self.cursor.take(b':')
        };
        if colon.is_none() && !bare {
            return None;
        }
        if let Some(data) = self.nodes.get_mut(key as usize) {
            data.indicator = colon.unwrap_or(NONE);
        }
        Some(NONE)
    }

    /// Moves over anchor and tag, in either order.
    fn take_properties(&mut self, given: &Given) -> Option<Span> {
        let mut anchor = None;
        let (mut wants_anchor, mut wants_tag) = (given.anchor > 0, given.tag.is_some());
        while (wants_anchor || wants_tag) && !self.lost {
            self.cursor.skip();
            match self.cursor.peek() {
                Some(b'&') if wants_anchor => {
                    anchor = self.cursor.take_property(b'&').map(|span| Span::new(span.start + 1, span.end));
                    wants_anchor = false;
                }
                Some(b'!') if wants_tag && self.cursor.take_property(b'!').is_some() => wants_tag = false,
                _ => self.lose(),
            }
        }
        anchor
    }

    fn keep_properties(&mut self, node: u32, given: &Given, anchor: Option<Span>) {
        if given.anchor > 0 {
            // The parser counts anchors as they come, so the number is the next place.
            self.anchors.resize(given.anchor, node);
        }
        if given.is_empty() {
            return;
        }
        let tag = given.tag.as_ref().map(|tag| format!("{}{}", tag.handle, tag.suffix).into_boxed_str());
        self.properties.push(Properties { node, anchor, tag });
        if let Some(data) = self.nodes.get_mut(node as usize) {
            data.flags.set(Flags::PROPERTIES);
        }
    }

    fn keep_value(&mut self, node: u32, value: &str) {
        let place = self.values.push(value);
        if let Some(data) = self.nodes.get_mut(node as usize) {
            data.extra = place;
        }
    }

    fn key_flags(&self, open: &super::Open) -> Flags {
        if !matches!(open.shape, Shape::BlockMapping | Shape::FlowMapping | Shape::Pair) {
            return Flags::default();
        }
        keys::of_mapping(open.node, &self.nodes, &self.values, self.text)
    }
}

const fn style_of(style: TScalarStyle) -> ScalarStyle {
    match style {
        TScalarStyle::Plain => ScalarStyle::Plain,
        TScalarStyle::SingleQuoted => ScalarStyle::SingleQuoted,
        TScalarStyle::DoubleQuoted => ScalarStyle::DoubleQuoted,
        TScalarStyle::Literal => ScalarStyle::Literal,
        TScalarStyle::Folded => ScalarStyle::Folded,
    }
}
