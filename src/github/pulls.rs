//! Pull requests.

use serde::{Deserialize, Serialize};

use super::{
    Result,
    client::{Again, Client},
    name::{Name, escape},
    repository::Account,
};

/// Whether a pull request is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PullState {
    /// It is open.
    Open,
    /// It is closed, merged or not.
    Closed,
}

/// A pull request.
#[derive(Debug, Clone, Deserialize)]
pub struct Pull {
    /// The number.
    pub number: u64,
    /// Its page.
    pub html_url: String,
    /// Whether it is open.
    pub state: PullState,
    /// The title.
    pub title: String,
    /// The body.
    #[serde(default)]
    pub body: Option<String>,
    /// Whether it is a draft.
    #[serde(default)]
    pub draft: bool,
    /// Who opened it.
    #[serde(default)]
    pub user: Option<Account>,
    /// The branch with the changes.
    pub head: PullEnd,
    /// The branch that the changes are for.
    pub base: PullEnd,
    /// When it was merged.
    #[serde(default)]
    pub merged_at: Option<String>,
    /// When it was opened.
    #[serde(default)]
    pub created_at: Option<String>,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Who is assigned.
    #[serde(default)]
    pub assignees: Option<Vec<Account>>,
    /// Who was asked to review.
    #[serde(default)]
    pub requested_reviewers: Option<Vec<Account>>,
}

/// One end of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub struct PullEnd {
    /// The branch.
    #[serde(rename = "ref")]
    pub branch: String,
    /// The commit.
    pub sha: String,
    /// The repository; none if it is gone.
    #[serde(default)]
    pub repo: Option<EndRepository>,
}

/// The repository of an end.
#[derive(Debug, Clone, Deserialize)]
pub struct EndRepository {
    /// `owner/name`.
    pub full_name: String,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Label {
    /// Its name.
    pub name: String,
}

/// A pull request that is to be opened.
#[derive(Debug, Clone, Serialize)]
pub struct NewPull {
    /// The title.
    pub title: String,
    /// The body.
    pub body: String,
    /// The branch with the changes, `owner:branch`.
    pub head: String,
    /// The branch that the changes are for.
    pub base: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether maintainers may push to the branch; only for forks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintainer_can_modify: Option<bool>,
}

/// What is to change in a pull request.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PullPatch {
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Whether it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<PullState>,
}

/// A file of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub struct PullFile {
    /// The path.
    pub filename: String,
    /// `added`, `removed`, `modified`, `renamed` and so on.
    pub status: String,
    /// The hunks; absent for binary and very large files.
    #[serde(default)]
    pub patch: Option<String>,
    /// The path before a renaming.
    #[serde(default)]
    pub previous_filename: Option<String>,
}

impl Client {
    /// Returns a pull request.
    ///
    /// # Errors
    /// As for all calls.
    pub fn pull(&self, name: &Name, number: u64) -> Result<Pull> {
        self.get(&name.route(&format!("/pulls/{number}")))
    }

    /// Returns all pull requests of an account's branch, open or not, newest first: those from the repository `from`, or from any that
    /// the account has. Those of forks that merely call their branch the same are not among them.
    ///
    /// # Errors
    /// As for all calls.
    pub fn pulls_of(&self, name: &Name, owner: &str, branch: &str, from: Option<&Name>) -> Result<Vec<Pull>> {
        let filter = format!("{owner}:{branch}");
        let route =
            name.route(&format!("/pulls?state=all&sort=created&direction=desc&head={}", escape(&filter, "")));
        let mut found: Vec<Pull> = self.list(&route, 300)?;
        // GitHub ignores a filter that it does not understand, and a fork's repository may have any name.
        let is_it = |full: &str| match from {
            Some(from) => full.eq_ignore_ascii_case(&from.to_string()),
            None => full.split('/').next().is_some_and(|front| front.eq_ignore_ascii_case(owner)),
        };
        found.retain(|pull| {
            let repo = pull.head.repo.as_ref().map(|repo| repo.full_name.as_str());
            pull.head.branch == branch && repo.is_none_or(is_it)
        });
        Ok(found)
    }

    /// Returns open pull requests, newest first.
    ///
    /// # Errors
    /// As for all calls.
    pub fn open_pulls(&self, name: &Name) -> Result<Vec<Pull>> {
        self.list(&name.route("/pulls?state=open&sort=created&direction=desc"), 1000)
    }

    /// Opens a pull request, or finds the open one of the same branches.
    ///
    /// # Errors
    /// As for all calls.
    pub fn create_pull(&self, name: &Name, head: &Name, new: &NewPull) -> Result<Pull> {
        let branch = new.head.split_once(':').map_or(new.head.as_str(), |(_, branch)| branch);
        for last in [false, true] {
            let error = match self.post(&name.route("/pulls"), new, Again::ByMethod) {
                Ok(pull) => return Ok(pull),
                Err(error) => error,
            };
            if error.is_uncertain() || error.says("already exists") {
                let found = self.pulls_of(name, head.owner(), branch, Some(head))?;
                let is_it = |pull: &Pull| pull.state == PullState::Open && pull.base.branch == new.base;
                if let Some(pull) = found.into_iter().find(is_it) {
                    return Ok(pull);
                }
            }
            if last || !error.is_uncertain() {
                return Err(error);
            }
        }
        unreachable!("the second attempt returns")
    }

    /// Changes a pull request.
    ///
    /// # Errors
    /// As for all calls.
    pub fn update_pull(&self, name: &Name, number: u64, patch: &PullPatch) -> Result<Pull> {
        self.patch(&name.route(&format!("/pulls/{number}")), patch)
    }

    /// Asks for reviews, of accounts and of teams (`team:NAME`).
    ///
    /// # Errors
    /// As for all calls.
    pub fn request_reviewers(&self, name: &Name, number: u64, reviewers: &[String]) -> Result<()> {
        let (teams, people): (Vec<&String>, Vec<&String>) =
            reviewers.iter().partition(|name| name.starts_with("team:"));
        let teams: Vec<&str> = teams.iter().map(|team| &team["team:".len()..]).collect();
        let body = serde_json::json!({ "reviewers": people, "team_reviewers": teams });
        let route = name.route(&format!("/pulls/{number}/requested_reviewers"));
        let _: serde_json::Value = self.post(&route, &body, Again::Repeatable)?;
        Ok(())
    }

    /// Returns the files of a pull request, at most 3,000 as GitHub has it.
    ///
    /// # Errors
    /// As for all calls.
    pub fn pull_files(&self, name: &Name, number: u64) -> Result<Vec<PullFile>> {
        self.list(&name.route(&format!("/pulls/{number}/files")), 3000)
    }
    /// Returns the commit where two commits parted; `None` if they have none in common.
    ///
    /// # Errors
    /// As for all calls.
    pub fn merge_base(&self, name: &Name, base: &str, head: &str) -> Result<Option<String>> {
        #[derive(Deserialize)]
        struct Parted {
            merge_base_commit: Commit,
        }
        #[derive(Deserialize)]
        struct Commit {
            sha: String,
        }
        // The commits and files come in pages, and one of each is enough here.
        let ends = format!("{}...{}", escape(base, "/:"), escape(head, "/:"));
        let found: Option<Parted> = self.find(&name.route(&format!("/compare/{ends}?per_page=1")))?;
        Ok(found.map(|found| found.merge_base_commit.sha))
    }
}
