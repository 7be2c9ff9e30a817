//! Pull requests.

pub mod body;
