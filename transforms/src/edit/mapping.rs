//! Which bytes of a scalar's source stand for which bytes of its value.
//!
//! The value is decoded a second time here, piece by piece, and a mapping exists only where the result equals what
//! the parser read. So a part of a value can be replaced where it stands, in any style, and a mistake in the
//! decoding shows itself as a refusal, never as a wrong edit.

use std::ops::Range;

use crate::syntax::ScalarStyle;

/// One run of the source and the run of the value that it stands for.
///
/// Source between two pieces (quotes, the indentation of a block, what chomping drops) stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    source: Range<usize>,
    value: Range<usize>,
    /// Both are the same bytes, so the run may be cut anywhere; else (an escape, a folded line break) nowhere.
    verbatim: bool,
}

/// The source of one scalar, mapped to its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapping {
    /// Invariant: in the order of both, without overlaps; their values are the whole value.
    pieces: Vec<Piece>,
    value: String,
    /// The columns that each line of a block scalar is indented by; 0 for the other styles.
    pub(super) indent: usize,
}

impl Mapping {
    /// Maps `source`, a whole scalar from its first quote or block header to its end; none if it does not read as
    /// `value`.
    pub(super) fn of(source: &str, style: ScalarStyle, value: &str) -> Option<Self> {
        let mapping = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => block(source, block_indent(source, value)?)?,
            _ => flow(source, style)?,
        };
        // A block scalar at the end of a file without a final newline: parsers differ on whether its value has one.
        let same = mapping.value == value
            || (!source.ends_with(is_break) && value.strip_suffix('\n') == Some(&mapping.value));
        same.then_some(mapping)
    }

    /// Tells whether `source`, which is this scalar's source with a part replaced, reads as `value`.
    pub(super) fn still_reads(&self, source: &str, style: ScalarStyle, value: &str) -> bool {
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let indent = detected_indent(source).unwrap_or(self.indent);
                indent == self.indent
                    && Self::of(source, style, value).is_some_and(|new| new.indent == indent)
            }
            _ => Self::of(source, style, value).is_some(),
        }
    }

    /// Returns the source of `range` of the value; none if it cuts an escape, a folded line break or a character.
    pub(super) fn source_of(&self, range: &Range<usize>) -> Option<Range<usize>> {
        if range.is_empty() {
            let at = self.start(range.start).or_else(|| self.end(range.start))?;
            return Some(at..at);
        }
        Some(self.start(range.start)?..self.end(range.end)?)
    }

    /// Returns where the source of the value's byte `at` begins.
    fn start(&self, at: usize) -> Option<usize> {
        let index = self.pieces.partition_point(|piece| piece.value.end <= at);
        let piece = self.pieces.get(index)?;
        let inside = at.checked_sub(piece.value.start)?;
        (piece.verbatim || inside == 0).then_some(piece.source.start + inside)
    }

    /// Returns where the source of the value's bytes before `at` ends.
    fn end(&self, at: usize) -> Option<usize> {
        let index = self.pieces.partition_point(|piece| piece.value.end < at);
        let piece = self.pieces.get(index)?;
        let inside = at.checked_sub(piece.value.start)?;
        if piece.verbatim {
            Some(piece.source.start + inside)
        } else {
            (at == piece.value.end).then_some(piece.source.end)
        }
    }
}

/// Collects the pieces of one scalar from its start to its end.
#[derive(Debug, Default)]
struct Decoder {
    pieces: Vec<Piece>,
    value: String,
}

impl Decoder {
    /// Takes source that stands for itself.
    fn verbatim(&mut self, source: &str, range: Range<usize>) -> Option<()> {
        let text = source.get(range.clone())?;
        self.push(range, text, true);
        Some(())
    }

    /// Takes source that stands for something else.
    fn decoded(&mut self, range: Range<usize>, text: &str) {
        self.push(range, text, false);
    }

    fn push(&mut self, source: Range<usize>, text: &str, verbatim: bool) {
        if text.is_empty() {
            return;
        }
        let start = self.value.len();
        self.value.push_str(text);
        self.pieces.push(Piece { source, value: start..self.value.len(), verbatim });
    }

    fn finish(self, indent: usize) -> Mapping {
        Mapping { pieces: self.pieces, value: self.value, indent }
    }
}

fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Returns the length of the line break at the start of `bytes`; 0 if there is none.
fn break_length(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

fn count_while(bytes: &[u8], matches: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| matches(**byte)).count()
}

/// Maps a plain or quoted scalar.
fn flow(source: &str, style: ScalarStyle) -> Option<Mapping> {
    let bytes = source.as_bytes();
    let quote = match style {
        ScalarStyle::SingleQuoted => Some(b'\''),
        ScalarStyle::DoubleQuoted => Some(b'"'),
        _ => None,
    };
    let (mut at, end) = match quote {
        None => (0, bytes.len()),
        Some(quote) => {
            let closed = bytes.len() >= 2 && bytes.first() == Some(&quote) && bytes.last() == Some(&quote);
            (1, closed.then(|| bytes.len() - 1)?)
        }
    };
    let mut decoder = Decoder::default();
    while at < end {
        let rest = bytes.get(at..end)?;
        let is_special = |byte: u8| match byte {
            b' ' | b'\t' | b'\n' | b'\r' => true,
            b'\\' => quote == Some(b'"'),
            _ => Some(byte) == quote,
        };
        let run = count_while(rest, |byte| !is_special(byte));
        if run > 0 {
            decoder.verbatim(source, at..at + run)?;
            at += run;
            continue;
        }
        at = match rest {
            [b'\'', b'\'', ..] if quote == Some(b'\'') => {
                decoder.decoded(at..at + 2, "'");
                at + 2
            }
            [b'\\', ..] if quote == Some(b'"') => escape(source, at, end, &mut decoder)?,
            // A quote inside: the scalar ends before its source does.
            [byte, ..] if Some(*byte) == quote => return None,
            _ => blanks(source, at, end, &mut decoder)?,
        };
    }
    Some(decoder.finish(0))
}

/// Maps blanks and, if line breaks follow, the fold that they make; returns where it ends.
fn blanks(source: &str, at: usize, end: usize, decoder: &mut Decoder) -> Option<usize> {
    let bytes = source.as_bytes().get(..end)?;
    let text = at + count_while(bytes.get(at..)?, is_blank);
    if break_length(bytes.get(text..)?) == 0 {
        decoder.verbatim(source, at..text)?;
        return Some(text);
    }
    let (stop, breaks) = skip_breaks(bytes, text)?;
    let folded = if breaks == 1 { " ".to_owned() } else { "\n".repeat(breaks - 1) };
    decoder.decoded(at..stop, &folded);
    Some(stop)
}

/// Skips line breaks and blanks; returns where the next text begins and how many breaks there were.
fn skip_breaks(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut breaks = 0;
    loop {
        match break_length(bytes.get(at..)?) {
            0 => return Some((at, breaks)),
            length => at += length,
        }
        breaks += 1;
        at += count_while(bytes.get(at..)?, is_blank);
    }
}

/// Maps one escape of a double-quoted scalar; returns where it ends.
fn escape(source: &str, at: usize, end: usize, decoder: &mut Decoder) -> Option<usize> {
    let bytes = source.as_bytes().get(..end)?;
    let after = at + 2;
    let code = *bytes.get(at + 1)?;
    if matches!(code, b'\n' | b'\r') {
        let (stop, breaks) = skip_breaks(bytes, at + 1)?;
        decoder.decoded(at..stop, &"\n".repeat(breaks - 1));
        return Some(stop);
    }
    let digits = match code {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        _ => {
            decoder.decoded(at..after, named_escape(code)?);
            return Some(after);
        }
    };
    let number = u32::from_str_radix(source.get(after..after + digits)?, 16).ok()?;
    decoder.decoded(at..after + digits, char::from_u32(number)?.encode_utf8(&mut [0; 4]));
    (after + digits <= end).then_some(after + digits)
}

fn named_escape(code: u8) -> Option<&'static str> {
    Some(match code {
        b'0' => "\0",
        b'a' => "\u{7}",
        b'b' => "\u{8}",
        b't' | b'\t' => "\t",
        b'n' => "\n",
        b'v' => "\u{b}",
        b'f' => "\u{c}",
        b'r' => "\r",
        b'e' => "\u{1b}",
        b' ' => " ",
        b'"' => "\"",
        b'/' => "/",
        b'\\' => "\\",
        b'N' => "\u{85}",
        b'_' => "\u{a0}",
        b'L' => "\u{2028}",
        b'P' => "\u{2029}",
        _ => return None,
    })
}

/// What becomes of the line breaks at the end of a block scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// The first line of a block scalar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    folded: bool,
    pub(super) chomping: Chomping,
    /// The header tells the indentation by a digit.
    explicit: bool,
    /// Where the first line of the content begins.
    content: usize,
}

impl Header {
    /// Reads the header at the start of a block scalar's source.
    pub(super) fn of(source: &str) -> Option<Self> {
        let bytes = source.as_bytes();
        let folded = match bytes.first()? {
            b'|' => false,
            b'>' => true,
            _ => return None,
        };
        let signs = count_while(bytes.get(1..)?, |byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-'));
        let signs = bytes.get(1..=signs)?;
        let chomping = match signs.iter().find(|sign| !sign.is_ascii_digit()) {
            None => Chomping::Clip,
            Some(b'+') => Chomping::Keep,
            Some(_) => Chomping::Strip,
        };
        let line = count_while(bytes, |byte| !matches!(byte, b'\n' | b'\r'));
        let content = line + break_length(bytes.get(line..)?);
        Some(Self { folded, chomping, explicit: signs.iter().any(u8::is_ascii_digit), content })
    }
}

/// Returns the spaces before the first line with text; none if there is no such line.
fn first_indent(lines: &str) -> Option<usize> {
    let line = lines.split(is_break).find(|line| !line.trim_start_matches(' ').is_empty())?;
    Some(count_while(line.as_bytes(), |byte| byte == b' '))
}

/// Returns the indentation that a parser detects; none if the header gives it or there is no text.
fn detected_indent(source: &str) -> Option<usize> {
    let header = Header::of(source)?;
    if header.explicit {
        return None;
    }
    first_indent(source.get(header.content..)?)
}

/// Returns the indentation of a block scalar's lines.
fn block_indent(source: &str, value: &str) -> Option<usize> {
    let header = Header::of(source)?;
    let written = first_indent(source.get(header.content..)?)?;
    if header.explicit { written.checked_sub(first_indent(value)?) } else { Some(written) }
}

/// Maps a block scalar whose lines are indented by `indent`.
fn block(source: &str, indent: usize) -> Option<Mapping> {
    let header = Header::of(source)?;
    let bytes = source.as_bytes();
    let mut decoder = Decoder::default();
    // The line break after the last line with text, and the empty lines after that.
    let (mut last_break, mut breaks, mut last_indented) = ("", String::new(), false);
    let mut gap = header.content;
    let mut at = skip_empty_lines(bytes, header.content, indent, &mut breaks)?;
    while at < bytes.len() {
        let indented = bytes.get(at).copied().is_some_and(is_blank);
        let fold = header.folded && !last_break.is_empty() && !last_indented && !indented;
        let between = match (fold, breaks.is_empty()) {
            (true, true) => " ".to_owned(),
            (true, false) => breaks.clone(),
            (false, _) => format!("{last_break}{breaks}"),
        };
        decoder.decoded(gap..at, &between);
        let length = count_while(bytes.get(at..)?, |byte| !matches!(byte, b'\n' | b'\r'));
        decoder.verbatim(source, at..at + length)?;
        gap = at + length;
        last_indented = indented;
        let newline = break_length(bytes.get(gap..)?);
        last_break = if newline == 0 { "" } else { "\n" };
        breaks.clear();
        at = skip_empty_lines(bytes, gap + newline, indent, &mut breaks)?;
    }
    let tail = match header.chomping {
        Chomping::Strip => String::new(),
        Chomping::Clip => last_break.to_owned(),
        Chomping::Keep => format!("{last_break}{breaks}"),
    };
    // Empty lines that clipping drops stand for nothing, so they stay whatever becomes of the last line.
    let end = match header.chomping {
        Chomping::Clip => gap + break_length(bytes.get(gap..)?),
        Chomping::Strip | Chomping::Keep => bytes.len(),
    };
    decoder.decoded(gap..end, &tail);
    Some(decoder.finish(indent))
}

/// Skips empty lines and the indentation of the next one; returns where its text begins, or the end of the source.
///
/// None if that line is indented less: it is no part of the scalar.
fn skip_empty_lines(bytes: &[u8], mut at: usize, indent: usize, breaks: &mut String) -> Option<usize> {
    loop {
        let spaces = count_while(bytes.get(at..)?, |byte| byte == b' ').min(indent);
        let newline = break_length(bytes.get(at + spaces..)?);
        if newline == 0 {
            let text = at + spaces;
            return (spaces == indent || text == bytes.len()).then_some(text);
        }
        breaks.push('\n');
        at += spaces + newline;
    }
}

#[cfg(test)]
mod tests;
