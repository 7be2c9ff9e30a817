//! How `check` and `fix` report.

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::{ValueEnum, builder::PossibleValue};

use super::output;
use crate::{
    run::Run,
    sink::{
        diff,
        formats::{self, Format as Machine},
        json::Report,
        text::{self, Shown},
        write::write_whole,
    },
};

/// A way to report a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// For people.
    Text,
    /// A unified diff on standard output, and the rest for people on standard error.
    Diff,
    /// Made of the report alone.
    Of(Machine),
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Text,
            Self::Diff,
            Self::Of(Machine::Json),
            Self::Of(Machine::Github),
            Self::Of(Machine::Sarif),
            Self::Of(Machine::Markdown),
            Self::Of(Machine::Junit),
            Self::Of(Machine::Rdjson),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Text => Some(PossibleValue::new("text").help("For people")),
            Self::Diff => {
                let help = "A unified diff on standard output, and the rest for people on standard error";
                Some(PossibleValue::new("diff").help(help))
            }
            Self::Of(format) => format.to_possible_value(),
        }
    }
}

/// Reports a run for people.
pub(super) fn tell(run: &Run, shown: Shown) -> Result<()> {
    output::report(&text::report(run, shown))?;
    output::report(&text::closing(run, shown))
}

/// Prints the changes of a run, and the rest for people on standard error.
pub(super) fn tell_changes(run: &Run, shown: Shown) -> Result<()> {
    output::patch(&patch(run))?;
    output::note(&text::report(run, shown))?;
    output::note(&text::closing(run, shown))
}

/// Prints a report for machines.
pub(super) fn tell_machine(format: Machine, report: &Report) -> Result<()> {
    output::raw(&formats::render(format, report)?)
}

/// Keeps the report of a run that ends with the code in a file, for `caulk report`.
pub(super) fn keep(path: &Path, mut report: Report, code: u8) -> Result<()> {
    report.summary.exit_code = Some(code);
    let text = formats::render(Machine::Json, &report)?;
    write_whole(path, &text).with_context(|| format!("failed to write the report {}", path.display()))
}

/// Renders all changes, with paths from the folder that caulk runs in.
pub(super) fn patch(run: &Run) -> String {
    let changes = run.plan.changes.iter();
    changes
        .map(|change| diff::unified(&run.tree.name_of(&change.path), change.before.text(), &change.after))
        .collect()
}
