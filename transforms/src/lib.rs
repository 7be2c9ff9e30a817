//! The pure part of caulk: YAML with byte spans, edits, the model of a repository, rules and their proofs.
//!
//! Nothing here reads a file, asks a server, looks at the clock or prints. What a rule needs from outside it
//! asks as a [`facts::Question`]; the shell answers.
#![warn(missing_docs)]

pub mod argv;
pub mod builds;
pub mod catalog;
pub mod dockerfile;
pub mod edit;
pub mod evidence;
pub mod facts;
pub mod finding;
pub mod hosts;
pub mod image;
pub mod known;
pub mod model;
pub mod path;
pub mod plan;
pub mod rollout;
pub mod rule;
pub mod rules;
pub mod span;
pub mod suppress;
pub mod syntax;
pub mod untouched;
pub mod workers;
pub mod wrapper;
