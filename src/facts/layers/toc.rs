//! Tables of contents that some layers carry: eStargz and zstd:chunked. They list a layer without its download.
//!
//! Sources: "eStargz: Standard-Compatible Extension to Container Image Layers" of the stargz snapshotter, and
//! the zstd:chunked annotations of containers/storage. Both write the same JSON.

use std::{collections::BTreeMap, io::Read};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{
    super::trouble::Trouble,
    index::{Entry, LayerIndex},
};

/// The last bytes of an eStargz layer: an empty gzip member whose extra field holds the place of the table.
pub(crate) const ESTARGZ_FOOTER: u64 = 51;

/// A table beyond this is not read; the layer is streamed instead.
pub(crate) const TOC_BYTES: u64 = 64 << 20;

const ESTARGZ_DIGEST: &str = "containerd.io/snapshot/stargz/toc.digest";
const CHUNKED_POSITION: &str = "io.github.containers.zstd-chunked.manifest-position";
const CHUNKED_DIGEST: &str = "io.github.containers.zstd-chunked.manifest-checksum";

/// Where a layer says that its table is. Only tables that the image's manifest vouches for by digest are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Table {
    /// At a place that the footer tells; with the digest of the uncompressed JSON.
    Estargz { digest: String },
    /// At a place that the manifest tells; with the digest of the compressed bytes.
    Chunked { offset: u64, length: u64, digest: String },
}

impl Table {
    /// Reads the annotations of a layer's descriptor.
    pub(crate) fn of(annotations: &BTreeMap<String, String>) -> Option<Self> {
        if let (Some(position), Some(digest)) =
            (annotations.get(CHUNKED_POSITION), annotations.get(CHUNKED_DIGEST))
        {
            let mut numbers = position.split(':').map(str::parse::<u64>);
            let (offset, length) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
            return Some(Self::Chunked { offset, length, digest: digest.clone() })
                .filter(|_| length <= TOC_BYTES);
        }
        annotations.get(ESTARGZ_DIGEST).map(|digest| Self::Estargz { digest: digest.clone() })
    }
}

/// Returns the offset of the table that an eStargz footer tells.
pub(crate) fn estargz_offset(footer: &[u8]) -> Option<u64> {
    // Ten bytes of gzip header, two of length, then the subfield `SG` with sixteen hexadecimal digits and a magic word.
    let field = footer.get(12..)?.strip_prefix(b"SG")?.get(2..)?;
    let digits = std::str::from_utf8(field.get(..16)?).ok()?;
    field.get(16..)?.starts_with(b"STARGZ").then(|| u64::from_str_radix(digits, 16).ok())?
}

/// Reads the table of an eStargz layer from the bytes between its offset and the footer.
pub(crate) fn read_estargz(bytes: &[u8], digest: &str) -> Result<LayerIndex, Trouble> {
    let reader = flate2::read::MultiGzDecoder::new(bytes).take(TOC_BYTES);
    let mut archive = tar::Archive::new(reader);
    let malformed = |error: std::io::Error| Trouble::Malformed("a table of contents", error.to_string());
    for entry in archive.entries().map_err(malformed)?.raw(true) {
        let mut entry = entry.map_err(malformed)?;
        if entry.header().path_bytes().as_ref() == b"stargz.index.json" {
            let mut json = Vec::new();
            entry.read_to_end(&mut json).map_err(malformed)?;
            return parse(&json, digest, &json);
        }
    }
    Err(Trouble::Malformed("a table of contents", "it has no stargz.index.json".to_owned()))
}

/// Reads the table of a zstd:chunked layer.
pub(crate) fn read_chunked(bytes: &[u8], digest: &str) -> Result<LayerIndex, Trouble> {
    let malformed = |error: String| Trouble::Malformed("a table of contents", error);
    let decoder =
        ruzstd::decoding::StreamingDecoder::new(bytes).map_err(|error| malformed(error.to_string()))?;
    let mut json = Vec::new();
    decoder.take(TOC_BYTES + 1).read_to_end(&mut json).map_err(|error| malformed(error.to_string()))?;
    if json.len() as u64 > TOC_BYTES {
        return Err(Trouble::TooLarge("a table of contents", TOC_BYTES));
    }
    parse(&json, digest, bytes)
}

#[derive(Deserialize)]
struct Toc {
    entries: Vec<TocEntry>,
}

#[derive(Deserialize)]
struct TocEntry {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "linkName", default)]
    link: String,
    #[serde(default)]
    mode: i64,
}

fn parse(json: &[u8], digest: &str, digested: &[u8]) -> Result<LayerIndex, Trouble> {
    let actual = format!("sha256:{}", hex(&Sha256::digest(digested)));
    if actual != digest {
        return Err(Trouble::Digest("a table of contents", digest.to_owned()));
    }
    let toc: Toc = serde_json::from_slice(json)
        .map_err(|error| Trouble::Malformed("a table of contents", error.to_string()))?;
    let mut index = LayerIndex::default();
    for entry in toc.entries {
        let read = match entry.kind.as_str() {
            "dir" => Entry::Folder,
            // Contents are not listed, so a script's interpreter is not known here.
            "reg" => Entry::File { executable: entry.mode & 0o111 != 0, interpreter: None },
            "symlink" => Entry::Symlink(entry.link.into()),
            "hardlink" => Entry::Hardlink(super::index::normalized(&entry.link).into()),
            // Further pieces of a file that was listed already.
            "chunk" => continue,
            _ => Entry::Other,
        };
        index.add(&entry.name, read);
    }
    Ok(index)
}

/// Returns bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
