//! The binary from outside. One test binary, so that linking is paid once.

mod bad_input;
mod corpus;
mod evidence;
mod example;
mod explain;
mod fix;
mod formats;
mod harness;
mod kill;
mod large;
mod output;
mod readme;
mod schema;
mod stated;
mod stdin;
mod untouched;
