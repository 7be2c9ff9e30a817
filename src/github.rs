//! GitHub, as far as caulk speaks to it: octocrab's requests and credentials on the transport that checks addresses.
//!
//! Calls are blocking; one thread drives the futures. Nothing here decides what ought to be done: that is the pull requests'
//! affair.

pub mod auth;
mod checks;
mod client;
mod commits;
mod data;
mod error;
mod explain;
mod graphql;
mod heads;
mod issues;
mod listing;
mod name;
mod pace;
mod pulls;
mod refs;
mod repository;
mod retry;
mod reviews;
mod service;
mod settings;

pub use self::{
    auth::{Credentials, TokenKind},
    checks::{Annotation, CheckRun, Conclusion, Level, NewCheckRun},
    client::{Client, PUBLIC_API, Settings},
    commits::{Addition, CommitMessage},
    data::{CommitSeen, Comparison, FileChange, Person, TreeEntry, TreeFile},
    error::{Error, GraphqlError, Refusal},
    explain::{Attempt, Explanation, Situation, WRONG_ADDRESS},
    heads::{BATCH, HeadPull, RepositoryHead},
    issues::{Comment, Event, Team},
    listing::{Installation, Listing, Page, SEARCH_MOST},
    name::Name,
    pace::{Free, Kind, Limits, Pace},
    pulls::{Label, NewPull, Pull, PullEnd, PullFile, PullPatch, PullState},
    refs::BranchUpdate,
    repository::{Account, Permissions, Repository},
    retry::{Clock, SystemClock, Waiting},
    reviews::{NewReviewComment, ReviewComment, Thread},
    settings::{BranchRule, Protection, Ruleset, WorkflowSettings},
};

/// The result of a call.
pub type Result<T> = std::result::Result<T, Error>;
