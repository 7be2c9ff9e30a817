//! The repository that a command is about, and where it runs: in a workflow, or on somebody's machine.

use std::env;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::github::{GithubArgs, repository_at, variable};
use crate::{
    git::{Store, origin::origin},
    github::{Client, Name, Situation},
    review::event::{self, Event},
};

/// GitHub, and a repository there.
#[derive(Debug, Args)]
#[command(next_help_heading = "GitHub")]
pub(super) struct HubArgs {
    /// The repository; by default that of the workflow, or the one that the folder was cloned from
    #[arg(long, value_name = "OWNER/NAME")]
    repo: Option<Name>,
    #[command(flatten)]
    github: GithubArgs,
}

/// What is known of the workflow and of who asks before anything is sent.
#[derive(Debug)]
pub(super) struct Site {
    /// The client.
    pub(super) client: Client,
    /// Where the token was found.
    pub(super) source: Option<String>,
    /// Who asks, for explanations of what is refused.
    pub(super) situation: Situation,
    /// The event of the workflow, if this is one.
    pub(super) event: Option<Event>,
}

/// The same, with the repository.
#[derive(Debug)]
pub(super) struct Hub {
    /// The client.
    pub(super) client: Client,
    /// The repository.
    pub(super) repository: Name,
    /// Who asks, for explanations of what is refused.
    pub(super) situation: Situation,
    /// The event of the workflow, if this is one.
    pub(super) event: Option<Event>,
}

impl HubArgs {
    /// Reads the options and the environment. Nothing is sent.
    pub(super) fn hub(&self, ca_bundle: Option<Vec<u8>>) -> Result<Hub> {
        let (Site { client, situation, event, .. }, repository) = self.site(ca_bundle)?;
        Ok(Hub { client, repository: repository?, situation, event })
    }

    /// As [`HubArgs::hub`], for those who can do something without a repository.
    pub(super) fn site(&self, ca_bundle: Option<Vec<u8>>) -> Result<(Site, Result<Name>)> {
        let client = self.github.client(ca_bundle)?;
        let event = event::of_workflow()?;
        let repository = self.repository(&client, event.as_ref());
        let source = self.github.source(client.host());
        let situation = self.github.situation(&client);
        Ok((Site { client, source, situation, event }, repository))
    }

    fn repository(&self, client: &Client, event: Option<&Event>) -> Result<Name> {
        if let Some(name) = &self.repo {
            return Ok(name.clone());
        }
        let stated = event.map(|event| event.repository.clone()).or_else(|| variable("GITHUB_REPOSITORY"));
        if let Some(name) = stated {
            return name.parse().map_err(anyhow::Error::msg).context("the workflow names no repository");
        }
        let folder = env::current_dir().context("the current folder is gone")?;
        match Store::around(&folder).ok().and_then(|(store, _)| origin(&store)) {
            Some(remote) => repository_at(client, &remote),
            None => bail!("no repository is named: use --repo OWNER/NAME, or run caulk in a clone of it"),
        }
    }
}
