//! Where the lines of a text begin, and how the parser's lines and columns become bytes.

use std::sync::OnceLock;

use crate::span::Span;

/// The first bytes of all lines. Breaks are LF, CRLF and a lone CR, as YAML has it.
///
/// They are found when they are asked for first: in most texts of a repository nobody ever asks.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    /// Invariant: not empty and strictly rising. The first is 3 behind a BOM.
    starts: OnceLock<Vec<u32>>,
    bom: u32,
    /// A line of ASCII needs no counting of characters.
    pub(super) ascii: bool,
}

impl PartialEq for Lines {
    /// The starts are the text's affair, whether they were asked for or not.
    fn eq(&self, other: &Self) -> bool {
        (self.bom, self.ascii) == (other.bom, other.ascii)
    }
}

impl Eq for Lines {}

impl Lines {
    /// Takes note of `text`, whose first `bom` bytes are a byte order mark. All other functions must be given the same text.
    pub(super) fn new(text: &str, bom: u32) -> Self {
        let ascii = text.as_bytes().get(bom as usize..).is_some_and(<[u8]>::is_ascii);
        Self { starts: OnceLock::new(), bom, ascii }
    }

    fn starts(&self, text: &str) -> &[u32] {
        self.starts.get_or_init(|| starts(text.as_bytes(), self.bom))
    }

    pub(super) fn memory(&self) -> usize {
        self.starts.get().map_or(0, Vec::capacity) * std::mem::size_of::<u32>()
    }

    /// Returns the number of lines; a text that ends in a break has an empty last one.
    pub(super) fn count(&self, text: &str) -> u32 {
        self.starts(text).len() as u32
    }

    /// Returns the first byte of a line, counted from 1.
    pub(super) fn start(&self, line: u32, text: &str) -> Option<u32> {
        self.starts(text).get((line as usize).checked_sub(1)?).copied()
    }

    /// Returns the line, counted from 1, that holds the byte `offset`.
    fn line_of(&self, offset: u32, text: &str) -> u32 {
        (self.starts(text).partition_point(|start| *start <= offset) as u32).max(1)
    }

    /// Returns the bytes of a line with its break; an empty span at the end for a line that is not there.
    pub(super) fn with_break(&self, line: u32, text: &str) -> Span {
        let end = text.len() as u32;
        match self.start(line, text) {
            Some(start) => Span::new(start, self.start(line + 1, text).unwrap_or(end)),
            None => Span::empty(end),
        }
    }

    /// Returns the bytes of a line without its break.
    pub(super) fn without_break(&self, line: u32, text: &str) -> Span {
        let whole = self.with_break(line, text);
        let kept = whole.of(text).trim_end_matches(['\n', '\r']).len();
        Span::new(whole.start, whole.start + kept as u32)
    }

    /// Returns line and column, both counted from 1, the column in characters. A BOM is no character.
    pub(super) fn position(&self, offset: u32, text: &str) -> (u32, u32) {
        let line = self.line_of(offset, text);
        let start = self.start(line, text).unwrap_or(0);
        let before = text.as_bytes().get(start as usize..offset as usize).unwrap_or_default();
        let column = if self.ascii { before.len() } else { count_characters(before) };
        (line, column as u32 + 1)
    }
}

fn starts(bytes: &[u8], bom: u32) -> Vec<u32> {
    let mut starts = Vec::with_capacity(bytes.len() / 32 + 1);
    starts.push(bom);
    if memchr::memchr(b'\r', bytes).is_none() {
        starts.extend(memchr::memchr_iter(b'\n', bytes).map(|at| at as u32 + 1));
    } else {
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n') {
                starts.push(at as u32 + 1);
            }
        }
    }
    starts.shrink_to_fit();
    starts
}

/// Turns the parser's markers into bytes.
///
/// Only line and column of a marker are true: its index counts characters, but bytes within long lines of
/// block scalars. The last answer is remembered, so that many tokens on one long line cost no more than the line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    line: u32,
    column: u32,
    offset: u32,
}

impl Marks {
    pub(super) const fn new() -> Self {
        Self { line: 0, column: 0, offset: 0 }
    }

    /// Returns the byte at `line` (from 1) and `column` (characters, from 0), if the text has it.
    pub(super) fn offset(&mut self, line: usize, column: usize, lines: &Lines, text: &str) -> Option<u32> {
        let (line, column) = (u32::try_from(line).ok()?, u32::try_from(column).ok()?);
        let start = lines.start(line, text)?;
        if lines.ascii {
            return start.checked_add(column).filter(|at| *at as usize <= text.len());
        }
        if line != self.line || column < self.column / 2 {
            *self = Self { line, column: 0, offset: start };
        }
        if column >= self.column {
            self.advance(column, text.as_bytes())?;
        } else {
            self.retreat(column, text.as_bytes())?;
        }
        Some(self.offset)
    }

    fn advance(&mut self, column: u32, bytes: &[u8]) -> Option<()> {
        let mut at = self.offset as usize;
        for _ in self.column..column {
            at += character_len(*bytes.get(at)?);
        }
        (self.column, self.offset) = (column, at as u32);
        Some(())
    }

    fn retreat(&mut self, column: u32, bytes: &[u8]) -> Option<()> {
        let mut at = self.offset as usize;
        for _ in column..self.column {
            at = at.checked_sub(1)?;
            while is_continuation(*bytes.get(at)?) {
                at = at.checked_sub(1)?;
            }
        }
        (self.column, self.offset) = (column, at as u32);
        Some(())
    }
}

/// Counts the characters of a piece of UTF-8.
pub(super) fn count_characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| !is_continuation(**byte)).count()
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

const fn character_len(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}
