//! The parts of a report in Markdown, each within a bound: whole rows and whole files alone, and the rest is counted.

use std::fmt::Write as _;

use super::escape::{code, fenced, html, length, prose, words};
use crate::{
    config::Tier,
    sink::json::{Effect, Finding, Report, Rollout, VerdictName},
};

/// A part of a text that shows what fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The Markdown; empty if there is nothing to show.
    pub text: String,
    /// How many items are shown.
    pub shown: usize,
    /// How many are left out.
    pub left_out: usize,
}

/// Takes the items that fit into so many characters, in their order.
pub fn fit(items: impl IntoIterator<Item = String>, room: usize) -> Part {
    let (mut part, mut used) = (Part::default(), 0);
    for item in items {
        let size = length(&item);
        if used + size <= room {
            part.text.push_str(&item);
            part.shown += 1;
            used += size;
        } else {
            part.left_out += 1;
        }
    }
    part
}

/// Renders what is wrong and what it causes, as one paragraph: each rule with its first finding.
#[must_use]
pub fn summary(report: &Report) -> String {
    let open: Vec<&Finding> = mended(report).collect();
    let open = if open.is_empty() { needs_person(report).collect() } else { open };
    let files = counted(report.changes.len(), "file");
    let mut out = match (report.changes.is_empty(), report.summary.written) {
        (true, _) => format!("caulk found {}. ", counted(open.len(), "finding")),
        (false, _) => format!("This mends {} in {files}. ", counted(open.len(), "place")),
    };
    if open.is_empty() {
        return "caulk found nothing to mend.".to_owned();
    }
    out.push_str("Kubernetes accepts them as they are, and they then fail at run time.");
    let mut rules: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in open {
        match rules.iter_mut().find(|(rule, _)| *rule == finding.rule) {
            Some((_, all)) => all.push(finding),
            None => rules.push((&finding.rule, vec![finding])),
        }
    }
    for (rule, findings) in rules {
        let Some(first) = findings.first() else { continue };
        let more = match findings.len() {
            1 => String::new(),
            all => format!(" ({} more like it)", all - 1),
        };
        let subject = words(&first.subject);
        let _ = write!(out, " {}: in {subject}, {}{more}.", code(rule), prose(&shortened(&first.message)));
    }
    out
}

/// Renders the table of what is mended.
#[must_use]
pub fn table(report: &Report, room: usize) -> Part {
    const HEAD: &str = "| File | Object | Rule | Trust | Evidence |\n|---|---|---|---|---|\n";
    let row = |finding: &Finding| {
        let place = format!("{}:{}", finding.path, finding.line);
        let trust = finding.fix.as_ref().map_or("", |fix| tier(fix.applicability));
        let evidence: Vec<String> = finding.evidence.iter().take(MOST_EVIDENCE).map(evidence).collect();
        let more = finding.evidence.len().saturating_sub(MOST_EVIDENCE);
        let more = if more > 0 { format!("<br>and {more} more") } else { String::new() };
        format!(
            "| {} | {} | {} | {trust} | {}{more} |\n",
            code(&shortened(&place)),
            words(&shortened(&finding.subject)),
            code(&finding.rule),
            evidence.join("<br>"),
        )
    };
    headed(HEAD, fit(mended(report).map(row), room.saturating_sub(length(HEAD))))
}

/// Renders the changes as unified diffs in blocks that open by a click.
#[must_use]
pub fn diffs(report: &Report, room: usize) -> Part {
    let changes = report.changes.iter();
    fit(changes.map(|change| details(&change.path, "diff", &change.diff)), room)
}

/// Renders a named text in a block that opens by a click.
#[must_use]
pub fn details(name: &str, info: &str, text: &str) -> String {
    let name = html(&shortened(name));
    format!("<details><summary><code>{name}</code></summary>\n\n{}\n</details>\n\n", fenced(info, text))
}

/// Renders what the changes set in motion, by overlay.
#[must_use]
pub fn rollouts(report: &Report, room: usize) -> Part {
    // In the order of the report, so that a cluster and its overlay stand together as they came.
    type Overlay<'a> = (Option<&'a str>, Option<&'a str>);
    let mut overlays: Vec<(Overlay<'_>, Vec<&Rollout>)> = Vec::new();
    for rollout in &report.rollouts {
        let key = (rollout.cluster.as_deref(), rollout.overlay.as_deref());
        match overlays.iter_mut().find(|(known, _)| *known == key) {
            Some((_, all)) => all.push(rollout),
            None => overlays.push((key, vec![rollout])),
        }
    }
    let lines = overlays.into_iter().flat_map(|((cluster, overlay), all)| {
        let title = overlay
            .map_or("Not delivered by anything in this repository".to_owned(), |name| code(&shortened(name)));
        let cluster =
            cluster.map(|name| format!(" (cluster {})", code(&shortened(name)))).unwrap_or_default();
        let mut head = Some(format!("- {title}{cluster}\n"));
        all.into_iter().map(move |rollout| format!("{}{}", head.take().unwrap_or_default(), moved(rollout)))
    });
    fit(lines, room)
}

/// Renders what was found and not mended, each with the reason.
#[must_use]
pub fn withheld(report: &Report, room: usize) -> Part {
    let line = |finding: &Finding| {
        let place = code(&shortened(&format!("{}:{}", finding.path, finding.line)));
        let (subject, message) = (words(&shortened(&finding.subject)), prose(&shortened(&finding.message)));
        format!("- {place} {subject}: {message} {} {}\n", code(&finding.rule), because(finding))
    };
    fit(needs_person(report).map(line), room)
}

/// Returns the findings whose fix is part of the changes.
pub fn mended(report: &Report) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|finding| finding.verdict == VerdictName::Mended)
}

/// Returns the findings that are left to people.
pub fn needs_person(report: &Report) -> impl Iterator<Item = &Finding> {
    let left = [VerdictName::BelowTier, VerdictName::Withheld];
    report.findings.iter().filter(move |finding| left.contains(&finding.verdict))
}

/// Returns a number with its noun.
#[must_use]
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// More evidence than this makes a row that nobody reads; the report has it all.
const MOST_EVIDENCE: usize = 3;

/// Names and messages are cut here, so that one cannot take the room of all others.
const LONGEST: usize = 400;

/// Returns a name or a message that takes no more room than one may.
#[must_use]
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        // Secrets are masked before the cut, which could take away what tells them.
        Some(_) => crate::sink::screen::masked(text).chars().take(LONGEST).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

fn headed(head: &str, part: Part) -> Part {
    if part.shown == 0 { part } else { Part { text: format!("{head}{}", part.text), ..part } }
}

fn evidence(source: &crate::sink::json::Source) -> String {
    format!("{} ({})", prose(&shortened(&source.what)), words(&shortened(&source.source)))
}

fn moved(rollout: &Rollout) -> String {
    let namespace =
        rollout.namespace.as_deref().map(|name| format!(" in {}", code(name))).unwrap_or_default();
    let through = rollout
        .through
        .as_deref()
        .map(|name| format!(", through {}", code(&shortened(name))))
        .unwrap_or_default();
    let what = match rollout.effect {
        Effect::Rolls => "its pods are replaced",
        Effect::Upgrades => "the release is upgraded, and its chart decides which pods are replaced",
        Effect::ControllerDecides => "its controller decides",
        Effect::Immutable => "it cannot change in place: delete it first, or the sync is refused",
        Effect::NextRun => "its next run uses the change",
        Effect::Stays => "pods that run keep the old state until they are restarted",
    };
    format!("  - {}{namespace}: {what}{through}\n", code(&shortened(&rollout.workload)))
}

fn because(finding: &Finding) -> String {
    let reason = match (&finding.reason, &finding.fix) {
        (Some(reason), _) => reason.clone(),
        (None, Some(fix)) if fix.reasons.is_empty() => format!("the fix is {}", tier(fix.applicability)),
        (None, Some(fix)) => fix.reasons.join("; "),
        (None, None) => return String::new(),
    };
    format!("(not mended: {})", prose(&shortened(&reason)))
}

/// Returns how far a fix is trusted, for people.
#[must_use]
pub const fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Safe => "safe",
        Tier::Unsafe => "unsafe",
        Tier::Display => "proposal",
    }
}
