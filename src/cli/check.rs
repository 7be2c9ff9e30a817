//! `caulk check`

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::{CLEAN, FOUND, inputs::Inputs, output};
use crate::{
    baseline,
    run::known,
    sink::{
        json,
        text::{self, Shown},
    },
};

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For machines; `caulk schema report` describes it
    Json,
}

impl Check {
    pub(super) fn run(&self) -> Result<u8> {
        let stdin = self.inputs.is_stdin().then(|| self.inputs.stdin()).transpose()?;
        let run = self.inputs.plan(stdin)?;
        match self.format {
            Format::Text => {
                output::report(&text::report(&run, Shown::Nothing))?;
                output::report(&text::closing(&run, Shown::Nothing))?;
            }
            Format::Json => output::raw(&json::render(&json::report(&run, false))?)?,
        }
        let mut code = self.inputs.code(&run, false);
        if let Some(path) = &self.write_baseline {
            baseline::write(path, &known(&run.plan))?;
            code = if code == FOUND { CLEAN } else { code };
        }
        super::leave(run);
        Ok(code)
    }
}
