//! `caulk sweep`

mod apply;
mod hub;
mod plan;
mod planning;
mod repositories;
mod run;
mod tell;
mod writing;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Look after many repositories: plan what is to be mended in all of them, and open the pull requests
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 everything is done; 1 something is left, and the same command goes on with it: it was stopped, or repositories wait;
2 some repositories failed, the others are done; or bad usage.")]
pub(super) struct Sweep {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Plan(Box<plan::Plan>),
    Apply(Box<apply::Apply>),
    Run(Box<run::Run>),
    Status(tell::Status),
    Report(tell::Report),
}

impl Sweep {
    pub(super) fn run(&self) -> Result<u8> {
        match &self.command {
            Command::Plan(command) => command.run(),
            Command::Apply(command) => command.run(),
            Command::Run(command) => command.run(),
            Command::Status(command) => command.run(),
            Command::Report(command) => command.run(),
        }
    }
}
