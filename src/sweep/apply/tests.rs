use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::*;
use crate::sweep::{
    lines::Lines,
    plan::{Analysis, Cost, Failure, FailureKind, File, Line, Pull, Settings, Status, VERSION},
};

const API: &str = "https://api.example.org";

/// A server that remembers the pull requests, and fails where it is told to.
#[derive(Default)]
struct World {
    pulls: BTreeMap<String, Pull>,
    calls: Vec<String>,
    fails: BTreeMap<String, (FailureKind, usize)>,
    broken: BTreeSet<String>,
    stop: Option<(usize, Arc<AtomicBool>)>,
}

impl Carry for World {
    fn is_there(&self, _: &Entry) -> bool {
        false
    }

    fn carry(&mut self, entry: &Entry, _: &Header) -> Option<Carried> {
        self.calls.push(entry.name.clone());
        if let Some((after, stop)) = &self.stop {
            stop.store(self.calls.len() >= *after, Ordering::Relaxed);
        }
        let carried = |result, pull| Some(Carried { result, pull, url: None, notes: Vec::new() });
        if let Some((kind, left)) = self.fails.get_mut(&entry.name).filter(|(_, left)| *left > 0) {
            *left -= 1;
            return carried(Became::Failed(Failure { kind: *kind, reason: "a word".to_owned() }), None);
        }
        if self.broken.contains(&entry.name) {
            let (why, reason) = ("peoples-commits".to_owned(), "theirs".to_owned());
            return carried(Became::LeftAlone { why, reason, settled: true }, None);
        }
        let number = self.pulls.len() as u64 + 1;
        let wanted = entry.analysis().is_some_and(|analysis| !analysis.files.is_empty());
        let open = |pull: &Pull| pull.state == PullState::Open;
        let known = self.pulls.get(&entry.id).filter(|pull| open(pull)).cloned();
        let (result, pull) = match (wanted, known) {
            (true, Some(pull)) => (Became::Kept, Some(pull)),
            (true, None) => {
                let head = format!("{number:040}");
                (Became::Opened, Some(pull_of(number, PullState::Open, &head)))
            }
            (false, Some(pull)) => (Became::Closed, Some(Pull { state: PullState::Closed, ..pull })),
            (false, None) => (Became::Nothing, None),
        };
        if let Some(pull) = &pull {
            self.pulls.insert(entry.id.clone(), pull.clone());
        }
        carried(result, pull)
    }
}

fn pull_of(number: u64, state: PullState, head: &str) -> Pull {
    Pull { number, state, head: head.to_owned(), fingerprint: None, base: None }
}

/// A folder with plans and a state.
struct Bench {
    folder: tempfile::TempDir,
    stop: Arc<AtomicBool>,
    world: World,
    allowance: Allowance,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, stop: Arc::default(), world: World::default(), allowance: Allowance::default() }
    }

    /// Writes a plan: which repositories want a change.
    fn plan(&self, name: &str, begun: u64, repositories: &[(&str, bool)]) -> PathBuf {
        let path = self.folder.path().join(name);
        let mut lines = Lines::open(&path, |_: serde_json::Value, _| Ok(())).expect("a plan");
        let header = Header {
            version: VERSION,
            caulk: "1".to_owned(),
            key: "common".to_owned(),
            begun,
            api: Some(API.to_owned()),
            shard: None,
            settings: Settings::default(),
        };
        lines.write(&Line::Plan(header)).expect("a line");
        for (name, wants) in repositories {
            let file = File { path: "a.yaml".to_owned(), executable: false, content: "a".to_owned() };
            let analysis = Analysis {
                key: format!("key of {name} {wants}"),
                branch: "main".to_owned(),
                commit: "c".to_owned(),
                pull: self.world.pulls.get(&format!("github:{name}")).cloned(),
                files: if *wants { vec![file] } else { Vec::new() },
                disregarded: Vec::new(),
                report: serde_json::Value::Null,
            };
            let entry = Entry {
                id: format!("github:{name}"),
                name: (*name).to_owned(),
                status: Status::Done(Box::new(analysis)),
            };
            lines.write(&Line::Repository(Box::new(entry))).expect("a line");
        }
        lines.write(&Line::End(Cost::default())).expect("a line");
        path
    }

    fn apply(&mut self, plans: &[PathBuf]) -> Applied {
        let clock = Clock::new(Arc::clone(&self.stop));
        let applier = Applier {
            allowance: self.allowance,
            retries: 2,
            pause: Duration::from_millis(1),
            manner: "usual".to_owned(),
            clock: &clock,
            api: API.to_owned(),
        };
        let mut state = State::open(&self.folder.path().join("state"), clock.time()).expect("a state");
        self.world.calls.clear();
        applier.apply(plans, &mut state, &mut self.world, &mut |_| Ok(())).expect("applied")
    }
}

const FOUR: [(&str, bool); 4] = [("acme/a", true), ("acme/b", true), ("other/c", true), ("acme/d", false)];

#[test]
fn what_is_done_is_not_asked_about_again() {
    let mut bench = Bench::new();
    let plan = bench.plan("one", 1, &FOUR);
    let first = bench.apply(std::slice::from_ref(&plan));
    assert_eq!((bench.world.calls.len(), first.became["opened"]), (3, 3));
    assert!(first.is_finished() && first.failed.is_empty());
    let second = bench.apply(&[plan]);
    assert_eq!((bench.world.calls.len(), second.settled), (0, 3));
    // The next plan sees the pull requests as they were left.
    let next = bench.plan("two", 2, &FOUR);
    bench.apply(std::slice::from_ref(&next));
    assert!(bench.world.calls.is_empty(), "{:?}", bench.world.calls);
    // Somebody closes one, and another is mended by hand.
    bench.world.pulls.get_mut("github:acme/a").expect("one").state = PullState::Closed;
    let after = bench.plan("three", 3, &[("acme/a", true), ("acme/b", false), ("other/c", true)]);
    let third = bench.apply(&[after]);
    assert_eq!(
        bench.world.calls.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        ["acme/a", "acme/b"].into()
    );
    assert_eq!(third.became["closed"], 1);
}

#[test]
fn the_first_wave_stays_the_same_until_the_rest_is_let_go() {
    let mut bench = Bench::new();
    let names: Vec<String> = (0..20).map(|number| format!("acme/{number}")).collect();
    let wanted: Vec<(&str, bool)> = names.iter().map(|name| (name.as_str(), true)).collect();
    let plan = bench.plan("one", 1, &wanted);
    bench.allowance.canary = Some(5);
    let first = bench.apply(std::slice::from_ref(&plan));
    assert_eq!((bench.world.calls.len(), first.out, first.waiting[&Wait::Wave]), (5, 5, 15));
    assert!(!first.is_finished());
    bench.apply(std::slice::from_ref(&plan));
    assert!(bench.world.calls.is_empty());
    // Another day, another plan of the same undertaking.
    let next = bench.plan("two", 2, &wanted);
    bench.apply(std::slice::from_ref(&next));
    assert!(bench.world.calls.is_empty());
    bench.allowance.canary = None;
    let rest = bench.apply(&[next]);
    assert_eq!((bench.world.calls.len(), rest.out), (15, 20));
    assert!(rest.is_finished());
}

#[test]
fn open_pull_requests_are_counted_over_runs() {
    let mut bench = Bench::new();
    let plan = bench.plan("one", 1, &FOUR);
    bench.allowance.most_open_per_owner = Some(1);
    let first = bench.apply(std::slice::from_ref(&plan));
    assert_eq!((first.became["opened"], first.waiting[&Wait::OpenOfOwner]), (2, 1));
    bench.apply(&[plan]);
    assert!(bench.world.calls.is_empty());
    bench.world.pulls.values_mut().for_each(|pull| pull.state = PullState::Merged);
    let next = bench.plan("two", 2, &[("acme/a", true), ("acme/b", true)]);
    let second = bench.apply(&[next]);
    assert_eq!(second.waiting.get(&Wait::OpenOfOwner), Some(&1), "{second:?}");
}

#[test]
fn the_failed_alone_are_tried_again() {
    let mut bench = Bench::new();
    bench.world.fails.insert("acme/a".to_owned(), (FailureKind::Timeout, 1));
    bench.world.fails.insert("acme/b".to_owned(), (FailureKind::Forbidden, 1));
    let plan = bench.plan("one", 1, &FOUR);
    let first = bench.apply(std::slice::from_ref(&plan));
    assert_eq!(bench.world.calls.iter().filter(|name| *name == "acme/a").count(), 2, "in the same run");
    assert_eq!(first.failed, BTreeMap::from([("acme/b".to_owned(), "a word".to_owned())]));
    let second = bench.apply(&[plan]);
    assert_eq!(bench.world.calls, ["acme/b"]);
    assert!(second.failed.is_empty() && second.is_finished());
}

#[test]
fn a_stop_comes_after_the_repository_at_hand_and_the_next_run_goes_on() {
    let mut bench = Bench::new();
    let plan = bench.plan("one", 1, &FOUR);
    bench.world.stop = Some((1, Arc::clone(&bench.stop)));
    let first = bench.apply(std::slice::from_ref(&plan));
    assert!(first.stopped && !first.is_finished());
    let done = bench.world.calls.clone();
    assert_eq!(done.len(), 1);
    bench.world.stop = None;
    bench.stop.store(false, Ordering::Relaxed);
    assert!(bench.apply(&[plan]).is_finished());
    assert_eq!(bench.world.calls.len(), 2);
    assert!(!bench.world.calls.contains(&done[0]));
}

#[test]
fn what_people_have_their_hands_in_is_asked_about_once() {
    let mut bench = Bench::new();
    bench.world.broken.insert("acme/a".to_owned());
    let plan = bench.plan("one", 1, &FOUR);
    assert_eq!(bench.apply(&[plan]).became["peoples-commits"], 1);
    let next = bench.plan("two", 2, &FOUR);
    bench.apply(&[next]);
    assert!(bench.world.calls.is_empty());
}

#[test]
fn several_plans_are_one_and_a_plan_for_another_server_is_refused() {
    let mut bench = Bench::new();
    let (one, two) = (bench.plan("one", 1, &FOUR[..2]), bench.plan("two", 2, &FOUR[2..]));
    assert_eq!(bench.apply(&[one.clone(), two]).became["opened"], 3);
    let clock = Clock::new(Arc::default());
    let applier = Applier {
        allowance: Allowance::default(),
        retries: 0,
        pause: Duration::ZERO,
        manner: String::new(),
        clock: &clock,
        api: "https://api.elsewhere.example".to_owned(),
    };
    let mut state = State::open(&bench.folder.path().join("state"), clock.time()).expect("a state");
    let error = applier.apply(&[one], &mut state, &mut bench.world, &mut |_| Ok(())).expect_err("refused");
    assert!(error.to_string().contains("is spoken to"), "{error}");
}
