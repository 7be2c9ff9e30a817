//! Real kustomize as the judge of what caulk works out without it.
//!
//! A sample of the kustomizations of real repositories is built by default, all of them with `CAULK_FULL=1`.

mod builds;
mod edits;
mod kubectl;
mod rendered;
mod repository;
