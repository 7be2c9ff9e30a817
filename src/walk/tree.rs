//! The tree that is looked at: its root, and what of it was asked for.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use caulk_transforms::path::RepoPath;

use super::reason_of;
use crate::{
    git::{Mode, Snapshot, store::Unread},
    read::{Skip, Trouble},
};

/// What marks the root of a repository.
const MARKERS: [&str; 2] = [".caulk.yaml", ".git"];

/// A folder with the paths in it that findings are wanted for.
///
/// Invariant: the root and all asked paths are free of symbolic links, and the asked paths lie below the root.
#[derive(Debug, Clone)]
pub struct Tree {
    root: PathBuf,
    /// Whether a marker says that the root is a repository's, so that all of it is context.
    whole: bool,
    asked: Vec<RepoPath>,
    files: Vec<RepoPath>,
    folder: PathBuf,
    /// Where the files are read from, if not from the disk.
    snapshot: Option<Arc<Snapshot>>,
}

impl Tree {
    /// Finds the tree that holds the paths: the nearest folder above all of them with a `.caulk.yaml` or a `.git`, else the
    /// folder that they share. Paths that are not there, and links that lead out of the tree, are returned as skips.
    #[must_use]
    pub fn find(paths: &[PathBuf], folder: &Path) -> (Self, Vec<Skip>) {
        let mut troubles = Vec::new();
        let mut named = Vec::new();
        for path in paths {
            match locate(&folder.join(path)) {
                Ok(found) => named.push((path, found)),
                Err(error) => {
                    let trouble = match error.kind() {
                        io::ErrorKind::NotFound => Trouble::Missing,
                        _ => Trouble::Unreadable(reason_of(&error)),
                    };
                    troubles.push((path, trouble));
                }
            }
        }
        let shared = named.iter().map(|(_, found)| found.base().to_owned()).reduce(|a, b| common(&a, &b));
        let shared = shared.unwrap_or_else(|| folder.to_owned());
        let marked =
            shared.ancestors().find(|above| MARKERS.iter().any(|marker| above.join(marker).exists()));
        let root = marked.map_or_else(|| shared.clone(), Path::to_path_buf);
        let mut tree = Self {
            whole: marked.is_some(),
            root,
            asked: Vec::new(),
            files: Vec::new(),
            folder: fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()),
            snapshot: None,
        };
        for (path, found) in named {
            let (real, is_file) = match found {
                Located::Folder(real) => (real, false),
                Located::File { real, .. } => (real, true),
            };
            let trouble = match tree.path_of(&real) {
                Ok(inside) => {
                    tree.asked.push(inside.clone());
                    tree.files.extend(is_file.then_some(inside));
                    continue;
                }
                Err(reason) if real.starts_with(&tree.root) => Trouble::Name(reason),
                Err(_) => Trouble::LinkOutside(real.to_string_lossy().into_owned()),
            };
            troubles.push((path, trouble));
        }
        let skip = |(path, trouble): (&PathBuf, Trouble)| {
            Skip::new(&tree.inside(&tree.folder.join(path), path), trouble)
        };
        let skipped = troubles.into_iter().map(skip).collect();
        (tree, skipped)
    }

    /// Takes the folder that somebody stands in for the repository, where no marker tells it and the paths lie below: who asks
    /// about one file wants to know what the others make of it.
    #[must_use]
    pub fn with_context(mut self) -> Self {
        let Some(prefix) = self.root.strip_prefix(&self.folder).ok().filter(|_| !self.whole) else {
            return self;
        };
        let Some(prefix) = prefix.to_str().and_then(|prefix| RepoPath::new(prefix).ok()) else { return self };
        let moved = |paths: &[RepoPath]| -> Option<Vec<RepoPath>> {
            paths.iter().map(|path| prefix.join(path.as_str()).ok()).collect()
        };
        if let (Some(asked), Some(files)) = (moved(&self.asked), moved(&self.files)) {
            (self.asked, self.files, self.whole) = (asked, files, true);
            self.root.clone_from(&self.folder);
        }
        self
    }

    /// Makes a tree of what git holds. The paths count from its root; those that are not there are returned as skips.
    #[must_use]
    pub fn of_snapshot(snapshot: Arc<Snapshot>, paths: &[PathBuf]) -> (Self, Vec<Skip>) {
        let mut skipped = Vec::new();
        let (mut asked, mut files) = (Vec::new(), Vec::new());
        for path in paths {
            let inside = path.to_str().and_then(|path| RepoPath::new(path).ok());
            match inside.filter(|inside| snapshot.holds(inside)) {
                Some(inside) => {
                    files.extend(snapshot.get(&inside).is_some().then(|| inside.clone()));
                    asked.push(inside);
                }
                None => skipped.push(Skip::new(&path.to_string_lossy(), Trouble::Missing)),
            }
        }
        let (root, folder) = (PathBuf::new(), PathBuf::new());
        (Self { root, whole: true, asked, files, folder, snapshot: Some(snapshot) }, skipped)
    }

    /// Lets the files be read from what git holds instead of from the disk, where the tree is found nevertheless.
    #[must_use]
    pub fn reading(mut self, snapshot: Arc<Snapshot>) -> Self {
        self.snapshot = Some(snapshot);
        self.whole = true;
        self
    }

    /// Returns where the files are read from, if not from the disk.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshot.as_ref()
    }

    /// Returns the mode of a file that is read from what git holds.
    #[must_use]
    pub fn mode(&self, path: &RepoPath) -> Option<Mode> {
        self.snapshot.as_ref()?.get(path).map(|entry| entry.mode)
    }

    /// Reads a file into the buffer, which keeps its room from file to file.
    pub(crate) fn load(&self, path: &RepoPath, bound: u64, buffer: &mut Vec<u8>) -> Result<(), Trouble> {
        match &self.snapshot {
            Some(snapshot) => snapshot.read(path, bound, buffer).map_err(|unread| match unread {
                Unread::TooLarge(size) => Trouble::TooLarge(size),
                Unread::Damaged(reason) => Trouble::Unreadable(reason),
            }),
            None => load(&self.disk(path), bound, buffer),
        }
    }

    /// Returns the text of a file, if it is one, no link on its way leads anywhere, and it is not larger than the bound.
    pub(crate) fn text(&self, path: &RepoPath, bound: u64) -> Option<String> {
        let mut bytes = Vec::new();
        match &self.snapshot {
            Some(snapshot) => snapshot.read(path, bound, &mut bytes).ok()?,
            None => {
                self.free_of_links(path)?;
                let place = self.disk(path);
                fs::metadata(&place).ok().filter(|data| data.is_file() && data.len() <= bound)?;
                load(&place, bound, &mut bytes).ok()?;
            }
        }
        String::from_utf8(bytes).ok()
    }

    fn free_of_links(&self, path: &RepoPath) -> Option<()> {
        let mut place = self.root.clone();
        for part in path.as_str().split('/') {
            place.push(part);
            fs::symlink_metadata(&place).ok().filter(|data| !data.file_type().is_symlink())?;
        }
        Some(())
    }

    /// Returns the root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns where walks begin: at the root of a repository, because files elsewhere in it say how the asked ones are
    /// used; else at the asked paths alone, because the shared folder may be anything.
    pub(super) fn starts(&self) -> Vec<RepoPath> {
        let root = RepoPath::new("").ok().filter(|_| self.whole && !self.asked.is_empty());
        root.into_iter().chain(self.asked.iter().cloned()).collect()
    }

    /// Tells whether findings in the file are wanted.
    pub(super) fn asks_for(&self, path: &RepoPath) -> bool {
        self.asked.iter().any(|asked| path.is_below(asked))
    }

    /// Tells whether the file itself was named.
    pub(super) fn names(&self, path: &RepoPath) -> bool {
        self.files.contains(path)
    }

    /// Returns the place of a path on the disk.
    #[must_use]
    pub fn disk(&self, path: &RepoPath) -> PathBuf {
        self.root.join(path.as_str())
    }

    /// Returns the path inside the tree.
    ///
    /// # Errors
    /// The reason, if it lies outside or its name is no UTF-8.
    pub(super) fn path_of(&self, path: &Path) -> Result<RepoPath, String> {
        // What was walked has the root before it, byte by byte; that is told sooner than by the parts of both.
        let bytes =
            path.as_os_str().as_encoded_bytes().strip_prefix(self.root.as_os_str().as_encoded_bytes());
        if let Some(rest) = bytes.and_then(|bytes| bytes.strip_prefix(b"/"))
            && cfg!(unix)
            && let Ok(text) = std::str::from_utf8(rest)
            && !text.starts_with('/')
        {
            return RepoPath::new(text).map_err(|error| error.to_string());
        }
        let inside = path.strip_prefix(&self.root).map_err(|_| "it lies outside the tree".to_owned())?;
        let text = inside.to_str().ok_or("its name is not valid UTF-8")?;
        RepoPath::new(text).map_err(|error| error.to_string())
    }

    /// Returns the path inside the tree as text; what is given instead, if it lies outside or has no proper name.
    pub(super) fn inside(&self, path: &Path, otherwise: &Path) -> String {
        self.path_of(path)
            .map_or_else(|_| otherwise.to_string_lossy().into_owned(), |inside| inside.as_str().to_owned())
    }

    /// Returns how a person would name the place: from the folder that caulk runs in where it lies below, else from the root.
    fn shown(&self, path: &Path) -> String {
        let near = path.strip_prefix(&self.folder).or_else(|_| path.strip_prefix(&self.root)).unwrap_or(path);
        if near.as_os_str().is_empty() { ".".to_owned() } else { near.to_string_lossy().into_owned() }
    }

    /// Returns how a person would name the file.
    #[must_use]
    pub fn name_of(&self, path: &RepoPath) -> String {
        self.shown(&self.disk(path))
    }
}

fn load(path: &Path, bound: u64, buffer: &mut Vec<u8>) -> Result<(), Trouble> {
    let unreadable = |error: io::Error| Trouble::Unreadable(reason_of(&error));
    buffer.clear();
    let file = File::open(path).map_err(unreadable)?;
    let read = file.take(bound + 1).read_to_end(buffer).map_err(unreadable)?;
    if read as u64 > bound {
        let size = fs::metadata(path).map_or(read as u64, |data| data.len());
        // A single giant must not stay in memory for the rest of the run.
        *buffer = Vec::new();
        return Err(Trouble::TooLarge(size));
    }
    Ok(())
}

enum Located {
    Folder(PathBuf),
    /// The folder that the given name lies in, and the file that it leads to.
    File {
        folder: PathBuf,
        real: PathBuf,
    },
}

impl Located {
    fn base(&self) -> &Path {
        match self {
            Self::Folder(real) => real,
            Self::File { folder, .. } => folder,
        }
    }
}

fn locate(path: &Path) -> io::Result<Located> {
    let real = fs::canonicalize(path)?;
    if fs::metadata(&real)?.is_dir() {
        return Ok(Located::Folder(real));
    }
    let folder = match path.parent() {
        Some(folder) => fs::canonicalize(folder)?,
        None => real.clone(),
    };
    Ok(Located::File { folder, real })
}

fn common(a: &Path, b: &Path) -> PathBuf {
    let pairs = a.components().zip(b.components());
    pairs.take_while(|(a, b)| a == b).map(|(a, _): (Component<'_>, _)| a).collect()
}
