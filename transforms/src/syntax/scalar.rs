//! Where scalars end: the parser only says where they begin and what they mean.

use super::cursor::{Cursor, is_space};

/// Where a scalar ends, and what its value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) end: usize,
    /// The bytes (between the quotes) are the value.
    pub(super) verbatim: bool,
    /// How much of the parser's value is true: it adds line breaks to some block scalars at the end of a text.
    pub(super) kept: usize,
}

/// Finds the end of the plain scalar at the cursor by matching its value, over folded lines too.
pub(super) fn plain(cursor: &Cursor<'_>, value: &str) -> Option<Extent> {
    let (bytes, at, value) = (cursor.bytes, cursor.at, value.as_bytes());
    if bytes.get(at..at + value.len()) == Some(value) {
        return Some(Extent { end: at + value.len(), verbatim: true, kept: value.len() });
    }
    let (mut at, mut matched) = (at, 0);
    while matched < value.len() {
        let rest = bytes.get(at..)?;
        let word = rest.iter().zip(value.get(matched..)?).take_while(|(found, wanted)| {
            found == wanted && !is_space(**found) && !matches!(found, b'\n' | b'\r')
        });
        let len = word.count();
        (at, matched) = (at + len, matched + len);
        if matched == value.len() {
            break;
        }
        let gap = at;
        let wanted = match skip_fold(cursor, &mut at) {
            0 if at == gap => return None,
            0 => bytes.get(gap..at)?,
            1 => b" ".as_slice(),
            breaks => value
                .get(matched..matched + breaks - 1)
                .filter(|fold| fold.iter().all(|byte| *byte == b'\n'))?,
        };
        if !value.get(matched..)?.starts_with(wanted) {
            return None;
        }
        matched += wanted.len();
    }
    Some(Extent { end: at, verbatim: false, kept: value.len() })
}

/// Moves over white space and line breaks, and counts the breaks.
fn skip_fold(cursor: &Cursor<'_>, at: &mut usize) -> usize {
    let mut breaks = 0;
    while let Some(byte) = cursor.bytes.get(*at) {
        match byte {
            b' ' | b'\t' => *at += 1,
            b'\n' | b'\r' => {
                *at = cursor.after_break(*at);
                breaks += 1;
            }
            _ => break,
        }
    }
    breaks
}

/// Finds the end of the quoted scalar at the cursor, behind its closing quote.
pub(super) fn quoted(cursor: &Cursor<'_>, quote: u8, value: &str) -> Option<Extent> {
    let bytes = cursor.bytes;
    if bytes.get(cursor.at) != Some(&quote) {
        return None;
    }
    let inner = cursor.at + 1;
    let mut at = inner;
    let close = loop {
        let rest = bytes.get(at..)?;
        if quote == b'\'' {
            let found = at + memchr::memchr(quote, rest)?;
            if bytes.get(found + 1) != Some(&quote) {
                break found;
            }
            at = found + 2;
        } else {
            let found = at + memchr::memchr2(quote, b'\\', rest)?;
            if bytes.get(found) == Some(&quote) {
                break found;
            }
            at = found + 2;
        }
    };
    let verbatim = bytes.get(inner..close)? == value.as_bytes();
    Some(Extent { end: close + 1, verbatim, kept: value.len() })
}

/// What the parser says about a block scalar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'v> {
    pub(super) value: &'v str,
    pub(super) folded: bool,
    /// The marker, if it is in the text: the first content, at the column of the indentation.
    pub(super) content: Option<usize>,
    pub(super) indent: usize,
}

/// Finds the end of the block scalar at the cursor, line by line, matching its value. Keeps a comment in its header.
pub(super) fn block(cursor: &mut Cursor<'_>, block: Block<'_>) -> Option<Extent> {
    let sigil = if block.folded { b'>' } else { b'|' };
    if cursor.peek() != Some(sigil) {
        return None;
    }
    let start = cursor.at;
    let header = cursor.bytes.get(start + 1..).unwrap_or_default();
    let len =
        header.iter().position(|byte| !matches!(byte, b'+' | b'-' | b'0'..=b'9')).unwrap_or(header.len());
    let header = header.get(..len).unwrap_or_default();
    let chomping = if header.contains(&b'+') {
        Chomping::Keep
    } else if header.contains(&b'-') {
        Chomping::Strip
    } else {
        Chomping::Clip
    };
    cursor.consume(len + 1);
    while cursor.peek().is_some_and(is_space) {
        cursor.at += 1;
    }
    if cursor.peek() == Some(b'#') {
        cursor.comment();
    }
    let body = cursor.after_break(cursor.at);
    if !is_near(cursor, start, body, block.content) {
        return None;
    }
    if block.value.bytes().all(|byte| byte == b'\n') {
        return empty_block(cursor, body, block.value, chomping);
    }
    block_lines(cursor, body, block, chomping)
}

/// Tells whether only white space is between a header and the content that the parser marks.
///
/// Where the text ends with the header, the header itself is marked, or nothing in the text.
fn is_near(cursor: &Cursor<'_>, header: usize, body: usize, content: Option<usize>) -> bool {
    let Some(content) = content else { return true };
    let between = cursor.bytes.get(body..content.max(body)).unwrap_or_default();
    let blank = between.iter().all(|byte| is_space(*byte) || matches!(byte, b'\n' | b'\r'));
    content == header || (content >= body && blank)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// A block scalar without content ends with its header; if it keeps blank lines, with the last of them.
fn empty_block(cursor: &Cursor<'_>, body: usize, value: &str, chomping: Chomping) -> Option<Extent> {
    let (mut end, mut blank_lines, mut line) = (cursor.last, 0, body);
    while chomping == Chomping::Keep && line < cursor.bytes.len() {
        let line_end = cursor.line_end(line);
        if !cursor.bytes.get(line..line_end)?.iter().all(|byte| *byte == b' ') {
            break;
        }
        (end, blank_lines, line) = (line_end, blank_lines + 1, cursor.after_break(line_end));
    }
    (blank_lines <= value.len()).then_some(Extent { end, verbatim: false, kept: blank_lines })
}

fn block_lines(cursor: &Cursor<'_>, body: usize, block: Block<'_>, chomping: Chomping) -> Option<Extent> {
    let value = block.value.as_bytes();
    let (mut end, mut blank_end) = (None, None);
    let (mut line, mut matched, mut blank_lines) = (body, 0, 0_usize);
    while line < cursor.bytes.len() {
        let line_end = cursor.line_end(line);
        let text = cursor.bytes.get(line..line_end)?;
        let spaces = text.iter().take(block.indent).take_while(|byte| **byte == b' ').count();
        let content = text.get(spaces..)?;
        if content.is_empty() {
            blank_end = Some(line_end);
            blank_lines += 1;
        } else if spaces < block.indent || (block.indent == 0 && is_document_marker(content)) {
            break;
        } else {
            if end.is_none() && block.content != Some(line + spaces) {
                return None;
            }
            matched = skip_breaks(value, matched, block.folded && end.is_some());
            if value.get(matched..matched + content.len()) != Some(content) {
                return None;
            }
            matched += content.len();
            (end, blank_end, blank_lines) = (Some(line_end), None, 0);
        }
        line = cursor.after_break(line_end);
    }
    let tail = value.get(matched..)?.len();
    let at_end = line >= cursor.bytes.len();
    let (breaks, fits) = match chomping {
        Chomping::Strip => (0, tail == 0),
        Chomping::Clip => (1, tail == 1 || (tail == 2 && at_end)),
        Chomping::Keep => (blank_lines + 1, tail == blank_lines + 1),
    };
    let kept_blank = if chomping == Chomping::Keep { blank_end } else { None };
    let end = kept_blank.or(end)?;
    let only_breaks = value.get(matched..)?.iter().all(|byte| *byte == b'\n');
    (fits && only_breaks).then_some(Extent { end, verbatim: false, kept: matched + breaks })
}

/// Moves over the line breaks of a value between two lines, or the space that folding left of one.
fn skip_breaks(value: &[u8], from: usize, folded: bool) -> usize {
    let rest = value.get(from..).unwrap_or_default();
    match rest.iter().take_while(|byte| **byte == b'\n').count() {
        0 if folded => from + usize::from(rest.first() == Some(&b' ')),
        breaks => from + breaks,
    }
}

/// Tells whether a line without indentation is `---` or `...`, which the parser does not always heed.
fn is_document_marker(line: &[u8]) -> bool {
    let marker = line.starts_with(b"---") || line.starts_with(b"...");
    marker && line.get(3).is_none_or(|byte| is_space(*byte))
}
