//! The options that say how GitHub is spoken to in a sweep, and what else all of its commands share.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::Args;
use signal_hook::{consts, flag};

use crate::{
    cli::{FOUND, github::GithubArgs},
    git::Network,
    github::{Settings, Situation, Waiting},
    net::transport::Patience,
    sweep::{
        bucket::{Bucket, Limit},
        clock::Clock,
        hub::{Access, Fetcher},
        pace::Paced,
        scratch::Scratch,
    },
};

/// How GitHub is spoken to.
#[derive(Debug, Args)]
pub(super) struct HubArgs {
    #[command(flatten)]
    github: GithubArgs,
    /// How many seconds a server may be silent
    #[arg(long, value_name = "SECONDS", default_value_t = 60, help_heading = "GitHub")]
    timeout: u64,
    /// How many seconds of patience GitHub may ask for; where it wants more, the repository fails for now
    #[arg(long, value_name = "SECONDS", default_value_t = 3700, help_heading = "GitHub")]
    max_wait: u64,
    /// How many requests that change something are sent in a minute at most
    #[arg(long, value_name = "N", default_value_t = 80, help_heading = "GitHub")]
    writes_per_minute: usize,
    /// How many requests that change something are sent in an hour at most
    #[arg(long, value_name = "N", default_value_t = 500, help_heading = "GitHub")]
    writes_per_hour: usize,
}

/// What the commands of a sweep are carried out with.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) access: Access,
    pub(super) paced: Arc<Paced>,
    pub(super) situation: Situation,
    network: Network,
    clock: Clock,
}

impl HubArgs {
    /// Makes ready to speak to GitHub. Only an App is asked for at once.
    pub(super) fn open(&self, ca_bundle: Option<Vec<u8>>, clock: &Clock) -> Result<Hub> {
        let limit = |writes, seconds| Limit { writes, window: Duration::from_secs(seconds) };
        let bucket = Bucket::new(&[limit(self.writes_per_minute, 60), limit(self.writes_per_hour, 3600)]);
        let paced = Paced::new(bucket, clock.clone());
        let silence = Duration::from_secs(self.timeout.max(1));
        let network = Network { ca_bundle: ca_bundle.clone(), silence, ..Network::default() };
        let settings = Settings {
            patience: Patience { silence, ..Patience::default() },
            waiting: Waiting { longest: Duration::from_secs(self.max_wait), ..Waiting::default() },
            pace: paced.clone(),
            clock: Arc::new(clock.clone()),
            ..self.github.settings(ca_bundle)?
        };
        let access = Access::new(settings)?;
        let situation = self.github.situation(access.client());
        Ok(Hub { access, paced, situation, network, clock: clock.clone() })
    }
}

impl Hub {
    /// Returns the API that is spoken to.
    pub(super) fn api(&self) -> String {
        self.access.client().settings().api_url.clone()
    }

    /// Returns what fetches repositories, into the folder beside a file of the sweep.
    pub(super) fn fetcher(&self, file: &Path) -> Fetcher<'_> {
        Fetcher {
            access: &self.access,
            network: self.network.clone(),
            folder: Scratch::path(file),
            clock: self.clock.clone(),
            attempts: 3,
        }
    }
}

/// Returns a flag that the first SIGTERM or SIGINT sets; a second one ends the process at once.
pub(super) fn stopped_by_signals() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [consts::SIGTERM, consts::SIGINT] {
        let failed = "signals cannot be listened to";
        flag::register_conditional_shutdown(signal, i32::from(FOUND), Arc::clone(&stop)).context(failed)?;
        flag::register(signal, Arc::clone(&stop)).context(failed)?;
    }
    debug_assert!(!stop.load(Ordering::Relaxed));
    Ok(stop)
}
