//! `caulk check`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{
    CLEAN, FOUND,
    format::{self, Format},
    inputs::Inputs,
};
use crate::{baseline, run::known, sink::text::Shown};

/// Report what is wrong, and change nothing
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    inputs: Inputs,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// Write the findings to FILE for --baseline, and exit with 0
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(&self) -> Result<u8> {
        let stdin = self.inputs.is_stdin().then(|| self.inputs.stdin()).transpose()?;
        let run = self.inputs.plan(stdin)?;
        let mut code = self.inputs.code(&run, false);
        if let Some(path) = &self.write_baseline {
            baseline::write(path, &known(&run.plan))?;
            code = if code == FOUND { CLEAN } else { code };
        }
        match self.format {
            Format::Text => format::tell(&run, Shown::Nothing)?,
            Format::Diff => format::tell_changes(&run, Shown::Diff)?,
            Format::Of(format) => format::tell_machine(format, &Inputs::report(&run, false, code))?,
        }
        super::leave(run);
        Ok(code)
    }
}
