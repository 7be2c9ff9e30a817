//! Entries of the cache as files: sealed, read within bounds, replaced in one piece.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
};

use sha2::{Digest as _, Sha256};

/// No entry is larger, compressed.
const ENTRY_BYTES: u64 = 64 << 20;

/// Puts the digest of what follows in front: what is derived has no digest of its own.
pub(super) fn seal(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = Sha256::digest(bytes).to_vec();
    sealed.extend_from_slice(bytes);
    sealed
}

/// Returns what was sealed, if its digest is right.
pub(super) fn sealed(bytes: &[u8]) -> Option<&[u8]> {
    let (digest, content) = bytes.split_at_checked(32)?;
    (Sha256::digest(content).as_slice() == digest).then_some(content)
}

/// Reads an entry.
pub(super) fn read(path: &Path) -> Option<Vec<u8>> {
    let file = fs::File::open(path).ok()?;
    // Most entries are small, and a vector that grows by and by asks for each of them several times.
    let length = file.metadata().ok()?.len().min(ENTRY_BYTES);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    file.take(ENTRY_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= ENTRY_BYTES).then_some(bytes)
}

/// Removes a corrupt entry, where the folder may be written.
pub(super) fn discard<T>(path: &Path) -> Option<T> {
    let _ = fs::remove_file(path);
    None
}

/// Writes an entry beside its place and renames it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
