//! `caulk sweep run`

use std::{slice, sync::Arc};

use anyhow::{Result, bail};
use clap::Args;

use super::{
    hub::{HubArgs, stopped_by_signals},
    plan,
    planning::{self, LookArgs, PlanArgs},
    writing::{self, WriteArgs},
};
use crate::{cli::FAILED, sweep::clock::Clock};

/// Plan, and carry the plan out: for a job that runs on a schedule
#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    what: PlanArgs,
    #[command(flatten)]
    write: WriteArgs,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    hub: HubArgs,
}

impl Run {
    pub(super) fn run(&self) -> Result<u8> {
        if !self.what.is_on_hub()? {
            bail!(
                "repositories on this machine have no pull requests: use `caulk sweep plan`, or name them by --org or --list"
            );
        }
        let stop = stopped_by_signals()?;
        let clock = Clock::new(Arc::clone(&stop));
        let open = self.hub.open(self.look.ca_bundle()?, &clock)?;
        let planned = self.what.plan(&self.look, Some(&open), &clock, &stop)?;
        planning::tell(&planned, &self.what.plan)?;
        if !planned.finished {
            return Ok(plan::code(&planned));
        }
        let before: u64 = open.access.calls().values().sum();
        let applied = self.write.apply(slice::from_ref(&self.what.plan), &self.look, &open, &clock)?;
        let calls: u64 = open.access.calls().values().sum();
        writing::tell(&applied, self.write.state(), calls - before)?;
        // Repositories that could not be planned are failures of the whole, whatever became of the others.
        Ok(if planned.counts.failed > 0 { FAILED } else { writing::code(&applied) })
    }
}
