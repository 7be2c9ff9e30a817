//! `caulk completions`

use anyhow::Result;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{CLEAN, Cli, output};

/// Print a script that completes the command line in a shell
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Result<u8> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "caulk", &mut script);
        output::raw(&script)?;
        Ok(CLEAN)
    }
}
