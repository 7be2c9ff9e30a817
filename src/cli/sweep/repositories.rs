//! The options that say which repositories are meant.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::{
    github::Name,
    sweep::{hub::Wanted, select::Filter},
};

/// Which repositories are meant.
#[derive(Debug, Args)]
#[command(next_help_heading = "Repositories")]
pub(super) struct Repositories {
    /// All repositories of an organisation or a person (may be repeated)
    #[arg(long, value_name = "NAME")]
    org: Vec<String>,
    /// All repositories that the GitHub App is installed for
    #[arg(long, requires = "app_id")]
    installations: bool,
    /// A file with one OWNER/NAME a line; `#` begins a comment
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// What GitHub's own search finds, such as `org:acme topic:gitops` (may be repeated)
    #[arg(long, value_name = "WORDS")]
    search: Vec<String>,
    /// A git repository on this machine; what its HEAD holds counts (may be repeated)
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["org", "installations", "list", "search"])]
    local: Vec<PathBuf>,
    /// A file with one folder a line; `#` begins a comment
    #[arg(long, value_name = "FILE", conflicts_with_all = ["org", "installations", "list", "search"])]
    local_list: Option<PathBuf>,
    /// Only repositories that match (may be repeated); a pattern with a slash means owner and name
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// No repositories that match (may be repeated)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Only repositories with this topic (may be repeated: one of them suffices)
    #[arg(long, value_name = "TOPIC")]
    topic: Vec<String>,
    /// Forks as well
    #[arg(long)]
    forks: bool,
}

/// Where repositories come from.
#[derive(Debug)]
pub(super) enum Origin {
    /// From this machine.
    Here(Vec<PathBuf>),
    /// From GitHub.
    Hub(Vec<Wanted>),
}

impl Repositories {
    /// Returns which repositories are meant of those that are told of.
    pub(super) fn filter(&self) -> Result<Filter> {
        Filter::new(&self.include, &self.exclude, &self.topic, self.forks)
    }

    /// Returns where they come from.
    pub(super) fn origin(&self) -> Result<Origin> {
        let mut folders = self.local.clone();
        if let Some(path) = &self.local_list {
            folders.extend(lines(path)?.into_iter().map(|(_, line)| PathBuf::from(line)));
        }
        if !folders.is_empty() {
            return Ok(Origin::Here(folders));
        }
        let wanted = self.wanted()?;
        if wanted.is_empty() {
            bail!("no repositories are named: use --org, --installations, --list, --search or --local");
        }
        Ok(Origin::Hub(wanted))
    }

    fn wanted(&self) -> Result<Vec<Wanted>> {
        let mut wanted: Vec<Wanted> = self.org.iter().cloned().map(Wanted::Owner).collect();
        if self.installations {
            wanted.push(Wanted::Installations);
        }
        wanted.extend(self.search.iter().cloned().map(Wanted::Search));
        if let Some(path) = &self.list {
            let names = lines(path)?.into_iter().map(|(number, line)| {
                line.parse::<Name>()
                    .map_err(|reason| anyhow::anyhow!("{}:{number}: {reason}", path.display()))
            });
            wanted.push(Wanted::Names(names.collect::<Result<_>>()?));
        }
        Ok(wanted)
    }
}

/// Returns the lines of a list with their numbers.
fn lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let numbered = lines.enumerate().filter(|(_, line)| !line.is_empty());
    Ok(numbered.map(|(index, line)| (index + 1, line.to_owned())).collect())
}
