//! The plan file: JSON lines, one that begins it, one a repository, one that ends it.
//!
//! Its shape is versioned: fields may come, and none goes or changes its meaning within a version. Everything that `apply` needs is
//! in it, so that plans made elsewhere can be applied here.

use anyhow::{Result, bail};
use caulk_transforms::finding::Applicability;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{config::Authority, run::Run, sink::json::Report};

/// The version of the plan's shape.
pub const VERSION: u32 = 1;

/// A line of a plan.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[schemars(title = "Line of a plan of `caulk sweep`")]
pub enum Line {
    /// The first line, and again where the plan was gone on with.
    Plan(Header),
    /// What is known of a repository. If there are several of one repository, the last counts.
    Repository(Box<Entry>),
    /// The last line. Without it the plan is not finished.
    End(Cost),
}

/// What a plan was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// The version of this shape: 1.
    pub version: u32,
    /// The version of caulk.
    pub caulk: String,
    /// Stands for everything besides the repositories that decides what is planned.
    pub key: String,
    /// When it was begun, in milliseconds since the epoch of Unix. It tells plans of the same name apart.
    pub begun: u64,
    /// The API that the repositories were told by; none for those on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The shard, `2/4`, if this is not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// What is asked of each repository.
    pub settings: Settings,
}

/// What is asked of each repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// The central configuration, which a repository's own may only narrow. Without one, the defaults.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub config: String,
    /// Whether fixes that are not proven to be safe are included.
    pub unsafe_fixes: bool,
    /// The rules by name; none means those that are on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// The DNS domain of the clusters, over that of any configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_domain: Option<String>,
    /// The branch of our pull requests.
    pub branch: String,
}

impl Settings {
    /// Returns the tier that is applied.
    #[must_use]
    pub const fn tier(&self) -> Applicability {
        if self.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe }
    }

    /// Returns whose configuration counts: the central one's, even where it says nothing.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority::Trusted { text: self.config.clone(), name: "the central configuration".to_owned() }
    }
}

/// A repository in a plan.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// What stays the same under any name.
    pub id: String,
    /// `owner/name`, or the path of a local folder.
    pub name: String,
    /// What became of it.
    #[serde(flatten)]
    pub status: Status,
}

/// What became of a repository.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Status {
    /// It was looked at.
    Done(Box<Analysis>),
    /// An earlier plan looked at the very same; it was not fetched again.
    Unchanged(Box<Analysis>),
    /// It is left alone.
    Skipped {
        /// Why.
        reason: String,
        /// What the decision rests on, if the repository had to be looked into.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// It could not be looked at.
    Failed(Failure),
}

/// Why something did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, JsonSchema)]
#[error("{reason}")]
pub struct Failure {
    /// The kind.
    #[serde(rename = "failure")]
    pub kind: FailureKind,
    /// What happened.
    pub reason: String,
}

/// A kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// There is no such repository, or the token may not see it.
    NotFound,
    /// The token may not do this.
    Forbidden,
    /// There is nothing in it.
    Empty,
    /// Its objects are damaged.
    Corrupt,
    /// It is larger than may be.
    TooLarge,
    /// The server asked for patience for longer than there was.
    RateLimited,
    /// The server did not answer in time.
    Timeout,
    /// The server could not be reached, or had trouble of its own.
    Unreachable,
    /// Its configuration cannot be used.
    Configuration,
    /// Something that is none of these.
    Other,
}

impl FailureKind {
    /// Tells whether trying once more may help.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::RateLimited | Self::Timeout | Self::Unreachable)
    }

    /// Returns the name that plans use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Forbidden => "forbidden",
            Self::Empty => "empty",
            Self::Corrupt => "corrupt",
            Self::TooLarge => "too-large",
            Self::RateLimited => "rate-limited",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Configuration => "configuration",
            Self::Other => "other",
        }
    }
}

/// What was found in a repository, and what is to change.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Analysis {
    /// Stands for everything that the analysis rests on.
    pub key: String,
    /// The branch that the changes are for.
    pub branch: String,
    /// The commit that was looked at.
    pub commit: String,
    /// Our pull request, as it was then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<Pull>,
    /// The changed files, by path, with their contents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
    /// What the repository's own configuration says and may not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disregarded: Vec<String>,
    /// The findings with their evidence, the diffs, and what could not be used.
    #[schemars(with = "Report")]
    pub report: Value,
}

/// A changed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// Its path from the root.
    pub path: String,
    /// Whether it may be executed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub executable: bool,
    /// The content that it gets.
    pub content: String,
}

/// Our pull request in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its state.
    pub state: PullState,
    /// The commit at its head.
    pub head: String,
    /// What its marker says of its content. Anybody may have written that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The commit that its marker says it was made on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
}

impl Pull {
    /// Tells whether nothing happened to it in between.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.number, self.state, &self.head) == (other.number, other.state, &other.head)
    }
}

/// The state of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PullState {
    /// It waits for somebody.
    Open,
    /// Somebody did not want it.
    Closed,
    /// It was taken.
    Merged,
}

/// What a run cost. It is no part of what is compared or applied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Seconds from beginning to end.
    pub seconds: f64,
    /// Bytes that came from repositories.
    pub fetched_bytes: u64,
    /// Repositories that were fetched.
    pub fetched: u64,
    /// Calls of GitHub's API by kind.
    #[serde(default)]
    pub calls: std::collections::BTreeMap<String, u64>,
    /// The most memory that the process had, in bytes, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
}

impl Header {
    /// Checks that this version of caulk can read the plan.
    ///
    /// # Errors
    /// If it cannot.
    pub fn check(&self) -> Result<()> {
        if self.version != VERSION {
            bail!("the plan is of version {}, and this caulk knows {VERSION}", self.version);
        }
        Ok(())
    }
}

impl Analysis {
    /// Makes the analysis of a run.
    ///
    /// # Errors
    /// If a file is to change that is not in the commit.
    pub fn new(key: String, branch: String, commit: String, pull: Option<Pull>, run: &Run) -> Result<Self> {
        let files = run.plan.changes.iter().map(|change| {
            let Some(mode) = run.tree.mode(&change.path) else {
                bail!("{} is to change and is not in the commit", change.path);
            };
            Ok(File {
                path: change.path.to_string(),
                executable: mode == crate::git::Mode::Executable,
                content: change.after.clone(),
            })
        });
        Ok(Self {
            key,
            branch,
            commit,
            pull,
            files: files.collect::<Result<_>>()?,
            disregarded: run.disregarded.clone(),
            report: serde_json::to_value(crate::sink::json::report(run, false))?,
        })
    }

    /// Tells whether something in the repository could not be used that should have been.
    #[must_use]
    pub fn has_trouble(&self) -> bool {
        let skipped = self.report["skipped"].as_array().into_iter().flatten();
        skipped.into_iter().any(is_trouble)
    }
}

/// Tells whether what the report says was skipped is more than a file that caulk leaves alone.
pub(super) fn is_trouble(skip: &Value) -> bool {
    skip["failure"] == true || skip["kind"] == "name"
}

impl Entry {
    /// Returns the analysis, of now or of before.
    #[must_use]
    pub fn analysis(&self) -> Option<&Analysis> {
        match &self.status {
            Status::Done(analysis) | Status::Unchanged(analysis) => Some(analysis),
            Status::Skipped { .. } | Status::Failed(_) => None,
        }
    }

    /// Returns what the entry rests on, if a later plan may rest on it.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match &self.status {
            Status::Skipped { key, .. } => key.as_deref(),
            _ => self.analysis().map(|analysis| analysis.key.as_str()),
        }
    }
}
