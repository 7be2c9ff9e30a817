//! `caulk sweep`

mod plan;
mod tell;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Look after many repositories: plan what is to be mended in all of them
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 everything was looked at; 1 the plan is not finished, and the same command goes on with it;
2 some repositories failed, the others are done; or bad usage.")]
pub(super) struct Sweep {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Plan(Box<plan::Plan>),
    Status(tell::Status),
    Report(tell::Report),
}

impl Sweep {
    pub(super) fn run(&self) -> Result<u8> {
        match &self.command {
            Command::Plan(command) => command.run(),
            Command::Status(command) => command.run(),
            Command::Report(command) => command.run(),
        }
    }
}
