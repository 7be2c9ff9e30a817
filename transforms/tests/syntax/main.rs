//! The YAML layer against the YAML test suite, an independent parser, real repositories and hostile texts.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read the shared data and look at the clock; the library does not"
)]
#![expect(clippy::print_stderr, reason = "counts belong into the log of a test run")]

mod corpus;
mod dump;
mod fast;
mod hostile;
mod invariants;
mod oracle;
mod reread;
mod shared;
mod suite;
mod variants;
