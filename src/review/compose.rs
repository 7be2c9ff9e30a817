//! What is said of a pull request: the comments with their suggestions, the annotations, the summary.

use std::fmt::Write as _;

use caulk_transforms::{
    finding::{Applicability, Finding, Remedy},
    plan::{Outcome, Verdict},
};

use super::{
    marker::{Marker, name},
    place::{Item, Place, Placed, Why, tier},
    reconcile::Wanted,
    suggest::Mend,
};
use crate::{
    github::{Annotation, Level},
    run::Run,
    sink::{
        markdown::{
            escape::{code, fenced, length, prose, words},
            parts::{counted, fit, shortened},
        },
        screen::{masked, plain, plain_lines},
    },
};

/// GitHub takes 65,536 characters; the rest is for what it adds itself.
const LONGEST_COMMENT: usize = 60_000;

/// A summary of more characters is cut, entry by entry.
const LONGEST_SUMMARY: usize = 58_000;

/// More evidence than this is not read beside a line.
const MOST_EVIDENCE: usize = 5;

/// The proposal of an annotation is cut behind so many characters: the list shows it as plain text.
const LONGEST_PROPOSAL: usize = 3_000;

/// Makes the comments. Each comes with the place of its item; an item whose comment would be too long becomes an annotation.
pub fn comments(run: &Run, placed: &mut Placed) -> Vec<(usize, Wanted)> {
    let mut comments = Vec::new();
    for (number, item) in placed.items.iter_mut().enumerate() {
        let (Place::Comment, Some(mend)) = (&item.place, &item.mend) else { continue };
        let wanted = comment(run, item, mend);
        match length(&wanted.body) > LONGEST_COMMENT {
            true => item.place = Place::Annotation(Why::Long),
            false => comments.push((number, wanted)),
        }
    }
    comments
}

fn comment(run: &Run, item: &Item, mend: &Mend) -> Wanted {
    let outcomes: Vec<&Outcome> = outcomes(run, item).collect();
    let mut text = String::new();
    for outcome in &outcomes {
        let found = &outcome.finding;
        let message = prose(&shortened(&found.message));
        let _ =
            writeln!(text, "**{}** in {}: {message}.\n", code(found.rule), words(&shortened(&found.subject)));
    }
    text.push_str(&mend.block());
    for reason in outcomes.iter().flat_map(|outcome| reasons(&outcome.finding)) {
        let _ = writeln!(text, "\nThis is not proven to be safe: {}.", prose(&shortened(reason)));
    }
    text.push_str(&evidence(&outcomes));
    let names = outcomes.iter().flat_map(|outcome| {
        [outcome.finding.rule, outcome.finding.subject.as_str(), outcome.finding.place.as_str()]
    });
    let key = name([item.path.as_str()].into_iter().chain(names));
    let marker = Marker { key, content: name([text.as_str()]), done: false };
    let body = format!("{}\n\n{}", text.trim_end(), marker.render());
    Wanted { path: item.path.to_string(), first: item.first, last: item.last, body, marker }
}

/// Returns the text of a comment whose reason is gone, for tokens that may not resolve its conversation.
#[must_use]
pub fn done(marker: &Marker) -> String {
    let marker = Marker { done: true, ..marker.clone() };
    format!("There is nothing to mend here any more.\n\n{}", marker.render())
}

fn evidence(outcomes: &[&Outcome]) -> String {
    let mut known: Vec<String> = outcomes
        .iter()
        .flat_map(|outcome| &outcome.finding.evidence)
        .map(|each| format!("- {} ({})\n", prose(&shortened(&each.what)), words(&shortened(&each.source))))
        .collect();
    known.dedup();
    if known.is_empty() {
        return String::new();
    }
    let more = known.len().saturating_sub(MOST_EVIDENCE);
    known.truncate(MOST_EVIDENCE);
    let more = if more > 0 { format!("- and {more} more\n") } else { String::new() };
    format!("\n<details><summary>How this is known</summary>\n\n{}{more}\n</details>\n", known.concat())
}

fn reasons(finding: &Finding) -> impl Iterator<Item = &str> {
    let reasons = match &finding.remedy {
        Remedy::Fix(fix) if fix.applicability < Applicability::Safe => fix.reasons.as_slice(),
        _ => &[],
    };
    reasons.iter().map(String::as_str)
}

fn outcomes<'a>(run: &'a Run, item: &'a Item) -> impl Iterator<Item = &'a Outcome> {
    item.outcomes.iter().filter_map(|number| run.plan.outcomes.get(*number))
}

/// Makes the annotation of an item, which says as well why there is no suggestion.
#[must_use]
pub fn annotation(run: &Run, item: &Item) -> Annotation {
    let mut message = String::new();
    for outcome in outcomes(run, item) {
        let _ = writeln!(message, "{}: {}", clean(&outcome.finding.subject), clean(&outcome.finding.message));
        message.push_str(&standing(outcome));
    }
    if let Some(mend) = &item.mend {
        message.push_str(&proposal(mend));
    }
    if let Place::Annotation(why) = &item.place
        && *why != Why::NoChange
    {
        let _ = writeln!(message, "No suggestion beside the line: {}", clean(&why.to_string()));
    }
    let first = outcomes(run, item).next().map_or("caulk", |outcome| outcome.finding.rule);
    let grave = tier(item, run) >= Some(Applicability::Unsafe);
    Annotation {
        path: item.path.to_string(),
        start_line: item.first,
        end_line: item.last,
        annotation_level: if grave { Level::Warning } else { Level::Notice },
        title: first.to_owned(),
        message: message.trim_end().to_owned(),
    }
}

/// Tells what becomes of a finding that no change of the plan mends.
fn standing(outcome: &Outcome) -> String {
    match (&outcome.finding.remedy, &outcome.verdict) {
        (_, Verdict::Mended) => String::new(),
        (Remedy::Withheld(reason), _) | (Remedy::Fix(_), Verdict::Withheld(reason)) => {
            format!("No fix: {}\n", clean(reason))
        }
        (Remedy::Fix(fix), _) => {
            let tier = match fix.applicability {
                Applicability::Display => "a proposal",
                Applicability::Unsafe => "not proven to be safe",
                Applicability::Safe => "safe",
            };
            let reasons =
                if fix.reasons.is_empty() { String::new() } else { format!(": {}", fix.reasons.join("; ")) };
            format!("{} ({tier}{})\n", clean(&fix.title), clean(&reasons))
        }
    }
}

/// Shows a change as plain lines. They are the pull request's own, so nothing in them is masked.
fn proposal(mend: &Mend) -> String {
    let lines = change(mend);
    match length(&lines) > LONGEST_PROPOSAL {
        true => "The change is long: `caulk fix` shows it.\n".to_owned(),
        false => lines,
    }
}

fn change(mend: &Mend) -> String {
    let marked = |sign: char, text: &str| -> String {
        text.lines().map(|line| format!("{sign}{}\n", plain_lines(line))).collect()
    };
    format!("{}{}", marked('-', &mend.before), marked('+', &mend.text))
}

fn clean(text: &str) -> String {
    plain(&masked(&shortened(text))).into_owned()
}

/// Renders the summary: how much is told where, and what is told in the list alone.
#[must_use]
pub fn summary(run: &Run, placed: &Placed, dismissed: usize) -> String {
    let beside = placed.items.iter().filter(|item| item.place == Place::Comment).count();
    let listed: Vec<&Item> = placed.items.iter().filter(|item| item.place != Place::Comment).collect();
    let mut text = match placed.items.is_empty() {
        true => {
            "On and beside the lines that this pull request touches there is nothing to mend.\n".to_owned()
        }
        false => format!(
            "On and beside the lines that this pull request touches: {} as comments, {}.\n",
            counted(beside, "suggestion"),
            counted(listed.len(), "remark")
        ),
    };
    if dismissed > 0 {
        let _ = writeln!(text, "\n{} that a person resolved stay so.", counted(dismissed, "suggestion"));
    }
    if placed.outside > 0 {
        let _ = writeln!(
            text,
            "\nElsewhere in the repository there are {} that this pull request does not touch; `caulk check` shows them.",
            counted(placed.outside, "finding")
        );
    }
    if placed.unlisted > 0 {
        let _ = writeln!(
            text,
            "\nThis pull request has more files than GitHub lists. caulk compared {} besides with the state before; what it found there is listed here without suggestions.",
            counted(placed.unlisted, "file")
        );
    }
    for told in &run.disregarded {
        let _ = writeln!(text, "\n{}.", prose(told));
    }
    let room = LONGEST_SUMMARY.saturating_sub(length(&text) + 200);
    let lines = fit(listed.iter().map(|item| entry(run, item)), room);
    if lines.shown > 0 {
        let _ = write!(text, "\n{}", lines.text);
    }
    if lines.left_out > 0 {
        let _ = writeln!(text, "\n{} more do not fit here; `caulk check` shows them.", lines.left_out);
    }
    text
}

fn entry(run: &Run, item: &Item) -> String {
    let place = code(&shortened(&format!("{}:{}", item.path, item.first)));
    let mut text = String::new();
    for outcome in outcomes(run, item) {
        let found = &outcome.finding;
        let (subject, message) = (words(&shortened(&found.subject)), prose(&shortened(&found.message)));
        let _ = writeln!(text, "- {place} {}: {subject}: {message}.", code(found.rule));
    }
    if let Place::Annotation(why) = &item.place
        && *why != Why::NoChange
    {
        let _ = writeln!(text, "  No suggestion beside the line: {}.", prose(&shortened(&why.to_string())));
    }
    if let Some(mend) = &item.mend {
        let _ = writeln!(text, "\n{}", fenced("diff", &change(mend)));
    }
    text
}
