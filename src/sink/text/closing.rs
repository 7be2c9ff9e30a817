//! The last lines: how much is mended, what needs a person and why, and what one could ask for.

use std::fmt::Write as _;

use caulk_transforms::{
    finding::{Applicability, Remedy},
    plan::{Outcome, Verdict},
};

use super::Shown;
use crate::{run::Run, sink::screen::plain};

/// More reasons than these are no summary.
const MOST_REASONS: usize = 3;

/// Renders the closing lines. `offers_unsafe` tells whether `--unsafe-fixes` was not given and would change more.
#[must_use]
pub fn closing(run: &Run, shown: Shown) -> String {
    let open = |outcome: &&Outcome| !matches!(outcome.verdict, Verdict::Suppressed(_));
    let findings: Vec<&Outcome> = run.plan.outcomes.iter().filter(open).collect();
    let mended = findings.iter().filter(|outcome| outcome.verdict == Verdict::Mended).count();
    let rest: Vec<&Outcome> =
        findings.iter().copied().filter(|outcome| outcome.verdict != Verdict::Mended).collect();
    let mut out = match findings.len() {
        0 => {
            let files = counted(run.files, "file");
            let nothing = format!("nothing to mend in {files}{}\n", known(run.plan.known));
            return nothing + &untouched(run) + &unfollowed(run);
        }
        all => {
            format!("{mended} of {all} {}", if shown == Shown::Written { "mended" } else { "can be mended" })
        }
    };
    if !rest.is_empty() {
        let need = if rest.len() == 1 { "needs" } else { "need" };
        let _ = write!(out, "; {} {need} you, because {}", rest.len(), reasons(&rest));
    }
    out.push_str(&known(run.plan.known));
    out.push('\n');
    out.push_str(&untouched(run));
    out.push_str(&unfollowed(run));
    if mended > 0 && shown != Shown::Written {
        let _ = writeln!(out, "hint: `caulk fix --write` applies {}", counted(mended, "fix"));
    }
    let held = rest.iter().filter(|outcome| is_held_back(outcome)).count();
    if held > 0 {
        let _ = writeln!(
            out,
            "hint: {} held back; `--unsafe-fixes` applies what is shown as unsafe",
            counted(held, "fix")
        );
    }
    out
}

/// Tells what may hold hosts and is never touched. Templates are told with what was skipped.
fn untouched(run: &Run) -> String {
    let Some(counts) = run.plan.untouched else { return String::new() };
    let told = [
        (counts.encrypted, "document", "encrypted by SOPS"),
        (counts.sealed, "SealedSecret", ""),
        (counts.encoded, "Secret", "in base64"),
        (counts.kubernetes_variables, "host", "with $(VAR)"),
        (counts.substitutions, "host", "with ${VAR}"),
        (counts.placeholders, "host", "with another placeholder"),
    ];
    let told = told.into_iter().filter(|(count, ..)| *count > 0);
    let told: Vec<String> = told
        .map(|(count, what, how)| format!("{} {how}", counted(count, what)).trim_end().to_owned())
        .collect();
    if told.is_empty() { String::new() } else { format!("left alone: {}\n", told.join(", ")) }
}

/// Tells which entries of kustomizations were not followed: what stands here may come out otherwise.
fn unfollowed(run: &Run) -> String {
    let count = run.unfollowed.len();
    let told = run.unfollowed.iter().take(MOST_REASONS);
    let mut told: Vec<String> = told
        .map(|entry| format!("{}:{}: {}", plain(entry.path.as_str()), entry.line, plain(&entry.reason)))
        .collect();
    match count.checked_sub(MOST_REASONS).filter(|more| *more > 0) {
        _ if count == 0 => return String::new(),
        Some(more) => told.push(format!("{more} more in --format json")),
        None => {}
    }
    format!("not followed: {}\n", told.join("; "))
}

/// Tells of findings that are left out because they were there before.
fn known(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" ({} known before left out)", counted(count, "finding")) }
}

fn is_held_back(outcome: &Outcome) -> bool {
    let fix =
        |remedy: &Remedy| matches!(remedy, Remedy::Fix(fix) if fix.applicability == Applicability::Unsafe);
    outcome.verdict == Verdict::BelowTier && fix(&outcome.finding.remedy)
}

/// Lists why findings need a person, the most frequent reason first.
fn reasons(rest: &[&Outcome]) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for outcome in rest {
        let reason = reason(outcome);
        match counts.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => counts.push((reason, 1)),
        }
    }
    counts.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    let others: usize = counts.iter().skip(MOST_REASONS).map(|(_, count)| count).sum();
    let told = counts.into_iter().take(MOST_REASONS);
    let mut told: Vec<String> = match rest.len() {
        1 => told.map(|(reason, _)| reason).collect(),
        _ => told.map(|(reason, count)| format!("{reason} ({count})")).collect(),
    };
    if others > 0 {
        told.push(format!("other reasons ({others})"));
    }
    told.join(", ")
}

fn reason(outcome: &Outcome) -> String {
    match (&outcome.verdict, &outcome.finding.remedy) {
        (Verdict::Withheld(reason), _) | (_, Remedy::Withheld(reason)) => plain(reason).into_owned(),
        (_, Remedy::Fix(fix)) => match fix.applicability {
            Applicability::Display => "the change is a proposal only".to_owned(),
            Applicability::Unsafe | Applicability::Safe => "the fix is not proven to be safe".to_owned(),
        },
    }
}

fn counted(number: usize, what: &str) -> String {
    match (number, what) {
        (1, _) => format!("1 {what}"),
        (_, "fix") => format!("{number} fixes"),
        _ => format!("{number} {what}s"),
    }
}
