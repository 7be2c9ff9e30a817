//! From findings to changes: select, apply, verify, until nothing changes.

mod verify;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    edit::EditSet,
    facts::{Facts, Question},
    finding::{Applicability, FileId, Finding, Fix, Location, Remedy, RuleId},
    known::{self, KnownFinding},
    model::{Protection, Repository},
    path::RepoPath,
    rule::{Context, Options, Rule, Selection, Shared},
    suppress::{self, Suppression},
    syntax::Stream,
    untouched::Untouched,
};

/// How often the rules may run over their own results. Two passes are the rule; more means that fixes waited for each other.
const PASSES: u32 = 12;

/// How often the rules may ask before they are answered no more.
const ROUNDS: u32 = 6;

/// What may be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The lowest tier that is applied.
    pub tier: Applicability,
    /// Which rules run.
    pub selection: Selection,
    /// Their options.
    pub options: Options,
    /// Findings that were there before; they are neither mended nor told.
    pub known: Vec<KnownFinding>,
}

/// What became of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its fix is part of the changes.
    Mended,
    /// It has a fix whose tier is lower than what may be applied.
    BelowTier,
    /// It has no fix that can be applied; with the reason.
    Withheld(String),
    /// A comment silences it; with the reason that the comment gives.
    Suppressed(String),
}

/// A finding and what became of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The finding.
    pub finding: Finding,
    /// The path of its file.
    pub path: RepoPath,
    /// The text that its spans and edits count in. It is the file as read, but for findings of a later pass.
    pub stream: Arc<Stream>,
    /// What became of it.
    pub verdict: Verdict,
}

/// A file and its new text.
#[derive(Debug, Clone)]
pub struct FileChange {
    /// The file's path.
    pub path: RepoPath,
    /// Its text as read.
    pub before: Arc<Stream>,
    /// Its new text.
    pub after: String,
}

/// A comment that silenced nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// The file.
    pub path: RepoPath,
    /// The line of the comment, from 1.
    pub line: u32,
    /// The rules that it names; empty means all.
    pub rules: Vec<String>,
}

/// Everything that was found and everything that is to change.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The changed files, by path.
    pub changes: Vec<FileChange>,
    /// The findings, by path and place.
    pub outcomes: Vec<Outcome>,
    /// Comments that silenced nothing.
    pub unused: Vec<Unused>,
    /// How many findings were known before.
    pub known: usize,
    /// What the rule of hosts met and never touches; none if it did not run.
    pub untouched: Option<Untouched>,
}

/// What names a finding across passes: its rule, its file, its place in the document.
type Key = (RuleId, RepoPath, String);

/// Runs the rules over the repository and mends what the policy allows, until nothing changes.
///
/// `answer` is called with questions that have no answer yet, each once.
pub fn mend(
    repository: &Repository,
    rules: &[&dyn Rule],
    policy: &Policy,
    answer: &mut dyn FnMut(&[Question], &mut Facts),
) -> Plan {
    let running: Vec<&dyn Rule> =
        rules.iter().copied().filter(|rule| policy.selection.runs(rule.meta())).collect();
    let mut judge = Judge { rules: &running, policy, facts: Facts::default(), answer, untouched: None };
    let mut plan = Plan::default();
    let mut refused: BTreeMap<Key, String> = BTreeMap::new();
    let mut first: BTreeMap<Key, Outcome> = BTreeMap::new();
    let mut mended: Option<Repository> = None;
    let mut known: BTreeSet<Key> = BTreeSet::new();
    for pass in 0..=PASSES {
        let now = mended.as_ref().unwrap_or(repository);
        let findings = judge.findings(now);
        let silenced = silenced(now, &findings);
        if pass == 0 {
            plan.unused = unused(now, &findings, &running);
            known = recognised(now, &findings, &policy.known);
            plan.known = known.len();
            plan.untouched = judge.untouched;
            first = findings
                .iter()
                .map(|found| (key(now, found), outcome(now, found, Verdict::BelowTier)))
                .collect();
        }
        let is_open = |key: &Key| !silenced.contains_key(key) && !known.contains(key);
        let open: Vec<&Finding> = findings.iter().filter(|found| is_open(&key(now, found))).collect();
        let chosen = select(now, &open, policy.tier, &refused);
        if chosen.is_empty() || pass == PASSES {
            for found in &findings {
                let key = key(now, found);
                if known.contains(&key) {
                    continue;
                }
                let verdict = match silenced.get(&key) {
                    Some(reason) => Verdict::Suppressed(reason.clone()),
                    None => verdict(now, found, policy.tier, refused.get(&key)),
                };
                // Lines are told as they are in the file on disk, where the finding stood from the beginning.
                let seen =
                    first.get(&key).cloned().unwrap_or_else(|| outcome(now, found, Verdict::BelowTier));
                plan.outcomes.push(Outcome { verdict, finding: relocated(found, &seen.finding), ..seen });
            }
            break;
        }
        let verified = verify::verify(&mut judge, now, &findings, chosen);
        refused.extend(verified.refused);
        plan.outcomes.extend(verified.mended.iter().map(|found| outcome(now, found, Verdict::Mended)));
        mended = verified.repository.or(mended);
    }
    plan.changes = changes(repository, mended.as_ref().unwrap_or(repository));
    plan.outcomes.sort_by(|a, b| {
        (&a.path, a.finding.at, a.finding.rule).cmp(&(&b.path, b.finding.at, b.finding.rule))
    });
    plan
}

/// Asks the rules what they think of a place, also where they leave it alone.
pub fn explain(
    repository: &Repository,
    rules: &[&dyn Rule],
    policy: &Policy,
    place: Location,
    answer: &mut dyn FnMut(&[Question], &mut Facts),
) -> Vec<String> {
    let running: Vec<&dyn Rule> =
        rules.iter().copied().filter(|rule| policy.selection.runs(rule.meta())).collect();
    let mut judge = Judge { rules: &running, policy, facts: Facts::default(), answer, untouched: None };
    // The rules must have asked before they can tell.
    judge.findings(repository);
    let shared = Shared::default();
    let cx = Context { repository, facts: &judge.facts, options: &policy.options, shared: &shared };
    running.iter().flat_map(|rule| rule.explain(&cx, place)).collect()
}

/// The rules with all that they need to look at a repository.
struct Judge<'a> {
    rules: &'a [&'a dyn Rule],
    policy: &'a Policy,
    facts: Facts,
    answer: &'a mut dyn FnMut(&[Question], &mut Facts),
    /// What the last look met and never touches.
    untouched: Option<Untouched>,
}

impl Judge<'_> {
    /// Asks what the rules need to know, then lets them check. The findings are in a fixed order.
    fn findings(&mut self, repository: &Repository) -> Vec<Finding> {
        let shared = Shared::default();
        let options = &self.policy.options;
        let (rules, cx) = (self.rules, Context { repository, facts: &self.facts, options, shared: &shared });
        repository.place_while(|| rules.iter().for_each(|rule| rule.prepare(&cx)));
        for _ in 0..ROUNDS {
            let cx = Context { repository, facts: &self.facts, options, shared: &shared };
            let asked: BTreeSet<Question> = self.rules.iter().flat_map(|rule| rule.ask(&cx)).collect();
            let open: Vec<Question> =
                asked.into_iter().filter(|question| !self.facts.answers(question)).collect();
            if open.is_empty() {
                break;
            }
            (self.answer)(&open, &mut self.facts);
        }
        let cx = Context { repository, facts: &self.facts, options, shared: &shared };
        let mut findings = Vec::new();
        for rule in self.rules {
            rule.check(&cx, &mut findings);
        }
        self.untouched = shared.hosts.get().map(|found| found.untouched);
        for finding in &mut findings {
            if let (Remedy::Fix(fix), Some(most)) =
                (&mut finding.remedy, self.policy.selection.at_most.get(finding.rule))
                && fix.applicability > *most
            {
                fix.applicability = *most;
                fix.reasons.push(format!("the configuration trusts this rule as {} at most", most.name()));
            }
        }
        findings.sort_by(|a, b| (a.at, a.rule, &a.place).cmp(&(b.at, b.rule, &b.place)));
        findings
    }
}

fn key(repository: &Repository, finding: &Finding) -> Key {
    (finding.rule, repository.file(finding.at.file).path.clone(), finding.place.clone())
}

/// Returns the keys of the findings that were known before.
fn recognised(repository: &Repository, findings: &[Finding], known: &[KnownFinding]) -> BTreeSet<Key> {
    let as_known = |found: &Finding| KnownFinding {
        rule: found.rule.to_owned(),
        path: repository.file(found.at.file).path.clone(),
        subject: found.subject.clone(),
        place: found.place.clone(),
    };
    if known.is_empty() {
        return BTreeSet::new();
    }
    let told: Vec<KnownFinding> = findings.iter().map(as_known).collect();
    let places = known::recognise(known, &told);
    places.into_iter().filter_map(|place| findings.get(place)).map(|found| key(repository, found)).collect()
}

fn outcome(repository: &Repository, finding: &Finding, verdict: Verdict) -> Outcome {
    let file = repository.file(finding.at.file);
    Outcome { finding: finding.clone(), path: file.path.clone(), stream: Arc::clone(&file.stream), verdict }
}

/// Returns what is said of the finding now, at the place where it stood from the beginning.
fn relocated(now: &Finding, seen: &Finding) -> Finding {
    match (&now.remedy, &seen.remedy) {
        // The edits of a fix count in the same text as the location.
        (Remedy::Fix(_), Remedy::Fix(_)) => seen.clone(),
        _ => Finding { at: seen.at, ..now.clone() },
    }
}

/// Chooses the fixes that may be applied together: allowed, not refused before, and apart from each other.
fn select<'a>(
    repository: &Repository,
    findings: &[&'a Finding],
    tier: Applicability,
    refused: &BTreeMap<Key, String>,
) -> Vec<&'a Finding> {
    let mut taken: BTreeMap<FileId, EditSet> = BTreeMap::new();
    let mut chosen = Vec::new();
    for &finding in findings {
        let Some(fix) = allowed(repository, finding, tier) else { continue };
        if refused.contains_key(&key(repository, finding)) {
            continue;
        }
        let merged: Option<Vec<(FileId, EditSet)>> = fix
            .edits
            .iter()
            .map(|(file, edits)| match taken.get(file) {
                Some(others) => others.merge(edits).ok().map(|merged| (*file, merged)),
                None => Some((*file, edits.clone())),
            })
            .collect();
        if let Some(merged) = merged {
            taken.extend(merged);
            chosen.push(finding);
        }
    }
    chosen
}

/// Returns the fix if the policy and the protection of its files allow it.
fn allowed<'a>(repository: &Repository, finding: &'a Finding, tier: Applicability) -> Option<&'a Fix> {
    match &finding.remedy {
        Remedy::Fix(fix)
            if fix.applicability >= tier.max(Applicability::Unsafe)
                && protected(repository, fix).is_none() =>
        {
            Some(fix)
        }
        _ => None,
    }
}

/// Returns why one of the files of a fix must not be edited.
fn protected(repository: &Repository, fix: &Fix) -> Option<String> {
    fix.edits.keys().find_map(|file| repository.file(*file).protection.as_ref()).map(Protection::reason)
}

fn verdict(
    repository: &Repository,
    finding: &Finding,
    tier: Applicability,
    refused: Option<&String>,
) -> Verdict {
    match (&finding.remedy, refused) {
        (Remedy::Withheld(reason), _) | (_, Some(reason)) => Verdict::Withheld(reason.clone()),
        (Remedy::Fix(fix), None) => match protected(repository, fix) {
            Some(reason) => Verdict::Withheld(reason),
            None if allowed(repository, finding, tier).is_some() => Verdict::Withheld(
                "the fixes of this file kept changing each other's ground; run caulk again".to_owned(),
            ),
            None => Verdict::BelowTier,
        },
    }
}

/// Returns the findings that a comment silences, with the comment's reason.
fn silenced(repository: &Repository, findings: &[Finding]) -> BTreeMap<Key, String> {
    let mut comments: BTreeMap<FileId, Vec<Suppression>> = BTreeMap::new();
    let mut silenced = BTreeMap::new();
    for finding in findings {
        let stream = &repository.file(finding.at.file).stream;
        let comments = comments.entry(finding.at.file).or_insert_with(|| suppress::collect(stream));
        let line = stream.position(finding.at.span.start).0;
        if let Some(comment) = comments.iter().find(|comment| comment.covers(finding.rule, line)) {
            silenced.insert(key(repository, finding), comment.reason.clone());
        }
    }
    silenced
}

/// Returns the comments that silence nothing, of those whose rules all ran.
fn unused(repository: &Repository, findings: &[Finding], rules: &[&dyn Rule]) -> Vec<Unused> {
    let ran = |name: &String| rules.iter().any(|rule| rule.meta().id == name);
    let comments = repository.workers().map(repository.files(), |file| suppress::collect(&file.stream));
    let mut unused = Vec::new();
    for ((number, file), comments) in repository.files().iter().enumerate().zip(comments) {
        for comment in comments {
            let used = findings.iter().any(|finding| {
                finding.at.file.0 as usize == number
                    && comment.covers(finding.rule, file.stream.position(finding.at.span.start).0)
            });
            if !used && comment.rules.iter().all(ran) {
                let line = file.stream.position(comment.span.start).0;
                unused.push(Unused { path: file.path.clone(), line, rules: comment.rules });
            }
        }
    }
    unused
}

fn changes(before: &Repository, after: &Repository) -> Vec<FileChange> {
    let pairs = before.files().iter().zip(after.files());
    let changed = pairs.filter(|(before, after)| {
        !Arc::ptr_eq(&before.stream, &after.stream) && before.stream.text() != after.stream.text()
    });
    changed
        .map(|(before, after)| FileChange {
            path: before.path.clone(),
            before: Arc::clone(&before.stream),
            after: after.stream.text().to_owned(),
        })
        .collect()
}
