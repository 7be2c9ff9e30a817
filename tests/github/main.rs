//! caulk and GitHub, as the stand-in plays it.

mod client;
mod command;
mod doctor;
mod emulate;
mod faults;
mod pr;
mod review;
mod review_brought;
mod review_crash;
mod review_kinds;
mod review_tokens;
mod suggestions;
mod world;
