//! `caulk fix`

use anyhow::Result;
use clap::Args;

use super::{
    format::{self, Format},
    inputs::Inputs,
    output,
};
use crate::{
    read::{Skip, Trouble},
    run::Run,
    sink::{
        stage,
        text::{self, Shown},
        write::{self, Replacement},
    },
};

/// Mend what is proven to be broken: print the changes as a unified diff, or write them
#[derive(Debug, Args)]
pub(super) struct Fix {
    #[command(flatten)]
    inputs: Inputs,
    /// Change the files
    #[arg(long, conflicts_with = "diff")]
    write: bool,
    /// With --staged: change the work tree alone, for you to look at and to stage
    #[arg(long, requires_all = ["staged", "write"])]
    keep_index: bool,
    /// Print the changes and change nothing (the default)
    #[arg(long)]
    diff: bool,
    /// How to report; by default `text` with --write, else `diff`
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
}

impl Fix {
    pub(super) fn run(&self) -> Result<u8> {
        if self.inputs.is_stdin() {
            return self.filter();
        }
        let mut run = self.inputs.plan(None)?;
        match (self.write, self.inputs.staged) {
            (true, true) if self.keep_index => stage::beside(&mut run),
            (true, true) => stage::stage(&mut run)?,
            (true, false) => write_changes(&mut run),
            (false, _) => {}
        }
        let format = self.format.unwrap_or(if self.write { Format::Text } else { Format::Diff });
        let code = self.inputs.code(&run, self.write);
        let written = |otherwise| if self.write { Shown::Written } else { otherwise };
        match format {
            Format::Diff => format::tell_changes(&run, written(Shown::Diff))?,
            Format::Text => format::tell(&run, written(Shown::Nothing))?,
            Format::Of(format) => format::tell_machine(format, &Inputs::report(&run, self.write, code))?,
        }
        super::leave(run);
        Ok(code)
    }

    /// Mends standard input onto standard output; what is no manifest passes unchanged.
    fn filter(&self) -> Result<u8> {
        let bytes = self.inputs.stdin()?;
        let run = self.inputs.plan(Some(bytes.clone()))?;
        let format = self.format.or(self.diff.then_some(Format::Diff));
        match (format, run.plan.changes.first()) {
            (Some(Format::Of(format)), _) => {
                let code = self.inputs.code(&run, true);
                format::tell_machine(format, &Inputs::report(&run, true, code))?;
                return Ok(code);
            }
            (Some(Format::Diff), _) => {
                output::patch(&format::patch(&run))?;
                output::note(&text::closing(&run, Shown::Diff))?;
                return Ok(self.inputs.code(&run, false));
            }
            (_, Some(change)) => output::raw(change.after.as_bytes())?,
            (_, None) => output::raw(&bytes)?,
        }
        output::note(&text::report(&run, Shown::Written))?;
        output::note(&text::closing(&run, Shown::Written))?;
        Ok(self.inputs.code(&run, true))
    }
}

/// Writes the changes. What could not be written is a failure of the run, and its findings are not mended.
fn write_changes(run: &mut Run) {
    write::sweep(&run.temporaries);
    let groups = run.groups();
    let disks: Vec<_> = run.plan.changes.iter().map(|change| run.tree.disk(&change.path)).collect();
    let replacements: Vec<Replacement<'_>> = run
        .plan
        .changes
        .iter()
        .zip(&disks)
        .map(|(change, path)| Replacement {
            path,
            before: change.before.text().as_bytes(),
            after: change.after.as_bytes(),
            group: groups.get(&change.path).copied().unwrap_or_default(),
        })
        .collect();
    let results = write::replace(run.tree.root(), &replacements);
    let failed: Vec<_> = run
        .plan
        .changes
        .iter()
        .zip(results)
        .filter_map(|(change, result)| Some((change.path.clone(), result.err()?)))
        .collect();
    for (path, reason) in failed {
        run.not_written(&path, &reason);
        run.skipped.push(Skip::new(path.as_str(), Trouble::NotWritten(reason)));
    }
}
