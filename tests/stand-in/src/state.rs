//! What the server remembers besides git: repositories' settings, pull requests and everything about them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{identity::Identity, refusal::Refusal};

/// A pull request.
#[derive(Debug, Clone, Default)]
pub struct Pull {
    /// What names it among everything.
    pub id: u64,
    /// The number in its repository.
    pub number: u64,
    /// The title.
    pub title: String,
    /// The body.
    pub body: String,
    /// Who opened it.
    pub author: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether it is open.
    pub open: bool,
    /// When it was merged.
    pub merged_at: Option<String>,
    /// The commit of the merge.
    pub merge_commit: Option<String>,
    /// Who merged it.
    pub merged_by: Option<String>,
    /// The repository of the branch, lower-case `owner/name`.
    pub head_repository: String,
    /// The branch.
    pub head_branch: String,
    /// The commit of the branch, or the last one that it had.
    pub head: String,
    /// The branch that it is for.
    pub base_branch: String,
    /// The commit of that branch when it was last looked at.
    pub base: String,
    /// Whether maintainers may push to the branch.
    pub maintainer_can_modify: bool,
    /// The labels.
    pub labels: Vec<String>,
    /// Who is assigned.
    pub assignees: Vec<String>,
    /// Who was asked to review: people, and teams as `team:NAME`.
    pub reviewers: Vec<String>,
    /// The comments below it.
    pub comments: Vec<Comment>,
    /// The reviews.
    pub reviews: Vec<Review>,
    /// The comments at lines.
    pub review_comments: Vec<ReviewComment>,
    /// What happened, oldest first.
    pub events: Vec<Event>,
    /// When it was opened.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
    /// When it was closed.
    pub closed_at: Option<String>,
}

/// A comment below a pull request.
#[derive(Debug, Clone, Default)]
pub struct Comment {
    /// What names it.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// The text.
    pub body: String,
    /// When.
    pub created_at: String,
}

/// A review.
#[derive(Debug, Clone, Default)]
pub struct Review {
    /// What names it.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// The text.
    pub body: String,
    /// `COMMENTED`, `APPROVED` or `CHANGES_REQUESTED`.
    pub state: String,
    /// The commit.
    pub commit: String,
    /// When.
    pub created_at: String,
}

/// A comment at lines of a pull request.
#[derive(Debug, Clone, Default)]
pub struct ReviewComment {
    /// What names it.
    pub id: u64,
    /// Its review.
    pub review: u64,
    /// The first comment of its conversation: its own number if it is the first.
    pub thread: u64,
    /// Who wrote it.
    pub author: String,
    /// The text.
    pub body: String,
    /// The path.
    pub path: String,
    /// The commit that it was made at.
    pub commit: String,
    /// The last line; none once it is outdated.
    pub line: Option<u32>,
    /// The last line when it was made.
    pub original_line: u32,
    /// The first line.
    pub start_line: Option<u32>,
    /// `LEFT` or `RIGHT`.
    pub side: String,
    /// The hunk of the diff up to the line.
    pub hunk: String,
    /// Who has resolved the conversation; only of first comments.
    pub resolved_by: Option<String>,
    /// When.
    pub created_at: String,
}

/// Something that happened to a pull request.
#[derive(Debug, Clone, Default)]
pub struct Event {
    /// What names it.
    pub id: u64,
    /// Who did it.
    pub actor: String,
    /// What, such as `labeled`.
    pub event: String,
    /// The label, assignee or reviewer that it is about.
    pub about: Option<String>,
    /// When.
    pub created_at: String,
}

/// A check run.
#[derive(Debug, Clone, Default)]
pub struct Check {
    /// What names it.
    pub id: u64,
    /// The name of the App.
    pub app: String,
    /// What the requests gave: name, head_sha, external_id, status, conclusion, output without its annotations.
    pub given: Value,
    /// The annotations of all requests.
    pub annotations: Vec<Value>,
    /// When it was made.
    pub created_at: String,
}

/// A rule that holds for a branch.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// The branch.
    pub branch: String,
    /// Its kind, such as `creation`.
    pub kind: String,
    /// The number of its ruleset.
    pub set: u64,
    /// Whether whoever asks may pass it by.
    pub bypass: bool,
}

/// What GraphQL has in place of a repository, or of a part of it.
#[derive(Debug, Clone, Default)]
pub struct Trouble {
    /// The field; all of the repository if none.
    pub field: Option<&'static str>,
    /// The kind, such as `FORBIDDEN`. Without one the whole call comes to nothing, as where GitHub runs out of time.
    pub kind: &'static str,
    /// The message.
    pub message: &'static str,
}

/// A repository.
#[derive(Debug, Clone, Default)]
pub struct Repository {
    /// What names it for ever.
    pub id: u64,
    /// The owner.
    pub owner: String,
    /// The name.
    pub name: String,
    /// The folder of the bare repository.
    pub path: PathBuf,
    /// The branch that pull requests are for.
    pub default_branch: String,
    /// Whether only those with access see it.
    pub private: bool,
    /// Whether it is read-only.
    pub archived: bool,
    /// Whether it is switched off.
    pub disabled: bool,
    /// What it is a fork of, lower-case `owner/name`.
    pub fork_of: Option<String>,
    /// Whether it may be forked.
    pub allow_forking: bool,
    /// Whether workflows may open and approve pull requests.
    pub actions_may_open_pulls: bool,
    /// The topics.
    pub topics: Vec<String>,
    /// Branches that nobody may push to.
    pub protected: BTreeSet<String>,
    /// Protections that are shown and hold nobody up: their fields as GraphQL names them.
    pub shown_protections: Vec<Value>,
    /// Rules of its rulesets. They are told, and the server itself does not keep to them.
    pub rules: Vec<Rule>,
    /// What GraphQL has trouble with.
    pub trouble: Option<Trouble>,
    /// The pull requests by number.
    pub pulls: BTreeMap<u64, Pull>,
    /// The check runs.
    pub checks: Vec<Check>,
}

impl Repository {
    /// Returns `owner/name`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    pub(crate) fn key(&self) -> String {
        self.full_name().to_ascii_lowercase()
    }
}

/// An App and where it is installed.
#[derive(Debug, Clone, Default)]
pub(crate) struct App {
    pub(crate) id: u64,
    pub(crate) slug: String,
    /// Owners with the number of the installation there.
    pub(crate) installations: BTreeMap<String, u64>,
    pub(crate) access: crate::Access,
}

/// Everything that the server knows.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) root: PathBuf,
    /// `http://127.0.0.1:PORT`
    pub(crate) site: String,
    pub(crate) repositories: BTreeMap<String, Repository>,
    /// Old names of renamed repositories.
    pub(crate) renamed: BTreeMap<String, String>,
    /// Owners that are organisations, in lower case.
    pub(crate) organisations: BTreeSet<String>,
    pub(crate) accounts: BTreeMap<String, u64>,
    pub(crate) tokens: BTreeMap<String, Identity>,
    pub(crate) apps: Vec<App>,
    pub(crate) last: u64,
}

impl World {
    pub(crate) fn next(&mut self) -> u64 {
        self.last += 1;
        1000 + self.last
    }

    pub(crate) fn now(&self) -> String {
        chrono::DateTime::from_timestamp(
            std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs().cast_signed()),
            0,
        )
        .map_or_else(String::new, |time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }

    /// Returns the number of an account, which it gets when it is first named.
    pub(crate) fn account(&mut self, login: &str) -> u64 {
        let key = login.to_ascii_lowercase();
        if let Some(id) = self.accounts.get(&key) {
            return *id;
        }
        let id = self.next();
        self.accounts.insert(key, id);
        id
    }

    /// Returns the key of a repository as it is called now.
    pub(crate) fn key(&self, owner: &str, name: &str) -> String {
        let key = format!("{owner}/{name}").to_ascii_lowercase();
        self.renamed.get(&key).cloned().unwrap_or(key)
    }

    pub(crate) fn repository(&self, key: &str) -> Result<&Repository, Refusal> {
        self.repositories.get(key).ok_or_else(Refusal::not_found)
    }

    pub(crate) fn repository_mut(&mut self, key: &str) -> Result<&mut Repository, Refusal> {
        self.repositories.get_mut(key).ok_or_else(Refusal::not_found)
    }

    pub(crate) fn pull_mut(&mut self, key: &str, number: u64) -> Result<&mut Pull, Refusal> {
        self.repository_mut(key)?.pulls.get_mut(&number).ok_or_else(Refusal::not_found)
    }

    pub(crate) fn pull(&self, key: &str, number: u64) -> Result<&Pull, Refusal> {
        self.repository(key)?.pulls.get(&number).ok_or_else(Refusal::not_found)
    }

    pub(crate) fn record(&mut self, key: &str, number: u64, actor: &str, event: &str, about: Option<&str>) {
        let (id, created_at) = (self.next(), self.now());
        if let Ok(pull) = self.pull_mut(key, number) {
            pull.updated_at.clone_from(&created_at);
            let (actor, event) = (actor.to_owned(), event.to_owned());
            pull.events.push(Event { id, actor, event, about: about.map(str::to_owned), created_at });
        }
    }

    pub(crate) fn folder_of(&self, owner: &str, name: &str) -> PathBuf {
        let root: &Path = &self.root;
        root.join(owner.to_ascii_lowercase()).join(format!("{}.git", name.to_ascii_lowercase()))
    }
}
