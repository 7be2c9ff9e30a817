//! The formats that are made of the one report, so that whatever is told about a run comes from a single look at it.
//!
//! What comes from manifests is hostile in all of them: each format escapes it in its own way, and all mask secrets. The patch
//! alone shows everything, because it must be applied as it is.

pub(crate) mod annotations;
mod fixes;
mod junit;
mod level;
mod outputs;
mod rdjson;
mod sarif;
mod summary;
#[cfg(test)]
mod tests;

use anyhow::Result;
use clap::ValueEnum;

use super::json::{self, Report};

/// A way to tell a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For machines; `caulk schema report` describes it
    Json,
    /// Annotations in the log of a GitHub workflow: the worst ten of each level, and the rest counted
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Markdown with the diffs, for the job summary of a GitHub workflow
    Markdown,
    /// JUnit XML, for what shows test results
    Junit,
    /// Reviewdog's diagnostics with suggestions
    Rdjson,
    /// The patch alone
    Patch,
    /// Lines for $GITHUB_OUTPUT of a GitHub workflow
    GithubOutput,
}

/// Renders a report.
///
/// # Errors
/// If it holds something that the format cannot say.
pub fn render(format: Format, report: &Report) -> Result<Vec<u8>> {
    Ok(match format {
        Format::Json => json::render(report)?,
        Format::Github => annotations::render(report).into_bytes(),
        Format::Sarif => sarif::render(report)?,
        Format::Markdown => summary::render(report).into_bytes(),
        Format::Junit => junit::render(report)?,
        Format::Rdjson => rdjson::render(report)?,
        Format::Patch => {
            report.changes.iter().map(|change| change.diff.as_str()).collect::<String>().into_bytes()
        }
        Format::GithubOutput => outputs::render(report)?.into_bytes(),
    })
}
