//! Scalars: plain ones, quoted ones, and block scalars whose first line gives the indentation.

use super::{Reader, Token};
use crate::syntax::arena::Shape;
use crate::syntax::node::ScalarStyle;

/// The parser takes nothing longer for a key. It counts characters; most keys are far away from either limit.
const LONGEST_KEY: usize = 1000;

impl Reader<'_> {
    /// Reads the plain or quoted scalar at the cursor, and stands behind it.
    pub(super) fn scalar(&mut self, in_flow: bool) -> Option<Token> {
        let token = match self.peek()? {
            b'"' => self.double_quoted(in_flow)?,
            b'\'' => self.single_quoted(in_flow)?,
            _ => self.plain(in_flow)?,
        };
        self.at = token.end;
        let is_long = token.end - token.start > LONGEST_KEY;
        if is_long && self.bytes.get(token.end) == Some(&b':') { None } else { Some(token) }
    }

    fn plain(&self, in_flow: bool) -> Option<Token> {
        let start = self.at;
        let first = *self.bytes.get(start)?;
        let is_indicator = match first {
            b'-' => self.is_blank_at(start + 1),
            b':' => in_flow || self.is_blank_at(start + 1),
            _ => b"?,[]{}#&*!|>@`%".contains(&first),
        };
        if is_indicator {
            return None;
        }
        let end = self.plain_end(start, in_flow)?;
        Some(Token { start, end, style: ScalarStyle::Plain, value: None })
    }

    /// Returns where the plain text ends that begins at `start`, at most at the end of the line.
    fn plain_end(&self, start: usize, in_flow: bool) -> Option<usize> {
        let is_flow =
            |at: usize| in_flow && matches!(self.bytes.get(at), Some(b',' | b'[' | b']' | b'{' | b'}'));
        let (mut at, mut end) = (start, start);
        while let Some(byte) = self.bytes.get(at) {
            if is_ordinary(*byte) {
                at += 1;
                end = at;
                continue;
            }
            match byte {
                b'\n' => break,
                b' ' => {
                    at += 1;
                    continue;
                }
                b'#' if at > end => break,
                b':' if self.is_blank_at(at + 1) || is_flow(at + 1) => {
                    // White space before a colon is rare.
                    if at > end {
                        return None;
                    }
                    break;
                }
                // Only the parser knows when it takes a dash before a bracket for a mistake.
                b'-' if is_flow(at + 1) => return None,
                b',' | b'[' | b']' | b'{' | b'}' if in_flow => break,
                b'\t' => return None,
                _ => {}
            }
            at += 1;
            end = at;
        }
        (end > start).then_some(end)
    }

    /// Returns a scalar that is no key together with its further lines, if it is plain and has any.
    pub(super) fn continued(&mut self, mut token: Token) -> Option<Token> {
        let around = self.open.last()?.column;
        while token.style == ScalarStyle::Plain {
            let Some((start, breaks)) = self.next_text(token.end)? else { break };
            if start - self.line <= around || self.bytes.get(start) == Some(&b'#') {
                break;
            }
            let end = self.plain_end(start, false)?;
            let value = match &mut token.value {
                Some(value) => value,
                None => token.value.insert(self.text.get(token.start..token.end)?.to_owned()),
            };
            fold(breaks, value);
            value.push_str(self.text.get(start..end)?);
            token.end = end;
        }
        self.at = token.end;
        Some(token)
    }

    /// Returns where the first text begins on a line below, and how many line breaks are before it. Nothing, if something
    /// else than white space follows on this line.
    fn next_text(&mut self, end: usize) -> Option<Option<(usize, usize)>> {
        let (mut at, mut breaks) = (end, 0);
        loop {
            match self.bytes.get(at) {
                Some(b' ') => at += 1,
                Some(b'\n') => {
                    (at, breaks) = (at + 1, breaks + 1);
                    self.line = at;
                }
                Some(b'\t') => return None,
                Some(_) if breaks > 0 => return Some(Some((at, breaks))),
                _ => return Some(None),
            }
        }
    }

    fn single_quoted(&mut self, in_flow: bool) -> Option<Token> {
        let start = self.at;
        let (mut at, mut value, mut copied) = (start + 1, None::<String>, start + 1);
        loop {
            at += memchr::memchr2(b'\'', b'\n', self.bytes.get(at..)?)?;
            match (self.bytes.get(at)?, self.bytes.get(at + 1)) {
                (b'\n', _) if in_flow => return None,
                (b'\n', _) => {
                    at = self.fold_quoted(copied, at, value.get_or_insert_default())?;
                    copied = at;
                }
                (_, Some(b'\'')) => {
                    value.get_or_insert_default().push_str(self.text.get(copied..=at)?);
                    at += 2;
                    copied = at;
                }
                _ => break,
            }
        }
        self.quoted(start, at, ScalarStyle::SingleQuoted, value, copied)
    }

    fn double_quoted(&mut self, in_flow: bool) -> Option<Token> {
        let start = self.at;
        let (mut at, mut value, mut copied) = (start + 1, None::<String>, start + 1);
        loop {
            at += memchr::memchr3(b'"', b'\\', b'\n', self.bytes.get(at..)?)?;
            match self.bytes.get(at)? {
                b'"' => break,
                b'\\' => {
                    let (letter, len) = self.escape(at + 1)?;
                    let value = value.get_or_insert_default();
                    value.push_str(self.text.get(copied..at)?);
                    value.push(letter);
                    at += 1 + len;
                    copied = at;
                }
                _ if in_flow => return None,
                _ => {
                    at = self.fold_quoted(copied, at, value.get_or_insert_default())?;
                    copied = at;
                }
            }
        }
        self.quoted(start, at, ScalarStyle::DoubleQuoted, value, copied)
    }

    /// Makes a quoted scalar that ends with the quote at `close`. If it has a value of its own, that lacks what follows
    /// `copied`.
    fn quoted(
        &self,
        start: usize,
        close: usize,
        style: ScalarStyle,
        mut value: Option<String>,
        copied: usize,
    ) -> Option<Token> {
        if let Some(value) = &mut value {
            value.push_str(self.text.get(copied..close)?);
        }
        Some(Token { start, end: close + 1, style, value })
    }

    /// Adds what was not copied yet of a quoted line, and folds its break. Returns where the next line's text begins.
    fn fold_quoted(&mut self, copied: usize, line_end: usize, value: &mut String) -> Option<usize> {
        value.push_str(self.text.get(copied..line_end)?.trim_end_matches([' ', '\t']));
        let (at, breaks) = self.next_text(line_end)??;
        // A line that is indented less is a mistake, which the parser tells.
        if self.open.last().is_none_or(|open| at - self.line <= open.column) {
            return None;
        }
        fold(breaks, value);
        Some(at)
    }

    /// Returns the letter that the escape behind a backslash stands for, and the length of the escape.
    fn escape(&self, at: usize) -> Option<(char, usize)> {
        let letter = match self.bytes.get(at)? {
            b'0' => '\0',
            b'a' => '\x07',
            b'b' => '\x08',
            b't' => '\t',
            b'n' => '\n',
            b'v' => '\x0B',
            b'f' => '\x0C',
            b'r' => '\r',
            b'e' => '\x1B',
            byte @ (b' ' | b'"' | b'/' | b'\\') => char::from(*byte),
            b'N' => '\u{85}',
            b'_' => '\u{A0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'x' => return self.code(at + 1, 2),
            b'u' => return self.code(at + 1, 4),
            b'U' => return self.code(at + 1, 8),
            _ => return None,
        };
        Some((letter, 1))
    }

    fn code(&self, at: usize, len: usize) -> Option<(char, usize)> {
        let digits = self.text.get(at..at + len)?;
        // Parsing would take a sign as well.
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let code = u32::from_str_radix(digits, 16).ok()?;
        Some((char::from_u32(code)?, len + 1))
    }

    /// Reads the block scalar at the cursor.
    pub(super) fn block_scalar(&mut self) -> Option<()> {
        let start = self.at;
        let style = if self.peek() == Some(b'|') { ScalarStyle::Literal } else { ScalarStyle::Folded };
        self.at += 1;
        let strips = self.peek() == Some(b'-');
        self.at += usize::from(strips);
        self.end_line()?;
        let around = self.open.last()?.column;
        let indent = self.block_indent()?;
        if indent <= around {
            return None;
        }
        let end = self.block_lines(indent, style == ScalarStyle::Folded);
        if !strips {
            self.values.begin().push('\n');
        }
        let node = self.push(Shape::Scalar(style), start, end);
        if let Some(data) = self.nodes.get_mut(node as usize) {
            data.extra = self.values.end();
        }
        (self.at, self.last) = (end, end);
        Some(())
    }

    /// Returns the column of the first line that holds more than spaces.
    fn block_indent(&self) -> Option<usize> {
        let (mut at, mut widest) = (self.at, 0);
        loop {
            let spaces = self.bytes.get(at..)?.iter().take_while(|byte| **byte == b' ').count();
            if *self.bytes.get(at + spaces)? != b'\n' {
                return (spaces >= widest).then_some(spaces);
            }
            widest = widest.max(spaces);
            at += spaces + 1;
        }
    }

    /// Collects the lines of a block scalar and returns the end of the last one. The first is there.
    fn block_lines(&mut self, indent: usize, folded: bool) -> usize {
        let (mut end, mut breaks, mut was_blank) = (self.at, 0, true);
        let mut line = self.at;
        while line < self.bytes.len() {
            let line_end = self.line_end(line);
            let text = self.text.get(line..line_end).unwrap_or_default();
            let spaces = text.bytes().take(indent).take_while(|byte| *byte == b' ').count();
            let content = text.get(spaces..).unwrap_or_default();
            if content.is_empty() {
                breaks += 1;
            } else if spaces < indent {
                break;
            } else {
                let is_blank = content.starts_with([' ', '\t']);
                let value = self.values.begin();
                if folded && !was_blank && !is_blank {
                    fold(breaks, value);
                } else {
                    value.extend(std::iter::repeat_n('\n', breaks));
                }
                value.push_str(content);
                (end, breaks, was_blank) = (line_end, 1, is_blank);
                self.line = line;
            }
            line = line_end + 1;
        }
        end
    }
}

/// Tells whether a byte of a plain scalar is its text wherever it stands; nearly all are.
const fn is_ordinary(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'_') || byte >= 0x80
}

/// Adds what folding makes of line breaks: a space of one, and of more the first is left out.
fn fold(breaks: usize, value: &mut String) {
    if breaks == 1 {
        value.push(' ');
    } else {
        value.extend(std::iter::repeat_n('\n', breaks.saturating_sub(1)));
    }
}
