//! The one HTTP client for registries and for GitHub: what may be contacted, and how an answer is waited for.

pub mod address;
mod exchange;
pub(crate) mod secrets;
pub mod transport;
pub(crate) mod trouble;
