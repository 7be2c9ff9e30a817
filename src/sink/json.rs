//! The report for machines. Its shape is versioned: fields may come, and none goes or changes its meaning within a version.

use caulk_transforms::{
    finding::{Evidence, Remedy},
    plan::{Outcome, Verdict},
    rules,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{diff, screen};
use crate::{
    config::Tier,
    read::Skip,
    run::{Run, remaining},
};

/// The version of the report's shape.
pub const VERSION: u32 = 1;

/// Everything that a run found and did.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Report of caulk")]
pub struct Report {
    /// The version of this shape: 1.
    pub version: u32,
    /// The version of caulk.
    pub caulk: &'static str,
    /// Numbers.
    pub summary: Summary,
    /// The findings, by path and place.
    pub findings: Vec<Finding>,
    /// The changed files, by path.
    pub changes: Vec<Change>,
    /// Inputs that could not be used, or that are never edited.
    pub skipped: Vec<Skipped>,
    /// Comments `# caulk: ignore` that silenced nothing.
    pub unused_suppressions: Vec<Unused>,
    /// Rules that did not run.
    pub idle_rules: Vec<Idle>,
}

/// Numbers.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Summary {
    /// Files that were looked at.
    pub files: usize,
    /// Findings that no comment silences.
    pub findings: usize,
    /// Findings whose fix is part of the changes.
    pub mended: usize,
    /// Findings that a comment silences.
    pub suppressed: usize,
    /// Findings that were known before and are left out.
    pub known: usize,
    /// Whether the changes are on the disk.
    pub written: bool,
}

/// Something that is wrong at a place.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static str,
    /// The file's path from the tree's root.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The line where the place ends.
    pub end_line: u32,
    /// The column behind the place's last character.
    pub end_column: u32,
    /// The number of the document and the path in it; it names the finding whatever lines come and go above.
    pub place: String,
    /// The object and the container.
    pub subject: String,
    /// What is wrong, and what it causes.
    pub message: String,
    /// How that is known.
    pub evidence: Vec<Source>,
    /// What became of it.
    pub verdict: VerdictName,
    /// Why it was withheld, or silenced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The change that mends it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// The tier of what remains to be done; absent if nothing does. `--fail-on` compares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<Tier>,
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictName {
    /// Its fix is part of the changes.
    Mended,
    /// It has a fix that is trusted less than was asked for.
    BelowTier,
    /// It has no fix that can be applied.
    Withheld,
    /// A comment silences it.
    Suppressed,
}

/// A change that mends a finding.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Fix {
    /// What it does, in the imperative.
    pub title: String,
    /// How far it may be trusted.
    pub applicability: Tier,
    /// Why it is not trusted more.
    pub reasons: Vec<String>,
    /// The edits in the finding's own file, in the text as the finding's position counts.
    pub edits: Vec<Edit>,
}

/// A replacement of bytes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Edit {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
    /// What comes in their place.
    pub replacement: String,
}

/// One thing that is known, and from where.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Source {
    /// What is known.
    pub what: String,
    /// The source.
    pub source: String,
}

/// A changed file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Change {
    /// The file's path from the tree's root.
    pub path: String,
    /// The unified diff.
    pub diff: String,
}

/// An input that was not used.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Skipped {
    /// The path.
    pub path: String,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The kind of trouble, in kebab-case.
    pub kind: &'static str,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub advice: &'static str,
    /// Whether it fails the run.
    pub failure: bool,
}

/// A comment that silenced nothing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Unused {
    /// The file's path from the tree's root.
    pub path: String,
    /// The line of the comment, from 1.
    pub line: u32,
    /// The rules that it names; empty means all.
    pub rules: Vec<String>,
}

/// A rule that did not run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Idle {
    /// The rule.
    pub rule: &'static str,
    /// Why.
    pub reason: String,
}

/// Makes the report of a run. `written` tells whether the changes are on the disk.
#[must_use]
pub fn report(run: &Run, written: bool) -> Report {
    let findings: Vec<Finding> = run.plan.outcomes.iter().map(|outcome| finding(outcome, written)).collect();
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let (mended, suppressed) = (count(VerdictName::Mended), count(VerdictName::Suppressed));
    let changes = run.plan.changes.iter().map(|change| Change {
        path: change.path.to_string(),
        diff: diff::unified(change.path.as_str(), change.before.text(), &change.after),
    });
    let unused = run.plan.unused.iter().map(|unused| Unused {
        path: unused.path.to_string(),
        line: unused.line,
        rules: unused.rules.clone(),
    });
    Report {
        version: VERSION,
        caulk: env!("CARGO_PKG_VERSION"),
        summary: Summary {
            files: run.files,
            findings: findings.len() - suppressed,
            mended,
            suppressed,
            known: run.plan.known,
            written,
        },
        changes: changes.collect(),
        skipped: run.skipped.iter().map(skipped).collect(),
        unused_suppressions: unused.collect(),
        idle_rules: run.idle.iter().map(|(rule, reason)| Idle { rule, reason: reason.clone() }).collect(),
        findings,
    }
}

/// Renders a report as JSON with a final line feed.
///
/// # Errors
/// Never in practice: the report holds nothing that JSON cannot.
pub fn render(report: &Report) -> serde_json::Result<Vec<u8>> {
    let text = serde_json::to_string_pretty(report)?;
    let mut safe = String::with_capacity(text.len() + 1);
    for letter in text.chars() {
        match letter {
            '\n' => safe.push(letter),
            // What JSON need not escape may still steer a terminal. Outside of strings there is nothing of the kind.
            letter if screen::is_treacherous(letter) => {
                safe.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => safe.push(letter),
        }
    }
    safe.push('\n');
    Ok(safe.into_bytes())
}

fn finding(outcome: &Outcome, written: bool) -> Finding {
    let found = &outcome.finding;
    let (line, column) = outcome.stream.position(found.at.span.start);
    let (end_line, end_column) = outcome.stream.position(found.at.span.end);
    let (verdict, reason) = match &outcome.verdict {
        Verdict::Mended => (VerdictName::Mended, None),
        Verdict::BelowTier => (VerdictName::BelowTier, None),
        Verdict::Withheld(reason) => (VerdictName::Withheld, Some(masked(reason))),
        Verdict::Suppressed(reason) => (VerdictName::Suppressed, Some(masked(reason))),
    };
    Finding {
        rule: rules::by_id(found.rule).map_or(found.rule, |rule| rule.meta().id),
        path: outcome.path.to_string(),
        line,
        column,
        end_line,
        end_column,
        place: found.place.clone(),
        subject: found.subject.clone(),
        message: masked(&found.message),
        evidence: found.evidence.iter().map(source).collect(),
        verdict,
        reason,
        fix: fix(outcome),
        remaining: remaining(outcome, written).map(Tier::from),
    }
}

fn fix(outcome: &Outcome) -> Option<Fix> {
    let Remedy::Fix(fix) = &outcome.finding.remedy else { return None };
    let edits = fix.edits.get(&outcome.finding.at.file).into_iter().flat_map(|edits| edits.edits());
    Some(Fix {
        title: masked(&fix.title),
        applicability: fix.applicability.into(),
        reasons: fix.reasons.iter().map(|reason| masked(reason)).collect(),
        edits: edits
            .map(|edit| Edit {
                start: edit.span.start,
                end: edit.span.end,
                replacement: edit.replacement.clone(),
            })
            .collect(),
    })
}

fn source(evidence: &Evidence) -> Source {
    Source { what: masked(&evidence.what), source: masked(&evidence.source) }
}

fn masked(text: &str) -> String {
    screen::masked(text).into_owned()
}

fn skipped(skip: &Skip) -> Skipped {
    Skipped {
        path: skip.path.clone(),
        line: skip.trouble.spot().map(|spot| spot.line),
        column: skip.trouble.spot().map(|spot| spot.column),
        kind: skip.trouble.kind(),
        reason: skip.trouble.reason(),
        advice: skip.trouble.advice(),
        failure: skip.trouble.is_failure(),
    }
}
