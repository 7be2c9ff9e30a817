//! The index of a layer as the bytes of an entry.

use std::io::{self, Read as _, Write as _};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};

use crate::facts::layers::index::{Entry, LayerIndex};

/// Writes an index as fields that end in NUL, which no path holds. The digest stands first, so that a file under a wrong
/// name is told.
pub(super) fn pack(index: &LayerIndex, digest: &str) -> io::Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    let mut field = |text: &str| -> io::Result<()> {
        out.write_all(text.as_bytes())?;
        out.write_all(b"\0")
    };
    field(digest)?;
    for path in &index.removed {
        field("r")?;
        field(path)?;
    }
    for path in &index.opaque {
        field("q")?;
        field(path)?;
    }
    for (path, entry) in &index.entries {
        let (kind, more): (&str, Option<&str>) = match entry {
            Entry::Folder => ("d", None),
            Entry::File { executable: false, .. } => ("f", None),
            Entry::File { executable: true, interpreter: None } => ("x", None),
            Entry::File { executable: true, interpreter: Some(line) } => ("i", Some(line)),
            Entry::Symlink(target) => ("s", Some(target)),
            Entry::Hardlink(target) => ("h", Some(target)),
            Entry::Other => ("o", None),
        };
        field(kind)?;
        field(path)?;
        // An archive may claim what it likes; a field of ours holds no NUL.
        more.map_or(Ok(()), |more| field(&more.replace('\0', "")))?;
    }
    out.finish()
}

pub(super) fn unpack(bytes: &[u8], digest: &str) -> Option<LayerIndex> {
    let mut text = String::new();
    GzDecoder::new(bytes).take(1 << 30).read_to_string(&mut text).ok()?;
    let mut fields = text.split_terminator('\0');
    if fields.next()? != digest {
        return None;
    }
    let mut index = LayerIndex::default();
    while let Some(kind) = fields.next() {
        let path = fields.next()?;
        let entry = match kind {
            "r" => {
                index.removed.insert(path.into());
                continue;
            }
            "q" => {
                index.opaque.insert(path.into());
                continue;
            }
            "d" => Entry::Folder,
            "f" => Entry::File { executable: false, interpreter: None },
            "x" => Entry::File { executable: true, interpreter: None },
            "i" => Entry::File { executable: true, interpreter: Some(fields.next()?.into()) },
            "s" => Entry::Symlink(fields.next()?.into()),
            "h" => Entry::Hardlink(fields.next()?.into()),
            "o" => Entry::Other,
            _ => return None,
        };
        index.entries.insert(path.into(), entry);
    }
    Some(index)
}
