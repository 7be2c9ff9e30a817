//! The options of what is written, and the writing.

use std::{
    num::NonZero,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::Result;
use clap::Args;

use super::{hub::Hub, planning::LookArgs};
use crate::{
    cli::{CLEAN, FAILED, FOUND, output, pr::options::configured},
    config, pull,
    sink::screen,
    sweep::{
        analyse::Analyser,
        apply::{Applied, Applier},
        clock::Clock,
        hub::{Carrier, Replanner},
        plan::Settings,
        report,
        scratch::Scratch,
        shard::stable_hash,
        state::{Became, Outcome, State},
        wave::Allowance,
    },
};

/// What is written, and how fast.
#[derive(Debug, Args)]
pub(super) struct WriteArgs {
    /// What was carried out so far; it keeps waves and limits over many runs
    #[arg(long, value_name = "FILE", default_value = "caulk-sweep-state.jsonl")]
    state: PathBuf,
    /// Let N repositories have the change, and the rest only when this option is left out
    #[arg(long, value_name = "N", help_heading = "Waves and limits")]
    canary: Option<usize>,
    /// How many of our pull requests may be open in all repositories together
    #[arg(long, value_name = "N", help_heading = "Waves and limits")]
    most_open: Option<usize>,
    /// How many of our pull requests may be open in the repositories of one owner
    #[arg(long, value_name = "N", help_heading = "Waves and limits")]
    most_open_per_owner: Option<usize>,
    /// How often repositories are tried again in one run whose failure may pass
    #[arg(long, value_name = "N", default_value_t = 2, help_heading = "Waves and limits")]
    retries: u32,
    /// A label that new pull requests get (may be repeated)
    #[arg(long = "label", value_name = "NAME", help_heading = "Pull requests")]
    labels: Vec<String>,
    /// Who is asked to review new pull requests, `team:NAME` for a team (may be repeated)
    #[arg(long = "reviewer", value_name = "NAME", help_heading = "Pull requests")]
    reviewers: Vec<String>,
    /// Open new pull requests as drafts
    #[arg(long, help_heading = "Pull requests")]
    draft: bool,
    /// Another account whose pull requests are ours, such as that of an earlier token (may be repeated)
    #[arg(long = "account", value_name = "NAME", help_heading = "Pull requests")]
    accounts: Vec<String>,
}

impl WriteArgs {
    /// Carries plans out.
    pub(super) fn apply(
        &self,
        plans: &[PathBuf],
        look: &LookArgs,
        open: &Hub,
        clock: &Clock,
    ) -> Result<Applied> {
        let sources = look.sources()?;
        let mut state = State::open(&self.state, clock.time())?;
        let _scratch = Scratch::beside(&self.state)?;
        open.paced.remember(state.writes(), Box::new(state.recorder()));
        let fetcher = open.fetcher(&self.state);
        let replanner = Replanner {
            analyser: Analyser {
                settings: Settings::default(),
                sources: sources.clone(),
                threads: thread::available_parallelism().map_or(1, NonZero::get),
            },
            common: &|settings| look.common(settings, &sources, clock),
            fetch: &fetcher,
            bound: look.space(),
        };
        let settings = self.settings(plans)?;
        let applier = Applier {
            allowance: Allowance {
                canary: self.canary,
                most_open: self.most_open,
                most_open_per_owner: self.most_open_per_owner,
            },
            retries: self.retries,
            pause: Duration::from_secs(2),
            manner: format!("{:016x}", stable_hash(&format!("{settings:?}"))),
            clock,
            api: open.api(),
        };
        let mut carrier =
            Carrier { access: &open.access, settings, situation: open.situation, replanner: &replanner };
        applier.apply(plans, &mut state, &mut carrier, &mut |outcome| output::report(&line(outcome)))
    }

    /// Returns where the state is.
    pub(super) fn state(&self) -> &Path {
        &self.state
    }

    /// Returns how pull requests are made: by the options, and by the central configuration that the plans hold.
    fn settings(&self, plans: &[PathBuf]) -> Result<pull::Settings> {
        let of = report::settings(plans)?;
        let config = config::check(&of.config, "the central configuration")?;
        let stated = configured(&config.pull_request)?;
        let list = |one: &[String], other: Vec<String>| if one.is_empty() { other } else { one.to_vec() };
        Ok(pull::Settings {
            branch: of.branch,
            labels: list(&self.labels, stated.labels),
            reviewers: list(&self.reviewers, stated.reviewers),
            draft: self.draft || stated.draft,
            accounts: self.accounts.clone(),
            ..stated
        })
    }
}

fn line(outcome: &Outcome) -> String {
    let name = screen::plain(&outcome.name);
    let place = outcome.url.as_deref().map_or_else(String::new, |url| format!(" {}", screen::plain(url)));
    let mut text = match &outcome.result {
        Became::Failed(failure) => {
            format!("{name}: failed ({}): {}\n", failure.kind.name(), screen::plain(&failure.reason))
        }
        Became::LeftAlone { reason, .. } => format!("{name}: left alone: {}{place}\n", screen::plain(reason)),
        result => format!("{name}: {}{place}\n", result.name()),
    };
    for note in &outcome.notes {
        text.push_str(&format!("{name}: note: {}\n", screen::plain(note)));
    }
    text
}

/// Tells what came of carrying out.
pub(super) fn tell(applied: &Applied, state: &Path, calls: u64) -> Result<()> {
    let became: Vec<String> = applied.became.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let became = if became.is_empty() { "nothing done".to_owned() } else { became.join(", ") };
    let mut text = format!(
        "{became}; {} as they should be without a look; {} repositories have the change; {calls} calls\n",
        applied.settled, applied.out
    );
    for (wait, count) in &applied.waiting {
        text.push_str(&format!("  {count}: {}\n", wait.name()));
    }
    if applied.again > 0 {
        text.push_str(&format!("  {}: want another run\n", applied.again));
    }
    if !applied.whole {
        text.push_str("a plan is not finished: `caulk sweep plan` with its options goes on with it\n");
    }
    if applied.stopped {
        text.push_str(&format!("stopped; the same command goes on, by {}\n", state.display()));
    }
    output::note(&text)
}

/// Returns the exit code that carrying out comes to.
pub(super) fn code(applied: &Applied) -> u8 {
    if !applied.failed.is_empty() {
        FAILED
    } else if applied.is_finished() {
        CLEAN
    } else {
        FOUND
    }
}
