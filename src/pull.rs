//! Pull requests: what ought to be there, what is there, and the steps between the two.
//!
//! [`Desired`] comes from a plan, [`Observed`] from GitHub. [`decide`] compares them without doing anything, so that a dry run shows
//! exactly the steps that [`reconcile`] takes. It remembers nothing: a run that dies at any point is healed by the next one,
//! which looks at what is there.

pub mod body;
mod carry_out;
mod decide;
mod desired;
mod marker;
mod observe;
mod ownership;
mod plan;
pub mod render;
pub mod results;
mod settings;
mod step;
mod words;

pub use self::{
    carry_out::{Means, Outcome, Push, reconcile},
    decide::{Decision, Verdict, Why, decide},
    desired::{Desired, File, Origin},
    marker::Marker,
    observe::{Home, Missing, Observed, Place, look_around, observe},
    ownership::{Branch, Ourselves, Ownership, Since},
    plan::{Base, Per, Planned, Render, plan},
    settings::{CommitWith, Rebuild, Settings},
    step::Step,
};
