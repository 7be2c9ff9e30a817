//! The report of a run.

use std::sync::Arc;

use caulk_transforms::{
    edit::EditSet,
    finding::{Evidence, FileId, Remedy},
    plan::{Outcome, Verdict},
    rollout,
    syntax::Stream,
    untouched,
};

use super::{
    Change, Edit, Effect, Elsewhere, Finding, Fix, Idle, Report, Rollout, Skipped, Source, Summary, Unasked,
    Unfollowed, Untouched, Unused, VERSION, VerdictName,
};
use crate::{
    config::Tier,
    read::{Skip, Trouble},
    run::{self, Run, remaining},
    sink::{diff, screen},
};

/// Makes the report of a run. `written` tells whether the changes are on the disk.
#[must_use]
pub fn report(run: &Run, written: bool) -> Report {
    let findings: Vec<Finding> =
        run.plan.outcomes.iter().map(|outcome| finding(run, outcome, written)).collect();
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
        caulk: env!("CARGO_PKG_VERSION").to_owned(),
        summary: Summary {
            files: run.files,
            findings: findings.len() - suppressed,
            mended,
            suppressed,
            known: run.plan.known,
            written,
            exit_code: None,
        },
        changes: changes.collect(),
        skipped: run.skipped.iter().map(skipped).collect(),
        unused_suppressions: unused.collect(),
        idle_rules: run
            .idle
            .iter()
            .map(|(rule, reason)| Idle { rule: (*rule).to_owned(), reason: reason.clone() })
            .collect(),
        rollouts: rollout::rollouts(&run.repository, &run.plan.changes).into_iter().map(rollout).collect(),
        untouched: run.plan.untouched.map(|counts| untouched(run, counts)),
        unasked: run.unasked.iter().map(unasked).collect(),
        unfollowed: run.unfollowed.iter().map(unfollowed).collect(),
        findings,
    }
}

fn unfollowed(entry: &run::Unfollowed) -> Unfollowed {
    Unfollowed {
        path: entry.path.to_string(),
        line: entry.line,
        reason: masked(&entry.reason),
        breaks: entry.breaks,
    }
}

fn finding(run: &Run, outcome: &Outcome, written: bool) -> Finding {
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
        rule: found.rule.to_owned(),
        path: outcome.path.to_string(),
        line,
        column,
        end_line,
        end_column,
        byte_column: byte_column(&outcome.stream, found.at.span.start),
        end_byte_column: byte_column(&outcome.stream, found.at.span.end),
        place: found.place.clone(),
        subject: found.subject.clone(),
        message: masked(&found.message),
        evidence: found.evidence.iter().map(source).collect(),
        verdict,
        reason,
        fix: fix(run, outcome),
        remaining: remaining(outcome, written).map(Tier::from),
    }
}

fn fix(run: &Run, outcome: &Outcome) -> Option<Fix> {
    let Remedy::Fix(fix) = &outcome.finding.remedy else { return None };
    let own = outcome.finding.at.file;
    let file_of = |id: &FileId| run.repository.files().get(id.0 as usize);
    let others = fix.edits.iter().filter(|(id, _)| **id != own);
    let elsewhere = others.filter_map(|(id, set)| {
        let file = file_of(id)?;
        Some(Elsewhere { path: file.path.to_string(), edits: edits(&file.stream, set) })
    });
    Some(Fix {
        title: masked(&fix.title),
        applicability: fix.applicability.into(),
        reasons: fix.reasons.iter().map(|reason| masked(reason)).collect(),
        edits: fix.edits.get(&own).map(|set| edits(&outcome.stream, set)).unwrap_or_default(),
        elsewhere: elsewhere.collect(),
        as_read: file_of(&own).is_some_and(|file| Arc::ptr_eq(&file.stream, &outcome.stream)),
    })
}

fn edits(stream: &Stream, set: &EditSet) -> Vec<Edit> {
    let edit = |edit: &caulk_transforms::edit::Edit| {
        let (line, column) = stream.position(edit.span.start);
        let (end_line, end_column) = stream.position(edit.span.end);
        let (start, end) = (edit.span.start, edit.span.end);
        Edit {
            start,
            end,
            line,
            column,
            end_line,
            end_column,
            byte_column: byte_column(stream, start),
            end_byte_column: byte_column(stream, end),
            replacement: edit.replacement.clone(),
        }
    };
    set.edits().iter().map(edit).collect()
}

fn byte_column(stream: &Stream, at: u32) -> u32 {
    at - stream.line_span(stream.position(at).0).start + 1
}

fn rollout(found: rollout::Rollout) -> Rollout {
    Rollout {
        overlay: found.overlay,
        cluster: found.cluster,
        namespace: found.namespace,
        workload: found.workload,
        effect: match found.effect {
            rollout::Effect::Rolls => Effect::Rolls,
            rollout::Effect::Upgrades => Effect::Upgrades,
            rollout::Effect::ControllerDecides => Effect::ControllerDecides,
            rollout::Effect::Immutable => Effect::Immutable,
            rollout::Effect::NextRun => Effect::NextRun,
            rollout::Effect::Stays => Effect::Stays,
        },
        through: found.through,
    }
}

fn untouched(run: &Run, counts: untouched::Untouched) -> Untouched {
    Untouched {
        encrypted_documents: counts.encrypted,
        sealed_secrets: counts.sealed,
        encoded_secrets: counts.encoded,
        hosts_with_kubernetes_variables: counts.kubernetes_variables,
        hosts_with_substitutions: counts.substitutions,
        hosts_with_placeholders: counts.placeholders,
        templates: run.skipped.iter().filter(|skip| skip.trouble == Trouble::Template).count(),
    }
}

fn unasked(missed: &run::Unasked) -> Unasked {
    let (path, image) = (missed.path.to_string(), missed.image.to_string());
    Unasked { path, image, reason: masked(&missed.reason) }
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
        kind: skip.trouble.kind().to_owned(),
        reason: skip.trouble.reason(),
        advice: skip.trouble.advice().to_owned(),
        failure: skip.trouble.is_failure(),
    }
}
