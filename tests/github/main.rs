//! caulk and GitHub, as the stand-in plays it.

mod client;
mod faults;
mod pr;
mod world;
