//! What a sweep must not stumble over: what becomes of repositories, files and servers between its steps.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::Duration,
};

use stand_in::{Fault, Moment, Response};

use crate::{
    harness::{Swept, broken, mended},
    world::World,
};

#[test]
fn what_became_of_a_repository_since_the_plan_counts() {
    let world = World::new(12);
    world.plan(&[]).exits(0);
    world.server.rename("acme/r000", "acme/new");
    world.server.remove("acme/r002");
    // Another one under the same name, whose people were never asked.
    world.server.remove("acme/r004");
    world.server.create("acme/r004", &[("app.yaml", &broken())]);
    world.server.settings("acme/r006", |repository| repository.archived = true);
    world.server.settings("acme/r008", |repository| repository.topics = vec!["caulk-ignore".to_owned()]);
    let swept = world.apply(&[]).exits(2).says("2 opened").says("3: want another run");
    for words in [
        "acme/r002: failed (not-found): ",
        "acme/r004: left alone: another repository has its name",
        "acme/r006: left alone: it was archived",
        "acme/r008: left alone: its topic caulk-ignore opts out",
    ] {
        assert!(swept.out.contains(words), "no {words:?} in {}", swept.out);
    }
    assert!(world.pull("acme/new").is_some() && world.pull("acme/r010").is_some());
    for name in ["acme/r004", "acme/r006", "acme/r008"] {
        assert!(world.pull(name).is_none() && world.server.branches(name) == ["main"], "{name}");
    }
    // The next plan knows all of that. The renamed one is the one that it was, but its deliveries may name it otherwise.
    world.plan(&[]).exits(0).says("2 looked at, 7 unchanged, 2 skipped");
    world.apply(&[]).exits(0).says("1 opened").says("2 as they should be");
    world.server.settings("acme/r008", |repository| repository.topics.clear());
    world.sweep(&["run", "--org", "acme"]).exits(0).says("1 opened");
}

fn quietly(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("caulk starts")
}

#[test]
fn of_two_that_write_at_once_one_is_refused() {
    let world = World::new(6);
    world.plan(&[]).exits(0);
    world.server.forget();
    world.server.hold(3, Moment::Before);
    let first = quietly(&mut world.command(&["apply", "caulk-sweep.jsonl"]));
    assert!(world.server.is_held(Duration::from_secs(60)), "the first one never came so far");
    world.apply(&[]).exits(2).says("caulk-sweep-state.jsonl is in use by another sweep");
    world.server.release();
    assert!(first.wait_with_output().expect("an end").status.success());
    assert_eq!(world.end(6).values().flatten().count(), 3);
}

#[test]
fn two_that_write_at_once_from_other_places_open_nothing_twice() {
    let world = World::new(12);
    world.plan(&[]).exits(0);
    let apply = |state: &str| quietly(&mut world.command(&["apply", "caulk-sweep.jsonl", "--state", state]));
    let both = [apply("one"), apply("two")];
    for each in both {
        // Whoever comes second may find that a branch moved under its hands, and says so.
        assert!(each.wait_with_output().expect("an end").status.code().is_some());
    }
    world.apply(&[]).exits(0);
    assert_eq!(world.end(12).values().flatten().count(), 6);
}

#[test]
fn files_that_cannot_be_written_are_told_before_anything_is_sent() {
    let world = World::new(2);
    world.plan(&["--plan", "absent/plan"]).exits(2).says("failed to open absent/plan");
    world.plan(&["--plan", "token"]).exits(2);
    world.plan(&[]).exits(0);
    world.server.forget();
    fs::create_dir(world.path("folder")).expect("a folder");
    world.apply(&["--state", "absent/state"]).exits(2).says("failed to open absent/state");
    world.apply(&["--state", "folder"]).exits(2).says("failed to open folder");
    world.apply(&["--state", "caulk-sweep.jsonl"]).exits(2).says("is no line of a sweep");
    world.apply(&["--state", "token"]).exits(2).says("token is no file of a sweep");
    world.sweep(&["apply", "token"]).exits(2).says("token is no plan");
    assert!(world.server.calls().is_empty(), "{:?}", world.server.calls());
    world.apply(&[]).exits(0).says("1 opened");
}

/// Runs a sweep whose files can have no more than so many KiB, as on a disk that is full.
fn cramped(world: &World, kib: u32, args: &[&str]) -> Swept {
    let sweep = world.command(args);
    let mut command = Command::new("bash");
    command.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\""));
    command.arg(sweep.get_program()).args(sweep.get_args());
    Swept::of(command.current_dir(world.path("")))
}

#[test]
fn a_disk_that_is_full_ends_the_run_and_the_next_one_goes_on() {
    let world = World::new(12);
    cramped(&world, 8, &["plan", "--org", "acme"]).exits(2).says("failed to write caulk-sweep.jsonl");
    let before = world.entries("caulk-sweep.jsonl").len();
    assert!((1..12).contains(&before), "{before}");
    world.plan(&[]).exits(0).says(&format!("{before} planned before"));
    let swept = cramped(&world, 1, &["apply", "caulk-sweep.jsonl"]).exits(2);
    assert!(swept.err.contains("failed to write caulk-sweep-state.jsonl"), "{}", swept.err);
    world.apply(&[]).exits(0);
    assert_eq!(world.end(12).values().flatten().count(), 6);
}

#[test]
fn a_server_that_answers_nonsense_ends_the_plan_with_a_reason() {
    let world = World::new(4);
    let json = Response::json(200, &serde_json::Value::Null);
    for body in
        ["{\"data\":", "[]", "{\"data\":{\"repositoryOwner\":{\"repositories\":7}}}", "<html>hello</html>"]
    {
        let answer = Response { body: body.as_bytes().to_vec(), ..json.clone() };
        world.server.on_request(move |_| Some(Fault::Answer(answer.clone())));
        world.plan(&[]).exits(2).says("failed to list acme: ");
    }
    world.server.on_request(|_| None);
    world.plan(&[]).exits(0).says("4 looked at");
}

#[test]
fn a_plan_that_was_meddled_with_is_refused_or_does_no_more_than_a_plan_may() {
    let world = World::new(4);
    world.plan(&[]).exits(0);
    let plan = fs::read_to_string(world.path("caulk-sweep.jsonl")).expect("a plan");
    let apply = |text: &str| {
        world.write("meddled", text);
        world.sweep(&["apply", "meddled"])
    };
    let other_version = plan.replacen("\"version\":1", "\"version\":0", 1);
    apply(&other_version).exits(2).says("the plan is of version 0, and this caulk knows 1");
    apply(&plan.replacen("\"status\":\"done\"", "\"status\":", 1)).exits(2).says("is no line of a sweep");
    apply(&plan.replace("\"name\":\"acme/", "\"name\":\"acme/../")).exits(2).says("failed (other): ");
    for path in [".github/workflows/x.yaml", "../x.yaml", ".git/config", "/etc/x.yaml", "a/.GitHub/x.yaml"] {
        let text =
            plan.replace("\"path\":\"app.yaml\",\"content\"", &format!("\"path\":\"{path}\",\"content\""));
        assert_ne!(text, plan);
        let swept = apply(&text).exits(2).says("2 other");
        assert!(swept.out.contains("failed (other): the plan "), "{}", swept.out);
    }
    assert!(world.exchanges().0.iter().all(|exchange| !exchange.writes()), "{:?}", world.server.calls());
    // Cut off anywhere, it is what was finished of it.
    let cut = &plan[..plan.rfind("{\"kind\":\"repository\"").expect("a line") + 30];
    apply(cut).exits(1).says("a plan is not finished");
    world.apply(&[]).exits(0);
    let end = world.end(4);
    assert!(end.values().flatten().all(|(_, file)| *file == mended()) && end.values().flatten().count() == 2);
}
