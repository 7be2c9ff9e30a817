//! The time, as something that a stop cuts short.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use crate::github;

/// The time of this machine.
///
/// It is read once and counted on from there: whoever sets the machine's clock back does not stop the sweep.
#[derive(Debug, Clone)]
pub struct Clock {
    begun: Duration,
    since: Instant,
    stop: Arc<AtomicBool>,
}

/// How long it takes at most until a wait notices that the run is to stop.
const SLICE: Duration = Duration::from_millis(100);

impl Clock {
    /// Begins to count. The clock's waits end when `stop` is set.
    #[must_use]
    pub fn new(stop: Arc<AtomicBool>) -> Self {
        let begun = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { begun, since: Instant::now(), stop }
    }

    /// Returns the time since the epoch of Unix.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.begun + self.since.elapsed()
    }

    /// Tells whether the run is to stop.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl github::Clock for Clock {
    fn now(&self) -> u64 {
        self.time().as_secs()
    }

    /// A stop ends waits alone: calls that need not wait still go through, so that the work on one repository is finished.
    fn sleep(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            if self.is_over() {
                return false;
            }
            thread::sleep(left.min(SLICE));
        }
    }
}
