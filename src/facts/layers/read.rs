//! Reads a layer as a stream, whatever it is compressed with, and checks its digest at the end.

use std::io::{self, BufRead, BufReader, Read};

use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};
use sha2::{Digest as _, Sha256};

use super::{
    super::{manifest::Descriptor, trouble::Trouble},
    Blobs,
    index::{self, Bounds, Entry, LayerIndex, Next, Wanted, from_io},
    toc::hex,
};

/// Reads a layer to its end, or until `look` has enough; then its digest stays unchecked.
///
/// # Errors
/// [`Trouble`] if it is malformed, beyond a bound or not what its digest says.
pub(super) fn stream(
    blobs: &dyn Blobs,
    layer: &Descriptor,
    bounds: Bounds,
    left: &mut u64,
    wanted: &mut Wanted,
    look: &mut dyn FnMut(&str, &Entry) -> Next,
) -> Result<(LayerIndex, Next), Trouble> {
    let reader = blobs.open(layer)?;
    let mut meter = Meter { reader, left, hash: Sha256::new() };
    let decoded = decode(BufReader::with_capacity(64 << 10, &mut meter)).map_err(|error| from_io(&error))?;
    let told = index::read_tar(decoded, bounds, wanted, look)?;
    if told.1 == Next::Stop {
        return Ok(told);
    }
    io::copy(&mut meter, &mut io::sink()).map_err(|error| from_io(&error))?;
    let digest = format!("sha256:{}", hex(&meter.hash.finalize()));
    if digest == layer.digest { Ok(told) } else { Err(Trouble::Digest("a layer", layer.digest.clone())) }
}

/// Counts and digests what passes, and ends with an error beyond the budget.
struct Meter<'a, R> {
    reader: R,
    left: &'a mut u64,
    hash: Sha256,
}

impl<R: Read> Read for Meter<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            return Err(io::Error::other(Trouble::Capped("the layers are larger than the budget")));
        };
        *self.left = left;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// Unpacks what the first bytes say it is; registries and tools name media types carelessly.
pub(crate) fn decode<'a>(mut reader: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let head = reader.fill_buf()?;
    if head.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(flate2::bufread::MultiGzDecoder::new(reader)));
    }
    let zstd =
        head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
    if zstd {
        return Ok(Box::new(Frames::new(reader)));
    }
    Ok(Box::new(reader))
}

/// The frames of a zstd stream, one after the other; the decoder itself reads only one.
struct Frames<R> {
    source: R,
    decoder: FrameDecoder,
    started: bool,
}

/// Larger windows are for archives that somebody unpacks on purpose.
const ZSTD_WINDOW: u64 = 64 << 20;

impl<R: BufRead> Frames<R> {
    fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW);
        Self { source, decoder, started: false }
    }

    /// Begins the next frame; false at the end of the stream.
    fn next_frame(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let skipped = io::copy(&mut self.source.by_ref().take(length.into()), &mut io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.started && self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if !self.started || self.decoder.is_finished() {
                if !self.next_frame()? {
                    return Ok(0);
                }
                self.started = true;
            } else {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
        }
    }
}
