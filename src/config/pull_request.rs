//! `pull-request:` of the configuration: how `caulk pr` makes pull requests. It counts on a base branch or from the user's side alone.

use schemars::JsonSchema;
use serde::Deserialize;

/// How pull requests are made. Options of the command line count more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PullRequest {
    /// The branch that holds the changes.
    pub branch: Option<String>,
    /// A template of the title; `{{ places }}`, `{{ files }}`, `{{ rules }}`, `{{ base }}`, `{{ branch }}`.
    pub title: Option<String>,
    /// A template of the commit's message, with the same values.
    pub message: Option<String>,
    /// A template of the body.
    pub body: Option<String>,
    /// Labels that a new pull request gets.
    pub labels: Vec<String>,
    /// Accounts and teams (`team:NAME`) that are asked for a review of a new one.
    pub reviewers: Vec<String>,
    /// Accounts that a new one is assigned to.
    pub assignees: Vec<String>,
    /// Whether a new one is a draft.
    pub draft: Option<bool>,
    /// Who signs the commits off: `Name <address>`.
    pub sign_off: Option<String>,
    /// When a branch that still holds the right change is built anew.
    pub rebuild: Option<RebuildWhen>,
    /// How many pull requests of ours may be open.
    pub max_open: Option<usize>,
    /// How many may be opened within an hour.
    pub max_per_hour: Option<usize>,
}

/// When a branch that still holds the right change is built anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum RebuildWhen {
    /// Whenever its base moved
    BaseMoved,
    /// Only when what it changes is different, so that approvals last
    ContentChanged,
}
