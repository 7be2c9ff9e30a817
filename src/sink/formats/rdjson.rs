//! Reviewdog's diagnostic format: <https://github.com/reviewdog/reviewdog/tree/master/proto/rdf>.
//!
//! Its columns count bytes. A report that an older caulk wrote does not tell them; then whole lines are meant, and nothing is
//! suggested.

use anyhow::Result;
use serde::Serialize;

use super::{
    fixes::{self, Place},
    level::{self, Level, clean},
};
use crate::sink::json::{self, Finding, Report, Skipped};

#[derive(Debug, Serialize)]
struct DiagnosticResult {
    source: Source,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Debug, Serialize)]
struct Source {
    name: &'static str,
}

#[derive(Debug, Serialize)]
struct Diagnostic {
    message: String,
    location: Location,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion>,
}

#[derive(Debug, Serialize)]
struct Code {
    value: String,
}

#[derive(Debug, Serialize)]
struct Location {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Range>,
}

#[derive(Debug, Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Debug, Serialize)]
struct Position {
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Suggestion {
    range: Range,
    text: String,
}

/// Renders the report.
pub(super) fn render(report: &Report) -> Result<Vec<u8>> {
    let findings = report.findings.iter().filter_map(of_finding);
    let diagnostics = findings.chain(report.skipped.iter().filter_map(of_skipped)).collect();
    let result = DiagnosticResult { source: Source { name: "caulk" }, diagnostics };
    Ok(json::escaped(&result)?)
}

fn of_finding(finding: &Finding) -> Option<Diagnostic> {
    Some(Diagnostic {
        message: level::story(finding),
        severity: severity(level::of_finding(finding)?),
        location: Location { path: clean(&finding.path), range: Some(range(&fixes::place_of(finding))) },
        code: Some(Code { value: clean(&finding.rule) }),
        suggestions: suggestions(finding),
    })
}

fn of_skipped(skipped: &Skipped) -> Option<Diagnostic> {
    let position = |line| Position { line, column: None };
    Some(Diagnostic {
        message: format!("{}; {}", clean(&skipped.reason), clean(&skipped.advice)),
        severity: severity(level::of_skipped(skipped)?),
        location: Location {
            path: clean(&skipped.path),
            range: skipped.line.map(|line| Range { start: position(line), end: position(line) }),
        },
        code: None,
        suggestions: Vec::new(),
    })
}

/// Reviewdog offers each suggestion by itself, so a fix of several parts is none.
fn suggestions(finding: &Finding) -> Vec<Suggestion> {
    let edits = match fixes::shown(finding) {
        Some(fix) if fix.elsewhere.is_empty() => fix.edits.as_slice(),
        _ => return Vec::new(),
    };
    match edits {
        [edit] if edit.byte_column > 0 => {
            vec![Suggestion { range: range(&Place::from(edit)), text: edit.replacement.clone() }]
        }
        _ => Vec::new(),
    }
}

fn range(place: &Place) -> Range {
    let position = |line, column| Position { line, column: (column > 0).then_some(column) };
    Range {
        start: position(place.line, place.byte_column),
        end: position(place.end_line, place.end_byte_column),
    }
}

const fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "ERROR",
        Level::Warning => "WARNING",
        Level::Note => "INFO",
    }
}
