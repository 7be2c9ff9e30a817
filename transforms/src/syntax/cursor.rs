//! The lexer that walks along with the parser's events over what lies between scalars.

use crate::span::Span;

use super::stream::Comment;

/// A place in the text, moving forward only.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    pub(super) bytes: &'t [u8],
    /// The next byte to look at.
    pub(super) at: usize,
    /// The end of the last token; values that are not written lie here.
    pub(super) last: usize,
    pub(super) comments: Vec<Comment>,
    /// Where the text begins behind its BOM.
    begin: usize,
}

/// A line that begins or ends a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DocumentMarker {
    /// `---`
    Start,
    /// `...`
    End,
    /// `%...`
    Directive,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str, begin: u32) -> Self {
        let begin = begin as usize;
        Self { bytes: text.as_bytes(), at: begin, last: begin, comments: Vec::new(), begin }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Moves over white space, line breaks and comments.
    pub(super) fn skip(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'#' => self.comment(),
                _ => return,
            }
        }
    }

    /// Moves over one indicator, if it is the next token.
    pub(super) fn take(&mut self, indicator: u8) -> Option<u32> {
        self.skip();
        if self.peek() != Some(indicator) {
            return None;
        }
        Some(self.consume(1))
    }

    /// Moves over `-`, `?` or `:` if it is the next token; in block style white space must follow it.
    pub(super) fn take_before_blank(&mut self, indicator: u8) -> Option<u32> {
        self.skip();
        if self.peek() != Some(indicator) || !self.is_blank_at(self.at + 1) {
            return None;
        }
        Some(self.consume(1))
    }

    /// Moves over `len` bytes of a token and returns where it began.
    pub(super) fn consume(&mut self, len: usize) -> u32 {
        let start = self.at;
        self.at += len;
        self.last = self.at;
        start as u32
    }

    /// Moves over an anchor, alias or tag that begins with `sigil`, and returns it whole.
    pub(super) fn take_property(&mut self, sigil: u8) -> Option<Span> {
        self.skip();
        if self.peek() != Some(sigil) {
            return None;
        }
        let verbatim = sigil == b'!' && self.bytes.get(self.at + 1) == Some(&b'<');
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let len = if verbatim {
            memchr::memchr(b'>', rest)? + 1
        } else {
            let ends =
                |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}');
            rest.iter().position(ends).unwrap_or(rest.len())
        };
        let start = self.consume(len);
        Some(Span::new(start, self.at as u32))
    }

    /// Looks for a document marker, which stands at the beginning of a line.
    pub(super) fn document_marker(&mut self) -> Option<DocumentMarker> {
        self.skip();
        let line_start = self.at == self.begin
            || self
                .at
                .checked_sub(1)
                .is_some_and(|before| matches!(self.bytes.get(before), Some(b'\n' | b'\r')));
        if !line_start {
            return None;
        }
        let three = self.bytes.get(self.at..self.at + 3);
        match self.peek()? {
            b'-' if three == Some(b"---") && self.is_blank_at(self.at + 3) => Some(DocumentMarker::Start),
            b'.' if three == Some(b"...") && self.is_blank_at(self.at + 3) => Some(DocumentMarker::End),
            b'%' => Some(DocumentMarker::Directive),
            _ => None,
        }
    }

    /// Moves over a directive; a comment may follow it on its line.
    pub(super) fn directive(&mut self) {
        let end = self.line_end(self.at);
        let line = self.bytes.get(self.at..end).unwrap_or_default();
        let comment = memchr::memchr_iter(b'#', line).find(|at| {
            at.checked_sub(1).and_then(|before| line.get(before)).is_some_and(|byte| is_space(*byte))
        });
        self.consume(comment.unwrap_or(line.len()));
    }

    /// Returns the end of the line that holds `at`, before its line break.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        memchr::memchr2(b'\n', b'\r', rest).map_or(self.bytes.len(), |len| at + len)
    }

    /// Returns the first byte behind the line break at `at`.
    pub(super) fn after_break(&self, at: usize) -> usize {
        match (self.bytes.get(at), self.bytes.get(at + 1)) {
            (Some(b'\r'), Some(b'\n')) => at + 2,
            (Some(b'\r' | b'\n'), _) => at + 1,
            _ => at,
        }
    }

    /// Tells whether white space, a line break or the end of the text is at `at`.
    pub(super) fn is_blank_at(&self, at: usize) -> bool {
        self.bytes.get(at).is_none_or(|byte| is_space(*byte) || matches!(byte, b'\n' | b'\r'))
    }

    /// Moves over a comment and keeps it.
    pub(super) fn comment(&mut self) {
        let start = self.at;
        self.at = self.line_end(start);
        let before = self.bytes.get(self.begin..start).unwrap_or_default();
        let own_line = match before.iter().rposition(|byte| !is_space(*byte)) {
            Some(last) => matches!(before.get(last), Some(b'\n' | b'\r')),
            None => true,
        };
        self.comments.push(Comment { span: Span::new(start as u32, self.at as u32), own_line });
    }
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
