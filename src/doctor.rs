//! What is missing for working with a repository on GitHub, by name, each with what to do about it. Nothing is changed: whatever can
//! only be found out by writing stays unknown.

mod access;
mod branch;
mod machine;
mod permissions;

use schemars::JsonSchema;
use serde::Serialize;

pub use self::machine::registries;
use crate::{
    github::{Client, Explanation, Name, Situation},
    sink::screen::masked,
};

/// The version of the report's shape.
const VERSION: u32 = 1;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// Whether GitHub's API answers at its address.
    Api,
    /// Whether there is a token that GitHub accepts.
    Token,
    /// Whether the token sees the repository.
    Repository,
    /// Whether the repository can be changed, and is not archived.
    Archived,
    /// Whether GitHub has switched the repository off.
    Disabled,
    /// What the token may do: its scopes, or the permissions of an App or a workflow.
    Permissions,
    /// Whether check runs can be made.
    CheckRuns,
    /// Whether the workflow was started in a way that makes its token read-only.
    ForkToken,
    /// Whether workflows may open pull requests.
    ActionsPullRequests,
    /// Whether rules keep caulk from making, moving or removing its branch.
    Branch,
    /// Whether the registries of the images answer.
    Registries,
    /// Whether kubectl is there to render differences.
    Kubectl,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, with less.
    Limited,
    /// It is missing, and something will be refused.
    Missing,
    /// It cannot be seen, or was not looked at.
    Unknown,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// What was looked at.
    pub subject: Subject,
    /// How it stands.
    pub state: State,
    /// What was seen, as a sentence without its full stop.
    pub told: String,
    /// What to do, as a sentence in the imperative without its full stop.
    pub fix: Option<String>,
}

/// Everything that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Report {
    /// The version of this shape.
    pub version: u32,
    /// The address of the API.
    pub api: String,
    /// The repository; none if none was named.
    pub repository: Option<String>,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// What is looked at.
#[derive(Debug)]
pub struct Patient<'a> {
    /// GitHub.
    pub client: &'a Client,
    /// The repository, or why none is named.
    pub repository: Result<&'a Name, &'a str>,
    /// Who asks.
    pub situation: Situation,
    /// Where the token was found.
    pub source: Option<&'a str>,
    /// The branch of caulk's pull requests.
    pub branch: &'a str,
}

impl Report {
    /// Tells whether something is missing.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.checks.iter().all(|check| check.state != State::Missing)
    }
}

/// Looks at a repository and the token for it, and adds what was seen of this machine.
#[must_use]
pub fn examine(patient: &Patient<'_>, registries: Check) -> Report {
    let mut checks = access::examine(patient);
    checks.push(registries);
    checks.push(machine::kubectl());
    Report {
        version: VERSION,
        api: patient.client.settings().api_url.clone(),
        repository: patient.repository.ok().map(Name::to_string),
        checks,
    }
}

/// Masks what others wrote and what may hold a secret. Our own sentences stay as they are: in "the token may" no word is one.
fn foreign(text: &str) -> String {
    masked(text).into_owned()
}

impl Check {
    fn ok(subject: Subject, told: impl Into<String>) -> Self {
        Self { subject, state: State::Ok, told: told.into(), fix: None }
    }

    fn new(subject: Subject, state: State, told: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { subject, state, told: told.into(), fix: Some(fix.into()) }
    }

    fn missing(subject: Subject, told: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(subject, State::Missing, told, fix)
    }

    fn explained(subject: Subject, state: State, explanation: Explanation) -> Self {
        Self::new(subject, state, explanation.cause, explanation.fix)
    }

    /// Says that nothing can be said before something else is in order.
    fn behind(subject: Subject, what: &str) -> Self {
        Self { subject, state: State::Unknown, told: format!("not looked at, because {what}"), fix: None }
    }
}
