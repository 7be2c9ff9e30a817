//! Plans over repositories on this machine.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use crate::harness::{Organisation, broken, git, mended};

const PLAN: [&str; 3] = ["plan", "--local-list", "list"];

/// Makes so many repositories; every second one is broken.
fn organisation(count: usize) -> Organisation {
    let organisation = Organisation::new();
    let names: Vec<String> = (0..count).map(|number| format!("r{number:03}")).collect();
    for (number, name) in names.iter().enumerate() {
        let text = if number % 2 == 0 { broken() } else { mended() };
        organisation.add(name, &[("app.yaml", &text), ("README.md", name)]);
    }
    organisation.list(&names);
    organisation
}

fn plan(organisation: &Organisation, rest: &[&str]) -> crate::harness::Swept {
    organisation.sweep(&[&PLAN, rest].concat())
}

#[test]
fn a_plan_holds_what_is_needed_to_write_and_a_second_run_looks_at_what_is_new_alone() {
    let organisation = organisation(6);
    plan(&organisation, &[]).exits(0).says("6 looked at, 0 unchanged");
    let first = organisation.entries("caulk-sweep.jsonl");
    let entry = &first["local:r000"];
    assert_eq!(entry["status"], "done");
    assert_eq!(entry["commit"], git(&organisation.path("r000"), &["rev-parse", "HEAD"]));
    assert_eq!(entry["branch"], "main");
    assert_eq!(entry["files"][0]["path"], "app.yaml");
    assert_eq!(entry["files"][0]["content"], mended());
    assert!(entry["report"]["findings"][0]["evidence"][0]["source"].is_string(), "{entry}");
    assert!(entry["report"]["changes"][0]["diff"].as_str().expect("a diff").contains("+          args:"));
    assert!(first["local:r001"]["files"].is_null());

    fs::write(organisation.path("r001/app.yaml"), broken()).expect("a file");
    organisation.commit("r001");
    plan(&organisation, &[]).exits(0).says("1 looked at, 5 unchanged");
    let second = organisation.entries("caulk-sweep.jsonl");
    assert_eq!(second["local:r001"]["files"][0]["content"], mended());
    // What did not change is in the new plan with all that writing needs.
    assert_eq!(second["local:r000"]["status"], "unchanged");
    assert_eq!(second["local:r000"]["files"], entry["files"]);

    plan(&organisation, &["--unsafe-fixes"]).exits(0).says("6 looked at, 0 unchanged");
    organisation.sweep(&["status", "caulk-sweep.jsonl"]).exits(0).says("4 to change, in 4 files");
    organisation
        .sweep(&["report", "--diff", "caulk-sweep.jsonl"])
        .exits(0)
        .says("r001: 1 to mend in 1 files");
}

#[test]
fn four_shards_give_together_exactly_the_plan_of_one() {
    let organisation = organisation(24);
    plan(&organisation, &["--plan", "whole"]).exits(0);
    let mut together = std::collections::BTreeMap::new();
    let mut sizes = Vec::new();
    for index in 0..4 {
        let name = format!("part{index}");
        let mut command =
            organisation.command(&[&PLAN[..], &["--plan", &name, "--shard", "auto/4"]].concat());
        let status = command.env("JOB_COMPLETION_INDEX", index.to_string()).status().expect("caulk runs");
        assert!(status.success());
        let part = organisation.entries(&name);
        sizes.push(part.len());
        together.extend(part);
    }
    assert_eq!(sizes.iter().sum::<usize>(), 24, "{sizes:?}");
    assert!(sizes.iter().all(|size| *size < 24), "{sizes:?}");
    assert_eq!(together, organisation.entries("whole"));
}

#[test]
fn killed_at_many_points_and_gone_on_with_the_plan_is_that_of_an_undisturbed_run() {
    let organisation = organisation(24);
    let begun = Instant::now();
    plan(&organisation, &["--plan", "whole"]).exits(0);
    let undisturbed = begun.elapsed();
    let whole = organisation.entries("whole");
    let mut unfinished = 0;
    for point in 0..50_u32 {
        let name = format!("killed{point}");
        let args = [&PLAN[..], &["--plan", &name, "--parallel", "2"]].concat();
        let mut child =
            organisation.command(&args).stderr(std::process::Stdio::null()).spawn().expect("caulk");
        thread::sleep(undisturbed * point / 50 + Duration::from_millis(1));
        child.kill().expect("a kill");
        child.wait().expect("an end");
        let before = fs::read(organisation.path(&name)).unwrap_or_default();
        let finished = String::from_utf8_lossy(&before).contains("\"kind\":\"end\"");
        unfinished += u32::from(!finished);
        let kept = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        plan(&organisation, &["--plan", &name]).exits(0);
        let mut entries = organisation.entries(&name);
        if finished {
            // Then it was a second run.
            entries.values_mut().for_each(|entry| entry["status"] = "done".into());
        } else {
            let after = fs::read(organisation.path(&name)).expect("a plan");
            assert_eq!(after[..kept], before[..kept], "what was done was not done again ({name})");
            let text = String::from_utf8(after).expect("text");
            let lines = text.lines().filter(|line| line.contains("\"kind\":\"repository\"")).count();
            assert_eq!(lines, whole.len(), "no line twice ({name})");
        }
        assert_eq!(entries, whole, "{name}");
    }
    assert!(unfinished >= 10, "only {unfinished} of 50 kills came in time");
}

#[test]
fn a_termination_ends_cleanly_and_the_next_run_goes_on() {
    let organisation = organisation(40);
    let child =
        organisation.command(&[&PLAN[..], &["--parallel", "1"]].concat()).spawn().expect("caulk starts");
    let pid = child.id().to_string();
    let path = organisation.path("caulk-sweep.jsonl");
    let patience = Instant::now();
    while fs::read_to_string(&path).unwrap_or_default().lines().count() < 2 {
        assert!(patience.elapsed() < Duration::from_secs(30), "nothing happens");
        thread::sleep(Duration::from_millis(1));
    }
    let killed = std::process::Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
    assert!(killed.success());
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(1), "it stopped by itself, before the end");
    let before = organisation.entries("caulk-sweep.jsonl").len();
    assert!((1..40).contains(&before), "{before}");
    organisation.sweep(&["status", "caulk-sweep.jsonl"]).exits(1).says("not finished");
    plan(&organisation, &[]).exits(0).says(&format!("{before} planned before"));
    assert_eq!(organisation.entries("caulk-sweep.jsonl").len(), 40);
}

#[test]
fn failures_are_told_with_their_reasons_and_the_others_are_done() {
    let organisation = organisation(4);
    git(&organisation.path(""), &["init", "--quiet", "empty"]);
    fs::create_dir_all(organisation.path("nothing")).expect("a folder");
    organisation.add("bad-config", &[(".caulk.yaml", "exclude: [\n"), ("app.yaml", &broken())]);
    organisation.add("opted-out", &[(".caulk.yaml", "sweep: false\n"), ("app.yaml", &broken())]);
    organisation.add("damaged", &[("app.yaml", &broken())]);
    let blob = git(&organisation.path("damaged"), &["rev-parse", "HEAD^{tree}"]);
    fs::remove_file(organisation.path("damaged/.git/objects").join(&blob[..2]).join(&blob[2..]))
        .expect("a tree");
    let names =
        ["r000", "r001", "r002", "r003", "empty", "nothing", "absent", "bad-config", "opted-out", "damaged"];
    organisation.list(&names.map(str::to_owned));
    plan(&organisation, &[]).exits(2).says("4 looked at, 0 unchanged, 2 skipped, 4 failed");
    let entries = organisation.entries("caulk-sweep.jsonl");
    assert_eq!(entries["local:empty"]["reason"], "empty");
    assert_eq!(entries["local:opted-out"]["reason"], "its .caulk.yaml opts out with `sweep: false`");
    assert_eq!(entries["local:bad-config"]["kind"], "repository");
    organisation
        .sweep(&["report", "caulk-sweep.jsonl"])
        .exits(2)
        .says("absent: failed (corrupt): ")
        .says("nothing: failed (corrupt): ")
        .says("bad-config: failed (configuration): .caulk.yaml:")
        .says("damaged: failed (corrupt): ");
    // A second run tries them again, and nothing else.
    plan(&organisation, &[]).exits(2).says("0 looked at, 4 unchanged, 2 skipped, 4 failed");
}

#[test]
fn a_repository_may_narrow_the_central_configuration_and_no_more() {
    let organisation = Organisation::new();
    organisation.add("narrow", &[(".caulk.yaml", "exclude: [app.yaml]\n"), ("app.yaml", &broken())]);
    organisation.add("widen", &[(".caulk.yaml", "exclude: [\"!a/\"]\n"), ("a/app.yaml", &broken())]);
    organisation.list(&["narrow".to_owned(), "widen".to_owned()]);
    fs::write(organisation.path("central.yaml"), "exclude: [a/]\n").expect("a file");
    plan(&organisation, &["--config", "central.yaml"]).exits(0).says("2 looked at");
    let entries = organisation.entries("caulk-sweep.jsonl");
    assert!(entries["local:narrow"]["files"].is_null());
    assert!(entries["local:widen"]["files"].is_null());
    assert!(entries["local:widen"]["disregarded"][0].as_str().expect("a word").contains("may not say"));
    plan(&organisation, &["--config", "absent.yaml"]).exits(2).says("absent.yaml");
}
