//! All files of a commit or of the index, by path.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use caulk_transforms::path::RepoPath;
use git2::{Index, IndexEntry, IndexEntryExtendedFlag, Oid, Repository};

use super::store::{Store, Unread};
use crate::read::{Skip, Trouble};

/// More entries than these, folders counted, are no repository of manifests. A tree can name the same folder over and
/// over, so a small repository could hold more files than there is memory for their names.
const MOST_ENTRIES: usize = 1_000_000;

/// No longer path can be checked out.
const LONGEST_PATH: usize = 4096;

/// A larger tree object is no folder.
const LARGEST_TREE: usize = 64 << 20;

/// What a tree says that a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A regular file.
    File,
    /// A regular file that may be executed.
    Executable,
    /// A symbolic link: the object holds its target.
    Link,
    /// Another repository, which is not looked into.
    Submodule,
}

impl Mode {
    /// Returns the number that git stores.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::File => 0o100_644,
            Self::Executable => 0o100_755,
            Self::Link => 0o120_000,
            Self::Submodule => 0o160_000,
        }
    }

    pub(super) fn of(number: u32) -> Option<Self> {
        match number & 0o170_000 {
            0o100_000 if number & 0o100 != 0 => Some(Self::Executable),
            0o100_000 => Some(Self::File),
            0o120_000 => Some(Self::Link),
            0o160_000 => Some(Self::Submodule),
            _ => None,
        }
    }

    /// Tells whether there is a content to be read and edited.
    #[must_use]
    pub const fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Executable)
    }
}

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The object.
    pub id: Oid,
    /// Its kind.
    pub mode: Mode,
}

/// The files of a commit, or of the index.
#[derive(Debug)]
pub struct Snapshot {
    store: Arc<Store>,
    /// Sorted by path, each once.
    entries: Vec<(RepoPath, Entry)>,
    skipped: Vec<Skip>,
}

impl Snapshot {
    /// Lists the files of a commit.
    ///
    /// # Errors
    /// If the commit or one of its folders is missing or damaged, or there are too many entries.
    pub fn of_commit(store: &Arc<Store>, commit: Oid) -> Result<Self> {
        let repository = store.repository()?;
        let objects = repository.odb()?;
        let tree = repository.find_commit(commit).context("the commit is not there")?.tree_id();
        let mut found = Self { store: Arc::clone(store), entries: Vec::new(), skipped: Vec::new() };
        let mut open = vec![(String::new(), tree)];
        let mut count = 0_usize;
        while let Some((folder, id)) = open.pop() {
            let (size, _) = objects.read_header(id).with_context(|| missing(&folder))?;
            if size > LARGEST_TREE {
                bail!("the folder `{folder}` of the commit has {size} bytes, too many for a folder");
            }
            let tree = repository.find_tree(id).with_context(|| missing(&folder))?;
            count += tree.len();
            if count > MOST_ENTRIES {
                bail!("the commit has more than {MOST_ENTRIES} files and folders");
            }
            for entry in &tree {
                let number = u32::try_from(entry.filemode_raw()).unwrap_or_default();
                let Some(path) = found.name(&folder, entry.name_bytes()) else { continue };
                if number & 0o170_000 == 0o040_000 {
                    open.push((path, entry.id()));
                } else {
                    found.add(&path, entry.id(), number);
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Lists the files of the index: what the next commit would hold.
    ///
    /// # Errors
    /// If the index cannot be read, or has too many entries.
    pub fn of_index(store: &Arc<Store>) -> Result<Self> {
        let index = index_of(&store.repository()?)?;
        if index.len() > MOST_ENTRIES {
            bail!("the index has more than {MOST_ENTRIES} entries");
        }
        let mut found = Self { store: Arc::clone(store), entries: Vec::new(), skipped: Vec::new() };
        for entry in index.iter() {
            let Some(path) = found.name("", &entry.path) else { continue };
            if stage(&entry) != 0 {
                let conflict = "it is in conflict; resolve that first".to_owned();
                found.skipped.push(Skip::new(&path, Trouble::Unreadable(conflict)));
            } else if !is_intended(&entry) {
                found.add(&path, entry.id, entry.mode);
            }
        }
        found.sort();
        Ok(found)
    }

    /// Keeps what lies below a folder, with paths that count from there.
    #[must_use]
    pub fn within(mut self, folder: &RepoPath) -> Self {
        if !folder.as_str().is_empty() {
            let prefix = format!("{folder}/");
            let inside = |path: &str| path.strip_prefix(&prefix).map(str::to_owned);
            let entries = self.entries.into_iter();
            let kept = entries
                .filter_map(|(path, entry)| Some((RepoPath::new(&inside(path.as_str())?).ok()?, entry)));
            self.entries = kept.collect();
            let skipped = self.skipped.into_iter();
            let kept = skipped.filter_map(|skip| Some(Skip { path: inside(&skip.path)?, ..skip }));
            self.skipped = kept.collect();
        }
        self
    }

    /// Joins a folder and a name, if they are a path that caulk can use.
    fn name(&mut self, folder: &str, name: &[u8]) -> Option<String> {
        let below = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let trouble = match std::str::from_utf8(name) {
            Ok(name) if folder.len() + name.len() > LONGEST_PATH => "its path is too long",
            Ok(name) if name.split('/').any(|part| matches!(part, "" | "." | "..")) => {
                "a tree may not hold such a name"
            }
            Ok(name) => return Some(below(name)),
            Err(_) => "its name is not valid UTF-8",
        };
        let shown = below(&String::from_utf8_lossy(name)).chars().take(LONGEST_PATH).collect::<String>();
        self.skipped.push(Skip::new(&shown, Trouble::Name(trouble.to_owned())));
        None
    }

    fn add(&mut self, path: &str, id: Oid, number: u32) {
        if let (Ok(path), Some(mode)) = (RepoPath::new(path), Mode::of(number)) {
            self.entries.push((path, Entry { id, mode }));
        }
    }

    fn sort(&mut self) {
        self.entries.sort_by(|a, b| a.0.cmp(&b.0));
        // A damaged tree may hold a name twice; git takes the first as well.
        self.entries.dedup_by(|a, b| a.0 == b.0);
        self.skipped.sort();
        self.skipped.dedup();
    }

    /// Returns what a path stands for.
    #[must_use]
    pub fn get(&self, path: &RepoPath) -> Option<Entry> {
        let place = self.entries.binary_search_by(|(each, _)| each.cmp(path)).ok()?;
        self.entries.get(place).map(|(_, entry)| *entry)
    }

    /// Returns all files in the order of their paths.
    pub fn entries(&self) -> impl Iterator<Item = (&RepoPath, Entry)> {
        self.entries.iter().map(|(path, entry)| (path, *entry))
    }

    /// Returns what could not be listed.
    #[must_use]
    pub fn skipped(&self) -> &[Skip] {
        &self.skipped
    }

    /// Returns the repository.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Tells whether there is a file, or a folder with files in it.
    pub(crate) fn holds(&self, path: &RepoPath) -> bool {
        if path.as_str().is_empty() {
            return true;
        }
        let from = self.entries.partition_point(|(each, _)| each < path);
        // Names such as `a-b` stand between `a` and `a/x`.
        let near =
            self.entries.iter().skip(from).take_while(|(each, _)| each.as_str().starts_with(path.as_str()));
        near.map(|(each, _)| each).any(|each| each.is_below(path))
    }

    /// Reads a regular file into the buffer. Links are not followed.
    ///
    /// # Errors
    /// The reason why it was not read.
    pub(crate) fn read(&self, path: &RepoPath, bound: u64, buffer: &mut Vec<u8>) -> Result<(), Unread> {
        match self.get(path) {
            Some(entry) if entry.mode.is_file() => self.store.read(entry.id, bound, buffer),
            _ => Err(Unread::Damaged("it is no file there".to_owned())),
        }
    }

    /// Returns the target of a symbolic link.
    pub(crate) fn target(&self, entry: Entry) -> Option<String> {
        let mut target = Vec::new();
        self.store.read(entry.id, LONGEST_PATH as u64, &mut target).ok()?;
        Some(String::from_utf8_lossy(&target).into_owned())
    }
}

/// Opens the index: the one that git names for its hooks, else the repository's own.
pub(super) fn index_of(repository: &Repository) -> Result<Index> {
    let index = match std::env::var_os("GIT_INDEX_FILE") {
        Some(path) => Index::open(&std::path::absolute(path)?),
        None => repository.index(),
    };
    index.context("failed to read the index")
}

fn missing(folder: &str) -> String {
    format!("the folder `{folder}` of the commit is missing or damaged")
}

/// Returns 0 for an entry without a conflict.
fn stage(entry: &IndexEntry) -> u16 {
    (entry.flags >> 12) & 0x3
}

/// Tells whether `git add --intent-to-add` made the entry: the next commit will not hold it.
fn is_intended(entry: &IndexEntry) -> bool {
    IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended).is_intent_to_add()
}
