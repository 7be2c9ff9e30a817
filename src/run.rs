//! One run: read, ask, answer, plan. What becomes of the plan is the sinks' affair.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use caulk_transforms::{
    finding::{Applicability, FileId, Remedy, RuleId},
    model::{Repository, SourceFile},
    path::RepoPath,
    plan::{self, Outcome, Plan, Policy, Verdict},
    rules,
};

use crate::{
    config::{self, Config},
    facts,
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
    /// The paths of the files by their numbers.
    paths: Vec<RepoPath>,
}

/// Plans what is to be done in a tree.
///
/// # Errors
/// If the configuration or an option is wrong. Problems of single files are part of the result.
pub fn run(request: &Request, folder: &Path) -> Result<Run> {
    let (tree, missing) = Tree::find(&request.paths, folder);
    let config = configuration(request, tree.root())?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(request.threads)
        .build()
        .context("no threads to be had")?;
    let threads = pool.current_num_threads();
    let listing = walk::list(&tree, &config.exclude, threads)?;
    let progress = Progress::begin("reading", listing.files.len());
    let reading = pool.install(|| read::read(&tree, &listing.files, request.thoroughness, &progress));
    drop(progress);

    let asked: BTreeSet<&str> =
        listing.files.iter().filter(|file| file.asked).map(|file| file.path.as_str()).collect();
    let mut skipped = missing;
    skipped.extend(listing.skipped);
    // A broken file that nobody asked about is not what this run is for.
    skipped.extend(reading.skipped.into_iter().filter(|skip| asked.contains(skip.path.as_str())));
    let paths = reading.files.iter().map(|file| file.path.clone()).collect();
    let mut plan = mend(reading.files, request, &config);
    plan.outcomes.retain(|outcome| asked.contains(outcome.path.as_str()));
    plan.unused.retain(|unused| asked.contains(unused.path.as_str()));
    let files = asked.len();
    let temporaries = listing.temporaries;
    Ok(Run { tree, plan, skipped, files, temporaries, idle: idle(request, &config), paths })
}

/// Plans what is to be done in one text that lies in no tree.
///
/// # Errors
/// As [`run`].
pub fn run_text(request: &Request, folder: &Path, name: &str, bytes: Vec<u8>) -> Result<Run> {
    let (tree, _) = Tree::find(&[PathBuf::from(".")], folder);
    let config = configuration(request, tree.root())?;
    let path = RepoPath::new(name).context("a bad name for the text")?;
    let (mut plan, mut skipped) = (Plan::default(), Vec::new());
    match read::parse(bytes) {
        Ok(stream) => {
            plan = mend(vec![SourceFile { path: path.clone(), stream, protection: None }], request, &config);
        }
        Err(trouble) => skipped.push(Skip::new(name, trouble)),
    }
    Ok(Run {
        tree,
        plan,
        skipped,
        files: 1,
        temporaries: Vec::new(),
        idle: idle(request, &config),
        paths: vec![path],
    })
}

fn configuration(request: &Request, root: &Path) -> Result<Config> {
    let names: Vec<&str> = rules::ALL.iter().map(|rule| rule.meta().id).collect();
    for name in &request.rules {
        config::known_rule(name, &names)?;
    }
    let mut config = config::load(request.config.as_deref(), root, &names)?;
    if request.cluster_domain.is_some() {
        config.cluster_domain.clone_from(&request.cluster_domain);
    }
    Ok(config)
}

fn mend(files: Vec<SourceFile>, request: &Request, config: &Config) -> Plan {
    let policy =
        Policy { tier: request.tier, selection: config.selection(&request.rules), options: config.options() };
    let mut sources = facts::Sources::new(config);
    plan::mend(&Repository::build(files), rules::ALL, &policy, &mut |questions, facts| {
        sources.answer(questions, facts);
    })
}

/// Lists the rules that do not run: silence is to be told from a clean bill.
fn idle(request: &Request, config: &Config) -> Vec<(RuleId, String)> {
    let selection = config.selection(&request.rules);
    let reason = |id: RuleId| match (selection.only.is_empty(), selection.switched.get(id)) {
        (false, _) => "not asked for with --rule".to_owned(),
        (true, Some(false)) => "switched off in the configuration".to_owned(),
        (true, _) => {
            format!("opt-in: `rules: {{ {id}: {{ enabled: true }} }}` in .caulk.yaml switches it on")
        }
    };
    let idle = rules::ALL.iter().map(|rule| rule.meta()).filter(|meta| !selection.runs(meta));
    idle.map(|meta| (meta.id, reason(meta.id))).collect()
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
            let path_of = |file: &FileId| self.paths.get(file.0 as usize);
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
