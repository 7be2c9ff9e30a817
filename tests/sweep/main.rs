//! Sweeps over many repositories, from outside.

mod api;
mod failures;
mod harness;
mod hostile;
mod hub;
mod kill;
mod local;
mod world;
