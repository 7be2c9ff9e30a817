//! The summary of a job: what a person sees on the page of a workflow's run.

use crate::sink::{
    json::Report,
    markdown::{
        escape::{code, prose},
        parts::{self, Part, counted},
    },
    screen::masked,
};

/// GitHub takes 1 MiB from a step. A letter has three bytes at most for each that counts, so this stays below.
const MOST: usize = 330_000;

/// What each part but the diffs takes at most.
const PART: usize = 40_000;

/// Renders the summary.
pub(super) fn render(report: &Report) -> String {
    let mut out = format!("## caulk\n\n{}\n\n", headline(report));
    let mended = if report.summary.written { "Mended" } else { "Can be mended" };
    section(&mut out, mended, &parts::table(report, PART), "row");
    section(&mut out, "Needs a person", &parts::withheld(report, PART), "finding");
    section(&mut out, "Not read", &unread(report), "file");
    section(&mut out, "What the changes set in motion", &parts::rollouts(report, PART), "workload");
    if report.summary.known > 0 {
        out.push_str(&format!("{} known before and left out.\n\n", counted(report.summary.known, "finding")));
    }
    let room = MOST.saturating_sub(6 * PART);
    section(&mut out, "Changes", &diffs(report, room), "file");
    out
}

fn headline(report: &Report) -> String {
    let (summary, files) = (&report.summary, counted(report.summary.files, "file"));
    if summary.findings == 0 {
        return format!("Nothing found in {files}.");
    }
    let found = counted(summary.findings, "finding");
    let places = counted(summary.mended, "place");
    let mended = match (summary.mended, summary.written) {
        (0, _) => "None has a fix that is applied.".to_owned(),
        (_, true) => format!("{places} mended."),
        (_, false) => format!("`caulk fix --write` mends {places}."),
    };
    format!("{found} in {files}. {mended}")
}

fn section(out: &mut String, title: &str, part: &Part, noun: &str) {
    if part.shown + part.left_out == 0 {
        return;
    }
    out.push_str(&format!("### {title}\n\n{}\n", part.text));
    if part.left_out > 0 {
        let all = counted(part.shown + part.left_out, noun);
        out.push_str(&format!("{} of {all} fit here; the report has the rest.\n\n", part.shown));
    }
}

/// Renders the diffs without their secrets: this is read, and the patch is what is applied.
fn diffs(report: &Report, room: usize) -> Part {
    let changes = report.changes.iter();
    parts::fit(changes.map(|change| parts::details(&change.path, "diff", &masked(&change.diff))), room)
}

fn unread(report: &Report) -> Part {
    let lines = report.skipped.iter().filter(|skipped| super::level::of_skipped(skipped).is_some());
    let line = |skipped: &crate::sink::json::Skipped| {
        let place =
            skipped.line.map_or_else(|| skipped.path.clone(), |line| format!("{}:{line}", skipped.path));
        format!("- {}: {}; {}\n", code(&place), prose(&skipped.reason), prose(&skipped.advice))
    };
    parts::fit(lines.map(line), PART)
}
