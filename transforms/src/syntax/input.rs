//! What may be read at all.

use super::lines::{Lines, Marks, count_characters};

/// The byte order mark.
pub(super) const BOM: char = '\u{FEFF}';

/// Offsets are 32 bits wide, and values may be half as long again as their text.
const MAX_LENGTH: usize = i32::MAX as usize;

/// Why a text could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {line}, column {column}")]
pub struct ParseIssue {
    /// What is wrong.
    pub message: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// The byte.
    pub offset: u32,
}

impl ParseIssue {
    /// Makes the issue `message` at a byte of a text.
    pub(super) fn at(message: impl Into<String>, offset: usize, lines: &Lines, text: &str) -> Self {
        let offset = offset.min(text.len()) as u32;
        let (line, column) = lines.position(offset, text);
        Self { message: message.into(), line, column, offset }
    }

    pub(super) fn from_scan(error: &yaml_rust2::ScanError, lines: &Lines, text: &str) -> Self {
        let mark = error.marker();
        let offset = Marks::new().offset(mark.line(), mark.col(), lines, text);
        Self::at(error.info(), offset.map_or(text.len(), |at| at as usize), lines, text)
    }
}

/// Makes text of bytes. A BOM is kept.
///
/// # Errors
/// If the bytes are no UTF-8, or hold what [`super::parse`] refuses in any text.
pub fn decode(bytes: Vec<u8>) -> Result<String, ParseIssue> {
    match String::from_utf8(bytes) {
        Ok(text) => {
            check(&text)?;
            Ok(text)
        }
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            Err(issue_in_bytes("the file is not UTF-8", error.as_bytes(), valid))
        }
    }
}

/// Refuses what the parser would pass over in silence: it ends at a NUL and lets control characters pass.
pub(super) fn check(text: &str) -> Result<(), ParseIssue> {
    let bytes = text.as_bytes();
    if bytes.len() > MAX_LENGTH {
        return Err(issue_in_bytes("the file has 2 GiB or more", bytes, 0));
    }
    // Without a branch in the block, the compiler compares many bytes at once.
    let holds_control =
        |block: &[u8]| block.iter().fold(0, |any, byte| any | u8::from(is_control(*byte))) != 0;
    let suspect = bytes.chunks(1 << 12).position(holds_control);
    let Some(block) = suspect else { return Ok(()) };
    let from = block << 12;
    let found = bytes.iter().skip(from).position(|byte| is_control(*byte)).map_or(from, |at| from + at);
    let byte = bytes.get(found).copied().unwrap_or_default();
    Err(issue_in_bytes(&format!("control character 0x{byte:02X} is not allowed"), bytes, found))
}

const fn is_control(byte: u8) -> bool {
    ((byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r')) | (byte == 0x7F)
}

fn issue_in_bytes(message: &str, bytes: &[u8], at: usize) -> ParseIssue {
    let before = bytes.get(..at).unwrap_or_default();
    let line_start = memchr::memrchr2(b'\n', b'\r', before).map_or(0, |found| found + 1);
    let breaks = before.iter().enumerate().filter(|(index, byte)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(index + 1) != Some(&b'\n'),
        _ => false,
    });
    let column = count_characters(before.get(line_start..).unwrap_or_default());
    ParseIssue {
        message: message.to_owned(),
        line: breaks.count() as u32 + 1,
        column: column as u32 + 1,
        offset: u32::try_from(at).unwrap_or(u32::MAX),
    }
}
