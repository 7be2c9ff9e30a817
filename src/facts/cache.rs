//! What was learned from registries, kept on the disk between runs.
//!
//! Content is kept under its digest and verified when it is read. Files are written beside their place and
//! renamed, so that several processes may share the folder. A folder that cannot be written is read all the same.

use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::layers::{
    Memory,
    index::{Entry, LayerIndex},
    toc::hex,
};

/// The cache of a run.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// None keeps everything in memory only.
    root: Option<PathBuf>,
    /// Manifests and configurations that the disk does not keep.
    blobs: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Scripts that the disk does not keep.
    scripts: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Indexes that somebody holds, and the latest ones.
    layers: Mutex<BTreeMap<String, Weak<LayerIndex>>>,
    latest: Mutex<VecDeque<Arc<LayerIndex>>>,
    locks: Mutex<BTreeMap<String, Arc<Mutex<()>>>>,
}

/// What a tag stood for when it was last looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tag {
    reference: String,
    pub(crate) digest: String,
    checked: u64,
}

/// How many indexes are held though nobody uses them now. Base layers come again and again.
const LATEST: usize = 16;
/// The format's version is part of the folder's name, so that a change of it needs no migration.
const VERSION: &str = "v1";
/// No entry is larger, compressed.
const ENTRY_BYTES: u64 = 64 << 20;

impl Cache {
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root: Some(root), ..Self::default() }
    }

    /// Returns a manifest or configuration by its digest.
    pub(crate) fn blob(&self, digest: &str) -> Option<Vec<u8>> {
        let held = self.blobs.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        if held.is_some() {
            return held;
        }
        let path = self.place("blobs", digest.strip_prefix("sha256:")?)?;
        let bytes = read(&path)?;
        if digest == sha256(&bytes) { Some(bytes) } else { discard(&path) }
    }

    /// Keeps a manifest or configuration, whose digest was checked.
    pub(crate) fn keep_blob(&self, digest: &str, bytes: &[u8]) {
        let Some(path) = digest.strip_prefix("sha256:") else { return };
        let written = self.place("blobs", path).is_some_and(|path| write(&path, bytes).is_ok());
        if !written {
            let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
            blobs.insert(digest.to_owned(), bytes.to_vec());
        }
    }

    /// Returns what a tag stood for, and how long ago that was seen.
    pub(crate) fn tag(&self, reference: &str) -> Option<(Tag, Duration)> {
        let path = self.place("tags", &name_of(reference))?;
        let bytes = read(&path)?;
        let Some(tag) = sealed(&bytes).and_then(|bytes| serde_json::from_slice::<Tag>(bytes).ok()) else {
            return discard(&path);
        };
        if tag.reference != reference || !super::manifest::is_sha256(&tag.digest) {
            return discard(&path);
        }
        // A clock that was set back makes an entry of the future, which counts as old.
        let age = now().checked_sub(tag.checked).unwrap_or(u64::MAX / 2);
        Some((tag, Duration::from_secs(age)))
    }

    pub(crate) fn keep_tag(&self, reference: &str, digest: &str) {
        let tag = Tag { reference: reference.to_owned(), digest: digest.to_owned(), checked: now() };
        if let Ok(bytes) = serde_json::to_vec(&tag) {
            self.write("tags", &name_of(reference), &seal(&bytes));
        }
    }

    /// Returns the lock that makes sure that two threads do not learn the same thing at once.
    pub(crate) fn lock(&self, key: &str) -> Arc<Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(key.to_owned()).or_default())
    }

    fn place(&self, kind: &str, name: &str) -> Option<PathBuf> {
        Some(self.root.as_ref()?.join(VERSION).join(kind).join(name))
    }

    /// Writes an entry; a cache that cannot be written only costs time.
    fn write(&self, kind: &str, name: &str, bytes: &[u8]) {
        if let Some(path) = self.place(kind, name) {
            let _ = write(&path, bytes);
        }
    }

    fn hold(&self, digest: &str, index: &Arc<LayerIndex>) {
        self.layers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest.to_owned(), Arc::downgrade(index));
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.push_back(Arc::clone(index));
        if latest.len() > LATEST {
            latest.pop_front();
        }
    }
}

impl Memory for Cache {
    fn layer(&self, digest: &str) -> Option<Arc<LayerIndex>> {
        let held =
            self.layers.lock().unwrap_or_else(PoisonError::into_inner).get(digest).and_then(Weak::upgrade);
        if held.is_some() {
            return held;
        }
        let path = self.place("layers", digest.strip_prefix("sha256:")?)?;
        let bytes = read(&path)?;
        let Some(index) = sealed(&bytes).and_then(|bytes| unpack(bytes, digest)) else {
            return discard(&path);
        };
        let index = Arc::new(index);
        self.hold(digest, &index);
        Some(index)
    }

    fn remember_layer(&self, digest: &str, index: &Arc<LayerIndex>) {
        self.hold(digest, index);
        if let (Some(hex), Ok(bytes)) = (digest.strip_prefix("sha256:"), pack(index, digest)) {
            self.write("layers", hex, &seal(&bytes));
        }
    }

    fn script(&self, digest: &str, path: &str) -> Option<Vec<u8>> {
        let name = name_of(&format!("{digest} {path}"));
        let held = self.scripts.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if held.is_some() {
            return held;
        }
        let place = self.place("scripts", &name)?;
        let bytes = read(&place)?;
        match sealed(&bytes) {
            Some(content) => Some(content.to_vec()),
            None => discard(&place),
        }
    }

    fn remember_script(&self, digest: &str, path: &str, content: &[u8]) {
        let name = name_of(&format!("{digest} {path}"));
        let written = self.place("scripts", &name).is_some_and(|place| write(&place, &seal(content)).is_ok());
        if !written {
            self.scripts.lock().unwrap_or_else(PoisonError::into_inner).insert(name, content.to_vec());
        }
    }

    fn lock(&self, digest: &str) -> Arc<Mutex<()>> {
        Self::lock(self, digest)
    }
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

fn name_of(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Puts the digest of what follows in front: what is derived has no digest of its own.
fn seal(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = Sha256::digest(bytes).to_vec();
    sealed.extend_from_slice(bytes);
    sealed
}

fn sealed(bytes: &[u8]) -> Option<&[u8]> {
    let (digest, content) = bytes.split_at_checked(32)?;
    (Sha256::digest(content).as_slice() == digest).then_some(content)
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let file = fs::File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(ENTRY_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= ENTRY_BYTES).then_some(bytes)
}

/// Removes a corrupt entry, where the folder may be written.
fn discard<T>(path: &Path) -> Option<T> {
    let _ = fs::remove_file(path);
    None
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// Returns the folder that the platform has for caches.
#[must_use]
pub fn default_folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "caulk").map(|folders| folders.cache_dir().join("images"))
}

/// Removes everything that the cache holds, and returns how many files that were.
///
/// # Errors
/// If a file cannot be removed. A folder that is not there is empty.
pub fn clear(root: &Path) -> io::Result<usize> {
    let mut removed = 0;
    for kind in ["blobs", "tags", "layers", "scripts"] {
        let entries = match fs::read_dir(root.join(VERSION).join(kind)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            match fs::remove_file(entry?.path()) {
                Ok(()) => removed += 1,
                // Another process was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(removed)
}

/// Writes an index as fields that end in NUL, which no path holds. The digest stands first, so that a file under a wrong
/// name is told.
fn pack(index: &LayerIndex, digest: &str) -> io::Result<Vec<u8>> {
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

fn unpack(bytes: &[u8], digest: &str) -> Option<LayerIndex> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> LayerIndex {
        let mut index = LayerIndex::default();
        index.add("bin/a", Entry::File { executable: true, interpreter: Some("/bin/sh -e".into()) });
        index.add("bin", Entry::Symlink("usr/bin".into()));
        index.add("etc/.wh.b", Entry::Other);
        index.add("opt/.wh..wh..opq", Entry::Other);
        index.add("b", Entry::Hardlink("bin/a".into()));
        index
    }

    fn digest() -> String {
        format!("sha256:{}", "ab".repeat(32))
    }

    #[test]
    fn what_is_kept_comes_back_in_another_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = || Cache::at(folder.path().to_owned());
        cache().remember_layer(&digest(), &Arc::new(index()));
        assert_eq!(cache().layer(&digest()).as_deref(), Some(&index()));
        cache().keep_tag("ghcr.io/a/b:1", &digest());
        assert_eq!(cache().tag("ghcr.io/a/b:1").map(|(tag, _)| tag.digest), Some(digest()));
        let blob = b"{}";
        cache().keep_blob(&sha256(blob), blob);
        assert_eq!(cache().blob(&sha256(blob)).as_deref(), Some(blob.as_slice()));
        cache().remember_script(&digest(), "a", b"#!/bin/sh\n");
        assert_eq!(cache().script(&digest(), "a").as_deref(), Some(b"#!/bin/sh\n".as_slice()));
        assert_eq!(cache().script(&digest(), "b"), None);
        assert_eq!(clear(folder.path()).expect("it can be cleared"), 4);
        assert_eq!(cache().blob(&sha256(blob)), None);
    }

    #[test]
    fn a_corrupt_entry_is_discarded() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::at(folder.path().to_owned());
        cache.keep_blob(&sha256(b"{}"), b"{}");
        cache.keep_tag("a", &digest());
        cache.remember_layer(&digest(), &Arc::new(index()));
        let mut damaged = 0;
        for kind in ["blobs", "tags", "layers"] {
            for entry in fs::read_dir(folder.path().join(VERSION).join(kind)).expect("the folder is there") {
                let path = entry.expect("an entry").path();
                let mut bytes = fs::read(&path).expect("it can be read");
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                fs::write(&path, bytes).expect("it can be written");
                damaged += 1;
            }
        }
        assert_eq!(damaged, 3);
        let cache = Cache::at(folder.path().to_owned());
        assert_eq!(cache.blob(&sha256(b"{}")), None);
        assert_eq!(cache.tag("a"), None);
        assert_eq!(cache.layer(&digest()), None);
        assert_eq!(clear(folder.path()).expect("it can be cleared"), 0, "they are gone already");
    }

    #[test]
    fn an_entry_under_a_wrong_name_is_not_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::at(folder.path().to_owned());
        let other = format!("sha256:{}", "cd".repeat(32));
        cache.remember_layer(&digest(), &Arc::new(index()));
        let layers = folder.path().join(VERSION).join("layers");
        fs::rename(layers.join("ab".repeat(32)), layers.join("cd".repeat(32))).expect("it can be renamed");
        assert_eq!(Cache::at(folder.path().to_owned()).layer(&other), None);
    }

    #[test]
    fn many_writers_leave_one_whole_entry() {
        let folder = tempfile::tempdir().expect("a folder");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let cache = Cache::at(folder.path().to_owned());
                    for _ in 0..20 {
                        cache.remember_layer(&digest(), &Arc::new(index()));
                        assert_eq!(
                            Cache::at(folder.path().to_owned()).layer(&digest()).as_deref(),
                            Some(&index())
                        );
                    }
                });
            }
        });
    }
}
