//! Which files there are: the tree, what of it was asked for, and what is never edited.

mod attributes;
mod objects;
mod tree;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use caulk_transforms::{model::Protection, path::RepoPath};
use ignore::{DirEntry, WalkBuilder, WalkState, gitignore::Gitignore};
use rayon::slice::ParallelSliceMut as _;

pub use self::tree::Tree;
use crate::{
    config,
    read::{Skip, Trouble},
    sink::write::is_temporary,
};

/// Folders that hold a version control system's own files.
const CLOSED: [&str; 4] = [".git", ".hg", ".svn", ".jj"];

/// A file that may be a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its path inside the tree.
    pub path: RepoPath,
    /// Whether it was named on the command line, so that its problems are told whatever it holds.
    pub named: bool,
    /// Whether findings in it are wanted. A file outside is read for what it says about the others.
    pub asked: bool,
    /// Why it must not be edited, where its path or an attribute says so.
    pub protection: Option<Protection>,
}

/// What lies in a tree.
#[derive(Debug, Default)]
pub struct Listing {
    /// The files, sorted by path.
    pub files: Vec<Candidate>,
    /// What could not be listed.
    pub skipped: Vec<Skip>,
    /// Every other file: kustomizations may name them.
    pub others: Vec<RepoPath>,
    /// Temporary files that a killed run left behind, or that a living one is about to rename.
    pub temporaries: Vec<PathBuf>,
}

/// Lists the YAML files of a tree. `exclude` holds the patterns of the configuration. Large lists are sorted by the threads of
/// the pool that this is called in.
///
/// # Errors
/// If a pattern of `exclude` is malformed.
pub fn list(tree: &Tree, exclude: &[String], threads: usize) -> Result<Listing> {
    let excluded = patterns(tree.root(), exclude)?;
    let mut found = Found::default();
    for start in tree.starts() {
        // What was named is looked at even where .gitignore hid it from the first walk, which is of the root.
        if !found.yaml.iter().any(|seen| seen.is_below(&start)) {
            match tree.snapshot() {
                Some(snapshot) => objects::walk(snapshot, &start, &mut found),
                None => walk(tree, &tree.disk(&start), threads, &mut found),
            }
        }
    }
    found.skipped.extend(tree.snapshot().into_iter().flat_map(|snapshot| snapshot.skipped().iter().cloned()));
    let mut listing = Listing {
        files: Vec::with_capacity(found.yaml.len()),
        skipped: found.skipped,
        others: found.others,
        temporaries: found.temporaries,
    };
    let generated = attributes::Attributes::read(tree, &found.attributes, &mut listing.skipped);
    // Paths are smaller than candidates, so they are what is moved about.
    found.yaml.par_sort_unstable();
    found.yaml.dedup();
    for path in found.yaml {
        if inside_forge(&path) {
            if tree.names(&path) {
                listing.skipped.push(Skip::new(path.as_str(), Trouble::Forge));
            }
            listing.others.push(path);
        } else if path.as_str() != config::NAME {
            let candidate = candidate(tree, path, &excluded, &generated);
            if candidate.named && !candidate.asked {
                listing.skipped.push(Skip::new(candidate.path.as_str(), Trouble::Excluded));
            }
            listing.files.push(candidate);
        }
    }
    listing.skipped.sort();
    listing.skipped.dedup();
    Ok(listing)
}

fn candidate(
    tree: &Tree,
    path: RepoPath,
    excluded: &Gitignore,
    generated: &attributes::Attributes,
) -> Candidate {
    let protection = protection(&path, excluded, generated);
    // What is excluded is still read: an overlay there decides what a file elsewhere becomes.
    let asked = protection != Some(Protection::Excluded) && tree.asks_for(&path);
    Candidate { named: tree.names(&path), asked, protection, path }
}

#[derive(Debug, Default)]
struct Found {
    yaml: Vec<RepoPath>,
    others: Vec<RepoPath>,
    attributes: Vec<RepoPath>,
    temporaries: Vec<PathBuf>,
    skipped: Vec<Skip>,
}

/// What the name of a file says about it.
enum Kind {
    Yaml,
    Attributes,
    Temporary,
    Other,
}

enum Seen {
    Yaml(RepoPath),
    Attributes(RepoPath),
    Other(RepoPath),
    Temporary(PathBuf),
    Trouble(Skip),
}

/// Walks below one start in parallel. The order of what comes back is not fixed; the caller sorts.
fn walk(tree: &Tree, start: &Path, threads: usize, found: &mut Found) {
    let mut builder = WalkBuilder::new(start);
    builder
        .threads(threads)
        .follow_links(false)
        // Manifests live in `.kube/` and the like as well; what git does not track stays out through .gitignore.
        .hidden(false)
        .ignore(false)
        // A run must not depend on a person's own settings.
        .git_global(false)
        .filter_entry(|entry| {
            !(entry.depth() > 0 && is_folder(entry) && CLOSED.iter().any(|name| entry.file_name() == *name))
        });
    let all = Mutex::new(Found::default());
    builder.build_parallel().run(|| {
        let mut own = Own { found: Found::default(), all: &all };
        Box::new(move |entry| {
            if let Some(seen) = look(tree, entry) {
                own.found.add(seen);
            }
            WalkState::Continue
        })
    });
    found.append(all.into_inner().unwrap_or_else(PoisonError::into_inner));
}

/// What one thread finds. It hands all of it over when it is done.
struct Own<'a> {
    found: Found,
    all: &'a Mutex<Found>,
}

impl Drop for Own<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.append(std::mem::take(&mut self.found));
    }
}

impl Found {
    fn add(&mut self, seen: Seen) {
        match seen {
            Seen::Yaml(path) => self.yaml.push(path),
            Seen::Other(path) => self.others.push(path),
            Seen::Attributes(path) => self.attributes.push(path),
            Seen::Temporary(path) => self.temporaries.push(path),
            Seen::Trouble(skip) => self.skipped.push(skip),
        }
    }

    fn append(&mut self, mut more: Self) {
        self.yaml.append(&mut more.yaml);
        self.others.append(&mut more.others);
        self.attributes.append(&mut more.attributes);
        self.temporaries.append(&mut more.temporaries);
        self.skipped.append(&mut more.skipped);
    }
}

fn look(tree: &Tree, entry: Result<DirEntry, ignore::Error>) -> Option<Seen> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return Some(Seen::Trouble(failure(tree, &error))),
    };
    let kind = entry.file_type()?;
    if kind.is_symlink() {
        return link(tree, entry.path()).map(Seen::Trouble);
    }
    if !kind.is_file() {
        return None;
    }
    let kind = kind_of(entry.file_name().as_encoded_bytes(), entry.depth() == 0);
    if matches!(kind, Kind::Temporary) {
        return Some(Seen::Temporary(entry.into_path()));
    }
    match (tree.path_of(entry.path()), kind) {
        (Ok(path), Kind::Yaml) => Some(Seen::Yaml(path)),
        (Err(reason), Kind::Yaml) => {
            Some(Seen::Trouble(Skip::new(&tree.inside(entry.path(), entry.path()), Trouble::Name(reason))))
        }
        (Ok(path), Kind::Attributes) => Some(Seen::Attributes(path)),
        (path, _) => path.ok().map(Seen::Other),
    }
}

fn kind_of(name: &[u8], is_start: bool) -> Kind {
    // Kustomize knows its file under a name without an ending as well.
    let yaml = name.ends_with(b".yaml") || name.ends_with(b".yml") || name == b"Kustomization";
    match name {
        // What was named is looked at whatever its name.
        _ if yaml || is_start => Kind::Yaml,
        b".gitattributes" => Kind::Attributes,
        _ if is_temporary(name) => Kind::Temporary,
        _ => Kind::Other,
    }
}

/// Links are never followed: a target inside the tree is visited by itself, one outside is none of our business.
fn link(tree: &Tree, path: &Path) -> Option<Skip> {
    let inside = tree.inside(path, path);
    match fs::canonicalize(path) {
        Ok(target) if target.starts_with(tree.root()) => None,
        Ok(target) => Some(Skip::new(&inside, Trouble::LinkOutside(target.to_string_lossy().into_owned()))),
        // A loop or a dangling link holds no manifest.
        Err(_) => None,
    }
}

fn failure(tree: &Tree, error: &ignore::Error) -> Skip {
    fn path_of(error: &ignore::Error) -> Option<&Path> {
        match error {
            ignore::Error::WithPath { path, .. } => Some(path),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
            _ => None,
        }
    }
    let path = path_of(error).map_or_else(|| ".".to_owned(), |path| tree.inside(path, path));
    let reason = match error.io_error() {
        Some(error) => reason_of(error),
        None => error.to_string(),
    };
    Skip::new(&path, Trouble::Unreadable(reason))
}

/// Returns what the system says without its error number.
pub(crate) fn reason_of(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

fn inside_forge(path: &RepoPath) -> bool {
    path.as_str().split('/').any(|part| part == ".github")
}

fn patterns(root: &Path, lines: &[String]) -> Result<Gitignore> {
    let mut builder = ignore::gitignore::GitignoreBuilder::new(root);
    for line in lines {
        builder
            .add_line(None, line)
            .with_context(|| format!("the pattern `{line}` of `exclude` is malformed"))?;
    }
    builder.build().context("the patterns of `exclude` do not work together")
}

fn protection(
    path: &RepoPath,
    excluded: &Gitignore,
    generated: &attributes::Attributes,
) -> Option<Protection> {
    if !excluded.is_empty() && excluded.matched_path_or_any_parents(path.as_str(), false).is_ignore() {
        return Some(Protection::Excluded);
    }
    generated.protection(path)
}

#[cfg(test)]
mod tests;
