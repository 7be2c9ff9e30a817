//! How pull requests are made. All of it comes from the user's side: options, a central configuration, or the base branch's.

use crate::git::commit::Person;

/// How pull requests are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The branch; those of groups begin with it.
    pub branch: String,
    /// A template of the title.
    pub title: Option<String>,
    /// A template of the commit's message.
    pub message: Option<String>,
    /// A template of the body, in the place of [`super::body::TEMPLATE`].
    pub body: Option<String>,
    /// Labels that a new pull request gets.
    pub labels: Vec<String>,
    /// Accounts and teams (`team:NAME`) that are asked for a review of a new one.
    pub reviewers: Vec<String>,
    /// Accounts that a new one is assigned to.
    pub assignees: Vec<String>,
    /// Whether a new one is a draft.
    pub draft: bool,
    /// Who signs the commits off, if anybody does.
    pub sign_off: Option<Person>,
    /// How commits are made.
    pub commit_with: CommitWith,
    /// Whether the branch lives in a fork where the token may not push.
    pub fork: bool,
    /// How many pull requests of ours may be open in a repository.
    pub most_open: Option<usize>,
    /// How many may be opened in a repository within an hour.
    pub most_per_hour: Option<usize>,
    /// When a branch that is still right is built anew.
    pub rebuild: Rebuild,
    /// Other accounts whose pull requests and commits are ours, such as that of an earlier token.
    pub accounts: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            branch: BRANCH.to_owned(),
            title: None,
            message: None,
            body: None,
            labels: Vec::new(),
            reviewers: Vec::new(),
            assignees: Vec::new(),
            draft: false,
            sign_off: None,
            commit_with: CommitWith::default(),
            fork: false,
            most_open: None,
            most_per_hour: None,
            rebuild: Rebuild::default(),
            accounts: Vec::new(),
        }
    }
}

/// The usual branch.
pub(crate) const BRANCH: &str = "caulk/mend";

/// How commits are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CommitWith {
    /// By GitHub's API: createCommitOnBranch, which GitHub signs; git's own objects where that cannot keep a mode.
    #[default]
    Api,
    /// By git's protocol, with the author and the signature that the user's side names.
    Git,
}

/// When a branch that still holds the right change is built anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rebuild {
    /// Whenever its base moved.
    #[default]
    BaseMoved,
    /// Only when what it changes is different. Approvals and finished checks last longer.
    ContentChanged,
}
