//! How fast requests may follow each other. A sweep brings a bucket of its own; a single run needs none.

use std::time::Duration;

/// What a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It changes nothing.
    Read,
    /// It changes something; GitHub counts these apart.
    Write,
}

/// What the headers of an answer say of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How many requests are left until `reset`.
    pub remaining: Option<u64>,
    /// When they are counted anew, in seconds since 1970.
    pub reset: Option<u64>,
    /// How long GitHub asks to wait.
    pub retry_after: Option<Duration>,
}

/// Decides how long each request waits.
pub trait Pace: Send + Sync {
    /// Returns how long to wait before the next request of the kind. It is asked once for every attempt, and what it grants
    /// is spent.
    fn before(&self, kind: Kind) -> Duration;

    /// Hears what an answer says of the limits.
    fn after(&self, kind: Kind, limits: Limits);
}

/// Never waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Free;

impl Pace for Free {
    fn before(&self, _: Kind) -> Duration {
        Duration::ZERO
    }

    fn after(&self, _: Kind, _: Limits) {}
}
