//! Block collections: what stands in which depends on the columns.

use super::{Reader, Token};
use crate::span::Span;
use crate::syntax::arena::{Flags, Shape};
use crate::syntax::node::ScalarStyle;

/// The most anchors that a document may have when an alias is looked up.
const MOST_ANCHORS: usize = 64;

impl Reader<'_> {
    /// Reads a line of block style from its first token on, and whatever scalar or flow collection begins there.
    pub(super) fn block_line(&mut self) -> Option<()> {
        self.leave(self.column())?;
        while self.is_dash() {
            self.item()?;
            self.skip_spaces();
            if self.is_line_over() {
                return self.end_line();
            }
            if matches!(self.peek(), Some(b'&' | b'*')) {
                self.value()?;
                return self.end_line();
            }
        }
        self.entry_or_item()?;
        self.end_line()
    }

    fn is_line_over(&self) -> bool {
        matches!(self.peek(), None | Some(b'\n' | b'#'))
    }

    fn is_dash(&self) -> bool {
        self.peek() == Some(b'-') && self.is_blank_at(self.at + 1)
    }

    /// Closes the collections that end before a token at this column. Declines a column that nothing there has.
    fn leave(&mut self, column: usize) -> Option<()> {
        let is_dash = self.is_dash();
        loop {
            let Some(open) = self.open.last() else { return self.wants_root.then_some(()) };
            let (waits, is_mapping) = (open.waits, open.shape == Shape::BlockMapping);
            if open.column < column {
                return waits.then_some(());
            }
            if open.column == column && is_mapping == is_dash {
                // The dashes of a list may stand below its key.
                if is_mapping {
                    return waits.then_some(());
                }
                // So this list ends here, if its key's mapping has the same column.
                let around = self.open.iter().rev().nth(1);
                around.filter(|around| around.column == column)?;
            } else if open.column == column {
                if waits {
                    self.push(Shape::Scalar(ScalarStyle::Plain), self.last, self.last);
                }
                return Some(());
            }
            self.close();
        }
    }

    /// Reads a dash, the first of a new list if none is open at its column.
    fn item(&mut self) -> Option<()> {
        let column = self.column();
        let is_open = |open: &super::Open| open.shape == Shape::BlockSequence && open.column == column;
        if !self.open.last().is_some_and(is_open) {
            self.open(Shape::BlockSequence, self.at, column)?;
        }
        let dash = self.consume(1) as u32;
        let open = self.open.last_mut()?;
        (open.dash, open.waits) = (dash, true);
        Some(())
    }

    /// Reads a key with what follows on its line, or the value that a key or a dash waits for.
    fn entry_or_item(&mut self) -> Option<()> {
        let (start, line, column) = (self.at, self.line, self.column());
        let is_open = |open: &super::Open| open.shape == Shape::BlockMapping && open.column == column;
        let wants_key = self.open.last().is_some_and(is_open);
        if !wants_key && matches!(self.peek(), Some(b'[' | b'{' | b'|' | b'>')) {
            return self.value();
        }
        let token = self.scalar(false)?;
        if self.peek() == Some(b':') && self.is_blank_at(self.at + 1) && self.line == line {
            if !wants_key {
                self.open(Shape::BlockMapping, start, column)?;
            }
            return self.entry(token);
        }
        // A scalar that is a whole document is rare, and may have further lines.
        if wants_key || self.open.is_empty() {
            return None;
        }
        let token = self.continued(token)?;
        self.push_scalar(token);
        Some(())
    }

    fn entry(&mut self, key: Token) -> Option<()> {
        self.push_key(key);
        self.open.last_mut()?.waits = true;
        self.skip_spaces();
        // What is not on this line is waited for.
        if self.is_line_over() { Some(()) } else { self.value() }
    }

    /// Reads a value where no block collection may begin.
    fn value(&mut self) -> Option<()> {
        match self.peek()? {
            b'[' | b'{' => self.flow(),
            b'|' | b'>' => self.block_scalar(),
            b'*' if self.anchor.is_none() => self.alias(false),
            b'&' if self.anchor.is_none() => {
                self.anchor = Some(self.property(false)?);
                self.skip_spaces();
                // On the lines below, the anchored node may be a block collection.
                if self.is_line_over() { Some(()) } else { self.value() }
            }
            _ => {
                let token = self.scalar(false)?;
                let token = self.continued(token)?;
                self.push_scalar(token);
                Some(())
            }
        }
    }

    /// Moves over an anchor or alias and returns its name.
    fn property(&mut self, in_flow: bool) -> Option<Span> {
        let rest = self.bytes.get(self.at + 1..)?;
        let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b',' | b'[' | b']' | b'{' | b'}');
        let len = rest.iter().position(ends).unwrap_or(rest.len());
        let start = self.consume(len + 1) + 1;
        let ends = self.is_blank_at(self.at) || in_flow && matches!(self.peek(), Some(b',' | b']' | b'}'));
        (len > 0 && ends).then(|| Span::new(start as u32, self.at as u32))
    }

    pub(super) fn alias(&mut self, in_flow: bool) -> Option<()> {
        let start = self.at;
        let name = self.property(in_flow)?;
        let name = name.of(self.text);
        // The search is linear; a document with that many anchors is the parser's, which keeps them in a map.
        if self.anchors.len() > MOST_ANCHORS {
            return None;
        }
        // A repeated name stands for the latest.
        let found = self.anchors.iter().rev().find(|(anchor, _)| anchor.of(self.text) == name);
        let (_, target) = *found?;
        let node = self.push(Shape::Alias, start, self.at);
        if let Some(data) = self.nodes.get_mut(node as usize) {
            data.extra = target;
        }
        if let Some(data) = self.nodes.get_mut(target as usize) {
            data.flags.set(Flags::ALIASED);
        }
        self.peculiar = true;
        Some(())
    }
}
