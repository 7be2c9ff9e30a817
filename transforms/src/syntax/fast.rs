//! Reads the YAML that manifests are written in, in one walk over the bytes and without the parser.
//!
//! It knows block collections, flow collections, block scalars, plain and quoted scalars, and anchors and
//! aliases in the place of values. Whatever else it meets, and whatever might be wrong, it declines, and the parser reads the
//! text from its beginning: tags, directives, tabs, CRs, `? ` keys. So it never refuses a text, and never reads one that the parser refuses.
//! What it reads must equal what [`super::build`] makes of the parser's events, to the byte; tests compare the two.

mod block;
mod flow;
mod scalar;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::arena::{Data, DocumentData, Flags, NONE, Properties, Shape, Values};
use super::input::BOM;
use super::lines::Lines;
use super::node::ScalarStyle;
use super::stream::{Comment, Stream};
use super::{build, frozen, keys};
use crate::span::Span;

/// Deeper text is left to the parser, which tells where it is too deep.
const MOST_OPEN: usize = 200;

/// Returns the stream of a text, or nothing if the parser must read it. `room` is for the nodes while they are collected.
pub(super) fn read(text: &Arc<str>, room: &mut Vec<Data>) -> Option<Stream> {
    if text.starts_with(BOM) || memchr::memchr(b'\r', text.as_bytes()).is_some() {
        return None;
    }
    let lines = Lines::new(text, 0);
    if !lines.ascii && build::has_foreign_separator(text) {
        return None;
    }
    room.clear();
    let mut reader = Reader::new(text, room);
    reader.stream()?;
    let Reader { nodes, mut values, mut properties, mut comments, documents, peculiar, .. } = reader;
    if peculiar {
        frozen::settle(nodes, &documents, &properties, false);
    }
    let nodes = nodes.clone();
    properties.shrink_to_fit();
    comments.shrink_to_fit();
    values.shrink();
    Some(Stream { text: Arc::clone(text), lines, nodes, values, properties, comments, documents })
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// The next byte to look at.
    at: usize,
    /// The first byte of its line.
    line: usize,
    /// The end of the last token; values that are not written lie here.
    last: usize,
    nodes: &'t mut Vec<Data>,
    values: Values,
    comments: Vec<Comment>,
    documents: Vec<DocumentData>,
    open: Vec<Open>,
    /// The document has no node yet.
    wants_root: bool,
    /// The name of an anchor whose node has not come yet.
    anchor: Option<Span>,
    /// The names and nodes of this document's anchors.
    anchors: Vec<(Span, u32)>,
    properties: Vec<Properties>,
    /// Some node is not to be edited: it has to do with an alias, a merge key or a duplicate key.
    peculiar: bool,
}

/// A collection that is not closed yet.
struct Open {
    node: u32,
    shape: Shape,
    /// Where the keys or dashes of a block collection stand.
    column: usize,
    /// The dash of a sequence's last item.
    dash: u32,
    /// A key or a dash was read, and not yet what belongs to it.
    waits: bool,
}

/// A scalar that has been read and is no node yet.
struct Token {
    start: usize,
    end: usize,
    style: ScalarStyle,
    /// The value, if the text does not hold it as it is.
    value: Option<String>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, nodes: &'t mut Vec<Data>) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            line: 0,
            last: 0,
            nodes,
            values: Values::default(),
            comments: Vec::new(),
            documents: Vec::new(),
            open: Vec::new(),
            wants_root: false,
            anchor: None,
            anchors: Vec::new(),
            properties: Vec::new(),
            peculiar: false,
        }
    }

    /// Reads all documents.
    fn stream(&mut self) -> Option<()> {
        while self.next_token_line()? {
            if self.at == self.line && self.document_marker()? {
                continue;
            }
            if self.documents.is_empty() {
                self.open_document(0, false);
            }
            self.block_line()?;
        }
        self.close_document();
        Some(())
    }

    /// Moves from the beginning of a line to the next token, over blank lines and comments. Tells whether there is one.
    fn next_token_line(&mut self) -> Option<bool> {
        loop {
            self.skip_spaces();
            match self.peek() {
                None => return Some(false),
                Some(b'\n') => self.next_line(),
                Some(b'#') => self.comment(true),
                Some(b'\t') => return None,
                Some(_) => return Some(true),
            }
        }
    }

    /// Moves to the beginning of the next line, over white space and a comment; anything else is declined.
    fn end_line(&mut self) -> Option<()> {
        self.skip_spaces();
        let is_separate = self.at.checked_sub(1).and_then(|before| self.bytes.get(before)) == Some(&b' ');
        if self.peek() == Some(b'#') && is_separate {
            self.comment(false);
        }
        match self.peek() {
            None => {}
            Some(b'\n') => self.next_line(),
            Some(_) => return None,
        }
        Some(())
    }

    /// Moves over a `---` and opens its document. Tells whether there was one.
    fn document_marker(&mut self) -> Option<bool> {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        if rest.starts_with(b"...") {
            return None;
        }
        if !rest.starts_with(b"---") {
            return Some(false);
        }
        self.close_document();
        self.open_document(start, true);
        self.consume(3);
        self.end_line()?;
        Some(true)
    }

    fn open_document(&mut self, at: usize, explicit_start: bool) {
        // What stands before the first marker belongs to the first document.
        let start = if self.documents.is_empty() { 0 } else { at as u32 };
        if let Some(before) = self.documents.last_mut() {
            before.span.end = start;
        }
        self.documents.push(DocumentData {
            root: self.nodes.len() as u32,
            span: Span::new(start, self.text.len() as u32),
            explicit_start,
            explicit_end: false,
            lost: false,
        });
        self.wants_root = true;
        self.anchors.clear();
    }

    fn close_document(&mut self) {
        while !self.open.is_empty() {
            self.close();
        }
        if std::mem::take(&mut self.wants_root) {
            self.push(Shape::Scalar(ScalarStyle::Plain), self.last, self.last);
        }
    }

    /// Adds a node to the collection that is open.
    fn push(&mut self, shape: Shape, start: usize, end: usize) -> u32 {
        let id = self.nodes.len() as u32;
        let (mut parent, mut indicator) = (NONE, NONE);
        match self.open.last_mut() {
            Some(open) => {
                (parent, indicator) = (open.node, open.dash);
                open.waits = false;
            }
            None => self.wants_root = false,
        }
        self.nodes.push(Data {
            start: start as u32,
            end: end as u32,
            parent,
            next: id + 1,
            indicator,
            extra: NONE,
            shape,
            flags: Flags::default(),
            frozen: None,
        });
        if let Some(name) = self.anchor.take() {
            self.keep_anchor(name, id);
        }
        id
    }

    fn keep_anchor(&mut self, name: Span, node: u32) {
        self.anchors.push((name, node));
        self.properties.push(Properties { node, anchor: Some(name), tag: None });
        if let Some(data) = self.nodes.get_mut(node as usize) {
            data.flags.set(Flags::PROPERTIES);
        }
    }

    fn push_scalar(&mut self, token: Token) -> u32 {
        let node = self.push(Shape::Scalar(token.style), token.start, token.end);
        if let (Some(value), Some(data)) = (token.value, self.nodes.get_mut(node as usize)) {
            data.extra = self.values.push(&value);
        }
        self.last = token.end;
        node
    }

    /// Adds a key; the cursor is at its colon.
    fn push_key(&mut self, token: Token) {
        let key = self.push_scalar(token);
        let colon = self.consume(1);
        if let Some(data) = self.nodes.get_mut(key as usize) {
            data.indicator = colon as u32;
        }
    }

    fn open(&mut self, shape: Shape, start: usize, column: usize) -> Option<()> {
        if self.open.len() >= MOST_OPEN {
            return None;
        }
        let node = self.push(shape, start, start);
        self.open.push(Open { node, shape, column, dash: NONE, waits: false });
        Some(())
    }

    /// Closes the innermost collection. What it waits for is not written.
    fn close(&mut self) {
        if self.open.last().is_some_and(|open| open.waits) {
            self.push(Shape::Scalar(ScalarStyle::Plain), self.last, self.last);
        }
        let Some(open) = self.open.pop() else { return };
        let mut flags = Flags::default();
        if matches!(open.shape, Shape::BlockMapping | Shape::FlowMapping) {
            flags = keys::of_mapping(open.node, self.nodes, &self.values, self.text);
            self.peculiar |= flags != Flags::default();
        }
        let next = self.nodes.len() as u32;
        if let Some(data) = self.nodes.get_mut(open.node as usize) {
            data.end = (self.last as u32).max(data.start);
            data.next = next;
            data.flags.set(flags);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Moves over `len` bytes of a token and returns where it began.
    fn consume(&mut self, len: usize) -> usize {
        let start = self.at;
        self.at += len;
        self.last = self.at;
        start
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn next_line(&mut self) {
        self.at += 1;
        self.line = self.at;
    }

    fn column(&self) -> usize {
        self.at - self.line
    }

    /// Tells whether a space, a line break or the end of the text is at `at`.
    fn is_blank_at(&self, at: usize) -> bool {
        matches!(self.bytes.get(at), None | Some(b' ' | b'\n'))
    }

    /// Returns the end of the line that holds `at`, before its line break.
    fn line_end(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |len| at + len)
    }

    /// Moves over a comment and keeps it.
    fn comment(&mut self, own_line: bool) {
        let start = self.at;
        self.at = self.line_end(start);
        self.comments.push(Comment { span: Span::new(start as u32, self.at as u32), own_line });
    }
}
