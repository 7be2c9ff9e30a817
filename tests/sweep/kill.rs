//! Runs that are ended at any request, and gone on with.

use std::{fs, process::Stdio, time::Duration};

use serde_json::Value;
use stand_in::Moment;

use crate::world::World;

const COUNT: usize = 6;
const RUN: [&str; 5] = ["run", "--org", "acme", "--parallel", "2"];

/// How many points are tried; all of the 50 where everything is wanted.
fn points() -> usize {
    if std::env::var_os("CAULK_FULL").is_some() { 50 } else { 10 }
}

#[test]
fn killed_at_any_request_and_gone_on_with_the_end_is_that_of_an_undisturbed_run() {
    let world = World::new(COUNT);
    world.sweep(&RUN).exits(0);
    let (end, requests) = (world.end(COUNT), world.server.exchanges().len());
    let plan = comparable(&world);
    for point in 0..points() {
        let world = World::new(COUNT);
        let number = 1 + point * (requests - 1) / (points() - 1).max(1);
        let moment = if point % 2 == 0 { Moment::After } else { Moment::Before };
        world.server.forget();
        world.server.hold(number, moment);
        let mut child =
            world.command(&RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("caulk starts");
        assert!(world.server.is_held(Duration::from_secs(60)), "request {number} never came");
        child.kill().expect("a kill");
        child.wait().expect("an end");
        world.server.release();
        let before = lines(&world);
        world.sweep(&RUN).exits(0);
        assert_eq!(world.end(COUNT), end, "killed {moment:?} request {number}");
        assert_eq!(comparable(&world), plan, "killed {moment:?} request {number}");
        let after = lines(&world);
        let kept = before.iter().filter(|line| !line.contains("\"kind\":\"end\""));
        assert!(after.len() >= plan.len());
        if !before.iter().any(|line| line.contains("\"kind\":\"end\"")) {
            assert!(kept.zip(&after).all(|(one, other)| one == other), "what was done was done again");
        }
    }
}

fn lines(world: &World) -> Vec<String> {
    let text = fs::read_to_string(world.path("caulk-sweep.jsonl")).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(str::to_owned).collect()
}

/// Returns the plan without what depends on when it was made, and on which numbers and commits a server of its own gives.
fn comparable(world: &World) -> Vec<(String, Value)> {
    let entries = world.entries("caulk-sweep.jsonl").into_iter();
    entries
        .map(|(name, entry)| (name, serde_json::json!([entry["files"], entry["report"]["findings"]])))
        .collect()
}
