//! Changed files onto the disk, each the old one or the new one at any moment.
//!
//! All new contents are written beside their files first; then, in quick succession, they are renamed over them. The
//! temporary file is locked by the process that made it, and the system lets go of a lock when its process ends, however
//! that comes about: so a leftover is told from a temporary of a living run without guessing. Hard links are not kept,
//! because a rename cannot.

use std::{
    collections::BTreeMap,
    fs::{self, File, Metadata, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::walk::reason_of;

const PREFIX: &str = ".caulk-";
const SUFFIX: &str = ".tmp";

/// A file to be replaced.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'a> {
    /// Its place on the disk.
    pub path: &'a Path,
    /// What it must hold, or else it is left alone.
    pub before: &'a [u8],
    /// What it is to hold.
    pub after: &'a [u8],
    /// Files with the same number are replaced all or none.
    pub group: usize,
}

/// Replaces files below `root`. Returns, in the order of `replacements`, what became of each: nothing, or the reason why it
/// was left as it is.
#[must_use]
pub fn replace(root: &Path, replacements: &[Replacement<'_>]) -> Vec<Result<(), String>> {
    let staged: Vec<Result<Staged, String>> =
        replacements.iter().map(|replacement| stage(root, replacement)).collect();
    let failed: BTreeMap<usize, String> = replacements
        .iter()
        .zip(&staged)
        .filter_map(|(replacement, staged)| Some((replacement.group, staged.as_ref().err()?.clone())))
        .collect();
    let mut results = Vec::with_capacity(staged.len());
    for (replacement, staged) in replacements.iter().zip(staged) {
        results.push(match (staged, failed.get(&replacement.group)) {
            (Err(reason), _) => Err(reason),
            (Ok(_), Some(reason)) => {
                Err(format!("another file of the same fix could not be changed: {reason}"))
            }
            (Ok(staged), None) => staged.commit(),
        });
    }
    flush_folders(replacements.iter().map(|replacement| replacement.path));
    results
}

/// Removes temporary files whose process is gone. Returns those that are gone now.
pub fn sweep(temporaries: &[PathBuf]) -> Vec<PathBuf> {
    let orphaned = |path: &&PathBuf| {
        // The lock is asked for on the file itself, and never on what a link in its place may lead to.
        let plain = fs::symlink_metadata(path).is_ok_and(|data| data.is_file());
        let Ok(file) = File::open(path) else { return false };
        plain && !matches!(file.try_lock(), Err(TryLockError::WouldBlock | TryLockError::Error(_)))
    };
    temporaries.iter().filter(orphaned).filter(|path| fs::remove_file(path).is_ok()).cloned().collect()
}

/// Tells whether the name is one that this module gives to temporary files.
pub(crate) fn is_temporary(name: &[u8]) -> bool {
    name.starts_with(PREFIX.as_bytes()) && name.ends_with(SUFFIX.as_bytes())
}

/// A new content beside the file that it will replace.
struct Staged {
    temporary: NamedTempFile,
    path: PathBuf,
    seen: Metadata,
}

impl Staged {
    fn commit(self) -> Result<(), String> {
        let now = fs::symlink_metadata(&self.path).map_err(|error| vanished(&error))?;
        if !same_state(&self.seen, &now) {
            return Err(changed());
        }
        self.temporary
            .persist(&self.path)
            .map(drop)
            .map_err(|error| format!("cannot be replaced: {}", reason_of(&error.error)))
    }
}

fn stage(root: &Path, replacement: &Replacement<'_>) -> Result<Staged, String> {
    let path = replacement.path;
    let folder = path.parent().ok_or("it has no folder")?;
    let real = fs::canonicalize(folder).map_err(|error| vanished(&error))?;
    if !real.starts_with(root) {
        return Err(format!("its folder is a symbolic link out of the tree, to {}", real.display()));
    }
    let seen = unchanged(path, replacement.before)?;
    let temporary = write_beside(&real, replacement.after, &seen)
        .map_err(|error| format!("no temporary file beside it can be written: {}", reason_of(&error)))?;
    Ok(Staged { temporary, path: path.to_owned(), seen })
}

/// Proves that the file still is what the plan was made from.
fn unchanged(path: &Path, before: &[u8]) -> Result<Metadata, String> {
    let seen = fs::symlink_metadata(path).map_err(|error| vanished(&error))?;
    if !seen.is_file() {
        return Err("it is no regular file any more".to_owned());
    }
    if seen.permissions().readonly() {
        return Err("it is read-only".to_owned());
    }
    if seen.len() != before.len() as u64 {
        return Err(changed());
    }
    let mut now = Vec::with_capacity(before.len() + 1);
    File::open(path).and_then(|mut file| file.read_to_end(&mut now)).map_err(|error| vanished(&error))?;
    if now == before { Ok(seen) } else { Err(changed()) }
}

/// Writes a file of our own that others may read: at any moment it is the old one or the new one.
///
/// # Errors
/// If it cannot be written.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder)?;
    temporary.write_all(content)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // It is shared with others, unlike most temporary files.
        temporary.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    temporary.persist(path)?;
    Ok(())
}

fn write_beside(folder: &Path, content: &[u8], like: &Metadata) -> io::Result<NamedTempFile> {
    let mut temporary = tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder)?;
    // Some file systems know no locks; there, a leftover is never removed.
    let _ = temporary.as_file().lock();
    temporary.write_all(content)?;
    keep_owner(temporary.as_file(), like);
    temporary.as_file().set_permissions(like.permissions())?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

/// Gives the new file the old one's owner and group. Only root may give files away, and others own what they may edit.
#[cfg(unix)]
fn keep_owner(file: &File, like: &Metadata) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let _ = fchown(file, Some(like.uid()), Some(like.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_file: &File, _like: &Metadata) {}

/// Tells whether nobody touched the file between two looks.
fn same_state(before: &Metadata, now: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if (before.ino(), before.dev(), before.ctime(), before.ctime_nsec())
            != (now.ino(), now.dev(), now.ctime(), now.ctime_nsec())
        {
            return false;
        }
    }
    now.is_file() && before.len() == now.len() && before.modified().ok() == now.modified().ok()
}

/// Makes the renames last through a loss of power, where the system allows it.
fn flush_folders<'a>(paths: impl Iterator<Item = &'a Path>) {
    let mut folders: Vec<&Path> = paths.filter_map(Path::parent).collect();
    folders.sort_unstable();
    folders.dedup();
    for folder in folders {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

fn changed() -> String {
    "it changed after caulk had read it".to_owned()
}

fn vanished(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it vanished after caulk had read it".to_owned(),
        _ => format!("it cannot be read any more: {}", reason_of(error)),
    }
}

#[cfg(test)]
mod tests;
