//! `caulk sweep status` and `caulk sweep report`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::{
    cli::{CLEAN, FAILED, FOUND, output},
    sweep::report::{self, Detail, Tally},
};

/// Count what plans hold
#[derive(Debug, Args)]
pub(super) struct Status {
    /// The plans, such as those of several shards
    #[arg(required = true, value_name = "PLAN")]
    plans: Vec<PathBuf>,
    /// Tell as well what was carried out, by this state
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Tell the numbers in JSON
    #[arg(long)]
    json: bool,
}

/// Tell what plans hold, repository by repository
#[derive(Debug, Args)]
pub(super) struct Report {
    /// The plans, such as those of several shards
    #[arg(required = true, value_name = "PLAN")]
    plans: Vec<PathBuf>,
    /// Show the diffs as well
    #[arg(long)]
    diff: bool,
}

impl Status {
    pub(super) fn run(&self) -> Result<u8> {
        let mut tally = report::tell(&self.plans, Detail::Nothing, &mut |_| Ok(()))?;
        if let Some(state) = &self.state {
            tally.carried = report::carried(&self.plans, state)?;
        }
        if self.json {
            let mut text = serde_json::to_string_pretty(&tally)?;
            text.push('\n');
            output::raw(text.as_bytes())?;
        } else {
            output::report(&report::numbers(&tally))?;
        }
        Ok(code(&tally))
    }
}

impl Report {
    pub(super) fn run(&self) -> Result<u8> {
        let detail = if self.diff { Detail::Diffs } else { Detail::Findings };
        let tally = report::tell(&self.plans, detail, &mut |text| output::report(text))?;
        output::report(&report::numbers(&tally))?;
        Ok(code(&tally))
    }
}

fn code(tally: &Tally) -> u8 {
    if !tally.finished {
        FOUND
    } else if tally.failed > 0 {
        FAILED
    } else {
        CLEAN
    }
}
