//! `caulk man`

use anyhow::{Context as _, Result};
use clap::{Args, CommandFactory as _};

use super::{CLEAN, Cli, output};

/// Print a manual page in roff
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The subcommand; without one, the page of caulk itself
    #[arg(value_name = "SUBCOMMAND")]
    command: Option<String>,
}

impl Man {
    pub(super) fn run(&self) -> Result<u8> {
        let mut command = Cli::command();
        command.build();
        if let Some(name) = &self.command {
            let found = command.get_subcommands().find(|known| known.get_name() == name).cloned();
            command = found.with_context(|| format!("there is no subcommand `{name}`"))?;
        }
        let mut page = Vec::new();
        let title = command.get_display_name().unwrap_or("caulk").to_owned();
        clap_mangen::Man::new(command).title(title).render(&mut page)?;
        output::raw(&page)?;
        Ok(CLEAN)
    }
}
