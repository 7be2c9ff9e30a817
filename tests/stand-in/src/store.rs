//! The bare repositories: what libgit2 does for the server.

use std::path::Path;

use git2::{
    Commit, Delta, Diff, DiffFindOptions, DiffOptions, FileMode, ObjectType, Oid, Patch, Signature, Sort,
    build::TreeUpdateBuilder,
};

use crate::refusal::Refusal;

type Result<T> = std::result::Result<T, Refusal>;

/// A file that differs between two commits.
#[derive(Debug, Clone)]
pub(crate) struct FileDiff {
    pub(crate) path: String,
    pub(crate) previous: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) blob: String,
    pub(crate) additions: usize,
    pub(crate) deletions: usize,
    /// The hunks, without the lines before the first `@@`; none for binary files and very large changes.
    pub(crate) patch: Option<String>,
}

/// Files with more changed lines are listed without their patch, and nobody can comment on them.
const MOST_LINES: usize = 3000;

/// Makes a bare repository that git's own server may serve.
pub(crate) fn init(path: &Path, default_branch: &str) -> Result<git2::Repository> {
    let mut options = git2::RepositoryInitOptions::new();
    options.bare(true).mkpath(true).no_reinit(true).external_template(false);
    options.initial_head(default_branch);
    let repository = git2::Repository::init_opts(path, &options)?;
    configure(&repository)?;
    Ok(repository)
}

pub(crate) fn configure(repository: &git2::Repository) -> Result<()> {
    let mut config = repository.config()?;
    for name in ["http.receivepack", "uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        config.set_bool(name, true)?;
    }
    Ok(())
}

pub(crate) fn open(path: &Path) -> Result<git2::Repository> {
    Ok(git2::Repository::open_bare(path)?)
}

pub(crate) fn oid(text: &str) -> Result<Oid> {
    if text.len() != 40 {
        return Err(Refusal::new(
            422,
            "The sha parameter must be exactly 40 characters and contain only [0-9a-f].",
        ));
    }
    Ok(Oid::from_str(text)?)
}

/// Returns what a full reference points to.
pub(crate) fn reference(repository: &git2::Repository, name: &str) -> Option<Oid> {
    repository.find_reference(name).ok()?.target()
}

pub(crate) fn branch(repository: &git2::Repository, name: &str) -> Option<String> {
    reference(repository, &format!("refs/heads/{name}")).map(|oid| oid.to_string())
}

/// Finds a commit by branch, tag or name.
pub(crate) fn commit<'r>(repository: &'r git2::Repository, revision: &str) -> Result<Commit<'r>> {
    let full = [format!("refs/heads/{revision}"), format!("refs/tags/{revision}"), revision.to_owned()];
    for name in &full {
        if let Some(oid) = reference(repository, name) {
            return Ok(repository.find_object(oid, None)?.peel_to_commit()?);
        }
    }
    let Ok(oid) = Oid::from_str(revision) else { return Err(Refusal::not_found()) };
    repository.find_commit(oid).map_err(|_| Refusal::not_found())
}

/// A change of a path: new bytes with their mode, or none to remove it.
pub(crate) type Change = (String, Option<(Vec<u8>, FileMode)>);

/// Makes a commit that nothing points to.
pub(crate) fn write(
    repository: &git2::Repository,
    parent: Option<&str>,
    changes: &[Change],
    people: (&Signature<'_>, &Signature<'_>),
    message: &str,
) -> Result<String> {
    let parent = parent.map(|name| commit(repository, name)).transpose()?;
    let base = match &parent {
        Some(parent) => parent.tree()?,
        None => repository.find_tree(repository.treebuilder(None)?.write()?)?,
    };
    let mut update = TreeUpdateBuilder::new();
    for (path, change) in changes {
        match change {
            Some((bytes, mode)) => {
                let _ = update.upsert(path.as_str(), repository.blob(bytes)?, *mode);
            }
            None => {
                let _ = update.remove(path.as_str());
            }
        }
    }
    let tree = repository.find_tree(update.create_updated(repository, &base)?)?;
    let parents: Vec<&Commit<'_>> = parent.iter().collect();
    Ok(repository.commit(None, people.0, people.1, message, &tree, &parents)?.to_string())
}

/// Returns the mode of a path at a commit.
pub(crate) fn mode(repository: &git2::Repository, revision: &str, path: &str) -> Option<FileMode> {
    let tree = commit(repository, revision).ok()?.tree().ok()?;
    match tree.get_path(Path::new(path)).ok()?.filemode() {
        0o100_755 => Some(FileMode::BlobExecutable),
        0o120_000 => Some(FileMode::Link),
        _ => Some(FileMode::Blob),
    }
}

/// Returns the bytes of a path at a revision with the name of their blob.
pub(crate) fn file(repository: &git2::Repository, revision: &str, path: &str) -> Result<(Vec<u8>, String)> {
    let entry = commit(repository, revision)?.tree()?.get_path(Path::new(path))?;
    if entry.kind() != Some(ObjectType::Blob) {
        return Err(Refusal::not_found());
    }
    Ok((repository.find_blob(entry.id())?.content().to_vec(), entry.id().to_string()))
}

pub(crate) fn merge_base(repository: &git2::Repository, a: Oid, b: Oid) -> Option<Oid> {
    repository.merge_base(a, b).ok()
}

/// Returns the commits that only the second one has, oldest first.
pub(crate) fn between(repository: &git2::Repository, base: Oid, head: Oid) -> Result<Vec<Oid>> {
    let mut walk = repository.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
    walk.push(head)?;
    walk.hide(base)?;
    Ok(walk.filter_map(std::result::Result::ok).collect())
}

/// Returns what the head changes since it left the base.
pub(crate) fn diff(repository: &git2::Repository, base: Oid, head: Oid) -> Result<Vec<FileDiff>> {
    let from = merge_base(repository, base, head).unwrap_or(base);
    trees(repository, Some(from), head)
}

/// Returns how the trees of two commits differ.
pub(crate) fn trees(repository: &git2::Repository, from: Option<Oid>, to: Oid) -> Result<Vec<FileDiff>> {
    let old = from.map(|oid| repository.find_commit(oid)?.tree()).transpose()?;
    let new = repository.find_commit(to)?.tree()?;
    let mut options = DiffOptions::new();
    options.context_lines(3).id_abbrev(40);
    let mut diff = repository.diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options))?;
    diff.find_similar(Some(DiffFindOptions::new().renames(true)))?;
    (0..diff.deltas().len()).filter_map(|number| file_diff(&diff, number).transpose()).collect()
}

fn file_diff(diff: &Diff<'_>, number: usize) -> Result<Option<FileDiff>> {
    let Some(delta) = diff.get_delta(number) else { return Ok(None) };
    let name = |file: &git2::DiffFile<'_>| file.path().map(|path| path.to_string_lossy().into_owned());
    let status = match delta.status() {
        Delta::Added => "added",
        Delta::Deleted => "removed",
        Delta::Renamed => "renamed",
        _ => "modified",
    };
    let shown = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
    let (mut additions, mut deletions, mut hunks) = (0, 0, None);
    if let Some(mut patch) = Patch::from_diff(diff, number)? {
        (_, additions, deletions) = patch.line_stats()?;
        let text = String::from_utf8_lossy(&patch.to_buf()?).into_owned();
        let start = if text.starts_with("@@ ") { Some(0) } else { text.find("\n@@ ").map(|at| at + 1) };
        hunks = start.map(|at| text[at..].trim_end_matches('\n').to_owned());
    }
    Ok(Some(FileDiff {
        path: name(&shown).unwrap_or_default(),
        previous: name(&delta.old_file()).filter(|_| status == "renamed"),
        status,
        blob: shown.id().to_string(),
        additions,
        deletions,
        patch: hunks.filter(|_| additions + deletions <= MOST_LINES),
    }))
}

/// Brings a commit with everything that it needs from another repository, under a reference.
pub(crate) fn bring(into: &git2::Repository, from: &Path, branch: &str, reference: &str) -> Result<()> {
    let mut remote = into.remote_anonymous(&from.to_string_lossy())?;
    remote.fetch(&[format!("+refs/heads/{branch}:{reference}")], None, None)?;
    Ok(())
}
