//! Where each finding of a pull request is told: beside its lines, in the list of the check, or nowhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use caulk_transforms::{
    finding::{Applicability, Remedy},
    path::RepoPath,
    plan::{FileChange, Outcome, Verdict},
};
use similar::{Algorithm, capture_diff_slices, group_diff_ops};

use super::{
    patch::Hunk,
    suggest::{self, Mend, Obstacle, lines, lines_of},
};
use crate::run::{Run, remaining};

/// What a pull request does to a file that its head has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// The lines that it adds or changes, from 1.
    pub lines: BTreeSet<u32>,
    /// The lines around what it adds, changes or removes, as its page shows them. What is removed has no line of its own, and
    /// breaks what stands around it.
    pub around: BTreeSet<u32>,
    /// The hunks that its page shows, on which comments can be made.
    pub hunks: Vec<Hunk>,
}

impl Touched {
    /// Takes the hunks of the pull request's page.
    #[must_use]
    pub fn shown(hunks: Vec<Hunk>) -> Self {
        let lines = hunks.iter().flat_map(Hunk::added).collect();
        let around = hunks.iter().flat_map(|hunk| hunk.first..hunk.end()).collect();
        Self { lines, around, hunks }
    }

    /// Compares with the base's file, for a file whose lines the page does not show. A new file has no text before.
    #[must_use]
    pub fn compared(before: &str, after: &str) -> Self {
        let ops = capture_diff_slices(Algorithm::Myers, &lines(before), &lines(after));
        let changed = ops.iter().filter(|op| !matches!(op, similar::DiffOp::Equal { .. }));
        let numbers = changed.flat_map(similar::DiffOp::new_range).map(|line| line as u32 + 1).collect();
        let shown = group_diff_ops(ops, AROUND).into_iter().flatten();
        let around = shown.flat_map(|op| op.new_range()).map(|line| line as u32 + 1).collect();
        Self { lines: numbers, around, hunks: Vec::new() }
    }
}

/// GitHub shows that many lines around each change.
const AROUND: usize = 3;

/// Something that is told about a place in the pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The file.
    pub path: RepoPath,
    /// The first line that it is about, from 1.
    pub first: u32,
    /// The last line.
    pub last: u32,
    /// The places of its findings in the plan's list.
    pub outcomes: Vec<usize>,
    /// What mends all of them, where something does.
    pub mend: Option<Mend>,
    /// Where it is told.
    pub place: Place,
}

/// Where something is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a comment with a suggestion.
    Comment,
    /// In the list of the check.
    Annotation(Why),
}

/// Why something is no comment with a suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// There is no change that may be suggested.
    NoChange,
    /// The change cannot be said as a suggestion.
    Obstacle(Obstacle),
    /// The page shows no lines of the file.
    NotShown,
    /// The lines do not lie in one hunk.
    Hunks,
    /// The page shows another state of the file.
    Stale,
    /// There are as many comments as there may be.
    Many,
    /// The comment would have more characters than GitHub takes.
    Long,
    /// The token may only read.
    ReadOnly,
    /// GitHub did not take the comment; its words.
    Refused(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoChange => f.write_str("there is no change to suggest"),
            Self::Obstacle(obstacle) => obstacle.fmt(f),
            Self::NotShown => f.write_str("the page of the pull request shows no lines of this file"),
            Self::Hunks => f.write_str("the lines of the change are not shown together in the pull request"),
            Self::Stale => f.write_str("the page of the pull request shows another state of the file"),
            Self::Many => f.write_str("there are as many comments as there may be"),
            Self::Long => f.write_str("the change is too long for a comment"),
            Self::ReadOnly => f.write_str("the token may only read"),
            Self::Refused(words) => write!(f, "GitHub did not take the comment: {words}"),
        }
    }
}

/// What is told about a pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placed {
    /// What is told, by file and line.
    pub items: Vec<Item>,
    /// How many findings lie outside of what the pull request touches.
    pub outside: usize,
    /// How many files of the pull request its page does not list.
    pub unlisted: usize,
}

/// Returns the places in the plan's list of the findings that stand around what the pull request changes and not on a line of
/// its own. Whether it brings them in shows only beside the findings of the state before.
#[must_use]
pub fn around(run: &Run, touched: &BTreeMap<RepoPath, Touched>) -> BTreeSet<usize> {
    let mends = mends(run);
    let mends: BTreeMap<usize, &Mend> =
        mends.iter().flat_map(|mend| mend.outcomes.iter().map(move |number| (*number, mend))).collect();
    let is_around = |number: usize, outcome: &Outcome| {
        let mend = mends.get(&number).copied();
        let on = |lines: fn(&Touched) -> &BTreeSet<u32>| stands_on(run, outcome, mend, touched, lines);
        !on(|touched| &touched.lines) && on(|touched| &touched.around)
    };
    let all = run.plan.outcomes.iter().enumerate();
    let open = all.filter(|(_, outcome)| remaining(outcome, false).is_some());
    open.filter(|(number, outcome)| is_around(*number, outcome)).map(|(number, _)| number).collect()
}

fn mends(run: &Run) -> Vec<Mend> {
    suggest::mends(&run.plan, &|file| run.repository.files().get(file.0 as usize).map(|file| &file.path))
}

/// Decides for every finding of the head's tree where it is told. `brought` are those of [`around`] that the pull request brings in.
#[must_use]
pub fn place(
    run: &Run,
    touched: &BTreeMap<RepoPath, Touched>,
    brought: &BTreeSet<usize>,
    most_comments: usize,
) -> Placed {
    let is_told = |number: usize, mend: Option<&Mend>| {
        let on = |outcome| stands_on(run, outcome, mend, touched, |touched| &touched.lines);
        brought.contains(&number) || run.plan.outcomes.get(number).is_some_and(on)
    };
    let changes: BTreeMap<&RepoPath, &FileChange> =
        run.plan.changes.iter().map(|change| (&change.path, change)).collect();
    let mut placed = Placed::default();
    let mut told: BTreeSet<usize> = BTreeSet::new();
    for mend in mends(run) {
        if !mend.outcomes.iter().any(|number| is_told(*number, Some(&mend))) {
            continue;
        }
        let place = changes.get(&mend.path).map_or(Place::Annotation(Why::NotShown), |change| {
            place_of(&mend, touched.get(&mend.path), change.before.text())
        });
        told.extend(&mend.outcomes);
        placed.items.push(Item {
            path: mend.path.clone(),
            first: mend.first,
            last: mend.last,
            outcomes: mend.outcomes.clone(),
            mend: Some(mend),
            place,
        });
    }
    for (number, outcome) in run.plan.outcomes.iter().enumerate() {
        if told.contains(&number) || remaining(outcome, false).is_none() {
            continue;
        }
        if outcome.verdict == Verdict::Mended || !is_told(number, None) {
            placed.outside += 1;
            continue;
        }
        let (first, last) = lines_of(outcome.stream.text(), outcome.finding.at.span);
        placed.items.push(Item {
            path: outcome.path.clone(),
            first,
            last,
            outcomes: vec![number],
            mend: None,
            place: Place::Annotation(Why::NoChange),
        });
    }
    placed.items.sort_by(|a, b| (&a.path, a.first, &a.outcomes).cmp(&(&b.path, b.first, &b.outcomes)));
    bound(&mut placed.items, run, most_comments);
    placed
}

/// Keeps the comments to a number that people can read; those that are proven best come first.
fn bound(items: &mut [Item], run: &Run, most: usize) {
    let mut order: Vec<usize> =
        (0..items.len()).filter(|number| items[*number].place == Place::Comment).collect();
    order.sort_by_key(|number| std::cmp::Reverse(tier(&items[*number], run)));
    for number in order.into_iter().skip(most) {
        items[number].place = Place::Annotation(Why::Many);
    }
}

/// Returns the best tier of an item's findings.
#[must_use]
pub fn tier(item: &Item, run: &Run) -> Option<Applicability> {
    let outcomes = item.outcomes.iter().filter_map(|place| run.plan.outcomes.get(*place));
    outcomes.filter_map(|outcome| remaining(outcome, false)).max()
}

/// Tells whether a finding stands, or is mended, on lines of a kind.
fn stands_on(
    run: &Run,
    outcome: &Outcome,
    mend: Option<&Mend>,
    touched: &BTreeMap<RepoPath, Touched>,
    lines: fn(&Touched) -> &BTreeSet<u32>,
) -> bool {
    let on = |path: &RepoPath, (first, last): (u32, u32)| {
        touched.get(path).is_some_and(|touched| lines(touched).range(first..=last).next().is_some())
    };
    // A mend of one finding alone has exactly the lines that matter.
    let own = mend.filter(|mend| mend.outcomes.len() == 1);
    if own.is_some_and(|mend| on(&mend.path, (mend.first, mend.last))) {
        return true;
    }
    let text = outcome.stream.text();
    let head = run.repository.files().get(outcome.finding.at.file.0 as usize);
    if text != head.map_or("", |file| file.stream.text()) {
        // The finding came up in a later pass, and its lines count in a text that nobody sees; the mend's are the head's.
        return mend.is_some_and(|mend| on(&mend.path, (mend.first, mend.last)));
    }
    let edits = match &outcome.finding.remedy {
        Remedy::Fix(fix) => fix.edits.get(&outcome.finding.at.file),
        Remedy::Withheld(_) => None,
    };
    let edits = edits.into_iter().flat_map(|edits| edits.edits()).map(|edit| edit.span);
    let mut spans = edits.chain([outcome.finding.at.span]);
    spans.any(|span| on(&outcome.path, lines_of(text, span)))
}

fn place_of(mend: &Mend, touched: Option<&Touched>, text: &str) -> Place {
    if let Some(obstacle) = &mend.obstacle {
        return Place::Annotation(Why::Obstacle(obstacle.clone()));
    }
    let Some(touched) = touched.filter(|touched| !touched.hunks.is_empty()) else {
        return Place::Annotation(Why::NotShown);
    };
    match touched.hunks.iter().find(|hunk| hunk.holds(mend.first, mend.last)) {
        None => Place::Annotation(Why::Hunks),
        Some(hunk) if !hunk.shows(&lines(text)) => Place::Annotation(Why::Stale),
        Some(_) => Place::Comment,
    }
}
