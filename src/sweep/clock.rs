//! The time, as something that tests can turn by hand.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

/// Tells the time, and lets it pass.
pub trait Clock: Sync {
    /// Returns the time since the epoch of Unix.
    fn now(&self) -> Duration;

    /// Waits. Returns early, with `false`, where the run is to stop.
    fn wait(&self, time: Duration) -> bool;
}

/// The time of this machine.
///
/// It is read once and counted on from there: whoever sets the machine's clock back does not stop the sweep.
#[derive(Debug)]
pub struct SystemClock<'a> {
    begun: Duration,
    since: Instant,
    stop: &'a AtomicBool,
}

/// How long it takes at most until a wait notices that the run is to stop.
const SLICE: Duration = Duration::from_millis(100);

impl<'a> SystemClock<'a> {
    /// Begins to count. The clock's waits end when `stop` is set.
    #[must_use]
    pub fn new(stop: &'a AtomicBool) -> Self {
        let begun = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { begun, since: Instant::now(), stop }
    }
}

impl Clock for SystemClock<'_> {
    fn now(&self) -> Duration {
        self.begun + self.since.elapsed()
    }

    fn wait(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(SLICE));
        }
    }
}
