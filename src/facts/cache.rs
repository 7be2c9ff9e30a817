//! What was learned from registries, kept on the disk between runs.
//!
//! Content is kept under its digest and verified when it is read. Files are written beside their place and
//! renamed, so that several processes may share the folder. A folder that cannot be written is read all the same.

mod files;
mod packing;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::{
    files::{discard, read, seal, sealed, write},
    packing::{pack, unpack},
};
use super::layers::{Memory, index::LayerIndex, toc::hex};

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
