//! Plans over repositories on a server, and what is written there.

use std::{
    collections::BTreeMap,
    fs, thread,
    time::{Duration, Instant},
};

use crate::{
    harness::{broken, mended},
    world::{World, named},
};

/// At most so many calls are for what did not change.
fn frugal(count: usize) -> usize {
    count.div_ceil(100) + 5
}

#[test]
fn pull_requests_are_opened_once_and_what_did_not_change_costs_next_to_nothing() {
    let world = World::new(12);
    world.server.create_empty("acme/empty");
    world.server.create("acme/old", &[("app.yaml", &broken())]);
    world.server.settings("acme/old", |repository| repository.archived = true);
    world.server.create("acme/shy", &[("app.yaml", &broken())]);
    world.server.settings("acme/shy", |repository| repository.topics = vec!["caulk-ignore".to_owned()]);
    world.server.create("other/app", &[("app.yaml", &broken())]);

    world.plan(&[]).exits(0).says("12 looked at, 0 unchanged, 3 skipped, 0 failed");
    let entries = world.entries("caulk-sweep.jsonl");
    assert_eq!(entries.len(), 15);
    assert_eq!(entries["acme/old"]["reason"], "archived");
    assert_eq!(entries["acme/shy"]["reason"], "its topic caulk-ignore opts out");
    assert_eq!(entries["acme/empty"]["reason"], "empty");
    assert!(world.exchanges().0.iter().all(|exchange| !exchange.writes()), "a plan reads only");
    world.apply(&[]).exits(0).says("6 opened");
    let end = world.end(12);
    assert_eq!(end.values().flatten().count(), 6);
    assert!(end.values().flatten().all(|(_, file)| *file == mended()));
    assert_eq!(fs::read_dir(world.path("")).expect("a folder").count(), 3, "plan, state and token are left");

    world.server.forget();
    world.plan(&[]).exits(0).says("0 looked at, 12 unchanged");
    world.apply(&[]).exits(0).says("6 as they should be");
    let (calls, git) = world.exchanges();
    assert!(git.is_empty(), "nothing is fetched");
    assert!(calls.len() <= frugal(15), "{:?}", world.server.calls());
    // The state is lost, as with a new machine: the plan saw enough.
    fs::remove_file(world.path("caulk-sweep-state.jsonl")).expect("a state");
    world.server.forget();
    world.apply(&[]).exits(0).says("6 as they should be");
    assert!(world.exchanges().0.is_empty(), "{:?}", world.server.calls());

    // One is mended by hand, one is broken anew, one is merged.
    world.server.commit("acme/r000", "main", "alice", &[("app.yaml", Some(&mended()))]);
    world.server.commit("acme/r001", "main", "alice", &[("app.yaml", Some(&broken()))]);
    world.server.merge("acme/r002", 1, "alice");
    world.plan(&[]).exits(0).says("3 looked at, 9 unchanged");
    world.apply(&[]).exits(0).says("1 closed").says("1 opened");
    assert!(!world.pull("acme/r000").expect("one").open);
    assert!(world.pull("acme/r001").expect("one").open);
    assert!(world.pull("acme/r004").expect("one").open);
}

#[test]
fn what_people_do_with_our_pull_requests_stays_done() {
    let world = World::new(4);
    world.sweep(&["run", "--org", "acme"]).exits(0).says("2 opened");
    world.server.close("acme/r000", 1, "alice");
    let theirs = broken().replace("app", "theirs");
    world.server.commit("acme/r002", "caulk/mend", "alice", &[("app.yaml", Some(&theirs))]);
    // What they did is looked at once.
    world.sweep(&["run", "--org", "acme"]).exits(0);
    world.server.forget();
    world.sweep(&["run", "--org", "acme"]).exits(0);
    let (calls, git) = world.exchanges();
    assert!(git.is_empty() && calls.len() <= frugal(4), "{:?}", world.server.calls());
    assert!(!world.pull("acme/r000").expect("one").open);
    let pull = world.pull("acme/r002").expect("one");
    assert_eq!(world.server.file("acme/r002", &pull.head, "app.yaml").as_deref(), Some(theirs.as_str()));
}

#[test]
fn a_base_that_moved_since_the_plan_is_looked_at_anew_before_anything_is_written() {
    let world = World::new(4);
    world.plan(&[]).exits(0);
    let moved = format!("# moved\n{}", broken());
    let base = world.server.commit("acme/r000", "main", "alice", &[("app.yaml", Some(&moved))]);
    world.server.commit("acme/r002", "main", "alice", &[("app.yaml", Some(&mended()))]);
    world.apply(&[]).exits(0).says("1 opened").says("1 nothing");
    let pull = world.pull("acme/r000").expect("one");
    let file = world.server.file("acme/r000", &pull.head, "app.yaml").expect("a file");
    assert_eq!(file, format!("# moved\n{}", mended()));
    assert_eq!(pull.base, base);
    assert!(world.pull("acme/r002").is_none());
    // With other options it would be looked at otherwise, so it is left to the next plan.
    world.server.commit("acme/r002", "main", "alice", &[("app.yaml", Some(&broken()))]);
    world.plan(&[]).exits(0);
    world.server.commit("acme/r002", "main", "alice", &[("app.yaml", Some(&moved))]);
    world.write("pods.json", "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[]}");
    world
        .apply(&["--evidence", "pods.json"])
        .exits(1)
        .says("the base branch moved")
        .says("1: want another run");
    assert!(world.pull("acme/r002").is_none());
}

#[test]
fn nothing_is_committed_to_the_branch_that_changes_are_for() {
    let world = World::new(2);
    let main = world.server.branch("acme/r000", "main");
    world.plan(&["--branch", "main"]).exits(0);
    let ran = world.apply(&[]).exits(2);
    ran.says("acme/r000: failed (configuration): ").says("choose another one to hold the changes");
    assert_eq!(world.server.branch("acme/r000", "main"), main);
    assert!(world.pull("acme/r000").is_none());
}

#[test]
fn the_first_wave_comes_alone_and_the_rest_on_request() {
    let world = World::new(12);
    world.plan(&[]).exits(0);
    world.apply(&["--canary", "2"]).exits(1).says("2 opened").says("4: waits for the rest");
    world.sweep(&["status", "--state", "caulk-sweep-state.jsonl", "caulk-sweep.jsonl"]).says("2 opened");
    let out = |world: &World| (0..12).filter(|number| world.pull(&named(*number)).is_some()).count();
    assert_eq!(out(&world), 2);
    world.sweep(&["run", "--org", "acme", "--canary", "2"]).exits(1);
    assert_eq!(out(&world), 2, "the next day is the same wave");
    world.apply(&["--most-open", "4"]).exits(1).says("waits for open pull requests");
    assert_eq!(out(&world), 4);
    world.apply(&[]).exits(0);
    assert_eq!(out(&world), 6);
}

#[test]
fn shards_give_together_the_plan_of_one_and_are_applied_together() {
    let world = World::new(16);
    world.plan(&["--plan", "whole"]).exits(0);
    let mut together = BTreeMap::new();
    for part in ["1/4", "2/4", "3/4", "4/4"] {
        let name = part.replace('/', "-of-");
        world.plan(&["--plan", &name, "--shard", part]).exits(0);
        together.extend(world.entries(&name));
    }
    assert_eq!(together, world.entries("whole"));
    world.sweep(&["apply", "1-of-4", "2-of-4", "3-of-4", "4-of-4"]).exits(0).says("8 opened");
    assert_eq!(world.end(16).values().flatten().count(), 8);
}

#[test]
fn forks_are_left_alone_unless_they_are_asked_for() {
    let world = World::new(2);
    world.server.create("acme/copy", &[("app.yaml", &broken())]);
    world.server.settings("acme/copy", |repository| repository.fork_of = Some("acme/r000".to_owned()));
    world.plan(&[]).exits(0).says("2 looked at, 0 unchanged, 1 skipped, 0 failed");
    assert_eq!(world.entries("caulk-sweep.jsonl")["acme/copy"]["reason"], "a fork");
    world.plan(&["--forks"]).exits(0).says("1 looked at, 2 unchanged, 0 skipped, 0 failed");
    world.apply(&[]).exits(0).says("2 opened");
    assert!(world.pull("acme/copy").is_some());
}

#[test]
fn repositories_are_found_by_list_by_search_and_by_topic() {
    let world = World::new(6);
    world.write("list", "acme/r001 # a comment\n\nACME/R000\nacme/absent\n");
    world.sweep(&["plan", "--list", "list"]).exits(2).says("2 looked at, 0 unchanged, 0 skipped, 1 failed");
    world.sweep(&["report", "caulk-sweep.jsonl"]).exits(2).says("acme/absent: failed (not-found)");
    world.write("list", "acme/../x\n");
    world.sweep(&["plan", "--list", "list"]).exits(2).says("list:1: ");
    for number in 0..3 {
        let topics = |repository: &mut stand_in::Repository| repository.topics = vec!["gitops".to_owned()];
        world.server.settings(&named(number), topics);
    }
    world.plan(&["--topic", "gitops", "--plan", "topics"]).exits(0).says("3 looked at");
    world.plan(&["--exclude", "r00[0-3]", "--plan", "globs"]).exits(0).says("2 looked at");
    let search = ["plan", "--search", "org:acme topic:gitops", "--plan", "search"];
    world.sweep(&search).exits(0).says("3 looked at");
    let absent = ["plan", "--org", "nobody", "--plan", "absent"];
    world.sweep(&absent).exits(2).says("failed to list nobody");
}

#[test]
fn an_app_sweeps_wherever_it_is_installed_and_nowhere_else() {
    let world = World::new(4);
    for name in ["other/app", "third/app"] {
        world.server.create(name, &[("app.yaml", &broken())]);
    }
    for owner in ["acme", "other"] {
        world.server.install(7, "mender", owner, stand_in::Access::Write);
    }
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f"])
        .arg(world.path("key"))
        .status();
    assert!(made.expect("ssh-keygen runs").success());
    let app = ["--app-id", "7", "--app-key", "key"];
    world.sweep(&[&["run", "--installations"], &app[..]].concat()).exits(0).says("3 opened");
    assert_eq!(world.pull("other/app").expect("one").author, "mender[bot]");
    assert!(world.pull("acme/r000").is_some() && world.pull("third/app").is_none());
    world.server.forget();
    world.sweep(&[&["run", "--installations"], &app[..]].concat()).exits(0).says("5 unchanged");
    let (calls, git) = world.exchanges();
    // Installations, and for each a token, a list and the heads.
    assert!(git.is_empty() && calls.len() <= 7, "{:?}", world.server.calls());
    world.write("list", "third/app\nother/app\n");
    let listed = [&["plan", "--list", "list", "--plan", "listed"], &app[..]].concat();
    world.sweep(&listed).exits(2).says("third/app: failed: the App is not installed for third");
    assert!(world.sweep(&["plan", "--org", "third", "--app-id", "7", "--app-key", "key"]).code == Some(2));
}

#[test]
fn a_listing_of_many_pages_is_told_whole() {
    let world = World::new(205);
    world.plan(&["--include", "r00*"]).exits(0).says("10 looked at");
    let pages =
        world.server.calls().iter().filter(|call| call.starts_with("GraphQL repositoryOwner")).count();
    assert_eq!(pages, 3, "{:?}", world.server.calls());
}

#[test]
fn the_central_configuration_comes_from_a_repository_and_is_only_narrowed() {
    let world = World::new(2);
    world.server.create("acme/settings", &[(".caulk.yaml", "exclude: [\"r/\"]\n")]);
    world.server.create("acme/in", &[("r/app.yaml", &broken()), (".caulk.yaml", "exclude: [\"!r/\"]\n")]);
    world.server.create("acme/shy", &[("app.yaml", &broken()), (".caulk.yaml", "sweep: false\n")]);
    world.plan(&["--config-from", "acme/settings"]).exits(0).says("4 looked at, 0 unchanged, 1 skipped");
    let entries = world.entries("caulk-sweep.jsonl");
    assert!(entries["acme/in"]["files"].is_null());
    assert!(entries["acme/in"]["disregarded"][0].as_str().expect("a word").contains("may not say"));
    assert!(entries["acme/r000"]["files"].is_array());
    world.server.commit("acme/settings", "main", "alice", &[(".caulk.yaml", Some("exclude: [\"x/\"]\n"))]);
    world.plan(&["--config-from", "acme/settings"]).exits(0).says("4 looked at, 0 unchanged");
    assert!(world.entries("caulk-sweep.jsonl")["acme/in"]["files"].is_array());
    world.plan(&["--config-from", "acme/r000"]).exits(2).says("acme/r000 has no .caulk.yaml");
}

#[test]
fn what_the_organisation_knows_of_its_images_holds_in_every_repository() {
    let world = World::new(0);
    let manifest = broken().replace("ghcr.io/goauthentik/server:2024.12.1", "registry.acme.example/shop:1.2");
    let facts = "images:\n  - image: registry.acme.example/shop\n    entrypoint: [dumb-init, --, shop]\n    \
                 forwards: own-program\n    arguments: [server]\n    absent: [server]\n";
    for name in ["acme/one", "acme/two"] {
        world.server.create(name, &[("app.yaml", &manifest)]);
    }
    world.plan(&[]).exits(0);
    let entries = world.entries("caulk-sweep.jsonl");
    assert!(["acme/one", "acme/two"].iter().all(|name| entries[*name]["files"].is_null()), "{entries:?}");
    world.server.create("acme/settings", &[(".caulk.yaml", facts)]);
    world.plan(&["--config-from", "acme/settings"]).exits(0);
    world.apply(&[]).exits(0);
    for name in ["acme/one", "acme/two"] {
        let mend = world.server.file(name, "caulk/mend", "app.yaml");
        assert_eq!(mend, Some(manifest.replace("command:", "args:")), "{name}");
    }
}

#[test]
fn a_termination_while_writing_ends_cleanly_and_the_next_run_goes_on() {
    let world = World::new(24);
    world.plan(&[]).exits(0);
    let mut command = world.command(&["apply", "caulk-sweep.jsonl", "--writes-per-minute", "7"]);
    let child = command.stdout(std::process::Stdio::piped()).spawn().expect("caulk starts");
    let patience = Instant::now();
    let state = world.path("caulk-sweep-state.jsonl");
    let done = || fs::read_to_string(&state).unwrap_or_default().matches("\"kind\":\"outcome\"").count();
    while done() < 1 {
        assert!(patience.elapsed() < Duration::from_secs(60), "nothing happens");
        thread::sleep(Duration::from_millis(5));
    }
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
    assert!(killed.success());
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(1), "it stopped by itself, before the end");
    assert!(done() < 12, "{}", done());
    // The writes of the minute before count, so the next run is allowed more.
    world.apply(&[]).exits(0);
    assert_eq!(world.end(24).values().flatten().count(), 12);
}
