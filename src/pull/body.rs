//! The body of a pull request, made of the one report.
//!
//! Everything is bounded: the text never has more than [`MOST`] characters, files are shown whole or not at all, and what
//! is left out is counted. The hidden marker is put behind the template's text, so that no template can lose it.

#[cfg(test)]
mod tests;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::sink::{
    json::Report,
    markdown::{
        escape::{code, length},
        parts::{self, Part, counted},
        template::{self, ready},
    },
};

/// How many characters a body has at most. GitHub takes 65,536; the rest is for what people add.
pub const MOST: usize = 58_000;

/// The template that is used unless the user's side names another one.
pub const TEMPLATE: &str = include_str!("body/template.md");

/// What the report does not know.
#[derive(Debug, Clone, Default)]
pub struct Context<'a> {
    /// The branch that the pull request is for.
    pub base: &'a str,
    /// The branch that holds the changes.
    pub head: &'a str,
    /// The hidden marker, an HTML comment on one line.
    pub marker: &'a str,
    /// What the overlays render differently, where a renderer was at hand.
    pub rendered: &'a [Rendered],
    /// Where everything can be seen; by default the pull request's own list of changed files.
    pub rest: Option<&'a str>,
    /// What the user's side adds, as Markdown of its own: that checks will not start by themselves, for instance.
    pub note: Option<&'a str>,
    /// The user's template in the place of [`TEMPLATE`].
    pub template: Option<&'a str>,
}

/// The difference that an overlay renders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The overlay.
    pub overlay: String,
    /// The unified diff of what comes out.
    pub diff: String,
}

/// A finished body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The Markdown.
    pub text: String,
    /// How many changed files it shows.
    pub shown: usize,
    /// How many it leaves out.
    pub left_out: usize,
}

/// The values of a template. Parts are Markdown, and empty where there is nothing to tell.
#[derive(Debug, Serialize)]
struct Values<'a> {
    base: &'a str,
    head: &'a str,
    files: usize,
    mended: usize,
    open: usize,
    summary: minijinja::Value,
    table: minijinja::Value,
    diffs: minijinja::Value,
    rollouts: minijinja::Value,
    rendered: minijinja::Value,
    withheld: minijinja::Value,
    note: minijinja::Value,
}

/// The most that each part may take. The diffs get what all others leave.
const TABLE: usize = 12_000;
const ROLLOUTS: usize = 5_000;
const RENDERED: usize = 8_000;
const WITHHELD: usize = 5_000;
const SUMMARY: usize = 6_000;

/// Renders the body.
///
/// # Errors
/// If the marker is no hidden line, the template is none, or its own text leaves no room.
pub fn render(report: &Report, context: &Context<'_>) -> Result<Body> {
    let marker = context.marker;
    let inside = marker.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
    if !inside.is_some_and(|inside| !inside.contains("--") && !inside.contains(['\n', '\r', '>'])) {
        bail!("the marker of a pull request must be one HTML comment");
    }
    let parts = Parts::of(report, context);
    let frame = length(&parts.fill(report, context, "")?) + length(marker) + 2;
    let Some(room) = MOST.checked_sub(frame) else {
        bail!(
            "the template of the pull request leaves no room: its text alone has {frame} characters, and {MOST} are allowed"
        );
    };
    let pointer = context.rest.map_or_else(|| "under “Files changed”".to_owned(), code);
    let diffs = pointed(parts::diffs(report, room.saturating_sub(POINTER)), "file", &pointer);
    let text = parts.fill(report, context, &diffs.text)?;
    let text = format!("{}\n\n{marker}", text.trim_end());
    if length(&text) > MOST {
        bail!("the template of the pull request shows the diffs more than once");
    }
    Ok(Body { text, shown: diffs.shown, left_out: diffs.left_out })
}

/// Room for the sentence that tells where the rest is.
const POINTER: usize = 600;

/// The parts but for the diffs.
struct Parts {
    summary: String,
    table: Part,
    rollouts: Part,
    rendered: Part,
    withheld: Part,
}

impl Parts {
    fn of(report: &Report, context: &Context<'_>) -> Self {
        let summary = parts::summary(report);
        // Each rule adds a bounded sentence; dozens of rules are no paragraph any more.
        let fits = length(&summary) <= SUMMARY;
        let summary = if fits { summary } else { format!("This mends {} places.", report.summary.mended) };
        let rendered = context.rendered.iter().map(|each| parts::details(&each.overlay, "diff", &each.diff));
        Self {
            summary,
            table: pointed(parts::table(report, TABLE), "row", "in the diffs"),
            rollouts: pointed(
                parts::rollouts(report, ROLLOUTS),
                "workload",
                "in `caulk check --format json`",
            ),
            rendered: pointed(
                parts::fit(rendered, RENDERED),
                "overlay",
                "in what your renderer makes of them",
            ),
            withheld: pointed(parts::withheld(report, WITHHELD), "finding", "in `caulk check`"),
        }
    }

    fn fill(&self, report: &Report, context: &Context<'_>, diffs: &str) -> Result<String> {
        let values = Values {
            base: context.base,
            head: context.head,
            files: report.changes.len(),
            mended: report.summary.mended,
            open: parts::needs_person(report).count(),
            summary: ready(&*self.summary),
            table: ready(&*self.table.text),
            diffs: ready(diffs),
            rollouts: ready(&*self.rollouts.text),
            rendered: ready(&*self.rendered.text),
            withheld: ready(&*self.withheld.text),
            note: ready(context.note.unwrap_or_default()),
        };
        template::fill(context.template.unwrap_or(TEMPLATE), values)
    }
}

/// Adds how much is left out, and where it is.
fn pointed(mut part: Part, noun: &str, place: &str) -> Part {
    if part.left_out > 0 {
        let shown = part.shown;
        let all = counted(shown + part.left_out, noun);
        part.text.push_str(&format!("\n{shown} of {all} fit here; the rest is {place}.\n"));
    }
    part
}
