//! caulk and real git repositories, made and read by the git program.

mod harness;
mod tree;
