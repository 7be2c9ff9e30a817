//! How bad things are, for formats that know three levels.

use crate::{
    config::Tier,
    sink::{
        json::{Finding, Skipped, VerdictName},
        screen::{masked, plain},
    },
};

/// How bad it is; the worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// It is proven, and so is the way out; or the run failed.
    Error,
    /// One of the two is proven.
    Warning,
    /// It needs a look, or it is done.
    Note,
}

/// Returns how bad a finding is that no comment silences.
pub(super) fn of_finding(finding: &Finding) -> Option<Level> {
    match (finding.verdict, finding.remaining) {
        (VerdictName::Suppressed, _) => None,
        (_, Some(Tier::Safe)) => Some(Level::Error),
        (_, Some(Tier::Unsafe)) => Some(Level::Warning),
        (_, Some(Tier::Display) | None) => Some(Level::Note),
    }
}

/// Returns how bad an unused input is, if somebody must know of it.
pub(super) fn of_skipped(skipped: &Skipped) -> Option<Level> {
    match skipped.kind.as_str() {
        _ if skipped.failure => Some(Level::Error),
        "not-yaml" | "not-text" | "too-large" | "name" | "index-alone" => Some(Level::Warning),
        _ => None,
    }
}

/// Returns a text on one line, without what steers terminals and without secrets.
pub(super) fn clean(text: &str) -> String {
    plain(&masked(text)).into_owned()
}

/// Tells a finding in full, a line for each thing that is known.
pub(super) fn story(finding: &Finding) -> String {
    let mut lines = vec![format!("{}: {}", clean(&finding.subject), clean(&finding.message))];
    lines.extend(
        finding.evidence.iter().map(|known| format!("{} ({})", clean(&known.what), clean(&known.source))),
    );
    lines.extend(remedy(finding));
    lines.join("\n")
}

/// Tells in a sentence what became of a finding, or what can be done about it.
pub(super) fn remedy(finding: &Finding) -> Option<String> {
    let reason = finding.reason.as_deref().map(clean);
    let Some(fix) = &finding.fix else { return reason.map(|reason| format!("No fix: {reason}")) };
    let title = clean(&fix.title);
    let because = match (reason, fix.reasons.is_empty()) {
        (Some(reason), _) => format!(": {reason}"),
        (None, true) => String::new(),
        (None, false) => format!(": {}", clean(&fix.reasons.join("; "))),
    };
    Some(match (finding.verdict, fix.applicability) {
        (VerdictName::Mended, _) if finding.remaining.is_none() => format!("Mended: {title}"),
        (VerdictName::Suppressed, _) => format!("Silenced{because}"),
        (VerdictName::Mended, Tier::Safe) => format!("`caulk fix --write` does it: {title}"),
        (VerdictName::Mended, _) => format!("`caulk fix --write --unsafe-fixes` does it: {title}{because}"),
        (VerdictName::BelowTier, Tier::Unsafe) => format!("Not proven to be safe: {title}{because}"),
        (VerdictName::BelowTier, _) => format!("A proposal: {title}{because}"),
        (VerdictName::Withheld, _) => format!("Not mended ({title}){because}"),
    })
}
