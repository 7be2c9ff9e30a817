//! What a layer does to the files below it: names, kinds, modes and links; no contents.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use super::super::trouble::Trouble;

/// The files of one layer by their paths, without a slash in front.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LayerIndex {
    pub(crate) entries: BTreeMap<Box<str>, Entry>,
    /// Folders whose content in the layers below is hidden.
    pub(crate) opaque: BTreeSet<Box<str>>,
    /// Files and folders of the layers below that are removed; the same layer may add them anew.
    pub(crate) removed: BTreeSet<Box<str>>,
}

/// One file of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Folder,
    File {
        /// Whether anybody may execute it.
        executable: bool,
        /// The first line of a script, without `#!`.
        interpreter: Option<Box<str>>,
    },
    Symlink(Box<str>),
    /// Another name of a file of this layer or of one below it.
    Hardlink(Box<str>),
    /// A device, a pipe or a socket.
    Other,
}

/// How far a layer may be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) entries: usize,
    /// Bytes of the tar stream.
    pub(crate) unpacked: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { entries: 1_000_000, unpacked: 4 << 30 }
    }
}

/// What a look at an entry decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The rest is wanted.
    Continue,
    /// Enough is known.
    Stop,
}

/// Small files whose contents are wanted, by path; filled in while a layer is read.
pub(crate) type Wanted = BTreeMap<Box<str>, Option<Vec<u8>>>;

/// The largest script that is kept.
pub(crate) const SCRIPT_BYTES: u64 = 64 << 10;

/// Long names beyond this are no names.
const NAME_BYTES: u64 = 64 << 10;

impl LayerIndex {
    /// Adds a file under the name that it has in the archive, resolving whiteouts.
    pub(crate) fn add(&mut self, name: &str, entry: Entry) {
        // No file has such a name, whatever an archive claims; and the cache separates names by it.
        if name.contains('\0') {
            return;
        }
        let path = normalized(name);
        let (folder, file) =
            path.rsplit_once('/').map_or(("", path.as_str()), |(folder, file)| (folder, file));
        if file == ".wh..wh..opq" {
            self.opaque.insert(folder.into());
        } else if file.starts_with(".wh..wh.") {
            // AUFS keeps its own records under such names.
        } else if let Some(removed) = file.strip_prefix(".wh.") {
            let removed = if folder.is_empty() { removed.to_owned() } else { format!("{folder}/{removed}") };
            self.removed.insert(removed.into());
        } else if !path.is_empty() {
            self.entries.insert(path.into(), entry);
        }
    }
}

/// Reads a tar stream to its end or until `look` has enough.
///
/// # Errors
/// [`Trouble`] if it is malformed or beyond the bounds.
pub(crate) fn read_tar(
    reader: impl Read,
    bounds: Bounds,
    wanted: &mut Wanted,
    look: &mut dyn FnMut(&str, &Entry) -> Next,
) -> Result<(LayerIndex, Next), Trouble> {
    let malformed = |error: std::io::Error| from_io(&error);
    let mut archive = tar::Archive::new(Capped { reader, left: bounds.unpacked });
    let mut index = LayerIndex::default();
    let mut long = LongNames::default();
    // The entries are taken raw: the tar crate would read a hostile long name into memory without bound.
    for entry in archive.entries().map_err(malformed)?.raw(true) {
        let mut entry = entry.map_err(malformed)?;
        if index.entries.len() >= bounds.entries {
            return Err(Trouble::Capped("the layer has too many entries"));
        }
        let kind = entry.header().entry_type();
        if kind.is_gnu_longname() || kind.is_gnu_longlink() || kind.is_pax_local_extensions() {
            long.learn(kind, &mut entry)?;
            continue;
        }
        if kind.is_pax_global_extensions() {
            continue;
        }
        let (name, link) = long.take(&entry)?;
        let read = read_entry(&mut entry, kind, &name, link, wanted)?;
        let next = look(&normalized(&name), &read);
        index.add(&name, read);
        if next == Next::Stop {
            return Ok((index, Next::Stop));
        }
    }
    Ok((index, Next::Continue))
}

fn read_entry(
    entry: &mut tar::Entry<'_, impl Read>,
    kind: tar::EntryType,
    name: &str,
    link: Box<str>,
    wanted: &mut Wanted,
) -> Result<Entry, Trouble> {
    Ok(match kind {
        tar::EntryType::Directory => Entry::Folder,
        tar::EntryType::Symlink => Entry::Symlink(link),
        tar::EntryType::Link => Entry::Hardlink(normalized(&link).into()),
        tar::EntryType::Regular | tar::EntryType::Continuous | tar::EntryType::GNUSparse => {
            let mode = entry.header().mode().map_err(|error| from_io(&error))?;
            let executable = mode & 0o111 != 0;
            let path = normalized(name);
            let content = match wanted.get_mut(path.as_str()) {
                Some(slot) if entry.size() <= SCRIPT_BYTES => {
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content).map_err(|error| from_io(&error))?;
                    slot.insert(content).clone()
                }
                _ if executable => {
                    let mut head = Vec::new();
                    entry.take(256).read_to_end(&mut head).map_err(|error| from_io(&error))?;
                    head
                }
                _ => Vec::new(),
            };
            Entry::File { executable, interpreter: interpreter(&content) }
        }
        _ => Entry::Other,
    })
}

/// Returns the first line of a script, without `#!`. Source: execve(2), which reads 256 bytes.
pub(crate) fn interpreter(head: &[u8]) -> Option<Box<str>> {
    let line = head.strip_prefix(b"#!")?;
    let line = line.get(..line.len().min(254))?;
    let line = line.split(|byte| *byte == b'\n').next()?;
    Some(String::from_utf8_lossy(line).trim().into())
}

/// Names that are too long for a header and stand before it.
#[derive(Default)]
struct LongNames {
    name: Option<String>,
    link: Option<String>,
}

impl LongNames {
    fn learn(&mut self, kind: tar::EntryType, entry: &mut tar::Entry<'_, impl Read>) -> Result<(), Trouble> {
        let mut bytes = Vec::new();
        if entry.size() > NAME_BYTES * 16 {
            return Err(Trouble::TooLarge("a name in a layer", NAME_BYTES * 16));
        }
        entry.read_to_end(&mut bytes).map_err(|error| from_io(&error))?;
        if kind.is_pax_local_extensions() {
            for extension in tar::PaxExtensions::new(&bytes) {
                let extension = extension.map_err(|error| from_io(&error))?;
                let value = || String::from_utf8_lossy(extension.value_bytes()).into_owned();
                match extension.key_bytes() {
                    b"path" => self.name = Some(value()),
                    b"linkpath" => self.link = Some(value()),
                    _ => {}
                }
            }
            return Ok(());
        }
        let text = String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned();
        if kind.is_gnu_longname() {
            self.name = Some(text);
        } else {
            self.link = Some(text);
        }
        Ok(())
    }

    fn take(&mut self, entry: &tar::Entry<'_, impl Read>) -> Result<(String, Box<str>), Trouble> {
        let name = self
            .name
            .take()
            .unwrap_or_else(|| String::from_utf8_lossy(&entry.header().path_bytes()).into_owned());
        let in_header =
            || entry.header().link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned());
        let link = self.link.take().or_else(in_header).unwrap_or_default();
        if name.len() as u64 > NAME_BYTES || link.len() as u64 > NAME_BYTES {
            return Err(Trouble::TooLarge("a name in a layer", NAME_BYTES));
        }
        Ok((name, link.into()))
    }
}

/// Returns a path without leading slashes, `.` and `..`, which never lead out of the root.
pub(crate) fn normalized(name: &str) -> String {
    let mut parts = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A reader that ends with an error beyond its bound, so that a bomb is no "end of file".
struct Capped<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| std::io::Error::other(Trouble::Capped("the layer unpacks to too much")))?;
        Ok(read)
    }
}

/// Takes our own reason out of an I/O error that a library handed through.
pub(crate) fn from_io(error: &std::io::Error) -> Trouble {
    let mut source: Option<&(dyn std::error::Error + 'static)> =
        error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
    while let Some(inner) = source {
        if let Some(trouble) = inner.downcast_ref::<Trouble>() {
            return trouble.clone();
        }
        if let Some(inner) = inner.downcast_ref::<std::io::Error>() {
            return from_io(inner);
        }
        source = inner.source();
    }
    Trouble::Malformed("a layer", error.to_string())
}
