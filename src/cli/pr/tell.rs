//! What became of pull requests, for people and for machines.

use anyhow::Result;

use crate::{pull::results::Results, sink::screen};

/// Tells people.
pub(super) fn text(results: &Results) -> String {
    let mut out = String::new();
    for pull in &results.pull_requests {
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
        if let Some(body) = &pull.body {
            out.push_str(&format!("\n{body}\n\n"));
        }
        if pull.open > 0 {
            let findings = crate::sink::markdown::parts::counted(pull.open, "finding");
            out.push_str(&format!("  {findings} left to people; `caulk check` tells them\n"));
        }
    }
    screen::plain_lines(&out).into_owned()
}

/// Tells machines.
pub(super) fn json(results: &Results) -> Result<Vec<u8>> {
    let mut text = serde_json::to_string_pretty(results)?;
    text.push('\n');
    Ok(text.into_bytes())
}
