//! What became of pull requests, for people and for the steps of a workflow.

use std::borrow::Cow;

use crate::{
    pull::results::{PullRequest, Results, State},
    sink::{markdown::parts::counted, screen},
};

/// Tells what became of all of them. Bodies are for GitHub and have no place on a terminal as they are, so `exact` is for files and
/// pipes alone.
pub(super) fn text(results: &Results, exact: bool) -> String {
    let mut out = String::new();
    for pull in &results.pull_requests {
        out.push_str(&screen::plain_lines(&about(results, pull)));
        if let Some(body) = &pull.body {
            // These keep apart what GitHub would take for a mention, and are not to be seen.
            let shown = body.replace('\u{200b}', "");
            let body = if exact { Cow::Borrowed(&**body) } else { screen::plain_lines(&shown) };
            out.push_str(&format!("\n{body}\n\n"));
        }
    }
    out
}

fn about(results: &Results, pull: &PullRequest) -> String {
    let mut out = String::new();
    let number = pull.number.map(|number| format!(" #{number}")).unwrap_or_default();
    out.push_str(&format!(
        "{}{number}, {} into {}: {}\n",
        results.repository,
        pull.branch,
        results.base,
        pull.state.words(results.dry_run)
    ));
    for line in pull.url.iter().chain(&pull.reason) {
        out.push_str(&format!("  {line}\n"));
    }
    for note in &pull.notes {
        out.push_str(&format!("  note: {note}\n"));
    }
    if results.dry_run {
        if pull.files > 0 {
            out.push_str(&format!("  title: {}\n", pull.title));
        }
        for (step, number) in pull.steps.iter().zip(1..) {
            out.push_str(&format!("  {number}. {step}\n"));
        }
    }
    if pull.open > 0 {
        let findings = counted(pull.open, "finding");
        out.push_str(&format!("  {findings} left to people; `caulk check` tells them\n"));
    }
    out
}

/// Tells the first pull request as outputs of a step. All values are numbers, words of ours or an address.
pub(super) fn outputs(results: &Results) -> String {
    let Some(pull) = results.pull_requests.first() else { return String::new() };
    let mut lines = Vec::new();
    lines.extend(pull.number.map(|number| format!("pull-request-number={number}\n")));
    lines.extend(pull.url.as_deref().map(|url| format!("pull-request-url={}\n", screen::plain(url))));
    if matches!(pull.state, State::Opened | State::Updated | State::Unchanged) && !results.dry_run {
        lines.push(format!("fixed={}\n", pull.mended));
    }
    lines.concat()
}
