//! The report for people: what is wrong, where, how that is known, and what can be done.

mod closing;

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use caulk_transforms::{
    edit::EditSet,
    finding::{Applicability, Fix, Remedy},
    path::RepoPath,
    plan::{Outcome, Verdict},
    span::Span,
    syntax::Stream,
};

pub use self::closing::closing;
use super::screen::{masked, plain};
use crate::{read::Trouble, run::Run};

/// Snippets of proposals are cut here; the diff shows everything.
const LONGEST_SNIPPET: u32 = 20;

/// What a person sees anyway, so that the report need not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Nothing else is shown.
    Nothing,
    /// The changes are shown as a diff.
    Diff,
    /// The changes are on the disk.
    Written,
}

/// Renders the findings, the skips and the comments that silence nothing, with colours. A sink that is no terminal strips
/// these.
#[must_use]
pub fn report(run: &Run, shown: Shown) -> String {
    let renderer = Renderer::styled();
    let mut out = String::new();
    for outcome in &run.plan.outcomes {
        match (&outcome.verdict, shown) {
            (Verdict::Suppressed(_), _) | (Verdict::Mended, Shown::Diff) => {}
            // What was done needs a line; what needs a person is told in full.
            (Verdict::Mended, Shown::Written) => out.push_str(&done(run, outcome)),
            _ => {
                out.push_str(&finding(run, outcome, &renderer));
                out.push_str("\n\n");
            }
        }
    }
    for unused in &run.plan.unused {
        let rules =
            if unused.rules.is_empty() { String::new() } else { format!("[{}]", unused.rules.join(", ")) };
        let _ = writeln!(
            out,
            "{}:{}: this comment silences nothing: caulk: ignore{}",
            plain(&run.tree.name_of(&unused.path)),
            unused.line,
            plain(&rules)
        );
    }
    out.push_str(&skips(run));
    out
}

/// Renders what could not be used: a line each, and the usual ones as a count.
fn skips(run: &Run) -> String {
    let mut out = String::new();
    for skip in run.skipped.iter().filter(|skip| !skip.trouble.is_usual()) {
        let name =
            RepoPath::new(&skip.path).map_or_else(|_| skip.path.clone(), |path| run.tree.name_of(&path));
        let mut place = plain(&name).into_owned();
        if let Some(spot) = skip.trouble.spot() {
            let _ = write!(place, ":{}:{}", spot.line, spot.column);
        }
        let word = if skip.trouble.is_failure() { "error" } else { "skipped" };
        let _ =
            writeln!(out, "{word}: {place}: {}; {}", plain(&skip.trouble.reason()), skip.trouble.advice());
    }
    let templates = run.skipped.iter().filter(|skip| skip.trouble == Trouble::Template).count();
    if templates > 0 {
        let files = if templates == 1 { "1 template" } else { &format!("{templates} templates") };
        let _ = writeln!(out, "skipped: {files} that make YAML; {}", Trouble::Template.advice());
    }
    out
}

fn done(run: &Run, outcome: &Outcome) -> String {
    let Remedy::Fix(fix) = &outcome.finding.remedy else { return String::new() };
    let green = anstyle::AnsiColor::Green.on_default().bold();
    let name = run.tree.name_of(&outcome.path);
    let line = outcome.stream.position(outcome.finding.at.span.start).0;
    let (title, subject) = (clean(&fix.title), clean(&outcome.finding.subject));
    format!("{green}mended{green:#}: {}:{line}: {title} of {subject}\n", plain(&name))
}

fn finding(run: &Run, outcome: &Outcome, renderer: &Renderer) -> String {
    let found = &outcome.finding;
    let name = plain(&run.tree.name_of(&outcome.path)).into_owned();
    let (source, line, span) = excerpt(&outcome.stream, found.at.span);
    let message = clean(&found.message);
    let mark = AnnotationKind::Primary.span(span).label(clean(&found.subject));
    let mut main = Level::WARNING
        .primary_title(message)
        .id(found.rule)
        .element(Snippet::source(source).line_start(line).path(name.clone()).annotation(mark));
    for evidence in &found.evidence {
        main = main.element(Level::NOTE.message(format!(
            "{} (source: {})",
            clean(&evidence.what),
            clean(&evidence.source)
        )));
    }
    let mut groups = vec![main];
    match (&found.remedy, &outcome.verdict) {
        (Remedy::Withheld(reason), _) | (Remedy::Fix(_), Verdict::Withheld(reason)) => {
            groups.push(Group::with_title(Level::NOTE.secondary_title(format!("no fix: {}", clean(reason)))));
        }
        (Remedy::Fix(fix), _) => groups.push(proposal(outcome, fix, &name)),
    }
    renderer.render(&groups)
}

/// Shows a fix that was not applied: what it does, how far it is trusted and why not further, and its edits.
fn proposal<'a>(outcome: &Outcome, fix: &Fix, name: &str) -> Group<'a> {
    let standing = match (&outcome.verdict, fix.applicability) {
        (Verdict::Mended, Applicability::Safe) => "safe".to_owned(),
        (_, Applicability::Safe | Applicability::Unsafe) => "unsafe".to_owned() + &because(fix),
        (_, Applicability::Display) => "a proposal, never applied".to_owned() + &because(fix),
    };
    let title = Level::HELP.secondary_title(format!("{} ({standing})", clean(&fix.title)));
    let Some(edits) = fix.edits.get(&outcome.finding.at.file) else { return Group::with_title(title) };
    match patched(&outcome.stream, edits) {
        Some(snippet) => title.element(snippet.path(name.to_owned())),
        None => Group::with_title(title),
    }
}

fn because(fix: &Fix) -> String {
    if fix.reasons.is_empty() { String::new() } else { format!(": {}", clean(&fix.reasons.join("; "))) }
}

fn patched<'a>(stream: &Stream, edits: &EditSet) -> Option<Snippet<'a, Patch<'a>>> {
    let (first, last) = (edits.edits().first()?, edits.edits().last()?);
    let (from, to) = (stream.position(first.span.start).0, stream.position(last.span.end).0);
    if to - from >= LONGEST_SNIPPET {
        return None;
    }
    let lines = Span::new(stream.line_span(from).start, stream.line_span_with_break(to).end);
    let source = masked(lines.of(stream.text())).into_owned();
    let patch = |edit: &caulk_transforms::edit::Edit| {
        let span = (edit.span.start - lines.start) as usize..(edit.span.end - lines.start) as usize;
        Patch::new(span, masked(&edit.replacement).into_owned())
    };
    Some(Snippet::source(source).line_start(from as usize).patches(edits.edits().iter().map(patch)))
}

/// Returns the line where the span begins, masked, its number, and the span's part of it.
fn excerpt(stream: &Stream, span: Span) -> (String, usize, std::ops::Range<usize>) {
    let number = stream.position(span.start).0;
    let line = stream.line_span(number);
    let text = masked(line.of(stream.text())).into_owned();
    let start = (span.start - line.start) as usize;
    let end = (span.end.min(line.end).max(span.start) - line.start) as usize;
    (text, number as usize, start..end)
}

/// Returns text that may be shown.
fn clean(text: &str) -> String {
    plain(&masked(text)).into_owned()
}
