//! Many repositories: what is to be mended in all of them is planned into one file, and one writer carries it to GitHub.
//!
//! `plan` reads only and may run many times beside itself, a shard each; `apply` is the one that writes. Both keep what they have
//! done in files of lines that only grow, so that a kill at any point costs the piece of work that was under way.

pub mod analyse;
pub mod apply;
pub mod bucket;
pub mod carry;
pub mod clock;
pub mod hub;
pub mod key;
pub mod lines;
pub mod local;
pub mod memory;
pub mod pace;
pub mod plan;
pub mod planner;
pub mod previous;
pub mod report;
pub mod scratch;
pub mod select;
pub mod shard;
pub mod source;
pub mod state;
pub mod wave;
