//! Sweeps over many repositories, from outside.

mod failures;
mod harness;
mod hub;
mod kill;
mod local;
mod world;
