//! Beside people's work: what is wrong on the lines that a pull request touches, as suggestions where it stands.

pub mod compose;
pub mod event;
pub mod look;
pub mod marker;
pub mod patch;
pub mod place;
pub mod reconcile;
pub mod send;
pub mod suggest;
pub mod tell;
