//! The editor against parsers that are not its own: real files and generated containers are edited at random, and the
//! result must read as the same change made on the parsed value.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read the shared data and their settings; the library does not"
)]
#![expect(clippy::print_stderr, reason = "counts belong into the log of a test run")]

mod before;
mod change;
mod choice;
mod corpus;
mod generated;
mod pick;
mod quirks;
mod seen;
#[path = "../syntax/shared.rs"]
mod shared;
mod tally;
mod typed;
