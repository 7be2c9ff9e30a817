//! `caulk sweep plan`

use std::sync::Arc;

use anyhow::Result;
use clap::Args;

use super::{
    hub::{HubArgs, stopped_by_signals},
    planning::{self, LookArgs, PlanArgs},
};
use crate::{
    cli::{CLEAN, FAILED, FOUND},
    sweep::{clock::Clock, planner::Planned},
};

/// Plan what is to be mended in many repositories, and change nothing
///
/// A plan that was not finished is gone on with, and a finished one in its place is put aside and believed where nothing
/// changed: the same command, on a schedule, does what is new.
#[derive(Debug, Args)]
pub(super) struct Plan {
    #[command(flatten)]
    what: PlanArgs,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    hub: HubArgs,
}

impl Plan {
    pub(super) fn run(&self) -> Result<u8> {
        let stop = stopped_by_signals()?;
        let clock = Clock::new(Arc::clone(&stop));
        let open = match self.what.needs_hub()? {
            true => Some(self.hub.open(self.look.ca_bundle()?, &clock)?),
            false => None,
        };
        let planned = self.what.plan(&self.look, open.as_ref(), &clock, &stop)?;
        planning::tell(&planned, &self.what.plan)?;
        Ok(code(&planned))
    }
}

/// Returns the exit code that a plan comes to.
pub(super) const fn code(planned: &Planned) -> u8 {
    match planned {
        Planned { finished: false, .. } => FOUND,
        Planned { counts, .. } if counts.failed > 0 => FAILED,
        _ => CLEAN,
    }
}
