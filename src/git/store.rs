//! A repository's objects and references, opened so that its own configuration has no say.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use caulk_transforms::path::RepoPath;
use git2::{Config, ErrorCode, Odb, Oid, Repository, RepositoryOpenFlags};

use crate::read::LARGEST;

/// A git repository on the disk.
///
/// Whoever wrote its configuration could name programs, other folders or other hosts in it. libgit2 parses that file when it
/// opens the repository, which starts nothing; every later look finds an empty configuration in its place.
pub struct Store {
    folder: PathBuf,
    /// The objects alone. Unlike a repository it may be read from many threads.
    objects: Odb<'static>,
    /// A folder that is removed with the store.
    temporary: Option<tempfile::TempDir>,
}

impl Store {
    /// Opens the repository whose git folder or work tree this is.
    ///
    /// # Errors
    /// If there is none, or it belongs to another user, or is of a kind that libgit2 does not read.
    pub fn open(path: &Path) -> Result<Self> {
        let inner = path.join(".git");
        let repository = open(if inner.exists() { &inner } else { path })?;
        let objects = Odb::new().context("no object database to be had")?;
        let folder = repository.commondir().join("objects");
        let text = folder.to_str().context("the path of the repository is not valid UTF-8")?;
        objects.add_disk_alternate(text).with_context(|| format!("failed to open {text}"))?;
        Ok(Self { folder: repository.path().to_owned(), objects, temporary: None })
    }

    /// Opens the repository whose work tree a folder lies in. Returns as well where in the work tree that is.
    ///
    /// # Errors
    /// If there is none above the folder, or it cannot be opened.
    pub fn around(folder: &Path) -> Result<(Self, RepoPath)> {
        let root = folder.ancestors().find(|above| above.join(".git").exists());
        let root = root.with_context(|| format!("{} lies in no git repository", folder.display()))?;
        let inside = folder.strip_prefix(root)?.to_str().context("the folder's name is not valid UTF-8")?;
        Ok((Self::open(root)?, RepoPath::new(inside)?))
    }

    /// Lets the folder be removed with the store.
    pub(super) fn removing(mut self, temporary: tempfile::TempDir) -> Self {
        self.temporary = Some(temporary);
        self
    }

    /// Returns the git folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens the repository itself, for one thread.
    ///
    /// # Errors
    /// If it is not there any more.
    pub fn repository(&self) -> Result<Repository> {
        open(&self.folder)
    }

    /// Tells whether the commit is here with all its files. In a partial clone some may have to be fetched, which nobody does.
    #[must_use]
    pub fn has_all_of(&self, commit: Oid) -> bool {
        let Ok(repository) = self.repository() else { return false };
        let packs = std::fs::read_dir(repository.commondir().join("objects").join("pack"));
        let mut names = packs.into_iter().flatten().flatten().map(|entry| entry.file_name());
        let is_partial = names.any(|name| name.to_string_lossy().ends_with(".promisor"));
        !is_partial && repository.find_commit(commit).is_ok()
    }

    /// Reads an object into the buffer.
    ///
    /// # Errors
    /// [`Unread`] says why not. Nothing of an object that is too large is read.
    pub fn read(&self, id: Oid, bound: u64, buffer: &mut Vec<u8>) -> Result<(), Unread> {
        buffer.clear();
        let (size, _) = match self.objects.read_header(id) {
            Ok(found) => found,
            // The server was asked to leave out what is too large to be read.
            Err(error) if self.temporary.is_some() && error.code() == ErrorCode::NotFound => {
                return Err(Unread::TooLarge(LARGEST + 1));
            }
            Err(error) => return Err(Unread::of(&error)),
        };
        if size as u64 > bound {
            return Err(Unread::TooLarge(size as u64));
        }
        let object = self.objects.read(id).map_err(|error| Unread::of(&error))?;
        buffer.extend_from_slice(object.data());
        Ok(())
    }
}

/// Why an object could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It has more bytes than were asked for; so many.
    TooLarge(u64),
    /// It is missing or damaged; the reason in libgit2's words.
    Damaged(String),
}

impl Unread {
    fn of(error: &git2::Error) -> Self {
        Self::Damaged(error.message().to_owned())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Opens a repository with an empty configuration. It counts as bare, so that `core.worktree` leads nowhere.
fn open(path: &Path) -> Result<Repository> {
    let flags = RepositoryOpenFlags::BARE | RepositoryOpenFlags::NO_SEARCH;
    let none: [&Path; 0] = [];
    let repository = Repository::open_ext(path, flags, none)
        .with_context(|| format!("failed to open the git repository {}", path.display()))?;
    repository.set_config(&Config::new()?)?;
    Ok(repository)
}
