//! The lines that git's protocol is made of, and the bands that are laid over them.

use std::io::{self, Read};

use anyhow::{Context as _, Result, bail};

use crate::net::secrets;

/// No line may be longer, its length field included.
const LONGEST: usize = 65_520;

/// The server's own words are kept up to this many bytes.
const MESSAGE_BYTES: usize = 8 << 10;

/// One line, or one of the marks between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Packet {
    /// A line's bytes.
    Data(Vec<u8>),
    /// The end of a message.
    Flush,
    /// The end of a section.
    Delimiter,
    /// The end of an answer.
    ResponseEnd,
}

impl Packet {
    /// Returns the line as text without its line feed.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Data(bytes) => Some(String::from_utf8_lossy(bytes).trim_end_matches('\n').to_owned()),
            _ => None,
        }
    }
}

/// Appends a line.
pub(super) fn put(out: &mut Vec<u8>, line: &str) {
    out.extend_from_slice(format!("{:04x}{line}", line.len() + 4).as_bytes());
}

/// Appends the end of a message.
pub(super) fn put_flush(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0000");
}

/// Appends the end of a section.
pub(super) fn put_delimiter(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0001");
}

/// Reads the next line; `None` at the end of the stream.
pub(super) fn read(from: &mut dyn Read) -> Result<Option<Packet>> {
    let mut head = [0; 4];
    match from.read(&mut head[..1])? {
        0 => return Ok(None),
        _ => from.read_exact(&mut head[1..]).context("the answer breaks off")?,
    }
    let length = std::str::from_utf8(&head).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
    Ok(Some(match length {
        Some(0) => Packet::Flush,
        Some(1) => Packet::Delimiter,
        Some(2) => Packet::ResponseEnd,
        Some(length @ 4..=LONGEST) => {
            let mut bytes = vec![0; length - 4];
            from.read_exact(&mut bytes).context("the answer breaks off")?;
            if let Some(words) = bytes.strip_prefix(b"ERR ") {
                bail!("the server says: {}", said(words).trim_end());
            }
            Packet::Data(bytes)
        }
        _ => bail!("the answer is not in git's protocol"),
    }))
}

/// Returns a server's own words.
fn said(words: &[u8]) -> String {
    secrets::struck(&String::from_utf8_lossy(words))
}

/// What comes in the first of three bands. What the server says in the second is kept, and the third is an error.
pub(super) struct Bands<'a> {
    from: &'a mut dyn Read,
    data: Vec<u8>,
    at: usize,
    ended: bool,
    /// The server's own words so far.
    pub(super) messages: String,
}

impl<'a> Bands<'a> {
    pub(super) fn new(from: &'a mut dyn Read) -> Self {
        Self { from, data: Vec::new(), at: 0, ended: false, messages: String::new() }
    }

    fn next(&mut self) -> Result<()> {
        match read(self.from)? {
            Some(Packet::Data(bytes)) => match bytes.split_first() {
                Some((1, _)) => (self.data, self.at) = (bytes, 1),
                Some((2, words)) => {
                    let room = MESSAGE_BYTES.saturating_sub(self.messages.len());
                    self.messages.extend(said(words).chars().take(room));
                }
                Some((3, words)) => bail!("the server says: {}", said(words).trim_end()),
                _ => bail!("the answer is not in git's protocol"),
            },
            Some(Packet::Flush | Packet::ResponseEnd) => self.ended = true,
            Some(Packet::Delimiter) => {}
            None => bail!("the answer breaks off"),
        }
        Ok(())
    }
}

impl Read for Bands<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.data.len() && !self.ended {
            self.next().map_err(io::Error::other)?;
        }
        let rest = &self.data[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_as_they_were_put() {
        let mut bytes = Vec::new();
        put(&mut bytes, "want x\n");
        put_delimiter(&mut bytes);
        put_flush(&mut bytes);
        let mut from = &bytes[..];
        assert_eq!(read(&mut from).expect("a line"), Some(Packet::Data(b"want x\n".to_vec())));
        assert_eq!(read(&mut from).expect("a mark"), Some(Packet::Delimiter));
        assert_eq!(read(&mut from).expect("a mark"), Some(Packet::Flush));
        assert_eq!(read(&mut from).expect("the end"), None);
    }

    #[test]
    fn what_is_no_line_is_an_error() {
        for text in ["0003", "zzzz", "fffff", "00", "0008ab", "-001"] {
            assert!(read(&mut text.as_bytes()).is_err(), "{text}");
        }
        let error = read(&mut &b"000eERR no way\n"[..]).expect_err("an error");
        assert_eq!(error.to_string(), "the server says: no way");
    }

    #[test]
    fn bands_are_taken_apart() {
        let mut bytes = Vec::new();
        for line in ["\u{2}thinking\n", "\u{1}ab", "\u{1}c"] {
            put(&mut bytes, line);
        }
        put_flush(&mut bytes);
        let mut from = &bytes[..];
        let mut bands = Bands::new(&mut from);
        let mut text = String::new();
        bands.read_to_string(&mut text).expect("text");
        assert_eq!((text.as_str(), bands.messages.as_str()), ("abc", "thinking\n"));
    }
}
