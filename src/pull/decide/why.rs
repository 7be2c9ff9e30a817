//! Why something is left alone, in words.

use std::fmt;

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
    /// An image of it could not be asked about, so that nobody knows what it is to hold; the image.
    Unasked(u64, String),
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
            Self::Uncertain(_) | Self::Unasked(..) => "uncertain",
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
            Self::Unasked(number, image) => {
                write!(f, "the registry of {image} could not be asked, so #{number} stays as it is")
            }
            Self::MovedMeanwhile => {
                f.write_str("somebody moved the branch in the meantime; the next run looks again")
            }
        }
    }
}
