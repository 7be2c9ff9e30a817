//! What is to be done, from what is desired and what is there. Nothing here asks or does anything.

#[cfg(test)]
mod tests;

use std::fmt;

use super::{
    desired::Desired,
    marker::Marker,
    observe::{Home, Missing, Observed, Place},
    ownership::{Branch, Ownership, short},
    settings::{CommitWith, Rebuild},
    step::Step,
};
use crate::github::{Pull, PullState};

/// More bytes than these do not go into one call of createCommitOnBranch.
const LARGEST_COMMIT: usize = 8 << 20;

/// What is to be done, and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The steps in their order.
    pub steps: Vec<Step>,
    /// What it comes to.
    pub verdict: Verdict,
    /// The pull request that it is about.
    pub number: Option<u64>,
}

/// What a decision comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A pull request is opened.
    Open,
    /// The open one is updated.
    Update,
    /// The open one is right as it is.
    Keep,
    /// The open one is closed: there is nothing to change any more.
    Close,
    /// There is nothing to change, and no pull request.
    Nothing,
    /// Something ought to be there and is left alone.
    LeaveAlone(Why),
}

/// Why something is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The base moved since the plan was made.
    BaseMoved,
    /// People closed the pull request of the very same change.
    Declined(u64),
    /// People have a hand in the branch; how that is known.
    PeoplesCommits(String),
    /// The branch is somebody else's; how that is known.
    BranchTaken(String),
    /// The branch that commits are made on is somebody else's.
    ScratchTaken(String),
    /// Somebody else opened a pull request of the branch.
    OthersPull(u64, String),
    /// The pull request is for another base.
    OtherBase(u64, String),
    /// As many are open as may be.
    TooManyOpen(usize),
    /// As many were opened within an hour as may be.
    TooManyPerHour(usize),
    /// Something could not be read, so that nobody knows whether there is nothing to change.
    Uncertain(u64),
    /// The branch moved while we were at it.
    MovedMeanwhile,
}

impl Why {
    /// Tells whether people wanted it so. Everything else waits for somebody, or for the next run.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        matches!(self, Self::Declined(_))
    }

    /// Returns the name that machines know it by.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BaseMoved => "base-moved",
            Self::Declined(_) => "declined",
            Self::PeoplesCommits(_) => "peoples-commits",
            Self::BranchTaken(_) | Self::ScratchTaken(_) => "branch-taken",
            Self::OthersPull(..) => "others-pull-request",
            Self::OtherBase(..) => "other-base",
            Self::TooManyOpen(_) => "too-many-open",
            Self::TooManyPerHour(_) => "too-many-per-hour",
            Self::Uncertain(_) => "uncertain",
            Self::MovedMeanwhile => "moved-meanwhile",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BaseMoved => {
                f.write_str("the base branch moved since the plan was made; the next run looks again")
            }
            Self::Declined(number) => {
                write!(
                    f,
                    "#{number} proposed the very same change and was closed without merging; reopen it if it is wanted"
                )
            }
            Self::PeoplesCommits(reason) => {
                write!(
                    f,
                    "somebody else worked on the branch ({reason}); it is theirs until it is merged, closed or deleted"
                )
            }
            Self::BranchTaken(reason) => {
                write!(
                    f,
                    "the branch is there already and not ours ({reason}); delete it, or choose another with --branch"
                )
            }
            Self::ScratchTaken(branch) => {
                write!(
                    f,
                    "the branch {branch}, on which commits are made, is not ours; delete it, or choose another with --branch"
                )
            }
            Self::OthersPull(number, login) => {
                write!(
                    f,
                    "{login} opened #{number} from the branch; name that account with --account if it is ours too"
                )
            }
            Self::OtherBase(number, base) => write!(f, "#{number} of the branch is for `{base}`"),
            Self::TooManyOpen(most) => write!(f, "{most} of ours are open, and no more may be (max-open)"),
            Self::TooManyPerHour(most) => {
                write!(f, "{most} of ours were opened within an hour, and no more may be (max-per-hour)")
            }
            Self::Uncertain(number) => {
                write!(f, "#{number} may be needless, but a file of it could not be read, so it stays open")
            }
            Self::MovedMeanwhile => {
                f.write_str("somebody moved the branch in the meantime; the next run looks again")
            }
        }
    }
}

/// Decides what is to be done.
#[must_use]
pub fn decide(place: &Place, desired: &Desired, seen: &Observed) -> Decision {
    Case { place, desired, seen }.decide()
}

/// What a decision rests on.
#[derive(Clone, Copy)]
struct Case<'a> {
    place: &'a Place,
    desired: &'a Desired,
    seen: &'a Observed,
}

impl<'a> Case<'a> {
    fn decide(self) -> Decision {
        let (desired, seen) = (self.desired, self.seen);
        let open = seen.pulls.iter().find(|pull| pull.state == PullState::Open);
        let number = open.map(|pull| pull.number);
        let leave = |why| Decision { steps: Vec::new(), verdict: Verdict::LeaveAlone(why), number };
        if seen.base_head.as_ref() != Some(&desired.base_commit) {
            return leave(Why::BaseMoved);
        }
        if let Some(pull) = open {
            if !self.is_ours(pull) {
                let login = pull.user.as_ref().map_or("somebody", |user| &user.login);
                return leave(Why::OthersPull(pull.number, login.to_owned()));
            }
            if pull.base.branch != desired.base {
                return leave(Why::OtherBase(pull.number, pull.base.branch.clone()));
            }
        }
        let tidy = match seen.scratch.as_ref().map(|scratch| (scratch, self.ownership(scratch))) {
            None => None,
            Some((_, Ownership::Others { .. })) => return leave(Why::ScratchTaken(desired.scratch())),
            Some((scratch, _)) => {
                Some(Step::DeleteBranch { branch: desired.scratch(), at: scratch.head.clone() })
            }
        };
        let mut decision = match (desired.is_nothing(), open) {
            (true, Some(pull)) => self.close(pull),
            (true, None) => self.tidy_branch(),
            (false, open) => self.propose(open),
        };
        decision.steps.splice(0..0, tidy);
        Decision { number, ..decision }
    }

    /// There is nothing to change, and a pull request says that there is.
    fn close(self, pull: &Pull) -> Decision {
        let leave = |steps, why| decision(steps, Verdict::LeaveAlone(why));
        let since = self.seen.branch.as_ref().and_then(|branch| branch.since.as_ref());
        let mut changed = since.into_iter().flat_map(|since| &since.files);
        if changed.any(|file| self.desired.unread.contains(&file.filename)) {
            return leave(Vec::new(), Why::Uncertain(pull.number));
        }
        let ownership = self.seen.branch.as_ref().map(|branch| (branch, self.ownership(branch)));
        if let Some((_, Ownership::Others { reason, .. })) = ownership {
            let text = format!(
                "There is nothing left on `{}` for caulk to mend here. Somebody else has worked on this branch, so caulk \
                 leaves this pull request to you.",
                self.desired.base
            );
            return leave(vec![comment(pull, "needless", "", &text)], Why::PeoplesCommits(reason));
        }
        let text = format!(
            "Closing: `{}` does not need this any more as of {}. What was to be mended is mended there, is gone, or is to \
             be left alone.",
            self.desired.base,
            short(&self.desired.base_commit)
        );
        let body =
            Marker { fingerprint: None, head: pull.head.sha.clone(), base: self.desired.base_commit.clone() };
        let body = body.put(pull.body.as_deref().unwrap_or_default());
        let mut steps =
            vec![comment(pull, "closed", &pull.head.sha, &text), Step::Close { number: pull.number, body }];
        steps.extend(ownership.map(|(branch, _)| self.delete(branch)));
        decision(steps, Verdict::Close)
    }

    /// There is nothing to change and no pull request; a branch may be left of one.
    fn tidy_branch(self) -> Decision {
        let branch = self.seen.branch.as_ref();
        let left = branch.filter(|branch| !matches!(self.ownership(branch), Ownership::Others { .. }));
        decision(left.map(|branch| self.delete(branch)).into_iter().collect(), Verdict::Nothing)
    }

    fn propose(self, open: Option<&Pull>) -> Decision {
        let (desired, seen) = (self.desired, self.seen);
        let leave = |steps, why| decision(steps, Verdict::LeaveAlone(why));
        if open.is_none()
            && let Some(why) = self.declined().or_else(|| self.limited())
        {
            return leave(Vec::new(), why);
        }
        let owned = seen.branch.as_ref().map(|branch| (branch, self.ownership(branch)));
        let mut steps = Vec::new();
        match owned {
            Some((_, Ownership::Others { reason, below })) => {
                let Some(pull) = open else { return leave(steps, Why::BranchTaken(reason)) };
                // Their work on top of what is still right needs nothing from us, even where the base moved.
                if below.as_ref() == Some(&desired.digest) {
                    return decision(steps, Verdict::Keep);
                }
                steps.push(comment(pull, "hands-off", "", HANDS_OFF));
                return leave(steps, Why::PeoplesCommits(reason));
            }
            Some((branch, Ownership::Ours { digest }))
                if digest == desired.digest && !self.is_behind(branch) => {}
            Some((branch, _)) => steps.extend(self.commit(Some(branch))),
            None => steps.extend(self.commit(None)),
        }
        let Some(pull) = open else {
            steps.push(Step::Open);
            steps.extend(adorn(Missing::all(&desired.settings)));
            return decision(steps, Verdict::Open);
        };
        let told = Marker::of(pull.body.as_deref().unwrap_or_default());
        let same = told.as_ref().and_then(|told| told.fingerprint.as_ref()) == Some(&desired.fingerprint);
        if !steps.is_empty() || !same || told.is_none_or(|told| told.head != pull.head.sha) {
            steps.push(Step::Update { number: pull.number, title: !same });
        }
        steps.extend(adorn(seen.missing.clone()));
        let verdict = if steps.is_empty() { Verdict::Keep } else { Verdict::Update };
        decision(steps, verdict)
    }

    /// Returns the pull request of the same change that people closed.
    fn declined(self) -> Option<Why> {
        let closed =
            self.seen.pulls.iter().filter(|pull| {
                pull.state == PullState::Closed && pull.merged_at.is_none() && self.is_ours(pull)
            });
        let mut same = closed.filter(|pull| {
            let told = Marker::of(pull.body.as_deref().unwrap_or_default());
            let by_commit = self.seen.unmarked.iter().find(|(number, _)| *number == pull.number);
            let made_of = match told {
                Some(marker) => marker.fingerprint,
                None => by_commit.map(|(_, fingerprint)| fingerprint.clone()),
            };
            pull.base.branch == self.desired.base && made_of.as_ref() == Some(&self.desired.fingerprint)
        });
        same.next().map(|pull| Why::Declined(pull.number))
    }

    fn limited(self) -> Option<Why> {
        let settings = &self.desired.settings;
        let open = settings.most_open.filter(|most| self.seen.others_open >= *most).map(Why::TooManyOpen);
        open.or_else(|| {
            settings.most_per_hour.filter(|most| self.seen.recent >= *most).map(Why::TooManyPerHour)
        })
    }

    /// Returns the steps that give the branch its one commit on the base.
    fn commit(self, branch: Option<&Branch>) -> Vec<Step> {
        let desired = self.desired;
        let from = branch.map(|branch| branch.head.clone());
        let mut steps = match self.place.home {
            Home::Here => Vec::new(),
            Home::Fork { .. } => vec![Step::SyncFork],
            Home::NoFork { .. } => vec![Step::Fork, Step::SyncFork],
        };
        if desired.settings.commit_with == CommitWith::Git {
            steps.push(Step::Push { from });
            return steps;
        }
        let size: usize = desired.files.iter().map(|file| file.content.len()).sum();
        if size > LARGEST_COMMIT || desired.files.iter().any(|file| file.executable) {
            steps.extend([Step::CommitByObjects, Step::MoveBranch { from }]);
            return steps;
        }
        let branch = desired.branch.clone();
        match from {
            None => {
                steps
                    .extend([Step::CreateBranch { branch: branch.clone() }, Step::CommitOnBranch { branch }]);
            }
            // What an earlier run came to that died before its commit.
            Some(from) if from == desired.base_commit => steps.push(Step::CommitOnBranch { branch }),
            // Were the branch itself moved to its base, GitHub would close the pull request for good.
            Some(from) => {
                let scratch = desired.scratch();
                steps.extend([
                    Step::CreateBranch { branch: scratch.clone() },
                    Step::CommitOnBranch { branch: scratch.clone() },
                    Step::MoveBranch { from: Some(from) },
                    Step::DropScratch { branch: scratch },
                ]);
            }
        }
        steps
    }

    fn delete(self, branch: &Branch) -> Step {
        Step::DeleteBranch { branch: self.desired.branch.clone(), at: branch.head.clone() }
    }

    fn is_behind(self, branch: &Branch) -> bool {
        self.desired.settings.rebuild == Rebuild::BaseMoved && branch.behind() > 0
    }

    fn is_ours(self, pull: &Pull) -> bool {
        self.place.ourselves(&self.desired.settings).are(pull.user.as_ref())
    }

    fn ownership(self, branch: &'a Branch) -> Ownership {
        branch.ownership(self.place.ourselves(&self.desired.settings))
    }
}

const HANDS_OFF: &str = "caulk would change this branch by now, but somebody else has worked on it, so caulk leaves it as it is. \
    Merge it, or delete the branch, and caulk proposes anew what is left to mend.";

const fn decision(steps: Vec<Step>, verdict: Verdict) -> Decision {
    Decision { steps, verdict, number: None }
}

fn adorn(missing: Missing) -> Option<Step> {
    (missing != Missing::default()).then_some(Step::Adorn(missing))
}

/// Makes a comment that is written once for the kind and the commit.
fn comment(pull: &Pull, kind: &str, commit: &str, text: &str) -> Step {
    let at = if commit.is_empty() { String::new() } else { format!(" at={commit}") };
    Step::Comment {
        number: pull.number,
        mark: format!("<!-- caulk:v1 comment={kind}{at} -->"),
        text: text.to_owned(),
    }
}
