//! The mends of a plan as replacements of whole lines, each of which can be made alone.
//!
//! GitHub knows lines alone: a suggestion replaces the lines `first..=last` of the head's file. Whatever cannot be said so without
//! a doubt about a single byte keeps its obstacle, and becomes an annotation.

use std::{fmt, ops::Range};

use caulk_transforms::{
    finding::{FileId, Remedy},
    path::RepoPath,
    plan::{FileChange, Outcome, Plan, Verdict},
    span::Span,
};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// A change of a run of lines, with the findings that it mends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mend {
    /// The file.
    pub path: RepoPath,
    /// The first line that goes, from 1.
    pub first: u32,
    /// The last line that goes.
    pub last: u32,
    /// The lines that come in their place, with their line breaks.
    pub text: String,
    /// The lines that go, with their line breaks.
    pub before: String,
    /// The places of the findings in the plan's list.
    pub outcomes: Vec<usize>,
    /// Why it cannot be a suggestion.
    pub obstacle: Option<Obstacle>,
}

/// Why a change cannot be a suggestion.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// The fix changes other files too, and half of it would be wrong.
    Files(Vec<RepoPath>),
    /// The lines do not end in a line feed alone, and nobody says what GitHub makes of such.
    LineEndings,
    /// The first line begins with a byte order mark, which a suggestion may lose.
    ByteOrderMark,
    /// The end of the file would get or lose its line feed.
    FinalNewline,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(files) => {
                f.write_str("the fix belongs together with changes of ")?;
                for (number, file) in files.iter().enumerate() {
                    write!(f, "{}`{file}`", if number == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::LineEndings => {
                f.write_str("the lines end in a carriage return, which a suggestion may not keep")
            }
            Self::ByteOrderMark => {
                f.write_str("the line begins with a byte order mark, which a suggestion may not keep")
            }
            Self::FinalNewline => f.write_str("a suggestion cannot change how the file ends"),
        }
    }
}

impl Mend {
    /// Renders the change as the block of a comment that GitHub offers to commit. Its fence is longer than any in the lines.
    #[must_use]
    pub fn block(&self) -> String {
        let longest = self.text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        let end = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { "\n" };
        format!("{fence}suggestion\n{}{end}{fence}\n", self.text)
    }
}

/// Splits a text into lines as git and GitHub do: after line feeds alone.
#[must_use]
pub fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Returns the lines, from 1, that a span lies on.
#[must_use]
pub fn lines_of(text: &str, span: Span) -> (u32, u32) {
    let Range { start, end } = covered(text, span, lines(text).len());
    (start as u32 + 1, (end as u32).max(start as u32 + 1))
}

/// Returns the changes of a plan. All of them together make of each file what the plan makes of it.
#[must_use]
pub fn mends<'a>(plan: &'a Plan, path_of: &dyn Fn(FileId) -> Option<&'a RepoPath>) -> Vec<Mend> {
    plan.changes.iter().flat_map(|change| mends_of(change, plan, path_of)).collect()
}

fn mends_of<'a>(
    change: &'a FileChange,
    plan: &'a Plan,
    path_of: &dyn Fn(FileId) -> Option<&'a RepoPath>,
) -> Vec<Mend> {
    let (old, new) = (lines(change.before.text()), lines(&change.after));
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    let edited: Vec<(Range<usize>, usize)> = plan
        .outcomes
        .iter()
        .enumerate()
        .filter(|(_, outcome)| outcome.verdict == Verdict::Mended)
        .filter_map(|(place, outcome)| Some((edited(change, outcome, &old, path_of)?, place)))
        .collect();
    let mut groups = groups(&ops, &edited, old.len());
    let mut pieces: Vec<(Range<usize>, Range<usize>)> = groups
        .iter()
        .map(|group| (group.lines.clone(), target(&ops, &group.lines, old.len(), new.len())))
        .collect();
    // Where the diff lines up otherwise than the edits did, the file is changed in one piece.
    if groups.iter().any(|group| group.outcomes.is_empty()) || joined(&old, &new, &pieces) != change.after {
        let outcomes = edited.iter().map(|(_, place)| *place).collect();
        let (lines, target) = whole(&old, &new);
        groups = vec![Group { lines: lines.clone(), outcomes }];
        pieces = vec![(lines, target)];
    }
    let taken: Vec<Range<usize>> = pieces.iter().map(|(lines, _)| lines.clone()).collect();
    let make = |(group, (lines, target)): (Group, (Range<usize>, Range<usize>))| {
        let (lines, target) = unambiguous(&old, &new, lines, target, &taken);
        mend(change, plan, &(&old, &new), group.outcomes, lines, target, path_of)
    };
    groups.into_iter().zip(pieces).map(make).collect()
}

fn mend<'a>(
    change: &FileChange,
    plan: &'a Plan,
    (old, new): &(&[&str], &[&str]),
    outcomes: Vec<usize>,
    lines: Range<usize>,
    target: Range<usize>,
    path_of: &dyn Fn(FileId) -> Option<&'a RepoPath>,
) -> Mend {
    let others = outcomes.iter().filter_map(|place| plan.outcomes.get(*place)).flat_map(|outcome| {
        let Remedy::Fix(fix) = &outcome.finding.remedy else { return Vec::new() };
        let files = fix.edits.iter().filter(|(_, edits)| !edits.is_empty());
        files.filter_map(|(file, _)| path_of(*file)).filter(|path| **path != change.path).cloned().collect()
    });
    let mut others: Vec<RepoPath> = others.collect();
    others.sort();
    others.dedup();
    let (before, text) = (old[lines.clone()].concat(), new[target.clone()].concat());
    let at_end = lines.end == old.len() || target.end == new.len();
    let obstacle = if !others.is_empty() {
        Some(Obstacle::Files(others))
    } else if before.contains('\r') || text.contains('\r') {
        Some(Obstacle::LineEndings)
    } else if lines.start == 0 && (before.starts_with('\u{feff}') || text.starts_with('\u{feff}')) {
        Some(Obstacle::ByteOrderMark)
    } else if at_end && before.ends_with('\n') != text.ends_with('\n') {
        Some(Obstacle::FinalNewline)
    } else {
        None
    };
    Mend {
        path: change.path.clone(),
        first: lines.start as u32 + 1,
        last: (lines.end as u32).max(lines.start as u32 + 1),
        text,
        before,
        outcomes,
        obstacle,
    }
}

/// Returns the lines of the file as read that a fix edits; `None` if it leaves this file alone.
fn edited<'a>(
    change: &FileChange,
    outcome: &Outcome,
    old: &[&str],
    path_of: &dyn Fn(FileId) -> Option<&'a RepoPath>,
) -> Option<Range<usize>> {
    let Remedy::Fix(fix) = &outcome.finding.remedy else { return None };
    let (_, edits) = fix.edits.iter().find(|(file, _)| path_of(**file) == Some(&change.path))?;
    let span = edits.edits().iter().map(|edit| edit.span).reduce(Span::cover)?;
    let text = change.before.text();
    // Only the finding's own file is at hand in the state that the edits of a later pass count in.
    if outcome.path != change.path || outcome.stream.text() == text {
        return Some(covered(text, clamped(span, text), old.len()));
    }
    let between = lines(outcome.stream.text());
    let span = covered(outcome.stream.text(), clamped(span, outcome.stream.text()), between.len());
    let ops = capture_diff_slices(Algorithm::Myers, &between, old);
    let back = target(&ops, &span, between.len(), old.len());
    Some(at_least_one(back, old.len()))
}

fn clamped(span: Span, text: &str) -> Span {
    let end = text.len() as u32;
    Span::new(span.start.min(end), span.end.min(end))
}

/// Returns the places of the lines that a span touches, of `count` lines.
fn covered(text: &str, span: Span, count: usize) -> Range<usize> {
    let breaks = |end: u32| {
        let before = text.as_bytes().get(..end as usize).unwrap_or(text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count()
    };
    // The line break itself belongs to its line.
    let last = if span.is_empty() { span.start } else { span.end - 1 };
    at_least_one(breaks(span.start)..breaks(last) + 1, count)
}

/// Moves a range that is empty, or begins behind the last of `count` lines, onto a line.
fn at_least_one(range: Range<usize>, count: usize) -> Range<usize> {
    let start = range.start.min(count.saturating_sub(1));
    start..range.end.clamp((start + 1).min(count), count)
}

/// Lines that must be changed together.
struct Group {
    lines: Range<usize>,
    outcomes: Vec<usize>,
}

/// Joins what is edited and what differs wherever it shares a line.
fn groups(ops: &[DiffOp], edited: &[(Range<usize>, usize)], count: usize) -> Vec<Group> {
    let differing = ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    let mut ranges: Vec<(Range<usize>, Option<usize>)> =
        differing.map(|op| (at_least_one(op.old_range(), count), None)).collect();
    ranges.extend(edited.iter().map(|(lines, place)| (lines.clone(), Some(*place))));
    ranges.sort_by_key(|(lines, place)| (lines.start, lines.end, *place));
    let mut groups: Vec<Group> = Vec::new();
    for (lines, place) in ranges {
        match groups.last_mut() {
            Some(group) if lines.start < group.lines.end => {
                group.lines.end = group.lines.end.max(lines.end);
                group.outcomes.extend(place);
            }
            _ => groups.push(Group { lines, outcomes: place.into_iter().collect() }),
        }
    }
    groups.iter_mut().for_each(|group| group.outcomes.sort_unstable());
    groups
}

/// Returns the lines of the new text that stand in the place of some of the old one.
fn target(ops: &[DiffOp], lines: &Range<usize>, old: usize, new: usize) -> Range<usize> {
    let start = moved(ops, lines.start, old, new);
    start..moved(ops, lines.end, old, new).max(start)
}

/// Returns where a boundary between two lines goes. What is inserted there comes behind it.
fn moved(ops: &[DiffOp], at: usize, old: usize, new: usize) -> usize {
    if at >= old {
        return new;
    }
    let op = ops.iter().find(|op| {
        let range = op.old_range();
        range.contains(&at) || (range.is_empty() && range.start == at)
    });
    match op {
        Some(DiffOp::Equal { old_index, new_index, .. }) => new_index + (at - old_index),
        Some(op) => {
            let inside = op.old_range().start < at;
            if inside { op.new_range().end } else { op.new_range().start }
        }
        None => new,
    }
}

fn joined(old: &[&str], new: &[&str], pieces: &[(Range<usize>, Range<usize>)]) -> String {
    let mut text = String::new();
    let mut copied = 0;
    for (lines, target) in pieces {
        text.extend(old.get(copied..lines.start).unwrap_or_default().iter().copied());
        text.extend(new.get(target.clone()).unwrap_or_default().iter().copied());
        copied = lines.end;
    }
    text.extend(old.get(copied..).unwrap_or_default().iter().copied());
    text
}

/// Returns the lines between the first and the last difference.
fn whole(old: &[&str], new: &[&str]) -> (Range<usize>, Range<usize>) {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    (head..old.len() - tail, head..new.len() - tail)
}

/// Takes in a neighbour that stays where nothing, or blank lines alone, would be suggested: an empty suggestion deletes, and one
/// blank line looks the same.
fn unambiguous(
    old: &[&str],
    new: &[&str],
    lines: Range<usize>,
    target: Range<usize>,
    taken: &[Range<usize>],
) -> (Range<usize>, Range<usize>) {
    let blank = new[target.clone()].iter().all(|line| line.trim().is_empty());
    let free = |line: usize| taken.iter().all(|range| *range == lines || !range.contains(&line));
    if !blank && !lines.is_empty() {
        return (lines, target);
    }
    let before = lines.start.checked_sub(1).zip(target.start.checked_sub(1));
    if let Some((above, new_above)) = before
        && free(above)
        && old[above] == new[new_above]
        && !old[above].trim().is_empty()
    {
        return (above..lines.end, new_above..target.end);
    }
    if let (Some(below), Some(new_below)) = (old.get(lines.end), new.get(target.end))
        && free(lines.end)
        && below == new_below
    {
        return (lines.start..lines.end + 1, target.start..target.end + 1);
    }
    (lines, target)
}
