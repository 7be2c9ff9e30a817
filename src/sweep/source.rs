//! Where the repositories of a sweep come from, and what is told of each without looking into it.

use std::{fmt, sync::Arc};

use anyhow::Result;
use caulk_transforms::model::address::Address;

use super::plan::{Failure, Pull};
use crate::git::{Oid, Store};

/// The head of a repository's default branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The branch's short name.
    pub branch: String,
    /// The commit.
    pub commit: Oid,
}

/// A repository as a source tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What stays the same under any name.
    pub id: String,
    /// `owner/name`, or the path of a local folder.
    pub name: String,
    /// The address of its page on GitHub; none on this machine.
    pub url: Option<String>,
    /// Where it is fetched from: what delivers another repository delivers nothing of it.
    pub addresses: Vec<Address>,
    /// Its topics.
    pub topics: Vec<String>,
    /// Whether nobody may change it any more, or it is switched off.
    pub archived: bool,
    /// Whether it was forked off another one.
    pub fork: bool,
    /// The head of its default branch; none if there is nothing in it.
    pub head: Option<Head>,
    /// Our pull request there.
    pub pull: Option<Pull>,
}

/// What a source tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// A repository.
    Repository(Box<Candidate>),
    /// A repository that was asked for and could not be seen.
    Failed {
        /// What it was asked for by.
        name: String,
        /// Why not.
        failure: Failure,
    },
}

/// Tells of repositories, some at a time, so that a hundred thousand of them need no more memory than a hundred.
pub trait Source: Send {
    /// Returns the next ones; none at all at the end.
    ///
    /// # Errors
    /// If the rest cannot be told; the sweep then fails, because it would otherwise leave out repositories in silence.
    fn next(&mut self) -> Result<Option<Vec<Listed>>>;
}

/// A repository's commit, at hand as long as this lives.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The repository.
    pub store: Arc<Store>,
    /// The commit that is looked at.
    pub commit: Oid,
    /// How many bytes came over the network.
    pub bytes: u64,
}

/// Brings repositories here. Called by several threads at a time.
pub trait Fetch: Sync {
    /// Brings the head of a repository here, in no more than `bound` bytes.
    ///
    /// # Errors
    /// With the reason, for the plan.
    fn fetch(&self, candidate: &Candidate, bound: u64) -> Result<Opened, Failure>;
}

impl fmt::Debug for dyn Fetch + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetch")
    }
}
