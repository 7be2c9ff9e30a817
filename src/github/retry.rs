//! What an answer means for the next attempt.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::{Duration, SystemTime},
};

use ureq::http::HeaderMap;

use super::pace::Limits;
use crate::net::transport::header;

/// How often to ask, and how long to wait in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// How often a request is made at most.
    pub attempts: u32,
    /// The wait after the first failure; it doubles with each further one.
    pub first: Duration,
    /// The longest wait that GitHub may ask for.
    pub longest: Duration,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { attempts: 4, first: Duration::from_millis(500), longest: Duration::from_secs(120) }
    }
}

/// Where the time comes from, so that tests need not wait.
pub trait Clock: Send + Sync {
    /// Returns the seconds since 1970.
    fn now(&self) -> u64;
    /// Waits. Returns early, with `false`, where the run is to stop.
    fn sleep(&self, time: Duration) -> bool;
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs())
    }

    fn sleep(&self, time: Duration) -> bool {
        std::thread::sleep(time);
        true
    }
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is an answer, good or bad.
    Final,
    /// The request was not carried out, because there were too many; after this time there may be more.
    Limited(Duration),
    /// Nobody knows whether it was carried out; asking again may help, after this time if one is named.
    Passing(Option<Duration>),
}

/// GitHub's documentation: without a header wait at least a minute.
const UNNAMED_WAIT: Duration = Duration::from_secs(60);

/// Reads the limits in the headers of an answer.
pub(super) fn limits(headers: &HeaderMap) -> Limits {
    let number = |name: &str| header(headers, name).and_then(|text| text.trim().parse::<u64>().ok());
    Limits {
        remaining: number("x-ratelimit-remaining"),
        reset: number("x-ratelimit-reset"),
        retry_after: number("retry-after").map(Duration::from_secs),
    }
}

/// Decides what an answer means. `now` is in seconds since 1970.
pub(super) fn judge(status: u16, limits: Limits, body: &[u8], now: u64) -> Judgement {
    let exhausted = limits.remaining == Some(0);
    match status {
        403 | 429 | 200 if status != 200 || exhausted || is_graphql_limit(body) => {
            let says_so = || String::from_utf8_lossy(body).to_ascii_lowercase().contains("rate limit");
            let limited = match status {
                429 => true,
                403 => limits.retry_after.is_some() || exhausted || says_so(),
                _ => is_graphql_limit(body),
            };
            if !limited {
                return Judgement::Final;
            }
            let until_reset = || Some(Duration::from_secs(limits.reset?.saturating_sub(now) + 1));
            let wait = limits.retry_after.or_else(|| until_reset().filter(|_| exhausted));
            Judgement::Limited(wait.unwrap_or(UNNAMED_WAIT))
        }
        500 | 502 | 503 | 504 => Judgement::Passing(limits.retry_after),
        _ => Judgement::Final,
    }
}

/// GraphQL tells of its limit with status 200, as `RATE_LIMITED` or, since 2026, as `RATE_LIMIT`.
fn is_graphql_limit(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(body.get(..400).unwrap_or(body));
    start.contains("\"errors\"") && start.contains("\"RATE_LIMIT")
}

impl Waiting {
    /// Returns the wait after a failed attempt, counted from 1; it differs from process to process.
    pub(super) fn backoff(&self, attempt: u32) -> Duration {
        let step = self.first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        let random = RandomState::new().hash_one(attempt) % 1000;
        let jitter = step.mul_f64(0.5 * (random as f64) / 1000.0);
        (step + jitter).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits_of(remaining: Option<u64>, reset: Option<u64>, retry_after: Option<u64>) -> Limits {
        Limits { remaining, reset, retry_after: retry_after.map(Duration::from_secs) }
    }

    #[test]
    fn every_kind_of_limit_is_known() {
        let none = Limits::default();
        let secondary = br#"{"message":"You have exceeded a secondary rate limit."}"#;
        let graphql =
            br#"{"data":null,"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#;
        let seconds = |seconds| Judgement::Limited(Duration::from_secs(seconds));
        assert_eq!(judge(403, limits_of(None, None, Some(7)), b"{}", 0), seconds(7));
        assert_eq!(judge(403, limits_of(Some(0), Some(130), None), b"{}", 100), seconds(31));
        assert_eq!(judge(403, none, secondary, 0), seconds(60));
        assert_eq!(judge(429, none, b"", 0), seconds(60));
        assert_eq!(judge(200, none, graphql, 0), seconds(60));
        let newer = br#"{"errors":[{"type":"RATE_LIMIT","code":"graphql_rate_limit","message":"API rate limit already exceeded"}]}"#;
        assert_eq!(judge(200, none, newer, 0), seconds(60));
        assert_eq!(judge(403, none, br#"{"message":"Resource not accessible"}"#, 0), Judgement::Final);
        assert_eq!(judge(200, limits_of(Some(0), Some(9), None), b"{}", 0), Judgement::Final);
        assert_eq!(
            judge(502, limits_of(None, None, Some(3)), b"", 0),
            Judgement::Passing(Some(Duration::from_secs(3)))
        );
        for status in [201, 401, 404, 409, 422] {
            assert_eq!(judge(status, none, b"", 0), Judgement::Final, "{status}");
        }
    }

    #[test]
    fn waits_grow_and_stay_within_bounds() {
        let waiting = Waiting::default();
        assert!(waiting.backoff(1) >= waiting.first && waiting.backoff(1) <= waiting.first * 2);
        assert!(waiting.backoff(3) >= waiting.first * 4);
        assert_eq!(waiting.backoff(30), waiting.longest);
    }
}
