//! Git repositories: what their commits and their index hold, read without a work tree; commits, fetched, made and pushed.

pub mod changes;
pub mod commit;
pub mod fetch;
pub mod origin;
pub mod push;
pub mod remote;
pub mod sign;
pub mod snapshot;
pub mod stage;
pub mod store;
mod wire;

pub use git2::Oid;

pub use self::{
    remote::{Network, Refusal, Remote},
    snapshot::{Entry, Mode, Snapshot},
    store::Store,
};
