//! Outputs of a step, as lines for the file that `$GITHUB_OUTPUT` names.

use anyhow::Result;

use crate::sink::json::Report;

/// Renders the outputs. Every value is one line: numbers, and the changed files as a list in JSON, in which no name can begin
/// an output of its own.
pub(super) fn render(report: &Report) -> Result<String> {
    let files: Vec<&str> = report.changes.iter().map(|change| change.path.as_str()).collect();
    let fixed = if report.summary.written { report.summary.mended } else { 0 };
    let found = report.summary.findings;
    let code = report.summary.exit_code.map(|code| format!("exit-code={code}\n")).unwrap_or_default();
    Ok(format!("findings={found}\nfixed={fixed}\nchanged-files={}\n{code}", serde_json::to_string(&files)?))
}
