//! Real kustomize as the judge of what caulk works out without it.
//!
//! A sample of the kustomizations of real repositories is built by default, all of them with `CAULK_FULL=1`.
#![expect(clippy::print_stdout, reason = "these tests tell what they skipped and counted")]

mod builds;
mod edits;
mod generated;
mod hostile;
mod hosts;
mod kubectl;
mod rendered;
mod repository;
