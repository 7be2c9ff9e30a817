//! What is to be done, from what is desired and what is there. Nothing here asks or does anything.

#[cfg(test)]
mod tests;
mod why;

pub use self::why::Why;
use std::collections::BTreeSet;

use super::{
    desired::Desired,
    marker::Marker,
    observe::{Home, Missing, Observed, Place},
    ownership::{Branch, MOST_FILES, Ownership, short},
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
        let open = seen.open(self.place.ourselves(&desired.settings), &desired.base);
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
        if let Some(why) = self.unasked(pull) {
            return leave(Vec::new(), why);
        }
        let since = self.seen.branch.as_ref().and_then(|branch| branch.since.as_ref());
        let changed = || since.into_iter().flat_map(|since| &since.files);
        let moved =
            self.desired.elsewhere.iter().filter(|(path, _)| changed().any(|file| file.filename == *path));
        let moved: BTreeSet<&str> = moved.map(|(_, branch)| branch.as_str()).collect();
        if changed().any(|file| self.desired.unread.contains(&file.filename)) {
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
        let text = if moved.is_empty() {
            format!(
                "Closing: `{}` does not need this any more as of {}. What was to be mended is mended there, is gone, or is to \
                 be left alone.",
                self.desired.base,
                short(&self.desired.base_commit)
            )
        } else {
            let branches: Vec<String> = moved.iter().map(|branch| format!("`{branch}`")).collect();
            format!(
                "Closing: caulk now divides the mends among pull requests otherwise. What is left of this one belongs to {}.",
                branches.join(", ")
            )
        };
        let body =
            Marker { fingerprint: None, head: pull.head.sha.clone(), base: self.desired.base_commit.clone() };
        let body = body.put(pull.body.as_deref().unwrap_or_default());
        let mut steps =
            vec![comment(pull, "closed", &pull.head.sha, &text), Step::Close { number: pull.number, body }];
        steps.extend(ownership.and_then(|(branch, ownership)| self.delete(branch, &ownership)));
        decision(steps, Verdict::Close)
    }

    /// There is nothing to change and no pull request; a branch may be left of one.
    fn tidy_branch(self) -> Decision {
        let branch = self.seen.branch.as_ref();
        let left = branch.and_then(|branch| self.delete(branch, &self.ownership(branch)));
        decision(left.into_iter().collect(), Verdict::Nothing)
    }

    fn propose(self, open: Option<&Pull>) -> Decision {
        let (desired, seen) = (self.desired, self.seen);
        let leave = |steps, why| decision(steps, Verdict::LeaveAlone(why));
        let hindrance = match open {
            Some(pull) => self.unasked(pull),
            None => self.declined().or_else(|| self.limited()),
        };
        if let Some(why) = hindrance {
            return leave(Vec::new(), why);
        }
        let owned = seen.branch.as_ref().map(|branch| (branch, self.ownership(branch)));
        let mut steps = Vec::new();
        match owned {
            Some((_, Ownership::Others { reason, below })) => {
                let Some(pull) = open else { return leave(steps, Why::BranchTaken(reason)) };
                // Their work on top of what is still right needs nothing from us, even where the base moved.
                if below.as_ref() == Some(&desired.fingerprint) {
                    return decision(steps, Verdict::Keep);
                }
                // What the pull request is about already is not proposed again once they delete the branch.
                if told(pull).as_ref() != Some(&desired.fingerprint) {
                    steps.push(comment(pull, "hands-off", "", HANDS_OFF));
                }
                return leave(steps, Why::PeoplesCommits(reason));
            }
            Some((branch, Ownership::Empty)) if !self.is_left_empty(branch) => {
                return leave(steps, Why::BranchTaken(NO_PULL.to_owned()));
            }
            Some((branch, Ownership::Ours { fingerprint, digest }))
                if self.is_right(branch, &fingerprint, &digest) => {}
            Some((branch, _)) => steps.extend(self.commit(Some(branch))),
            None => steps.extend(self.commit(None)),
        }
        let Some(pull) = open else {
            steps.push(Step::Open);
            steps.extend(adorn(Missing::all(&desired.settings)));
            return decision(steps, Verdict::Open);
        };
        let marker = Marker::of(pull.body.as_deref().unwrap_or_default());
        let same = told(pull).as_ref() == Some(&desired.fingerprint);
        if !steps.is_empty() || !same || marker.is_none_or(|marker| marker.head != pull.head.sha) {
            steps.push(Step::Update { number: pull.number, title: !same });
        }
        steps.extend(adorn(seen.missing.clone()));
        let verdict = if steps.is_empty() { Verdict::Keep } else { Verdict::Update };
        decision(steps, verdict)
    }

    fn declined_ones(self) -> impl Iterator<Item = &'a Pull> {
        self.seen.pulls.iter().filter(move |pull| {
            let is_declined = pull.state == PullState::Closed && pull.merged_at.is_none();
            is_declined && pull.base.branch == self.desired.base && self.is_ours(pull)
        })
    }

    /// Returns the pull request of the same change that people closed.
    fn declined(self) -> Option<Why> {
        let mut same = self.declined_ones().filter(|pull| {
            let told = Marker::of(pull.body.as_deref().unwrap_or_default());
            let by_commit = self.seen.unmarked.iter().find(|(number, _)| *number == pull.number);
            let made_of = match told {
                Some(marker) => marker.fingerprint,
                None => by_commit.map(|(_, fingerprint)| fingerprint.clone()),
            };
            made_of.as_ref() == Some(&self.desired.fingerprint)
        });
        if let Some(pull) = same.next() {
            return Some(Why::Declined(pull.number));
        }
        // What was declined may look like something else while an image of it cannot be asked about.
        let (_, image) = self.desired.unasked.first()?;
        let declined = self.declined_ones().find(|pull| told(pull).is_some())?;
        Some(Why::Unasked(declined.number, image.clone()))
    }

    /// Finds a file of the pull request that would lose what it holds because an image could not be asked about.
    fn unasked(self, pull: &Pull) -> Option<Why> {
        if told(pull).as_ref() == Some(&self.desired.fingerprint) {
            return None;
        }
        let since = self.seen.branch.as_ref()?.since.as_ref()?;
        let loses = |path: &str| {
            let mut files = since.files.iter().filter(|file| file.filename == path);
            // Of so many files GitHub does not tell all.
            since.files.len() >= MOST_FILES || files.any(|file| self.desired.blob(path) != file.sha)
        };
        let (_, image) = self.desired.unasked.iter().find(|(path, _)| loses(path))?;
        Some(Why::Unasked(pull.number, image.clone()))
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

    /// Returns the step that removes the branch, if it is ours.
    fn delete(self, branch: &Branch, ownership: &Ownership) -> Option<Step> {
        // Somebody may have made another pull request of it, or one into it, which would be closed as well.
        let open = self.seen.pulls.iter().filter(|pull| pull.state == PullState::Open);
        let is_used = self.seen.built_upon
            || open.into_iter().any(|pull| !(self.is_ours(pull) && pull.base.branch == self.desired.base));
        let is_ours = match ownership {
            _ if is_used => false,
            Ownership::Empty => self.is_named_ours() || self.had_pull(branch),
            Ownership::Ours { .. } => true,
            Ownership::Others { .. } => false,
        };
        is_ours.then(|| Step::DeleteBranch { branch: self.desired.branch.clone(), at: branch.head.clone() })
    }

    /// Tells whether a branch without a commit of its own is what a run of ours left: one that died before its commit, or one
    /// whose pull request was merged. Any other may be people's, such as a release that the base has long passed.
    fn is_left_empty(self, branch: &Branch) -> bool {
        branch.head == self.desired.base_commit || self.is_named_ours() || self.had_pull(branch)
    }

    /// Tells whether the branch has a name that nobody gives to anything else. Without a commit of its own nothing of it can be
    /// lost, and the base may have moved since a run died that had made it.
    fn is_named_ours(self) -> bool {
        self.desired.branch.starts_with(OWN)
    }

    /// Tells whether a pull request of ours was made of the branch as it is.
    fn had_pull(self, branch: &Branch) -> bool {
        self.seen.pulls.iter().any(|pull| pull.head.sha == branch.head && self.is_ours(pull))
    }

    /// Tells whether our branch holds the right change and may stay as it is. It may not on a base that has been rewritten since.
    fn is_right(self, branch: &Branch, fingerprint: &str, digest: &str) -> bool {
        let same = match self.desired.settings.rebuild {
            Rebuild::BaseMoved => digest == self.desired.digest && branch.behind() == 0,
            Rebuild::ContentChanged => fingerprint == self.desired.fingerprint,
        };
        same && branch.ahead() <= 1
    }

    fn is_ours(self, pull: &Pull) -> bool {
        self.place.ourselves(&self.desired.settings).are(pull.user.as_ref())
    }

    fn ownership(self, branch: &'a Branch) -> Ownership {
        branch.ownership(self.place.ourselves(&self.desired.settings))
    }
}

/// What the names of branches begin with that are caulk's, unless the user's side wants others.
const OWN: &str = "caulk/";

const NO_PULL: &str = "it has no commit that the base has not, and none of our pull requests was made of it";

const HANDS_OFF: &str = "caulk would change this branch by now, but somebody else has worked on it, so caulk leaves it as it is. \
    Merge it, or delete the branch, and caulk proposes anew what is left to mend.";

const fn decision(steps: Vec<Step>, verdict: Verdict) -> Decision {
    Decision { steps, verdict, number: None }
}

/// Returns what a pull request says that it changes.
fn told(pull: &Pull) -> Option<String> {
    Marker::of(pull.body.as_deref()?)?.fingerprint
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
