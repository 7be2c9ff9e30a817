//! One run: read, ask, answer, plan. What becomes of the plan is the sinks' affair.

mod explained;
mod narrowed;
mod settings;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use caulk_transforms::{
    finding::{Applicability, FileId, Remedy, RuleId},
    image::ImageRef,
    known::KnownFinding,
    model::{self, Repository, SourceFile, address::Address},
    path::RepoPath,
    plan::{self, Outcome, Plan, Policy, Verdict},
    rules,
    workers::{Work, Workers},
};
use rayon::prelude::*;

pub use self::explained::explain;
pub use self::narrowed::{Narrowing, as_known, is_open, known, known_before, run_narrowed};
use self::settings::{configuration, idle, least, overridden, policy, rule_names};
use crate::{
    config::{self, Authority, Config},
    facts,
    git::{Oid, Snapshot, Store, origin},
    read::{self, Skip, Thoroughness},
    sink::progress::Progress,
    walk::{self, Tree},
};

/// What is asked of a run.
#[derive(Debug, Clone)]
pub struct Request {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// The configuration, if not the repository's own.
    pub config: Option<PathBuf>,
    /// The cluster's DNS domain, over that of the configuration.
    pub cluster_domain: Option<String>,
    /// Rules by name; empty means those that are on.
    pub rules: Vec<String>,
    /// The lowest tier that is applied.
    pub tier: Applicability,
    /// How thoroughly files are read.
    pub thoroughness: Thoroughness,
    /// How many threads work.
    pub threads: usize,
    /// Where answers about images come from.
    pub sources: facts::Options,
    /// The addresses of the repository, where whoever asks knows them better than its checkout.
    pub addresses: Vec<Address>,
}

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    /// The tree that was looked at.
    pub tree: Tree,
    /// What was found, and what is to change.
    pub plan: Plan,
    /// What could not be used.
    pub skipped: Vec<Skip>,
    /// How many files were looked at.
    pub files: usize,
    /// Temporary files of other runs, dead or alive.
    pub temporaries: Vec<PathBuf>,
    /// The rules that did not run, each with the reason.
    pub idle: Vec<(RuleId, String)>,
    /// The model that the plan was made on.
    pub repository: Repository,
    /// What the tree's own configuration says and may not, each as a sentence.
    pub disregarded: Vec<String>,
    /// Images that could not be asked about, with the files that they run in and the reason.
    pub unasked: Vec<Unasked>,
    /// Entries of kustomizations that were not followed, by path and line.
    pub unfollowed: BTreeSet<Unfollowed>,
}

/// An entry of a kustomization that was not followed: what it brings or changes is not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unfollowed {
    /// The file.
    pub path: RepoPath,
    /// The line.
    pub line: u32,
    /// Why not.
    pub reason: String,
    /// Whether kustomize itself fails because of it.
    pub breaks: bool,
}

/// An image that could not be asked about, so that what is known of it now may be less than before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unasked {
    /// The file.
    pub path: RepoPath,
    /// The image.
    pub image: ImageRef,
    /// Why not.
    pub reason: String,
}

/// Plans what is to be done in a tree.
///
/// # Errors
/// If the configuration or an option is wrong. Problems of single files are part of the result.
pub fn run(request: &Request, folder: &Path) -> Result<Run> {
    prepare(request, folder)?.run(request)
}

/// Plans what is to be done in a commit, read from the objects of its repository alone. The paths of the request count from
/// the commit's root; its `config` is not looked at, because `authority` says whose configuration counts.
///
/// # Errors
/// As [`run`], and if the commit is missing or damaged.
pub fn run_tree(request: &Request, store: &Arc<Store>, commit: Oid, authority: &Authority) -> Result<Run> {
    let snapshot = Arc::new(Snapshot::of_commit(store, commit)?);
    let (tree, skipped) = Tree::of_snapshot(snapshot, &request.paths);
    let (config, disregarded) = config::of_tree(authority, &tree, &rule_names(request)?)?;
    let prepared = read_tree(request, tree, skipped, overridden(config, request))?;
    Ok(Run { disregarded, ..prepared.run(request)? })
}

/// Returns the images that a tree's containers name.
///
/// # Errors
/// As [`run`].
pub fn images(request: &Request, folder: &Path) -> Result<BTreeSet<ImageRef>> {
    let prepared = prepare(request, folder)?;
    let named = prepared.repository.containers().iter().filter_map(|container| container.image.as_ref());
    Ok(named.filter_map(|image| ImageRef::parse(&image.text).ok()).collect())
}

/// A tree that has been read.
struct Prepared {
    tree: Tree,
    config: Config,
    repository: Repository,
    /// The paths that findings are wanted for.
    asked: Vec<RepoPath>,
    skipped: Vec<Skip>,
    temporaries: Vec<PathBuf>,
    /// Findings that are not told.
    known: Vec<KnownFinding>,
}

fn prepare(request: &Request, folder: &Path) -> Result<Prepared> {
    let (tree, skipped) = Tree::find(&request.paths, folder);
    let config = configuration(request, tree.root())?;
    read_tree(request, tree, skipped, config)
}

fn read_tree(request: &Request, tree: Tree, mut skipped: Vec<Skip>, config: Config) -> Result<Prepared> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(request.threads).build();
    let pool = pool.context("no threads to be had")?;
    let listing = pool.install(|| walk::list(&tree, &config.exclude, pool.current_num_threads()))?;
    let progress = Progress::begin("reading", listing.files.len());
    let thoroughness = request.thoroughness.max(least(&config.selection(&request.rules)));
    let reading = pool.install(|| read::read(&tree, &listing.files, thoroughness, &progress));
    drop(progress);

    // They are sorted, as the listing is.
    let asked = listing.files.iter().filter(|file| file.asked).map(|file| file.path.clone());
    let asked: Vec<RepoPath> = asked.collect();
    let is_asked = |path: &str| asked.binary_search_by(|each| each.as_str().cmp(path)).is_ok();
    let broken = reading.skipped.iter().filter_map(|skip| RepoPath::new(&skip.path).ok()).collect();
    skipped.extend(listing.skipped);
    // A broken file that nobody asked about is not what this run is for.
    skipped.extend(reading.skipped.into_iter().filter(|skip| is_asked(&skip.path)));
    let mut others = listing.others;
    others.extend(reading.others);
    let workers = Workers::new(Arc::new(Pool(pool)));
    let repository = Repository::build_with(reading.files, workers)
        .with_others(others)
        .with_broken(broken)
        .with_addresses(addresses(request, &tree));
    Ok(Prepared {
        tree,
        config,
        repository,
        asked,
        skipped,
        temporaries: listing.temporaries,
        known: Vec::new(),
    })
}

/// Returns the addresses of the repository that a tree is of.
fn addresses(request: &Request, tree: &Tree) -> Vec<Address> {
    if !request.addresses.is_empty() {
        return request.addresses.clone();
    }
    match tree.snapshot() {
        Some(snapshot) => origin::addresses(snapshot.store()),
        None => Store::around(tree.root()).map(|(store, _)| origin::addresses(&store)).unwrap_or_default(),
    }
}

/// Threads for pieces of work that do not depend on each other.
struct Pool(rayon::ThreadPool);

impl Work for Pool {
    fn each(&self, count: usize, piece: &(dyn Fn(usize) + Sync)) {
        // Pieces differ much in size: handed out singly, none waits behind a large one.
        self.0.install(|| (0..count).into_par_iter().with_max_len(1).for_each(piece));
    }
}

impl Prepared {
    fn run(self, request: &Request) -> Result<Run> {
        let mut sources = self.sources(request)?;
        let policy = Policy { known: self.known.clone(), ..policy(request, &self.config) };
        let plan = plan::mend(&self.repository, rules::ALL, &policy, &mut |questions, facts| {
            sources.answer(questions, facts);
        });
        let unasked = unasked(&self.repository, &sources.missed());
        sources.close()?;
        Ok(Run { unasked, ..self.finish(plan, request) })
    }

    fn sources(&self, request: &Request) -> Result<facts::Sources> {
        Ok(facts::Sources::open(&self.config, &self.tree, &request.sources)?.knowing(&self.repository))
    }

    fn finish(self, mut plan: Plan, request: &Request) -> Run {
        plan.outcomes.retain(|outcome| self.asks_for(&outcome.path));
        plan.unused.retain(|unused| self.asks_for(&unused.path));
        Run {
            plan,
            unfollowed: self.unfollowed(),
            skipped: self.skipped,
            files: self.asked.len(),
            temporaries: self.temporaries,
            idle: idle(request, &self.config),
            repository: self.repository,
            tree: self.tree,
            disregarded: Vec::new(),
            unasked: Vec::new(),
        }
    }

    /// Finds the entries of kustomizations that were not followed, in the files that findings are wanted for.
    fn unfollowed(&self) -> BTreeSet<Unfollowed> {
        let placements = self.repository.placements();
        let told = placements.problems().filter_map(|(_, problem)| {
            let (file, line) = placements.line(problem.at?);
            let path = self.repository.file(file).path.clone();
            Some(Unfollowed { path, line, reason: problem.kind.to_string(), breaks: problem.breaks() })
        });
        told.filter(|entry| self.asks_for(&entry.path)).collect()
    }

    /// Tells whether findings in the file are wanted.
    fn asks_for(&self, path: &RepoPath) -> bool {
        self.asked.binary_search(path).is_ok()
    }
}

/// Finds the files that images run in.
fn unasked(repository: &Repository, missed: &BTreeMap<ImageRef, String>) -> Vec<Unasked> {
    let mut found = BTreeSet::new();
    let containers = if missed.is_empty() { &[][..] } else { repository.containers() };
    for container in containers {
        for image in model::explain::images_of(repository, container) {
            let Some(reason) = missed.get(&image) else { continue };
            let path = repository.file(container.file).path.clone();
            found.insert(Unasked { path, image, reason: reason.clone() });
        }
    }
    found.into_iter().collect()
}

/// Plans what is to be done in one text that lies in no tree.
///
/// # Errors
/// As [`run`].
pub fn run_text(request: &Request, folder: &Path, name: &str, bytes: &[u8]) -> Result<Run> {
    let (tree, _) = Tree::find(&[PathBuf::from(".")], folder);
    let config = configuration(request, tree.root())?;
    let path = RepoPath::new(name).context("a bad name for the text")?;
    let (mut plan, mut skipped) = (Plan::default(), Vec::new());
    let mut repository = Repository::default();
    match read::parse(bytes) {
        Ok(stream) => {
            repository = Repository::build(vec![SourceFile { path, stream, protection: None }]);
            let mut sources = facts::Sources::open(&config, &tree, &request.sources)?;
            plan = mend(&repository, request, &config, &mut sources);
            sources.close()?;
        }
        Err(trouble) => skipped.push(Skip::new(name, trouble)),
    }
    let idle = idle(request, &config);
    Ok(Run {
        tree,
        plan,
        skipped,
        files: 1,
        temporaries: Vec::new(),
        idle,
        repository,
        disregarded: Vec::new(),
        unasked: Vec::new(),
        unfollowed: BTreeSet::new(),
    })
}

fn mend(repository: &Repository, request: &Request, config: &Config, sources: &mut facts::Sources) -> Plan {
    plan::mend(repository, rules::ALL, &policy(request, config), &mut |questions, facts| {
        sources.answer(questions, facts);
    })
}

impl Run {
    /// Returns the changes in groups that are written all or none: the files of one fix belong together.
    #[must_use]
    pub fn groups(&self) -> BTreeMap<&RepoPath, usize> {
        let mut groups: BTreeMap<&RepoPath, usize> =
            self.plan.changes.iter().zip(0..).map(|(change, number)| (&change.path, number)).collect();
        for outcome in &self.plan.outcomes {
            let (Verdict::Mended, Remedy::Fix(fix)) = (&outcome.verdict, &outcome.finding.remedy) else {
                continue;
            };
            let path_of = |file: &FileId| self.repository.files().get(file.0 as usize).map(|file| &file.path);
            let numbers: Vec<usize> =
                fix.edits.keys().filter_map(path_of).filter_map(|path| groups.get(path).copied()).collect();
            let Some(&first) = numbers.first() else { continue };
            groups.values_mut().filter(|number| numbers.contains(number)).for_each(|number| *number = first);
        }
        groups
    }

    /// Takes note that a file could not be written: its findings are not mended after all.
    pub fn not_written(&mut self, path: &RepoPath, reason: &str) {
        for outcome in self.plan.outcomes.iter_mut().filter(|outcome| outcome.path == *path) {
            if outcome.verdict == Verdict::Mended {
                outcome.verdict = Verdict::Withheld(format!("the file was not written: {reason}"));
            }
        }
        self.plan.changes.retain(|change| change.path != *path);
    }
}

/// Returns the tier of what remains of a finding when the changes were not (or could not be) written; `None` if it needs
/// nobody any more.
#[must_use]
pub fn remaining(outcome: &Outcome, written: bool) -> Option<Applicability> {
    match (&outcome.verdict, &outcome.finding.remedy) {
        (Verdict::Suppressed(_), _) => None,
        (Verdict::Mended, _) if written => None,
        (_, Remedy::Fix(fix)) => Some(fix.applicability),
        (_, Remedy::Withheld(_)) => Some(Applicability::Display),
    }
}
