//! What became of all pull requests of a run, for machines. Its shape is versioned as the report's is.

use schemars::JsonSchema;
use serde::Serialize;

use super::{carry_out::Outcome, decide::Verdict, observe::Place, plan::Planned, step::Step};
use crate::sink::markdown::parts::needs_person;

/// The version of the shape.
pub const VERSION: u32 = 1;

/// What became of all pull requests.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Results of `caulk pr`")]
pub struct Results {
    /// The version of this shape: 1.
    pub version: u32,
    /// The version of caulk.
    pub caulk: String,
    /// The repository.
    pub repository: String,
    /// The branch that the changes are for.
    pub base: String,
    /// The commit of it that was looked at.
    pub base_commit: String,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// The pull requests, one unless `--per` divides them.
    pub pull_requests: Vec<PullRequest>,
}

/// What became of one pull request.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PullRequest {
    /// The branch that holds the changes.
    pub branch: String,
    /// What became of it; with `dry_run` what would.
    pub state: State,
    /// Why it is left alone, in one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// Why it is left alone, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The number, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The commit of the branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Names what is changed.
    pub fingerprint: String,
    /// The title.
    pub title: String,
    /// How many files change.
    pub files: usize,
    /// How many findings are mended.
    pub mended: usize,
    /// How many findings are left to people.
    pub open: usize,
    /// The steps that were taken, or would be.
    pub steps: Vec<String>,
    /// What did not work and was no reason to fail.
    pub notes: Vec<String>,
    /// The body, with `dry_run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// What became of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was opened.
    Opened,
    /// It was updated.
    Updated,
    /// It was right as it was.
    Unchanged,
    /// It was closed, because there is nothing to change any more.
    Closed,
    /// There is nothing to change, and there is none.
    Nothing,
    /// It is left alone.
    LeftAlone,
}

impl State {
    /// Returns the state as the end of a sentence.
    #[must_use]
    pub const fn words(self, dry_run: bool) -> &'static str {
        match (self, dry_run) {
            (Self::Opened, false) => "opened",
            (Self::Opened, true) => "would be opened",
            (Self::Updated, false) => "updated",
            (Self::Updated, true) => "would be updated",
            (Self::Unchanged, _) => "right as it is",
            (Self::Closed, false) => "closed",
            (Self::Closed, true) => "would be closed",
            (Self::Nothing, _) => "nothing to change",
            (Self::LeftAlone, _) => "left alone",
        }
    }
}

impl Results {
    /// Begins the results of a repository.
    #[must_use]
    pub fn new(place: &Place, base: &str, commit: &str, dry_run: bool) -> Self {
        Self {
            version: VERSION,
            caulk: env!("CARGO_PKG_VERSION").to_owned(),
            repository: place.name.to_string(),
            base: base.to_owned(),
            base_commit: commit.to_owned(),
            dry_run,
            pull_requests: Vec::new(),
        }
    }

    /// Adds what became of one.
    pub fn add(&mut self, planned: &Planned, outcome: &Outcome) {
        let desired = &planned.desired;
        let (state, why) = match &outcome.verdict {
            Verdict::Open => (State::Opened, None),
            Verdict::Update => (State::Updated, None),
            Verdict::Keep => (State::Unchanged, None),
            Verdict::Close => (State::Closed, None),
            Verdict::Nothing => (State::Nothing, None),
            Verdict::LeaveAlone(why) => (State::LeftAlone, Some(why)),
        };
        let told = self.dry_run && matches!(state, State::Opened | State::Updated);
        let head = outcome.head.clone();
        self.pull_requests.push(PullRequest {
            branch: desired.branch.clone(),
            state,
            why: why.map(super::decide::Why::name),
            reason: why.map(ToString::to_string),
            number: outcome.number,
            url: outcome.url.clone(),
            fingerprint: desired.fingerprint.clone(),
            title: desired.title.clone(),
            files: desired.files.len(),
            mended: planned.report.summary.mended,
            open: needs_person(&planned.report).count(),
            steps: outcome.steps.iter().map(Step::to_string).collect(),
            notes: outcome.notes.clone(),
            body: told.then(|| desired.body(head.as_deref().unwrap_or(&"0".repeat(40)))),
            head,
        });
    }
}
