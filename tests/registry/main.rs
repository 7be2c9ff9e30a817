//! caulk against registries: a real one where it is installed, and one in this process that misbehaves.

#[path = "../oci/mod.rs"]
mod oci;

mod access;
mod bad;
mod load;
mod local;
mod offline;
mod real;
mod replay;
mod server;
mod world;
