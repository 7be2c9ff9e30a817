//! The Action, as `act` runs it, and the hooks, as `pre-commit` runs them. One test binary, so that linking is paid once.
#![cfg(unix)]

mod events;
mod hooks;
mod install;
mod lint;
mod pulls;
mod runner;
mod steps;
mod tools;
