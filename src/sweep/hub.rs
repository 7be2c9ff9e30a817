//! Repositories on GitHub: told of with their heads by a hundred a call, and fetched without history.

mod access;
mod failure;
mod fetch;
mod source;

pub use self::{
    access::Access,
    failure::of_call,
    fetch::Fetcher,
    source::{Hub, Wanted},
};
