//! `caulk sweep apply`

use std::{path::PathBuf, sync::Arc};

use anyhow::Result;
use clap::Args;

use super::{
    hub::{HubArgs, stopped_by_signals},
    planning::LookArgs,
    writing::{self, WriteArgs},
};
use crate::sweep::clock::Clock;

/// Open, update and close pull requests as plans want it
///
/// This is the one command of a sweep that writes, and only one may run at a time. What is done is not done again: the same
/// command goes on after a stop, and tries what failed. A repository whose base moved is planned anew, if the options are those of
/// the plan.
#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The plans, such as those of several shards
    #[arg(required = true, value_name = "PLAN")]
    plans: Vec<PathBuf>,
    #[command(flatten)]
    write: WriteArgs,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    hub: HubArgs,
}

impl Apply {
    pub(super) fn run(&self) -> Result<u8> {
        let clock = Clock::new(Arc::clone(&stopped_by_signals()?));
        let open = self.hub.open(self.look.ca_bundle()?, &clock)?;
        let applied = self.write.apply(&self.plans, &self.look, &open, &clock)?;
        writing::tell(&applied, self.write.state(), open.access.calls().values().sum())?;
        Ok(writing::code(&applied))
    }
}
