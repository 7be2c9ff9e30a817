//! Runs that tell and mend only what is new: since a commit, in what is staged, beyond a baseline.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use caulk_transforms::{
    finding::Applicability,
    known::KnownFinding,
    path::RepoPath,
    plan::{Outcome, Plan, Verdict},
};

use super::{Prepared, Request, Run, configuration, overridden, read_tree, rule_names};
use crate::{
    config::{self, Authority, Config},
    git::{Oid, Snapshot, Store, changes},
    walk::Tree,
};

/// Which findings are wanted.
#[derive(Debug, Clone, Default)]
pub struct Narrowing {
    /// Those that a commit's history does not have: the commit where it parted from HEAD.
    pub since: Option<String>,
    /// Those that the index holds and HEAD does not. The index is read in place of the work tree.
    pub staged: bool,
    /// All of those in the index, where it is as HEAD.
    pub or_all: bool,
    /// Those besides these.
    pub known: Vec<KnownFinding>,
}

impl Narrowing {
    /// Tells whether all findings are wanted.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.since.is_none() && !self.staged && self.known.is_empty()
    }
}

/// Plans what is to be done in a tree, for new findings alone. New is what another state of the tree, looked at with the same
/// configuration, does not have at the same place of the same object; wherever it stands, because a change in one file can break another.
///
/// # Errors
/// As [`super::run`], and if there is no git repository or no such commit.
pub fn run_narrowed(request: &Request, folder: &Path, narrowing: &Narrowing) -> Result<Run> {
    let (tree, skipped) = Tree::find(&request.paths, folder);
    let mut known = narrowing.known.clone();
    if narrowing.since.is_none() && !narrowing.staged {
        let config = configuration(request, tree.root())?;
        return read_tree(request, tree, skipped, config)?.run_beyond(request, known);
    }
    let (store, inside) = Store::around(tree.root())?;
    let store = Arc::new(store);
    let (tree, config) = match narrowing.staged {
        false => {
            let config = configuration(request, tree.root())?;
            (tree, config)
        }
        true => {
            let tree = tree.reading(Arc::new(Snapshot::of_index(&store)?.within(&inside)));
            let config = match &request.config {
                Some(_) => configuration(request, tree.root())?,
                None => {
                    let own = config::of_tree(&Authority::Own, &tree, &rule_names(request)?)?.0;
                    overridden(own, request)
                }
            };
            (tree, config)
        }
    };
    if let Some(base) = base(&store, narrowing)? {
        known.extend(known_at(request, &store, base, &inside, &config)?);
    }
    read_tree(request, tree, skipped, config)?.run_beyond(request, known)
}

/// Returns the commit that says what is known; `None` where all is new: before the first commit, or where all is asked for.
fn base(store: &Store, narrowing: &Narrowing) -> Result<Option<Oid>> {
    let head = changes::head(store)?;
    match &narrowing.since {
        None if narrowing.or_all && changes::staged(store, head)?.is_empty() => Ok(None),
        None => Ok(head),
        Some(revision) => {
            let head = head.context("there is no commit yet to compare with")?;
            Ok(Some(changes::merge_base(store, head, changes::resolve(store, revision)?)?))
        }
    }
}

/// Returns the findings of a commit, at the paths that their files have now.
fn known_at(
    request: &Request,
    store: &Arc<Store>,
    commit: Oid,
    inside: &RepoPath,
    config: &Config,
) -> Result<Vec<KnownFinding>> {
    let snapshot = Snapshot::of_commit(store, commit)?.within(inside);
    let whole = Request { paths: vec![".".into()], tier: Applicability::Safe, ..request.clone() };
    let (tree, skipped) = Tree::of_snapshot(Arc::new(snapshot), &whole.paths);
    let run = read_tree(&whole, tree, skipped, config.clone())?.run(&whole)?;
    let mut known = known(&run.plan);
    let renamed: BTreeMap<RepoPath, RepoPath> = changes::staged(store, Some(commit))?
        .into_iter()
        .filter_map(|changed| Some((below(&changed.renamed_from?, inside)?, below(&changed.path, inside)?)))
        .collect();
    for finding in &mut known {
        if let Some(path) = renamed.get(&finding.path) {
            finding.path = path.clone();
        }
    }
    Ok(known)
}

fn below(path: &RepoPath, folder: &RepoPath) -> Option<RepoPath> {
    if folder.as_str().is_empty() {
        return Some(path.clone());
    }
    RepoPath::new(path.as_str().strip_prefix(folder.as_str())?.strip_prefix('/')?).ok()
}

/// Returns the findings of a commit, looked at with the configuration that counts for a later one, at the paths of their time.
///
/// # Errors
/// As [`super::run_tree`].
pub fn known_before(
    request: &Request,
    store: &Arc<Store>,
    before: Oid,
    later: Oid,
    authority: &Authority,
) -> Result<Vec<KnownFinding>> {
    let (tree, _) = Tree::of_snapshot(Arc::new(Snapshot::of_commit(store, later)?), &request.paths);
    let config = overridden(config::of_tree(authority, &tree, &rule_names(request)?)?.0, request);
    let (tree, skipped) = Tree::of_snapshot(Arc::new(Snapshot::of_commit(store, before)?), &request.paths);
    Ok(known(&read_tree(request, tree, skipped, config)?.run(request)?.plan))
}

/// Returns the findings of a plan that no comment silences.
#[must_use]
pub fn known(plan: &Plan) -> Vec<KnownFinding> {
    plan.outcomes.iter().filter(|outcome| is_open(outcome)).map(as_known).collect()
}

/// Tells whether no comment silences a finding.
#[must_use]
pub const fn is_open(outcome: &Outcome) -> bool {
    !matches!(outcome.verdict, Verdict::Suppressed(_))
}

/// Returns what a finding is told again by.
#[must_use]
pub fn as_known(outcome: &Outcome) -> KnownFinding {
    KnownFinding {
        rule: outcome.finding.rule.to_owned(),
        path: outcome.path.clone(),
        subject: outcome.finding.subject.clone(),
        place: outcome.finding.place.clone(),
    }
}

impl Prepared {
    fn run_beyond(self, request: &Request, known: Vec<KnownFinding>) -> Result<Run> {
        Self { known, ..self }.run(request)
    }
}
