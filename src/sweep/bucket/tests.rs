use super::*;

/// Fails if more writes than allowed are in any window, wherever it begins.
///
/// A window that holds too many can be moved until its first write stands at its beginning, so those are all that count.
fn hold(writes: &[Duration], limits: &[Limit]) {
    for limit in limits {
        for (first, begin) in writes.iter().enumerate() {
            let inside = writes[first..].partition_point(|write| *write < *begin + limit.window);
            assert!(inside <= limit.writes, "{inside} writes in {:?} from {begin:?}", limit.window);
        }
    }
}

/// Numbers that look random and are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

const START: Duration = Duration::from_secs(1_800_000_000);

/// Writes as fast as it may, with a pause of `idle` now and then, and returns when.
fn writes(bucket: &mut Bucket, count: usize, mut idle: impl FnMut() -> Duration) -> Vec<Duration> {
    let (mut now, mut done) = (START, Vec::new());
    while done.len() < count {
        now += idle();
        now += bucket.reserve(now);
        done.push(now);
    }
    done
}

#[test]
fn ten_thousand_writes_never_exceed_the_limits_in_any_window() {
    let done = writes(&mut Bucket::new(&GITHUB), 10_000, || Duration::ZERO);
    hold(&done, &GITHUB);
    // And nobody waits longer than the limits demand: each hour is filled.
    let took = done[9_999] - done[0];
    assert!(took <= Duration::from_secs(3600 * 19 + 60 * 7), "{took:?}");
}

#[test]
fn bursts_after_pauses_never_exceed_the_limits_either() {
    for seed in 1..=20 {
        let mut numbers = Numbers(seed * 7919);
        let idle = || match numbers.below(50) {
            0 => Duration::from_millis(numbers.below(4_000_000)),
            1..=10 => Duration::from_millis(numbers.below(2_000)),
            _ => Duration::ZERO,
        };
        hold(&writes(&mut Bucket::new(&GITHUB), 10_000, idle), &GITHUB);
    }
}

#[test]
fn a_run_that_goes_on_counts_the_writes_of_the_one_before() {
    let mut all = writes(&mut Bucket::new(&GITHUB), 300, || Duration::ZERO);
    let mut next = Bucket::new(&GITHUB);
    all.iter().for_each(|at| next.remember(*at));
    let mut now = *all.last().expect("writes");
    while all.len() < 1_000 {
        now += next.reserve(now);
        all.push(now);
    }
    hold(&all, &GITHUB);
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let mut bucket = Bucket::new(&GITHUB);
    let seconds = Duration::from_secs;
    bucket.hear(Told { retry_after: Some(seconds(30)), ..Told::default() }, START);
    assert_eq!((bucket.pause(START), bucket.reserve(START)), (seconds(30), seconds(30)));
    let reset = Some(START + seconds(90));
    bucket.hear(Told { remaining: Some(4_000), reset, ..Told::default() }, START);
    let plenty = "plenty remains, so the reset is no news";
    assert_eq!(bucket.reserve(START + seconds(31)), Duration::ZERO, "{plenty}");
    bucket.hear(Told { remaining: Some(0), reset, ..Told::default() }, START + seconds(31));
    assert_eq!(bucket.reserve(START + seconds(31)), seconds(59));
    bucket.hear(Told { retry_after: Some(seconds(1)), ..Told::default() }, START + seconds(31));
    assert_eq!(bucket.pause(START + seconds(31)), seconds(59), "a shorter word opens nothing");
}

#[test]
fn no_server_stops_a_sweep_for_good() {
    let mut bucket = Bucket::new(&GITHUB);
    bucket.hear(Told { retry_after: Some(Duration::MAX / 2), ..Told::default() }, START);
    assert_eq!(bucket.reserve(START), LONGEST_PAUSE);
}

#[test]
fn a_clock_that_goes_back_frees_nothing() {
    let mut bucket = Bucket::new(&[Limit { writes: 2, window: Duration::from_secs(60) }]);
    assert_eq!(bucket.reserve(START), Duration::ZERO);
    assert_eq!(bucket.reserve(START - Duration::from_secs(50)), Duration::ZERO);
    assert_eq!(bucket.reserve(START), Duration::from_secs(60));
}
