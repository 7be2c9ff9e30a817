//! Annotations of a GitHub workflow: lines in its log that the runner takes for commands.

use std::fmt::Write as _;

use super::level::{self, Level, clean};
use crate::sink::json::Report;

/// GitHub shows so many of each level for a step, and drops the rest without a word.
const MOST: usize = 10;

/// An annotation before it is a command.
struct Annotation<'a> {
    level: Level,
    path: &'a str,
    /// The first and the last line.
    lines: Option<(u32, u32)>,
    /// The first and the last column, on a single line.
    columns: Option<(u32, u32)>,
    title: String,
    message: String,
}

/// Renders the worst of a report, and counts the rest.
pub(super) fn render(report: &Report) -> String {
    let mut annotations: Vec<Annotation<'_>> = annotations(report).collect();
    annotations.sort_by_key(|annotation| annotation.level);
    let (mut out, mut left_out) = (String::new(), 0);
    for level in [Level::Error, Level::Warning, Level::Note] {
        let count = annotations.iter().filter(|annotation| annotation.level == level).count();
        // The last of the notes tells how many are left out.
        let most = if level == Level::Note && (left_out > 0 || count > MOST) { MOST - 1 } else { MOST };
        for annotation in annotations.iter().filter(|annotation| annotation.level == level).take(most) {
            out.push_str(&annotation.command());
        }
        left_out += count.saturating_sub(most);
    }
    if left_out > 0 {
        let rest = format!(
            "{} more {} not shown here, because GitHub shows {MOST} of each level for a step",
            left_out,
            if left_out == 1 { "annotation is" } else { "annotations are" }
        );
        let _ = writeln!(out, "::notice title=caulk::{}", data(&rest));
    }
    out
}

fn annotations(report: &Report) -> impl Iterator<Item = Annotation<'_>> {
    let findings = report.findings.iter().filter_map(|finding| {
        Some(Annotation {
            level: level::of_finding(finding)?,
            path: &finding.path,
            lines: Some((finding.line, finding.end_line)),
            columns: (finding.line == finding.end_line).then_some((finding.column, finding.end_column)),
            title: format!("caulk: {}", clean(&finding.rule)),
            message: level::story(finding),
        })
    });
    let skipped = report.skipped.iter().filter_map(|skipped| {
        Some(Annotation {
            level: level::of_skipped(skipped)?,
            path: &skipped.path,
            lines: skipped.line.map(|line| (line, line)),
            columns: None,
            title: "caulk: not read".to_owned(),
            message: format!("{}; {}", clean(&skipped.reason), clean(&skipped.advice)),
        })
    });
    let unused = report.unused_suppressions.iter().map(|unused| Annotation {
        level: Level::Note,
        path: &unused.path,
        lines: Some((unused.line, unused.line)),
        columns: None,
        title: "caulk: unused comment".to_owned(),
        message: "this comment silences nothing".to_owned(),
    });
    findings.chain(skipped).chain(unused)
}

impl Annotation<'_> {
    fn command(&self) -> String {
        let name = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let mut properties = format!("file={}", property(&clean(self.path)));
        if let Some((first, last)) = self.lines {
            let _ = write!(properties, ",line={first},endLine={last}");
        }
        if let Some((first, last)) = self.columns {
            let _ = write!(properties, ",col={first},endColumn={last}");
        }
        format!("::{name} {properties},title={}::{}\n", property(&self.title), data(&self.message))
    }
}

/// Escapes what follows the second pair of colons.
pub(crate) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
pub(crate) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
