//! What is said of a container: one finding for all overlays that use it.

use super::{
    Change, META,
    decide::{Decision, Move, Problem},
    doubled::{Objection, objection},
    remedy,
};
use crate::{
    finding::{Applicability, Evidence, Finding, Remedy},
    rule::Context,
    rules::container_run::{Patched, Run},
};

/// Reports a container, judged as every overlay will have it.
pub(super) fn container(cx: &Context<'_>, judged: &[(Run<'_>, Decision)]) -> Option<Finding> {
    let (run, decision) = judged.iter().find(|(_, decision)| problem(decision).is_some())?;
    let entry = run.node.entry("command")?;
    let mut evidence: Vec<Evidence> = Vec::new();
    for (_, decision) in judged {
        let more = evidence_of(decision).iter().filter(|each| !evidence.contains(each)).cloned();
        let more: Vec<Evidence> = more.collect();
        evidence.extend(more);
    }
    Some(Finding {
        rule: META.id,
        at: run.location(entry)?,
        place: run.place(),
        subject: run.subject(),
        message: message(cx, run, problem(decision)?),
        evidence,
        remedy: for_all(cx, judged),
    })
}

/// Reports a command that stands in an inline or a JSON patch, which is not edited.
pub(super) fn patch(cx: &Context<'_>, run: &Run<'_>, decision: Decision) -> Option<Finding> {
    let variant = run.variant?;
    let Patched { at, place, subject } = run.patched_at(cx.repository)?;
    let problem = problem(&decision)?;
    let evidence = evidence_of(&decision).to_vec();
    let reason = match decision {
        Decision::Show { reason, .. } => reason,
        _ => format!("{} patches the command in a text that caulk does not edit: set args there", variant.overlay),
    };
    Some(Finding {
        rule: META.id,
        at,
        place,
        subject,
        message: message(cx, run, problem),
        evidence,
        remedy: Remedy::Withheld(reason),
    })
}

/// Makes the remedy that is right for every overlay, or says which one it would harm.
fn for_all(cx: &Context<'_>, judged: &[(Run<'_>, Decision)]) -> Remedy {
    let mut moves: Vec<(&Run<'_>, &Move)> = Vec::new();
    for (run, decision) in judged {
        match decision {
            Decision::Move(change) => moves.push((run, change)),
            Decision::Show { reason, .. } => return Remedy::Withheld(reason.clone()),
            Decision::Leave(reason) => {
                return Remedy::Withheld(format!("{} uses the same command: {reason}", run.overlay()));
            }
            Decision::Repeats(_) => {
                let overlay = run.overlay();
                return Remedy::Withheld(format!("in {overlay} the same command repeats the image's entrypoint"));
            }
        }
    }
    let Some((first, change)) = moves.first() else { return Remedy::Withheld("nothing is to be moved".to_owned()) };
    if let Some((other, _)) = moves.iter().find(|(_, other)| other.dropped != change.dropped) {
        return Remedy::Withheld(format!("{} and {} need different changes", first.overlay(), other.overlay()));
    }
    let mut tier = moves.iter().map(|(_, change)| change.tier).min().unwrap_or_default();
    let mut reasons: Vec<String> = moves.iter().flat_map(|(_, change)| change.reasons.clone()).collect();
    for objection in moves.iter().filter_map(|(run, change)| objection_to(cx, run, change)) {
        match objection {
            Objection::Twice(reason) => return Remedy::Withheld(reason),
            Objection::Together(reason) => {
                tier = tier.min(Applicability::Unsafe);
                reasons.push(reason);
            }
        }
    }
    reasons.dedup();
    let runs: Vec<&Run<'_>> = moves.iter().map(|(run, _)| *run).collect();
    let title = match (first.node.get("args").is_some_and(|args| args.items().next().is_some()), change.dropped) {
        (false, 0) => "rename command to args",
        (true, 0) => "move the words of command to the front of args",
        (_, _) => "leave the program to the image's entrypoint and keep its arguments in args",
    };
    remedy(cx, &runs, &Change { dropped: change.dropped, tier, reasons, title: title.to_owned() })
}

/// Returns what speaks against a move of words that run nothing today. Where an init was left out they run, as they are.
fn objection_to(cx: &Context<'_>, run: &Run<'_>, change: &Move) -> Option<Objection> {
    let facts = cx.facts.image(run.image_ref()?).ok()?;
    if change.problem == Problem::InitSkipped { None } else { objection(run, facts) }
}

const fn problem(decision: &Decision) -> Option<Problem> {
    match decision {
        Decision::Move(change) => Some(change.problem),
        Decision::Show { problem, .. } => Some(*problem),
        Decision::Leave(_) | Decision::Repeats(_) => None,
    }
}

fn evidence_of(decision: &Decision) -> &[Evidence] {
    match decision {
        Decision::Move(change) => &change.evidence,
        Decision::Show { evidence, .. } => evidence,
        Decision::Leave(_) | Decision::Repeats(_) => &[],
    }
}

fn message(cx: &Context<'_>, run: &Run<'_>, problem: Problem) -> String {
    let word = run.command_words().and_then(<[String]>::first).map_or("", String::as_str);
    let facts = run.image_ref().and_then(|image| cx.facts.image(image).ok());
    let entrypoint = facts.map_or_else(
        || "entrypoint".to_owned(),
        |facts| format!("entrypoint `{}`", facts.entrypoint.join(" ")),
    );
    let fails = format!("the container fails with `exec: \"{word}\": executable file not found in $PATH`");
    match problem {
        Problem::Flag => {
            format!("`command` replaces the image's {entrypoint}, and `{word}` is a flag, no program: {fails}")
        }
        Problem::Absent => {
            format!("`command` replaces the image's {entrypoint}, and the image has no program `{word}`: {fails}")
        }
        Problem::NotFound => {
            format!("a cluster did not find the program `{word}`, with which `command` begins: {fails}")
        }
        Problem::Argument => format!(
            "`command` replaces the image's {entrypoint}, and `{word}` looks like one of its arguments: \
             if it is no program, {fails}"
        ),
        Problem::InitSkipped => format!(
            "`command` replaces the image's {entrypoint}, so the program runs without its init: \
             signals may be lost and dead children stay"
        ),
    }
}
