//! Git repositories, through libgit2: what their commits and their index hold, read without a work tree.

pub mod snapshot;
pub mod store;

pub use git2::Oid;

pub use self::{
    snapshot::{Entry, Mode, Snapshot},
    store::Store,
};
