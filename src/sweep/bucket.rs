//! How fast pull requests are written.
//!
//! GitHub limits what creates content by the minute and by the hour. A bucket that refills steadily lets up to twice its size
//! through in one window; so this one remembers when each of the last writes was, and grants the next only when every window
//! that it would be in has room.

use std::{collections::VecDeque, time::Duration};

/// How many writes may be in any time of a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many.
    pub writes: usize,
    /// In any time of this length.
    pub window: Duration,
}

/// What GitHub allows, by its documentation.
pub const GITHUB: [Limit; 2] = [
    Limit { writes: 80, window: Duration::from_secs(60) },
    Limit { writes: 500, window: Duration::from_secs(3600) },
];

/// A longer pause is not taken on a server's word.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What the head of a server's answer says of its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// `x-ratelimit-remaining`.
    pub remaining: Option<u64>,
    /// `x-ratelimit-reset`, since the epoch of Unix.
    pub reset: Option<Duration>,
}

/// Grants writes. Times are since the epoch of Unix, so that a run can go on where another one ended.
#[derive(Debug)]
pub struct Bucket {
    limits: Vec<Limit>,
    /// When the last writes were, in order; as many as the largest limit.
    writes: VecDeque<Duration>,
    /// Nothing is granted before.
    closed_until: Duration,
}

impl Bucket {
    /// Makes a bucket. A limit of no writes at all counts as one write, because a sweep that never ends helps nobody.
    #[must_use]
    pub fn new(limits: &[Limit]) -> Self {
        let limits =
            limits.iter().map(|limit| Limit { writes: limit.writes.max(1), ..*limit }).collect::<Vec<_>>();
        Self { limits, writes: VecDeque::new(), closed_until: Duration::ZERO }
    }

    /// Takes note of a write that an earlier run made.
    pub fn remember(&mut self, at: Duration) {
        let place = self.writes.partition_point(|known| *known <= at);
        self.writes.insert(place, at);
        self.forget();
    }

    /// Grants the next write for the earliest time at which it may be, and returns how long that is from now.
    pub fn reserve(&mut self, now: Duration) -> Duration {
        let at = self.free_at().max(now);
        // A clock that was set back must not make the writes before it look older than they are.
        self.writes.push_back(at.max(self.writes.back().copied().unwrap_or_default()));
        self.forget();
        at - now
    }

    /// Returns how long the server wants nothing at all, not even reads.
    #[must_use]
    pub fn pause(&self, now: Duration) -> Duration {
        self.closed_until.saturating_sub(now)
    }

    /// Takes note of what the server says. What it allows beyond the limits changes nothing.
    pub fn hear(&mut self, told: Told, now: Duration) {
        let exhausted = told.remaining == Some(0);
        let reset = told.reset.filter(|_| exhausted);
        let until = told.retry_after.map(|pause| now.saturating_add(pause)).into_iter().chain(reset).max();
        if let Some(until) = until {
            self.closed_until = self.closed_until.max(until.min(now + LONGEST_PAUSE));
        }
    }

    /// Returns the earliest time at which every window has room.
    fn free_at(&self) -> Duration {
        let open = |limit: &Limit| {
            let oldest = self.writes.len().checked_sub(limit.writes)?;
            Some(*self.writes.get(oldest)? + limit.window)
        };
        self.limits.iter().filter_map(open).max().unwrap_or_default().max(self.closed_until)
    }

    fn forget(&mut self) {
        let most = self.limits.iter().map(|limit| limit.writes).max().unwrap_or_default();
        while self.writes.len() > most {
            self.writes.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
