//! The command line: one file a subcommand.

mod cache;
mod check;
mod completions;
mod diagnose;
mod doctor;
mod explain;
mod fix;
mod format;
mod github;
mod hub;
mod image;
mod inputs;
mod man;
mod output;
mod pr;
mod report;
mod review;
mod schema;
mod sources;
mod sweep;

use std::process::ExitCode;

use anyhow::Result;
use clap::{ColorChoice, Parser, Subcommand, ValueEnum};

use crate::run::Run;

/// Nothing at or above `--fail-on` remains.
const CLEAN: u8 = 0;
/// Something remains, or would be changed.
const FOUND: u8 = 1;
/// The usage or the configuration is wrong, or an input could not be read.
const FAILED: u8 = 2;

/// Finds and mends the seams of a GitOps repository: manifests that Kubernetes accepts and that then crash or resolve wrongly.
#[derive(Debug, Parser)]
#[command(
    name = "caulk",
    version,
    max_term_width = 100,
    after_help = "\
Exit codes: 0 nothing at or above --fail-on remains; 1 something does, or would be changed;
2 bad usage or configuration, or an input could not be read."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    Fix(fix::Fix),
    Check(check::Check),
    Explain(explain::Explain),
    Image(image::Image),
    Diagnose(diagnose::Diagnose),
    Report(report::Report),
    Pr(Box<pr::Pr>),
    Review(Box<review::Review>),
    Doctor(Box<doctor::Doctor>),
    Sweep(sweep::Sweep),
    Cache(cache::Cache),
    Completions(completions::Completions),
    Man(man::Man),
    Schema(schema::Schema),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal alone
    Auto,
    Always,
    Never,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let choice = match cli.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    output::set_color(choice);
    match run(&cli.command) {
        Ok(code) => ExitCode::from(code),
        // Whoever reads our output has seen enough of it.
        Err(error) if is_broken_pipe(&error) => ExitCode::from(CLEAN),
        Err(error) => {
            output::error(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn run(command: &Command) -> Result<u8> {
    match command {
        Command::Fix(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Image(command) => command.run(),
        Command::Diagnose(command) => command.run(),
        Command::Report(command) => command.run(),
        Command::Pr(command) => command.run(),
        Command::Review(command) => command.run(),
        Command::Doctor(command) => command.run(),
        Command::Sweep(command) => command.run(),
        Command::Cache(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
        Command::Schema(command) => command.run(),
    }
}

/// Leaves the memory to the system: the process ends, and giving back a million small blocks one by one takes a while.
fn leave(run: Run) {
    std::mem::forget(run);
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
