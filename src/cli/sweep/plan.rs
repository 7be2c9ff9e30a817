//! `caulk sweep plan`

use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::SystemTime,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use signal_hook::{consts, flag};

use crate::{
    cli::{CLEAN, FAILED, FOUND, output, sources::SourceArgs},
    config,
    sweep::{
        analyse::Analyser,
        key::{self, Common},
        local::{Folders, Here},
        plan::Settings,
        planner::{Planned, Planner},
        select::Filter,
        shard::Shard,
    },
};

/// Plan what is to be mended in many repositories, and change nothing
///
/// A plan that was not finished is gone on with, and a finished one in its place is put aside and believed where nothing
/// changed: the same command, on a schedule, does what is new.
#[derive(Debug, Args)]
pub(super) struct Plan {
    /// The plan
    #[arg(long, value_name = "FILE", default_value = "caulk-sweep.jsonl")]
    plan: PathBuf,
    /// An earlier plan to believe where nothing changed (may be repeated)
    #[arg(long, value_name = "FILE")]
    previous: Vec<PathBuf>,
    #[command(flatten)]
    of: Repositories,
    /// The central configuration; a repository's own may only narrow it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Include fixes that are not proven to be safe
    #[arg(long)]
    unsafe_fixes: bool,
    /// Run this rule alone (may be repeated)
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,
    /// The DNS domain of the clusters, over that of any configuration
    #[arg(long, value_name = "DOMAIN")]
    cluster_domain: Option<String>,
    /// The branch of our pull requests
    #[arg(long, value_name = "BRANCH", default_value = "caulk/mend")]
    branch: String,
    /// Plan one of several parts: `2/4` is the second of four, `auto/4` the one that JOB_COMPLETION_INDEX names
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// How many repositories are worked on at the same time
    #[arg(long, value_name = "N", default_value = "4")]
    parallel: NonZero<usize>,
    /// How many MiB the repositories that are here at the same time may have
    #[arg(long, value_name = "MIB", default_value_t = 2048)]
    space: u64,
    /// With --online: after how many days a repository is looked at again although nothing changed in it
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    refresh_days: u64,
    #[command(flatten)]
    sources: SourceArgs,
}

/// Which repositories are meant.
#[derive(Debug, Args)]
#[command(next_help_heading = "Repositories")]
struct Repositories {
    /// A git repository on this machine; what its HEAD holds counts (may be repeated)
    #[arg(long, value_name = "FOLDER")]
    local: Vec<PathBuf>,
    /// A file with one folder a line; `#` begins a comment
    #[arg(long, value_name = "FILE")]
    local_list: Option<PathBuf>,
    /// Only repositories that match (may be repeated); a pattern with a slash means owner and name
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// No repositories that match (may be repeated)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
}

impl Plan {
    pub(super) fn run(&self) -> Result<u8> {
        let sources = self.sources.options()?;
        key::check_sources(&sources)?;
        let settings = self.settings()?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let stop = stopped_by_signals()?;
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let planner = Planner {
            filter: Filter::new(&self.of.include, &self.of.exclude, &[], false)?,
            shard: self.shard,
            common: Common::new(&settings, &sources, self.refresh_days, now)?,
            analyser: Analyser { settings, sources, threads: (cores / self.parallel).max(1) },
            parallel: self.parallel.get(),
            space: self.space.saturating_mul(1 << 20),
            stop: &stop,
            now: u64::try_from(now.as_millis()).unwrap_or_default(),
        };
        let folders = self.of.folders()?;
        let mut source = Folders::new(folders);
        let planned = planner.plan(&self.plan, &self.previous, &mut source, &Here, &Default::default)?;
        output::note(&summary(&planned, &self.plan))?;
        Ok(match planned {
            Planned { finished: false, .. } => FOUND,
            Planned { counts, .. } if counts.failed > 0 => FAILED,
            _ => CLEAN,
        })
    }

    fn settings(&self) -> Result<Settings> {
        for rule in &self.rules {
            config::known_rule(rule, &config::rule_names())?;
        }
        Ok(Settings {
            config: self.config.as_deref().map(config::read_given).transpose()?.unwrap_or_default(),
            unsafe_fixes: self.unsafe_fixes,
            rules: self.rules.clone(),
            cluster_domain: self.cluster_domain.clone(),
            branch: self.branch.clone(),
        })
    }
}

impl Repositories {
    fn folders(&self) -> Result<Vec<PathBuf>> {
        let mut folders = self.local.clone();
        if let Some(path) = &self.local_list {
            folders.extend(listed(path)?);
        }
        if folders.is_empty() {
            bail!("no repositories are named: use --local or --local-list");
        }
        Ok(folders)
    }
}

fn listed(path: &Path) -> Result<Vec<PathBuf>> {
    let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    Ok(lines.filter(|line| !line.is_empty()).map(PathBuf::from).collect())
}

/// Returns a flag that the first SIGTERM or SIGINT sets; a second one ends the process at once.
fn stopped_by_signals() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [consts::SIGTERM, consts::SIGINT] {
        let failed = "signals cannot be listened to";
        flag::register_conditional_shutdown(signal, i32::from(FOUND), Arc::clone(&stop)).context(failed)?;
        flag::register(signal, Arc::clone(&stop)).context(failed)?;
    }
    debug_assert!(!stop.load(Ordering::Relaxed));
    Ok(stop)
}

fn summary(planned: &Planned, path: &Path) -> String {
    let counts = planned.counts;
    let mut text = format!(
        "{} looked at, {} unchanged, {} skipped, {} failed",
        counts.done, counts.unchanged, counts.skipped, counts.failed
    );
    if counts.before > 0 {
        text.push_str(&format!(", {} planned before", counts.before));
    }
    let cost = &planned.cost;
    text.push_str(&format!("; {:.1} s, {} bytes fetched", cost.seconds, cost.fetched_bytes));
    if let Some(peak) = cost.peak_memory {
        text.push_str(&format!(", {} MiB of memory", peak >> 20));
    }
    text.push('\n');
    text.push_str(&match planned.finished {
        true => format!("the plan is {}\n", path.display()),
        false => format!("stopped; the same command goes on with {}\n", path.display()),
    });
    text
}
