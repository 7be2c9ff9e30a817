//! Sweeps over many repositories, from outside.

mod harness;
mod local;
