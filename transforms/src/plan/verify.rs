//! The proof of a change, before anything is written.
//!
//! 1. The result parses and has as many documents as before.
//! 2. Its tree is the old one with exactly the declared changes.
//! 3. The bytes outside the edits and all comments are as they were.
//! 4. Every composed container, in every overlay, runs what it ran before or what is declared.
//! 5. The rules, run again on the result, no longer report what was mended and report nothing new.
//!
//! A fix that fails is dropped with its reason; the others go on.

mod composition;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Judge, Key, key};
use crate::{
    edit::EditSet,
    finding::{Applicability, Declaration, FileId, Finding, Fix, Remedy, RuleId},
    model::{Repository, Words},
    path::RepoPath,
    syntax::{self, Entry, Kind, Node, NodeId, Stream},
};

/// What came of a round of fixes.
pub(super) struct Verified {
    /// The findings whose fixes were applied.
    pub(super) mended: Vec<Finding>,
    /// The fixes that failed, with the reason.
    pub(super) refused: BTreeMap<Key, String>,
    /// The repository after the fixes; none if nothing was applied.
    pub(super) repository: Option<Repository>,
}

/// Applies the fixes and proves each; drops those that fail until the rest holds together.
pub(super) fn verify(
    judge: &mut Judge<'_>,
    before: &Repository,
    findings: &[Finding],
    mut chosen: Vec<&Finding>,
) -> Verified {
    let mut refused = BTreeMap::new();
    let known = said(before, findings);
    loop {
        let streams = apply_all(before, &mut chosen, &mut refused);
        if chosen.is_empty() {
            return Verified { mended: Vec::new(), refused, repository: None };
        }
        let after = before.with_streams(&streams);
        let mut failed = composition::compare(before, &after, &chosen);
        failed.extend(judge_again(judge, &after, &known, &chosen, before));
        if failed.is_empty() {
            return Verified {
                mended: chosen.into_iter().cloned().collect(),
                refused,
                repository: Some(after),
            };
        }
        chosen.retain(|finding| !failed.contains_key(&key(before, finding)));
        refused.extend(failed);
    }
}

/// Applies the chosen fixes file by file. A file whose result does not hold is tried again fix by fix.
fn apply_all(
    before: &Repository,
    chosen: &mut Vec<&Finding>,
    refused: &mut BTreeMap<Key, String>,
) -> BTreeMap<FileId, Arc<Stream>> {
    loop {
        let mut streams = BTreeMap::new();
        let mut failed: BTreeMap<Key, String> = BTreeMap::new();
        let files: BTreeSet<FileId> = fixes(chosen).flat_map(|(_, fix)| fix.edits.keys().copied()).collect();
        for file in files {
            let all: Vec<(&Finding, &Fix)> =
                fixes(chosen).filter(|(_, fix)| fix.edits.contains_key(&file)).collect();
            match apply(before, file, all.iter().map(|(_, fix)| *fix)) {
                Ok(stream) => {
                    streams.insert(file, Arc::new(stream));
                }
                Err(together) => {
                    let alone = all.iter().filter_map(|(finding, fix)| {
                        let error = apply(before, file, std::iter::once(*fix)).err()?;
                        Some((key(before, finding), format!("the result failed its proof: {error}")))
                    });
                    let alone: BTreeMap<Key, String> = alone.collect();
                    if alone.is_empty() {
                        let reason = format!("the result failed its proof: {together}");
                        failed.extend(all.iter().map(|(finding, _)| (key(before, finding), reason.clone())));
                    }
                    failed.extend(alone);
                }
            }
        }
        if failed.is_empty() {
            return streams;
        }
        chosen.retain(|finding| !failed.contains_key(&key(before, finding)));
        refused.extend(failed);
    }
}

fn fixes<'a>(chosen: &[&'a Finding]) -> impl Iterator<Item = (&'a Finding, &'a Fix)> {
    chosen.iter().filter_map(|finding| match &finding.remedy {
        Remedy::Fix(fix) => Some((*finding, fix)),
        Remedy::Withheld(_) => None,
    })
}

/// Applies fixes to one file and proves the result against what they declare.
fn apply<'a>(
    before: &Repository,
    file: FileId,
    fixes: impl Iterator<Item = &'a Fix>,
) -> Result<Stream, String> {
    let old = &before.file(file).stream;
    let mut edits = EditSet::default();
    let mut declared: BTreeMap<NodeId, &Declaration> = BTreeMap::new();
    for fix in fixes {
        if let Some(more) = fix.edits.get(&file) {
            edits = edits.merge(more).map_err(|conflict| conflict.to_string())?;
        }
        for declaration in &fix.declares {
            if let Some((_, node)) = declaration.place().filter(|(place, _)| *place == file) {
                declared.insert(node, declaration);
            }
        }
    }
    let text = edits.apply(old.text()).map_err(|error| error.to_string())?;
    untouched(old.text(), &text, &edits)?;
    let new = syntax::parse(text).map_err(|issue| format!("it is no YAML any more: {issue}"))?;
    same_comments(old, &new)?;
    same_documents(old, &new, &declared)?;
    Ok(new)
}

/// Proves that every byte outside the edits is where it should be, apart from how the edits were applied.
fn untouched(old: &str, new: &str, edits: &EditSet) -> Result<(), String> {
    let (mut at_old, mut at_new) = (0_usize, 0_usize);
    for edit in edits.edits() {
        let kept = old.get(at_old..edit.span.start as usize).ok_or("an edit lies outside the file")?;
        if new.get(at_new..at_new + kept.len()) != Some(kept) {
            return Err(format!("bytes before byte {} changed", edit.span.start));
        }
        at_old = edit.span.end as usize;
        at_new += kept.len() + edit.replacement.len();
    }
    if old.get(at_old..) == new.get(at_new..) {
        Ok(())
    } else {
        Err("bytes after the last edit changed".to_owned())
    }
}

fn same_comments(old: &Stream, new: &Stream) -> Result<(), String> {
    let sorted = |stream: &Stream| {
        let mut all: Vec<String> = stream
            .comments()
            .iter()
            .map(|comment| comment.span.of(stream.text()).trim().to_owned())
            .collect();
        all.sort_unstable();
        all
    };
    if sorted(old) == sorted(new) { Ok(()) } else { Err("a comment was lost or changed".to_owned()) }
}

fn same_documents(
    old: &Stream,
    new: &Stream,
    declared: &BTreeMap<NodeId, &Declaration>,
) -> Result<(), String> {
    if old.documents().count() != new.documents().count() {
        return Err("the number of documents changed".to_owned());
    }
    for (old, new) in old.documents().zip(new.documents()) {
        match (old.root(), new.root()) {
            (Some(old), Some(new)) => same_tree(old, new, declared)?,
            (None, None) => {}
            _ => return Err("a document lost or gained its content".to_owned()),
        }
    }
    Ok(())
}

/// Compares two trees, node by node, apart from what is declared.
fn same_tree(old: Node<'_>, new: Node<'_>, declared: &BTreeMap<NodeId, &Declaration>) -> Result<(), String> {
    let mut todo = vec![(old, new)];
    while let Some((old, new)) = todo.pop() {
        let differs = |what: &str| Err(format!("{what} of {} changed", crate::model::path_of(old)));
        if old.kind() != new.kind() || old.anchor() != new.anchor() || old.tag() != new.tag() {
            return differs("the kind, anchor or tag");
        }
        let expected = declared.get(&old.id()).copied();
        match old.kind() {
            Kind::Scalar => {
                let (was, is) = (old.scalar(), new.scalar());
                match expected {
                    Some(Declaration::Value { value, .. }) if is.map(|is| is.value) != Some(value) => {
                        return differs("what was declared as the value");
                    }
                    Some(Declaration::Value { .. }) => {}
                    _ if was != is => return differs("the value"),
                    _ => {}
                }
            }
            Kind::Alias => {
                if old.resolve().anchor() != new.resolve().anchor() {
                    return differs("the target");
                }
            }
            Kind::Sequence => {
                if old.items().count() != new.items().count() {
                    return differs("the number of items");
                }
                todo.extend(old.items().zip(new.items()));
            }
            Kind::Mapping => same_mapping(old, new, expected, &mut todo)?,
        }
    }
    Ok(())
}

fn same_mapping<'a>(
    old: Node<'a>,
    new: Node<'a>,
    expected: Option<&Declaration>,
    todo: &mut Vec<(Node<'a>, Node<'a>)>,
) -> Result<(), String> {
    let mut free = |_: &Entry<'a>| true;
    let mut free_argv = |entry: &Entry<'a>| !matches!(entry.name(), Some("command" | "args"));
    let keeps: &mut dyn FnMut(&Entry<'a>) -> bool = match expected {
        Some(Declaration::Argv { command, args, .. }) => {
            for (key, words) in [("command", command), ("args", args)] {
                if Words::of(new.get(key)).list() != Some(words) {
                    return Err(format!("{}.{key} is not what was declared", crate::model::path_of(old)));
                }
            }
            &mut free_argv
        }
        _ => &mut free,
    };
    let olds: Vec<Entry<'a>> = old.entries().filter(|entry| keeps(entry)).collect();
    let news: Vec<Entry<'a>> = new.entries().filter(|entry| keeps(entry)).collect();
    if olds.len() != news.len() {
        return Err(format!("the keys of {} changed", crate::model::path_of(old)));
    }
    for (old, new) in olds.iter().zip(&news) {
        todo.push((old.key(), new.key()));
        todo.push((old.value(), new.value()));
    }
    Ok(())
}

/// What a finding says, without where: words that move from `command` to `args` take their findings along.
type Said = (RuleId, RepoPath, String, String);

/// Counts what the findings say, with the file.
fn said(repository: &Repository, findings: &[Finding]) -> BTreeMap<Said, (usize, FileId)> {
    let mut all = BTreeMap::new();
    for finding in findings {
        let path = repository.file(finding.at.file).path.clone();
        let said = (finding.rule, path, finding.subject.clone(), finding.message.clone());
        all.entry(said).or_insert((0, finding.at.file)).0 += 1;
    }
    all
}

/// Runs the rules on the result. Returns the fixes that did not do what they said, with the reason.
fn judge_again(
    judge: &mut Judge<'_>,
    after: &Repository,
    known: &BTreeMap<Said, (usize, FileId)>,
    chosen: &[&Finding],
    before: &Repository,
) -> BTreeMap<Key, String> {
    let mut failed = BTreeMap::new();
    let findings = judge.findings(after);
    let now: BTreeSet<Key> = findings.iter().map(|finding| key(after, finding)).collect();
    for finding in chosen {
        let key = key(before, finding);
        if now.contains(&key) {
            failed.insert(key, "the result still has the finding".to_owned());
        }
    }
    let more = |said: &Said, count: usize| known.get(said).is_none_or(|(before, _)| count > *before);
    let new: Vec<Finding> =
        findings.into_iter().filter(|finding| !is_uncovered(before, after, finding, chosen)).collect();
    for (said, (_, file)) in said(after, &new).into_iter().filter(|(said, (count, _))| more(said, *count)) {
        let reason = format!("the result would have a new finding of {} in {}: {}", said.0, said.1, said.3);
        let mut blamed: Vec<Key> = fixes(chosen)
            .filter(|(_, fix)| fix.edits.contains_key(&file))
            .map(|(finding, _)| key(before, finding))
            .collect();
        if blamed.is_empty() {
            // Nobody edited that file, so the change came through placement: nothing of this round can be trusted.
            blamed = chosen.iter().map(|finding| key(before, finding)).collect();
        }
        failed.extend(blamed.into_iter().map(|key| (key, reason.clone())));
    }
    failed
}

/// Tells whether a fix has declared that its result lets another rule see what the mistake had hidden, and this is it.
fn is_uncovered(before: &Repository, after: &Repository, finding: &Finding, chosen: &[&Finding]) -> bool {
    let is_safe = matches!(&finding.remedy, Remedy::Fix(fix) if fix.applicability == Applicability::Safe);
    let path = |repository: &Repository, finding: &Finding| repository.file(finding.at.file).path.clone();
    let declared = |(mended, fix): (&Finding, &Fix)| {
        let uncovers = Declaration::Uncovers { rule: finding.rule };
        mended.subject == finding.subject
            && path(before, mended) == path(after, finding)
            && fix.declares.contains(&uncovers)
    };
    !is_safe && fixes(chosen).any(declared)
}
