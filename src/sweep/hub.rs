//! Repositories on GitHub: told of with their heads by a hundred a call, and fetched without history.

mod access;
mod carrier;
mod failure;
mod fetch;
mod replan;
mod source;

pub use self::{
    access::Access,
    carrier::Carrier,
    failure::of_call,
    fetch::Fetcher,
    replan::Replanner,
    source::{Hub, Wanted},
};
