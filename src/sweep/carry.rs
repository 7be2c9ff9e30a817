//! What brings about the wish of a plan in one repository.

use super::{
    plan::{Entry, Header, Pull},
    state::Became,
};

/// Carries single repositories.
pub trait Carry {
    /// Tells, from what the plan saw of our pull request alone, whether what it wants is there already.
    fn is_there(&self, entry: &Entry) -> bool;

    /// Brings about what the entry of a plan wants. Returns nothing where the run was to stop before it was done; doing it again
    /// is no harm.
    fn carry(&mut self, entry: &Entry, header: &Header) -> Option<Carried>;
}

/// What became of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// What was done.
    pub result: Became,
    /// Our pull request as it was left.
    pub pull: Option<Pull>,
    /// Its page.
    pub url: Option<String>,
    /// What did not work and is no failure.
    pub notes: Vec<String>,
}
