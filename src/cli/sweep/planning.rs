//! The options of a plan, and its making.

use std::{
    num::NonZero,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    thread,
};

use anyhow::{Context as _, Result};
use clap::Args;

use super::{
    hub::Hub,
    repositories::{Origin, Repositories},
};
use crate::{
    cli::{output, pr::options::configured, sources::SourceArgs},
    config::{self, PullRequest},
    facts,
    github::Name,
    sink::screen,
    sweep::{
        analyse::Analyser,
        clock::Clock,
        hub,
        key::{self, Common},
        local::{Folders, Here},
        plan::Settings,
        planner::{Planned, Planner},
        shard::Shard,
    },
};

/// What is planned, and how.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The plan
    #[arg(long, value_name = "FILE", default_value = "caulk-sweep.jsonl")]
    pub(super) plan: PathBuf,
    /// An earlier plan to believe where nothing changed (may be repeated)
    #[arg(long, value_name = "FILE")]
    previous: Vec<PathBuf>,
    #[command(flatten)]
    of: Repositories,
    /// The central configuration; a repository's own may only narrow it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take the central configuration from `.caulk.yaml` on the default branch of this repository
    #[arg(long, value_name = "OWNER/NAME", conflicts_with = "config")]
    config_from: Option<Name>,
    /// Include fixes that are not proven to be safe
    #[arg(long)]
    unsafe_fixes: bool,
    /// Run this rule alone (may be repeated)
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,
    /// The DNS domain of the clusters, over that of any configuration
    #[arg(long, value_name = "DOMAIN", value_parser = crate::config::cluster_domain)]
    cluster_domain: Option<String>,
    /// The branch of our pull requests; by default that of the central configuration, or caulk/mend
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// Plan one of several parts: `2/4` is the second of four, `auto/4` the one that JOB_COMPLETION_INDEX names
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// How many repositories are worked on at the same time
    #[arg(long, value_name = "N", default_value = "4")]
    parallel: NonZero<usize>,
}

/// How repositories are looked at, when they are planned and when they have to be planned anew.
#[derive(Debug, Args)]
pub(super) struct LookArgs {
    /// How many MiB the repositories that are here at the same time may have
    #[arg(long, value_name = "MIB", default_value_t = 2048)]
    space: u64,
    /// With --online: after how many days a repository is looked at again although nothing changed in it
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    refresh_days: u64,
    #[command(flatten)]
    sources: SourceArgs,
}

impl LookArgs {
    /// Returns where answers about images come from.
    pub(super) fn sources(&self) -> Result<facts::Options> {
        let sources = self.sources.options()?;
        key::check_sources(&sources)?;
        Ok(sources)
    }

    /// Returns the certificates that are trusted in place of the built-in ones.
    pub(super) fn ca_bundle(&self) -> Result<Option<Vec<u8>>> {
        self.sources.ca_bundle()
    }

    /// Returns what is common to the analyses of all repositories.
    pub(super) fn common(
        &self,
        settings: &Settings,
        sources: &facts::Options,
        clock: &Clock,
    ) -> Result<Common> {
        Common::new(settings, sources, self.refresh_days, clock.time())
    }

    /// Returns how many bytes all repositories that are here may have.
    pub(super) const fn space(&self) -> u64 {
        self.space.saturating_mul(1 << 20)
    }
}

impl PlanArgs {
    /// Tells whether the repositories are on GitHub.
    pub(super) fn is_on_hub(&self) -> Result<bool> {
        Ok(matches!(self.of.origin()?, Origin::Hub(_)))
    }

    /// Tells whether GitHub is spoken to at all.
    pub(super) fn needs_hub(&self) -> Result<bool> {
        Ok(self.config_from.is_some() || self.is_on_hub()?)
    }

    /// Makes the plan. `open` is how GitHub is spoken to, where that is needed.
    pub(super) fn plan(
        &self,
        look: &LookArgs,
        open: Option<&Hub>,
        clock: &Clock,
        stop: &AtomicBool,
    ) -> Result<Planned> {
        let sources = look.sources()?;
        let settings = self.settings(open)?;
        let (origin, branch) = (self.of.origin()?, settings.branch.clone());
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let planner = Planner {
            filter: self.of.filter()?,
            shard: self.shard,
            common: look.common(&settings, &sources, clock)?,
            analyser: Analyser { settings, sources, threads: (cores / self.parallel).max(1) },
            parallel: self.parallel.get(),
            space: look.space(),
            api: open.filter(|_| matches!(origin, Origin::Hub(_))).map(Hub::api),
            stop,
            now: u64::try_from(clock.time().as_millis()).unwrap_or_default(),
        };
        match (origin, open) {
            (Origin::Here(folders), _) => {
                let mut source = Folders::new(folders);
                planner.plan(&self.plan, &self.previous, &mut source, &Here, &Default::default)
            }
            (Origin::Hub(wanted), open) => {
                let open = open.context("GitHub is not set up")?;
                let mut source = hub::Hub::new(&open.access, wanted, &branch)?;
                let fetcher = open.fetcher(&self.plan);
                planner.plan(&self.plan, &self.previous, &mut source, &fetcher, &|| open.access.calls())
            }
        }
    }

    fn settings(&self, open: Option<&Hub>) -> Result<Settings> {
        for rule in &self.rules {
            config::known_rule(rule, &config::rule_names())?;
        }
        let config = match (&self.config, &self.config_from) {
            (Some(path), _) => config::read_given(path)?,
            (None, Some(name)) => central(open.context("GitHub is not set up")?, name)?,
            (None, None) => String::new(),
        };
        let stated = config::check(&config, "the central configuration")?.pull_request;
        let branch = PullRequest { branch: self.branch.clone().or(stated.branch), ..PullRequest::default() };
        Ok(Settings {
            branch: configured(&branch)?.branch,
            config,
            unsafe_fixes: self.unsafe_fixes,
            rules: self.rules.clone(),
            cluster_domain: self.cluster_domain.clone(),
        })
    }
}

/// Reads the central configuration of a repository.
fn central(open: &Hub, name: &Name) -> Result<String> {
    let client = open.access.of(name.owner())?;
    let branch = client.repository(name)?.default_branch;
    let found = client.contents(name, config::NAME, &branch)?;
    let bytes = found.with_context(|| format!("{name} has no {}", config::NAME))?;
    let text = String::from_utf8(bytes).with_context(|| format!("{} of {name} is no UTF-8", config::NAME))?;
    config::check(&text, &format!("{name}/{}", config::NAME))?;
    Ok(text)
}

/// Tells what came of a plan.
pub(super) fn tell(planned: &Planned, path: &Path) -> Result<()> {
    let counts = planned.counts;
    let mut text = String::new();
    for (name, reason) in &planned.failures {
        text.push_str(&format!("{}: failed: {}\n", screen::plain(name), screen::plain(reason)));
    }
    if counts.failed > planned.failures.len() && !planned.failures.is_empty() {
        text.push_str("`caulk sweep report` tells of all that failed\n");
    }
    text.push_str(&format!(
        "{} looked at, {} unchanged, {} skipped, {} failed",
        counts.done, counts.unchanged, counts.skipped, counts.failed
    ));
    if counts.before > 0 {
        text.push_str(&format!(", {} planned before", counts.before));
    }
    let cost = &planned.cost;
    text.push_str(&format!("; {:.1} s, {} bytes fetched", cost.seconds, cost.fetched_bytes));
    if !cost.calls.is_empty() {
        text.push_str(&format!(", {} calls", cost.calls.values().sum::<u64>()));
    }
    if let Some(peak) = cost.peak_memory {
        text.push_str(&format!(", {} MiB of memory", peak >> 20));
    }
    text.push('\n');
    text.push_str(&match planned.finished {
        true => format!("the plan is {}\n", path.display()),
        false => format!("stopped; the same command goes on with {}\n", path.display()),
    });
    output::note(&text)
}
