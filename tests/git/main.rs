//! caulk and real git repositories, made and read by the git program.

mod addresses;
mod fetch;
mod harness;
mod new;
mod push;
mod server;
#[cfg(unix)]
mod sign;
mod tree;
