//! The shell of caulk: everything that reads, writes, asks or prints.
//!
//! Data flows one way: [`walk`] lists files, [`read`] parses them, [`run`] hands them to the pure library and its plan to a
//! [`sink`]. Whatever a rule may decide lives in `caulk-transforms`.

pub mod baseline;
pub mod cli;
pub mod config;
pub mod doctor;
pub mod facts;
pub mod git;
pub mod github;
pub mod net;
mod program;
pub mod pull;
pub mod read;
pub mod review;
pub mod run;
pub mod sink;
pub mod sweep;
pub mod walk;
