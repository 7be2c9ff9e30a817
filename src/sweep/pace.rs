//! The pace of a sweep's calls: every write goes through the bucket, and what the server says of its limits is heard.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    bucket::{Bucket, Told},
    clock::Clock,
};
use crate::github::{Kind, Limits, Pace};

/// Is told when a write is granted, so that a later run can count it.
pub type Record = Box<dyn Fn(Duration) + Send + Sync>;

/// The bucket in front of the client.
pub struct Paced {
    bucket: Mutex<Bucket>,
    now: Box<dyn Fn() -> Duration + Send + Sync>,
    record: Mutex<Option<Record>>,
}

impl std::fmt::Debug for Paced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paced").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl Paced {
    /// Puts a bucket in front.
    #[must_use]
    pub fn new(bucket: Bucket, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            bucket: Mutex::new(bucket),
            now: Box::new(move || clock.time()),
            record: Mutex::default(),
        })
    }

    /// Counts the writes of earlier runs as well, and tells `record` of those to come.
    pub fn remember(&self, writes: &[Duration], record: Record) {
        let now = (self.now)();
        let mut bucket = self.bucket();
        // A clock that was set back since must not make this run wait for the time of that one.
        writes.iter().for_each(|at| bucket.remember((*at).min(now)));
        *self.record.lock().unwrap_or_else(PoisonError::into_inner) = Some(record);
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace for Paced {
    fn before(&self, kind: Kind) -> Duration {
        let now = (self.now)();
        if kind == Kind::Read {
            return self.bucket().pause(now);
        }
        let wait = self.bucket().reserve(now);
        // Written down before it is made: a kill then makes the next run a little slower, and never too fast.
        if let Some(record) = &*self.record.lock().unwrap_or_else(PoisonError::into_inner) {
            record(now + wait);
        }
        wait
    }

    fn after(&self, _: Kind, limits: Limits) {
        let told = Told {
            retry_after: limits.retry_after,
            remaining: limits.remaining,
            reset: limits.reset.map(Duration::from_secs),
        };
        self.bucket().hear(told, (self.now)());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::sweep::bucket::Limit;

    /// A bucket of two writes a minute with a clock that stands until it is moved.
    fn paced() -> (Paced, Arc<AtomicU64>) {
        let time = Arc::new(AtomicU64::new(1_000));
        let clock = Arc::clone(&time);
        let paced = Paced {
            bucket: Mutex::new(Bucket::new(&[Limit { writes: 2, window: Duration::from_secs(60) }])),
            now: Box::new(move || Duration::from_secs(clock.load(Ordering::Relaxed))),
            record: Mutex::default(),
        };
        (paced, time)
    }

    #[test]
    fn writes_wait_and_reads_do_not() {
        let (paced, _) = paced();
        let written = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&written);
        paced
            .remember(&[Duration::from_secs(970)], Box::new(move |at| book.lock().expect("a book").push(at)));
        let seconds = Duration::from_secs;
        assert_eq!([(); 3].map(|()| paced.before(Kind::Write)), [seconds(0), seconds(30), seconds(60)]);
        assert_eq!(paced.before(Kind::Read), Duration::ZERO);
        assert_eq!(*written.lock().expect("a book"), [seconds(1_000), seconds(1_030), seconds(1_060)]);
    }

    #[test]
    fn a_limit_that_the_server_tells_of_stops_reads_as_well() {
        let (paced, time) = paced();
        paced.after(Kind::Read, Limits { remaining: Some(0), reset: Some(1_045), retry_after: None });
        assert_eq!(paced.before(Kind::Read), Duration::from_secs(45));
        time.store(1_050, Ordering::Relaxed);
        assert_eq!(paced.before(Kind::Read), Duration::ZERO);
    }

    #[test]
    fn the_writes_of_a_run_with_a_wrong_clock_count_as_of_now() {
        let (paced, _) = paced();
        paced.remember(&[Duration::from_secs(90_000); 2], Box::new(|_| ()));
        assert_eq!(paced.before(Kind::Write), Duration::from_secs(60));
    }
}
