//! The options that say how pull requests are made. They count more than the configuration.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use crate::{
    config::{PullRequest, RebuildWhen},
    git::{Network, commit::Person, sign::Signing},
    pull::{Base, CommitWith, Push, Rebuild, Settings},
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Pull requests")]
pub(super) struct PullArgs {
    /// The branch that holds the changes; by default caulk/mend
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// A template of the title: {{ places }}, {{ files }}, {{ rules }}, {{ base }}, {{ branch }}
    #[arg(long, value_name = "TEMPLATE")]
    title: Option<String>,
    /// A template of the commit's message, with the same values
    #[arg(long, value_name = "TEMPLATE")]
    message: Option<String>,
    /// A file with a template of the body
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// A label for a new pull request (may be repeated)
    #[arg(long = "label", value_name = "LABEL")]
    labels: Vec<String>,
    /// Ask for a review of a new one; `team:NAME` is a team (may be repeated)
    #[arg(long = "reviewer", value_name = "LOGIN")]
    reviewers: Vec<String>,
    /// Assign a new one (may be repeated)
    #[arg(long = "assignee", value_name = "LOGIN")]
    assignees: Vec<String>,
    /// Open it as a draft
    #[arg(long)]
    draft: bool,
    /// Sign commits off as `Name <address>`
    #[arg(long, value_name = "PERSON")]
    sign_off: Option<String>,
    /// Where the token may not push, keep the branch in a fork of its account
    #[arg(long)]
    fork: bool,
    /// How many pull requests of ours may be open in the repository
    #[arg(long, value_name = "N")]
    max_open: Option<usize>,
    /// How many may be opened within an hour
    #[arg(long, value_name = "N")]
    max_per_hour: Option<usize>,
    /// When a branch that still holds the right change is built anew
    #[arg(long, value_enum, value_name = "WHEN")]
    rebuild: Option<RebuildWhen>,
    /// Another account whose pull requests and commits are ours (may be repeated)
    #[arg(long = "account", value_name = "LOGIN")]
    accounts: Vec<String>,
    /// Leave out of the body what kubectl or kustomize renders differently
    #[arg(long)]
    no_render: bool,
    /// How commits are made
    #[arg(long, value_enum, value_name = "HOW", default_value_t = With::Api)]
    commit_with: With,
    /// With --commit-with git: who makes the commits, `Name <address>`
    #[arg(long, value_name = "PERSON")]
    author: Option<String>,
    /// With --commit-with git: sign with this SSH key (`ssh-keygen -Y sign`)
    #[arg(long, value_name = "FILE", conflicts_with = "sign_gpg")]
    sign_ssh: Option<PathBuf>,
    /// With --commit-with git: sign with this key of gpg's
    #[arg(long, value_name = "KEY")]
    sign_gpg: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum With {
    /// By GitHub's API, which signs them
    Api,
    /// By git's protocol, with an author and a signature of yours
    Git,
}

impl PullArgs {
    pub(super) const fn fork(&self) -> bool {
        self.fork
    }

    pub(super) const fn renders(&self) -> bool {
        !self.no_render
    }

    /// Returns the address of the author of commits that git makes.
    pub(super) fn email(&self) -> Result<Option<&str>> {
        let author = self.author.as_deref().filter(|_| self.commit_with == With::Git);
        let email = author.map(|text| split(text).map(|(_, email)| email)).transpose();
        email.context("--author")
    }

    /// Returns how pull requests are made, from the options and from a configuration of the user's side.
    pub(super) fn settings(&self, config: &PullRequest) -> Result<Settings> {
        let stated = configured(config)?;
        let list = |one: &[String], other: Vec<String>| if one.is_empty() { other } else { one.to_vec() };
        let sign_off = self.sign_off.as_deref().map(person).transpose().context("--sign-off")?;
        let branch = self.branch.clone().unwrap_or(stated.branch);
        Ok(Settings {
            branch: checked(branch)?,
            title: self.title.clone().or(stated.title),
            message: self.message.clone().or(stated.message),
            body: match &self.template {
                Some(path) => Some(super::read(path)?),
                None => stated.body,
            },
            labels: list(&self.labels, stated.labels),
            reviewers: list(&self.reviewers, stated.reviewers),
            assignees: list(&self.assignees, stated.assignees),
            draft: self.draft || stated.draft,
            sign_off: sign_off.or(stated.sign_off),
            commit_with: if self.commit_with == With::Git { CommitWith::Git } else { CommitWith::Api },
            fork: self.fork,
            most_open: self.max_open.or(stated.most_open),
            most_per_hour: self.max_per_hour.or(stated.most_per_hour),
            rebuild: self.rebuild.map_or(stated.rebuild, rebuild),
            accounts: self.accounts.clone(),
        })
    }

    /// Returns how commits are pushed, if git makes them.
    pub(super) fn push(&self, base: &Base, network: &Network) -> Result<Option<Push>> {
        let signing = match (&self.sign_ssh, &self.sign_gpg) {
            (Some(key), _) => Some(Signing::Ssh { key: key.clone(), program: None }),
            (None, Some(key)) => Some(Signing::Gpg { key: key.clone(), program: None }),
            (None, None) => None,
        };
        if self.commit_with == With::Api {
            if signing.is_some() || self.author.is_some() {
                bail!(
                    "GitHub decides about authors and signatures of its own commits; use --commit-with git"
                );
            }
            return Ok(None);
        }
        let author = self.author.as_deref().context("--commit-with git wants --author 'Name <address>'")?;
        Ok(Some(Push {
            store: Arc::clone(&base.store),
            network: network.clone(),
            author: person(author).context("--author")?,
            signing,
        }))
    }
}

/// Returns how pull requests are made by a configuration of the user's side alone.
pub(in crate::cli) fn configured(config: &PullRequest) -> Result<Settings> {
    let usual = Settings::default();
    Ok(Settings {
        branch: checked(config.branch.clone().unwrap_or(usual.branch))?,
        title: config.title.clone(),
        message: config.message.clone(),
        body: config.body.clone(),
        labels: config.labels.clone(),
        reviewers: config.reviewers.clone(),
        assignees: config.assignees.clone(),
        draft: config.draft.unwrap_or_default(),
        sign_off: config.sign_off.as_deref().map(person).transpose().context("sign-off")?,
        most_open: config.max_open,
        most_per_hour: config.max_per_hour,
        rebuild: config.rebuild.map_or(usual.rebuild, rebuild),
        ..usual
    })
}

const fn rebuild(when: RebuildWhen) -> Rebuild {
    match when {
        RebuildWhen::BaseMoved => Rebuild::BaseMoved,
        RebuildWhen::ContentChanged => Rebuild::ContentChanged,
    }
}

fn checked(branch: String) -> Result<String> {
    if !git2::Reference::is_valid_name(&format!("refs/heads/{branch}")) {
        bail!("`{branch}` is no name of a branch");
    }
    Ok(branch)
}

fn person(text: &str) -> Result<Person> {
    let (name, email) = split(text)?;
    Ok(Person { name: name.to_owned(), email: email.to_owned() })
}

fn split(text: &str) -> Result<(&str, &str)> {
    let parts = text.strip_suffix('>').and_then(|text| text.split_once(" <"));
    let is_plain = |part: &str| !part.trim().is_empty() && !part.contains(['<', '>', '\n', '\r']);
    match parts {
        Some((name, email)) if is_plain(name) && is_plain(email) => Ok((name.trim(), email.trim())),
        _ => bail!("`{}` is no person; write `Name <address>`", text.escape_debug()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_a_name_and_an_address_on_one_line() {
        assert_eq!(split("Ann Bee <ann@x>").expect("a person"), ("Ann Bee", "ann@x"));
        for bad in ["Ann", "<ann@x>", "Ann <>", "Ann <a@x> <b@x>", "Ann\nBee <a@x>", "Ann <a@x"] {
            assert!(split(bad).is_err(), "{bad:?}");
        }
    }
}
