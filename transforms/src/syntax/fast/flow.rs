//! Flow collections, over several lines too. Pairs without braces, keys that are no scalars and values that are not
//! written are declined.

use super::Reader;
use crate::syntax::arena::Shape;

/// What may come next, beside the end of the collection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// An item of a sequence.
    Item,
    Key,
    Value,
    Comma,
}

impl Reader<'_> {
    /// Reads the flow collection at the cursor.
    pub(super) fn flow(&mut self) -> Option<()> {
        let outside = self.open.len();
        // The parser asks that a flow collection stands right of the block that holds it.
        let least = self.open.last().map_or(0, |open| open.column + 1);
        let mut next = self.open_flow()?;
        while self.open.len() > outside {
            self.gap(least)?;
            next = match (next, self.peek()?) {
                (Next::Comma, b',') => {
                    self.consume(1);
                    self.first()
                }
                (Next::Item | Next::Comma, b']') => self.close_flow(Shape::FlowSequence)?,
                (Next::Key | Next::Comma, b'}') => self.close_flow(Shape::FlowMapping)?,
                (Next::Item | Next::Value, b'[' | b'{') => self.open_flow()?,
                (Next::Item | Next::Value, b'*') => {
                    self.alias(true)?;
                    Next::Comma
                }
                (Next::Item | Next::Value, _) => {
                    let token = self.scalar(true)?;
                    self.push_scalar(token);
                    Next::Comma
                }
                (Next::Key, _) => self.flow_key()?,
                (Next::Comma, _) => return None,
            };
        }
        Some(())
    }

    fn open_flow(&mut self) -> Option<Next> {
        let shape = if self.peek() == Some(b'[') { Shape::FlowSequence } else { Shape::FlowMapping };
        self.open(shape, self.at, 0)?;
        self.consume(1);
        Some(self.first())
    }

    /// Returns what an item of the innermost collection begins with.
    fn first(&self) -> Next {
        let in_sequence = self.open.last().is_some_and(|open| open.shape == Shape::FlowSequence);
        if in_sequence { Next::Item } else { Next::Key }
    }

    fn close_flow(&mut self, shape: Shape) -> Option<Next> {
        self.open.last().filter(|open| open.shape == shape)?;
        self.consume(1);
        self.close();
        Some(Next::Comma)
    }

    fn flow_key(&mut self) -> Option<Next> {
        let is_quoted = matches!(self.peek(), Some(b'"' | b'\''));
        let token = self.scalar(true)?;
        if is_quoted {
            self.skip_spaces();
        }
        // Behind quotes the value may follow the colon directly, as in JSON.
        if self.peek() != Some(b':') || !(is_quoted || self.is_blank_at(self.at + 1)) {
            return None;
        }
        self.push_key(token);
        Some(Next::Value)
    }

    /// Moves over white space, line breaks and comments between the tokens of a flow collection.
    fn gap(&mut self, least: usize) -> Option<()> {
        let line = self.line;
        loop {
            match self.peek()? {
                b' ' => self.at += 1,
                b'\n' => self.next_line(),
                b'#' => {
                    let before = self.bytes.get(self.line..self.at)?;
                    let own_line = before.iter().all(|byte| *byte == b' ');
                    if !own_line && before.last() != Some(&b' ') {
                        return None;
                    }
                    self.comment(own_line);
                }
                b'\t' => return None,
                // At the beginning of a line these may begin or end a document.
                b'-' | b'.' | b'%' if self.at == self.line => return None,
                _ if self.line > line && self.column() < least => return None,
                _ => return Some(()),
            }
        }
    }
}
