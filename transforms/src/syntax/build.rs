//! Builds the arena from the parser's events, and finds the place of each in the text.
//!
//! Nothing here recurses, so no text can overflow the stack.

mod nodes;

use std::sync::Arc;

use yaml_rust2::parser::{Event, Parser, Tag};
use yaml_rust2::scanner::Marker;

use super::MAX_DEPTH;
use super::arena::{Data, DocumentData, Flags, NONE, Properties, Shape, Values};
use super::cursor::{Cursor, DocumentMarker};
use super::frozen;
use super::input::{BOM, ParseIssue};
use super::lines::{Lines, Marks};
use super::stream::Stream;
use crate::span::Span;

/// Characters that end a line in YAML 1.1 (which Kubernetes reads) and none in YAML 1.2.
const FOREIGN_SEPARATORS: [&str; 3] = ["\u{85}", "\u{2028}", "\u{2029}"];

/// Reads `text` and returns its stream.
pub(super) fn build(text: &Arc<str>) -> Result<Stream, ParseIssue> {
    let begin = if text.starts_with(BOM) { BOM.len_utf8() as u32 } else { 0 };
    let lines = Lines::new(text, begin);
    let mut builder = Builder::new(text, &lines, begin);
    let body = text.get(begin as usize..).unwrap_or_default();
    let mut parser = Parser::new_from_str(body);
    loop {
        let (event, mark) =
            parser.next_token().map_err(|error| ParseIssue::from_scan(&error, &lines, text))?;
        if event == Event::StreamEnd {
            builder.close_stream();
            break;
        }
        builder.event(event, mark)?;
    }
    let foreign = !lines.ascii && has_foreign_separator(body);
    let Builder { mut nodes, mut values, mut properties, documents, cursor, .. } = builder;
    frozen::settle(&mut nodes, &documents, &properties, foreign);
    let mut comments = cursor.comments;
    nodes.shrink_to_fit();
    properties.shrink_to_fit();
    comments.shrink_to_fit();
    values.shrink();
    Ok(Stream { text: Arc::clone(text), lines, nodes, values, properties, comments, documents })
}

/// Tells whether the text holds characters that versions of YAML read differently.
pub(super) fn has_foreign_separator(body: &str) -> bool {
    let found = |needle: &str| memchr::memmem::find(body.as_bytes(), needle.as_bytes()).is_some();
    // A byte order mark within the text begins a document for some parsers and is a letter for others.
    FOREIGN_SEPARATORS.into_iter().any(found) || found("\u{FEFF}")
}

struct Builder<'t> {
    text: &'t str,
    lines: &'t Lines,
    marks: Marks,
    cursor: Cursor<'t>,
    nodes: Vec<Data>,
    values: Values,
    properties: Vec<Properties>,
    documents: Vec<DocumentData>,
    open: Vec<Open>,
    /// The anchored nodes by the parser's number, which begins at 1. A repeated name gets a new number.
    anchors: Vec<u32>,
    /// A token was not where it should be: places are unknown until the next document begins.
    lost: bool,
    /// A `?` was seen; the next node is its key.
    explicit_key: bool,
}

/// A collection that is not closed yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    node: u32,
    shape: Shape,
    /// How many children it has: a mapping's keys are even.
    children: u32,
    last_key: u32,
}

/// Anchor number (0 is none) and tag, as the parser gives them.
struct Given {
    anchor: usize,
    tag: Option<Tag>,
}

impl Given {
    fn is_empty(&self) -> bool {
        self.anchor == 0 && self.tag.is_none()
    }
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, lines: &'t Lines, begin: u32) -> Self {
        Self {
            text,
            lines,
            marks: Marks::new(),
            cursor: Cursor::new(text, begin),
            nodes: Vec::with_capacity((text.len() / 16).min(1 << 18)),
            values: Values::default(),
            properties: Vec::new(),
            documents: Vec::new(),
            open: Vec::new(),
            anchors: Vec::new(),
            lost: false,
            explicit_key: false,
        }
    }

    fn event(&mut self, event: Event, mark: Marker) -> Result<(), ParseIssue> {
        match event {
            Event::DocumentStart => self.open_document(mark),
            Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => {}
            Event::Scalar(value, style, anchor, tag) => {
                self.scalar(&value, style, &Given { anchor, tag }, mark);
            }
            Event::Alias(anchor) => self.alias(anchor, mark)?,
            Event::SequenceStart(anchor, tag) => self.open_sequence(&Given { anchor, tag }, mark)?,
            Event::MappingStart(anchor, tag) => self.open_mapping(&Given { anchor, tag }, mark)?,
            Event::SequenceEnd | Event::MappingEnd => self.close(),
        }
        Ok(())
    }

    fn open_document(&mut self, mark: Marker) {
        if self.lost && !self.find_again(mark) {
            return self.push_document(Some(self.cursor.at), false);
        }
        let mut start = None;
        self.end_markers();
        while self.cursor.document_marker() == Some(DocumentMarker::Directive) {
            start.get_or_insert(self.cursor.at);
            self.cursor.directive();
        }
        let explicit_start = self.cursor.document_marker() == Some(DocumentMarker::Start);
        if explicit_start {
            start.get_or_insert(self.cursor.at);
            self.cursor.consume(3);
        }
        self.push_document(start, explicit_start);
    }

    /// Adds a document that begins at `start`, or where the one before ends.
    fn push_document(&mut self, start: Option<usize>, explicit_start: bool) {
        let start = match self.documents.last_mut() {
            Some(before) => {
                let start = start.map_or(before.span.end, |at| at as u32).max(before.span.start);
                before.span.end = start;
                start
            }
            None => 0,
        };
        let root = self.nodes.len() as u32;
        let span = Span::new(start, self.text.len() as u32);
        self.documents.push(DocumentData {
            root,
            span,
            explicit_start,
            explicit_end: false,
            lost: self.lost,
        });
    }

    /// Takes up the trail at the `---` of a new document. Its marker is certain, those of other beginnings are not.
    fn find_again(&mut self, mark: Marker) -> bool {
        self.jump(mark);
        if self.agrees(mark) && self.cursor.document_marker() == Some(DocumentMarker::Start) {
            self.lost = false;
        }
        !self.lost
    }

    /// Moves over the `...` of the document before; there may be several.
    fn end_markers(&mut self) {
        while self.cursor.document_marker() == Some(DocumentMarker::End) {
            self.cursor.consume(3);
            if let Some(document) = self.documents.last_mut() {
                document.explicit_end = true;
                // A document without `---` begins behind it.
                document.span.end = self.cursor.last as u32;
            }
        }
    }

    fn close_stream(&mut self) {
        let end = self.text.len();
        if !self.lost {
            self.end_markers();
            self.lost = self.cursor.at != end;
        }
        if let Some(document) = self.documents.last_mut() {
            document.lost |= self.lost;
            document.span.end = end as u32;
        }
    }

    /// Takes the parser's word for the place, after the two have disagreed.
    fn jump(&mut self, mark: Marker) {
        let Some(at) = self.marks.offset(mark.line(), mark.col(), self.lines, self.text) else { return };
        if at as usize > self.cursor.at {
            self.cursor.at = at as usize;
            self.cursor.last = at as usize;
        }
    }

    /// Gives up on the places of this document.
    fn lose(&mut self) {
        self.lost = true;
        if let Some(document) = self.documents.last_mut() {
            document.lost = true;
        }
    }

    /// Tells whether the parser puts its token where the cursor is.
    fn agrees(&mut self, mark: Marker) -> bool {
        let at = self.marks.offset(mark.line(), mark.col(), self.lines, self.text);
        at.is_some_and(|at| at as usize == self.cursor.at)
    }

    fn push(&mut self, shape: Shape, indicator: u32, start: usize, end: usize) -> u32 {
        let id = self.nodes.len() as u32;
        let mut flags = Flags::default();
        if self.lost {
            flags.set(Flags::UNRESOLVED);
        }
        if std::mem::take(&mut self.explicit_key) {
            flags.set(Flags::EXPLICIT_KEY);
        }
        let parent = self.open.last().map_or(NONE, |open| open.node);
        let (mut start, mut end) = (start as u32, end as u32);
        if self.lost {
            // Starts never fall from one node to the next, which looking up an offset relies on.
            start = self.nodes.last().map_or(start, |before| before.start.max(start));
            end = start;
        }
        self.nodes.push(Data {
            start,
            end,
            parent,
            next: id + 1,
            indicator,
            extra: NONE,
            shape,
            flags,
            frozen: None,
        });
        if let Some(open) = self.open.last_mut() {
            if open.children.is_multiple_of(2) {
                open.last_key = id;
            }
            open.children += 1;
        }
        id
    }

    fn descend(&mut self, node: u32, shape: Shape, mark: Marker) -> Result<(), ParseIssue> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.issue(&format!("nested deeper than {MAX_DEPTH} levels"), mark));
        }
        self.open.push(Open { node, shape, children: 0, last_key: NONE });
        Ok(())
    }

    fn issue(&mut self, message: &str, mark: Marker) -> ParseIssue {
        let at = self.marks.offset(mark.line(), mark.col(), self.lines, self.text);
        ParseIssue::at(message, at.map_or(self.text.len(), |at| at as usize), self.lines, self.text)
    }
}
