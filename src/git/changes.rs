//! What changed between two states of a repository, and where they parted.

use std::ops::RangeInclusive;

use anyhow::{Context as _, Result};
use caulk_transforms::path::RepoPath;
use git2::{Delta, Diff, DiffFindOptions, DiffOptions, Index, Oid, Patch, Repository, Tree};

use super::store::Store;

/// A larger file is changed as a whole, as in the forge's own views.
const LARGEST: i64 = 16 << 20;

/// More renames than these are not looked for: finding them takes time that grows with their square.
const MOST_RENAMES: usize = 400;

/// A file that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its path now; as it was, if it is gone.
    pub path: RepoPath,
    /// Its path before, if it was renamed.
    pub renamed_from: Option<RepoPath>,
    /// What became of it.
    pub kind: Kind,
    /// Whether it has no lines, or too many, so that `hunks` and `touched` are empty.
    pub opaque: bool,
    /// The lines of the new text in each hunk of the diff with three lines of context, from 1.
    pub hunks: Vec<RangeInclusive<u32>>,
    /// The lines of the new text that were added or changed, from 1.
    pub touched: Vec<RangeInclusive<u32>>,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another content, mode or path.
    Modified,
}

/// Finds a commit by what a person calls it: a branch, a tag, `HEAD~2`, an object's name.
///
/// # Errors
/// If there is no such commit.
pub fn resolve(store: &Store, revision: &str) -> Result<Oid> {
    let repository = store.repository()?;
    let object = repository.revparse_single(revision);
    let object =
        object.with_context(|| format!("there is no commit `{revision}` in {}", store.folder().display()))?;
    let commit = object.peel_to_commit();
    Ok(commit.with_context(|| format!("`{revision}` is no commit"))?.id())
}

/// Returns the commit that HEAD stands for; `None` before the first commit.
///
/// # Errors
/// If HEAD is damaged.
pub fn head(store: &Store) -> Result<Option<Oid>> {
    let repository = store.repository()?;
    match repository.head() {
        Ok(head) => Ok(Some(head.peel_to_commit().context("HEAD is no commit")?.id())),
        Err(error) if error.code() == git2::ErrorCode::UnbornBranch => Ok(None),
        Err(error) => Err(error).context("HEAD cannot be read"),
    }
}

/// Returns the commit where two histories parted.
///
/// # Errors
/// If they have none in common, as in a clone that is too shallow.
pub fn merge_base(store: &Store, one: Oid, other: Oid) -> Result<Oid> {
    let repository = store.repository()?;
    let shallow =
        if repository.is_shallow() { "; the clone is shallow: fetch more of its history" } else { "" };
    repository
        .merge_base(one, other)
        .with_context(|| format!("{one} and {other} have no commit in common here{shallow}"))
}

/// Returns what changed from one commit to another, by path.
///
/// # Errors
/// If an object is missing.
pub fn between(store: &Store, from: Oid, to: Oid) -> Result<Vec<Changed>> {
    let repository = store.repository()?;
    let new = tree(&repository, to)?;
    let diff =
        repository.diff_tree_to_tree(Some(&tree(&repository, from)?), Some(&new), Some(&mut options()))?;
    read(diff)
}

/// Returns what changed from a commit to the index, by path. Without a commit everything is new.
///
/// # Errors
/// If an object is missing, or the index is damaged.
pub fn staged(store: &Store, from: Option<Oid>) -> Result<Vec<Changed>> {
    let repository = store.repository()?;
    let old = from.map(|from| tree(&repository, from)).transpose()?;
    let index: Index = super::snapshot::index_of(&repository)?;
    read(repository.diff_tree_to_index(old.as_ref(), Some(&index), Some(&mut options()))?)
}

fn tree(repository: &Repository, commit: Oid) -> Result<Tree<'_>> {
    Ok(repository.find_commit(commit).with_context(|| format!("the commit {commit} is not there"))?.tree()?)
}

fn options() -> DiffOptions {
    let mut options = DiffOptions::new();
    // Nothing that the repository configures may bear on this.
    options.context_lines(3).max_size(LARGEST).ignore_submodules(true);
    options
}

fn read(mut diff: Diff<'_>) -> Result<Vec<Changed>> {
    diff.find_similar(Some(DiffFindOptions::new().renames(true).rename_limit(MOST_RENAMES)))?;
    let mut changes = Vec::new();
    for (number, delta) in diff.deltas().enumerate() {
        let kind = match delta.status() {
            Delta::Added | Delta::Copied => Kind::Added,
            Delta::Deleted => Kind::Removed,
            Delta::Modified | Delta::Renamed | Delta::Typechange => Kind::Modified,
            _ => continue,
        };
        let path =
            |file: git2::DiffFile<'_>| RepoPath::new(std::str::from_utf8(file.path_bytes()?).ok()?).ok();
        let (old, new) = (path(delta.old_file()), path(delta.new_file()));
        // Names that are not UTF-8 are nothing that caulk reads.
        let Some(here) = new.or_else(|| old.clone()) else { continue };
        let patch = Patch::from_diff(&diff, number).ok().flatten();
        let opaque = patch.as_ref().is_none_or(|patch| patch.delta().flags().is_binary());
        let (hunks, touched) = match patch.filter(|_| !opaque) {
            Some(patch) => lines(&patch)?,
            None => (Vec::new(), Vec::new()),
        };
        let renamed_from = old.filter(|old| *old != here && delta.status() == Delta::Renamed);
        changes.push(Changed { path: here, renamed_from, kind, opaque, hunks, touched });
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

/// The lines of the hunks, and those that were added.
type Lines = (Vec<RangeInclusive<u32>>, Vec<RangeInclusive<u32>>);

fn lines(patch: &Patch<'_>) -> Result<Lines> {
    let (mut hunks, mut touched) = (Vec::new(), Vec::new());
    for number in 0..patch.num_hunks() {
        let (hunk, count) = patch.hunk(number)?;
        if hunk.new_lines() > 0 {
            hunks.push(hunk.new_start()..=hunk.new_start() + hunk.new_lines() - 1);
        }
        for line in 0..count {
            let line = patch.line_in_hunk(number, line)?;
            let Some(at) = line.new_lineno().filter(|_| line.origin() == '+') else { continue };
            match touched.last_mut() {
                Some(last) if *RangeInclusive::end(last) + 1 == at => *last = *last.start()..=at,
                _ => touched.push(at..=at),
            }
        }
    }
    Ok((hunks, touched))
}
