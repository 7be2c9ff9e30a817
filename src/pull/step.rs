//! The single steps towards what is desired. Each is one request that changes something, or several that belong together.

use std::fmt;

use super::{observe::Missing, ownership::short};
use crate::github::Attempt;

/// A step. Those that make a commit hand it to those that follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Makes the fork that the branch lives in.
    Fork,
    /// Brings the base branch of the fork up to date, unless the base's commit is in it already.
    SyncFork,
    /// Removes a branch that is still at this commit.
    DeleteBranch {
        /// The branch.
        branch: String,
        /// Where it was seen.
        at: String,
    },
    /// Makes a branch at the base's commit.
    CreateBranch {
        /// The branch.
        branch: String,
    },
    /// Appends the commit to a branch that is at the base's commit, by createCommitOnBranch.
    CommitOnBranch {
        /// The branch.
        branch: String,
    },
    /// Makes the commit from git's own objects, where modes or sizes ask for it. No branch is at it yet.
    CommitByObjects,
    /// Lets the branch point to the commit that was made.
    MoveBranch {
        /// Where it was seen; `None` if it was not there.
        from: Option<String>,
    },
    /// Removes the branch that the commit was made on.
    DropScratch {
        /// The branch.
        branch: String,
    },
    /// Makes the commit here and pushes it, if the branch is still where it was seen.
    Push {
        /// Where it was seen; `None` if it was not there.
        from: Option<String>,
    },
    /// Opens the pull request.
    Open,
    /// Changes the pull request's title and body.
    Update {
        /// Its number.
        number: u64,
        /// Whether the title changes as well.
        title: bool,
    },
    /// Writes a comment, unless it is there.
    Comment {
        /// The pull request.
        number: u64,
        /// What the comment is known by.
        mark: String,
        /// Its text.
        text: String,
    },
    /// Closes the pull request, because there is nothing to change any more.
    Close {
        /// Its number.
        number: u64,
        /// Its body, with a marker that does not keep us quiet later.
        body: String,
    },
    /// Gives the pull request what a new one gets.
    Adorn(Missing),
}

impl Step {
    /// Returns what is attempted, as GitHub's permissions divide it.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        match self {
            Self::Fork => Attempt::Fork,
            Self::SyncFork
            | Self::DeleteBranch { .. }
            | Self::CreateBranch { .. }
            | Self::CommitOnBranch { .. }
            | Self::CommitByObjects
            | Self::MoveBranch { .. }
            | Self::DropScratch { .. }
            | Self::Push { .. } => Attempt::Push,
            Self::Open | Self::Update { .. } | Self::Close { .. } | Self::Adorn(_) => Attempt::Pull,
            Self::Comment { .. } => Attempt::Comment,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fork => f.write_str("fork the repository"),
            Self::SyncFork => f.write_str("bring the fork up to date, if the base's commit is not in it"),
            Self::DeleteBranch { branch, at } => write!(f, "delete the branch {branch} at {}", short(at)),
            Self::CreateBranch { branch } => write!(f, "create the branch {branch} at the base's commit"),
            Self::CommitOnBranch { branch } => write!(f, "commit on {branch} (createCommitOnBranch)"),
            Self::CommitByObjects => f.write_str("make the commit (git/trees, git/commits)"),
            Self::MoveBranch { from: None } => f.write_str("create the branch at that commit"),
            Self::MoveBranch { from: Some(from) } => {
                write!(f, "move the branch from {} to that commit", short(from))
            }
            Self::DropScratch { branch } => write!(f, "delete the branch {branch}"),
            Self::Push { from: None } => f.write_str("commit and push the new branch (git)"),
            Self::Push { from: Some(from) } => {
                write!(f, "commit and push the branch, which must be at {} (git)", short(from))
            }
            Self::Open => f.write_str("open the pull request"),
            Self::Update { number, title: true } => write!(f, "update title and body of #{number}"),
            Self::Update { number, title: false } => write!(f, "update the body of #{number}"),
            Self::Comment { number, text, .. } => write!(f, "comment once on #{number}: {text}"),
            Self::Close { number, .. } => write!(f, "close #{number}"),
            Self::Adorn(missing) => {
                let lists = [
                    ("label with", &missing.labels),
                    ("assign to", &missing.assignees),
                    ("ask for a review by", &missing.reviewers),
                ];
                let told: Vec<String> = lists
                    .iter()
                    .filter(|(_, names)| !names.is_empty())
                    .map(|(what, names)| format!("{what} {}", names.join(", ")))
                    .collect();
                f.write_str(&told.join("; "))
            }
        }
    }
}
