//! caulk against registries: a real one where it is installed, and one in this process that misbehaves.

#[path = "../oci/mod.rs"]
mod oci;

mod access;
mod bad;
mod load;
mod local;
mod names;
mod offline;
mod real;
mod replay;
mod server;
mod tokens;
mod world;
