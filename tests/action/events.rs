//! The Action at each event: annotations, summary, SARIF, outputs and exit code.

use serde_json::{Value, json};

use crate::{
    runner::{Ran, Repository},
    tools::{BROKEN, git},
};

const NOBODY: &str = "0000000000000000000000000000000000000000";

#[track_caller]
fn assert_told(ran: &Ran) {
    assert!(!ran.green, "a finding fails the job: {}", ran.log());
    let errors = ran.annotations("error");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!((errors[0].0.as_str(), errors[0].1.as_str()), ("apps/app.yaml", "11"));
    assert!(errors[0].2.contains("`command` replaces the image's entrypoint"), "{errors:?}");
    let summary = ran.summary();
    assert!(summary.contains("1 finding in 2 files. `caulk fix --write` mends 1 place."), "{summary}");
    assert!(summary.contains("+          args: [\"server\"]"), "{summary}");
    for (name, value) in [
        ("findings", "1"),
        ("fixed", "0"),
        ("changed-files", "[\"apps/app.yaml\"]"),
        ("exit-code", "1"),
        ("pull-request-number", ""),
        ("pull-request-url", ""),
        ("sarif-file", "out/caulk.sarif"),
    ] {
        assert_eq!(ran.output(name), value, "{name}");
    }
    let report: Value = serde_json::from_str(&ran.left("report")).expect("a report");
    assert_eq!(report["summary"]["exit_code"], 1);
    assert!(ran.left("patch").contains("+          args: [\"server\"]"));
    let sarif: Value = serde_json::from_str(&ran.left("sarif")).expect("SARIF");
    assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(1));
    assert_eq!(ran.left("diff"), "", "to check is to change nothing");
}

fn checked() -> Repository {
    Repository::new(
        &[("apps/app.yaml", BROKEN), ("apps/other.yaml", "a: 1\n")],
        &[("sarif-file", "out/caulk.sarif"), ("paths", "apps/app.yaml\napps/other.yaml")],
    )
}

#[test]
fn every_event_is_told_in_every_way() {
    let repository = checked();
    let pull_request = json!({ "number": 7, "pull_request": { "number": 7, "base": { "sha": NOBODY } } });
    let fork = json!({
        "number": 7,
        "pull_request": { "number": 7, "base": { "sha": NOBODY }, "head": { "repo": { "fork": true } } },
    });
    for (event, payload) in [
        ("push", json!({ "ref": "refs/heads/main", "before": NOBODY })),
        ("pull_request", pull_request),
        ("pull_request", fork),
        ("merge_group", json!({ "merge_group": { "base_sha": NOBODY } })),
        ("schedule", json!({ "schedule": "0 4 * * *" })),
        ("workflow_dispatch", json!({})),
    ] {
        let Some(ran) = repository.on(event, &payload) else { return };
        assert_told(&ran);
    }
}

#[test]
fn what_is_right_is_green_and_says_so() {
    let mended = BROKEN.replace("command:", "args:");
    let repository = Repository::new(&[("app.yaml", &mended)], &[]);
    let Some(ran) = repository.on("push", &json!({})) else { return };
    assert!(ran.green, "{}", ran.log());
    assert_eq!(ran.annotations("error"), []);
    assert!(ran.summary().contains("Nothing found in 1 file."), "{}", ran.summary());
    assert_eq!((ran.output("findings"), ran.output("exit-code")), ("0".to_owned(), "0".to_owned()));
}

#[test]
fn to_fix_changes_the_checkout() {
    let repository = Repository::new(&[("app.yaml", BROKEN)], &[("mode", "fix")]);
    let Some(ran) = repository.on("push", &json!({})) else { return };
    assert!(ran.green, "{}", ran.log());
    assert!(ran.left("diff").contains("+          args: [\"server\"]"), "{}", ran.left("diff"));
    assert_eq!((ran.output("fixed"), ran.output("exit-code")), ("1".to_owned(), "0".to_owned()));
    let notices = ran.annotations("notice");
    assert!(
        notices.iter().any(|(file, _, text)| file == "app.yaml" && text.contains("Mended: ")),
        "{notices:?}"
    );
}

#[test]
fn a_merge_queue_only_checks() {
    let repository = Repository::new(&[("app.yaml", BROKEN)], &[("mode", "fix")]);
    let Some(ran) = repository.on("merge_group", &json!({})) else { return };
    assert!(!ran.green);
    assert_eq!(ran.left("diff"), "");
    assert!(
        ran.annotations("notice").iter().any(|(_, _, text)| text.contains("this only checks")),
        "{}",
        ran.log()
    );
}

#[test]
fn the_strangers_event_with_your_token_is_refused() {
    let repository = Repository::new(&[("app.yaml", BROKEN)], &[]);
    let Some(ran) = repository.on("pull_request_target", &json!({})) else { return };
    assert!(!ran.green);
    let errors = ran.annotations("error");
    assert!(
        errors.iter().any(|(_, _, text)| text.contains("does not run on pull_request_target")),
        "{errors:?}"
    );
}

#[test]
fn only_what_is_new_is_told_with_the_history_at_hand() {
    let repository = Repository::new(&[("old.yaml", BROKEN)], &[("changed-only", "true")]);
    let before = git(&repository.work(), &["rev-parse", "HEAD"]).trim().to_owned();
    std::fs::write(repository.work().join("new.yaml"), BROKEN.replace("name: app", "name: new"))
        .expect("a file");
    repository.commit();
    for (event, payload) in [
        ("push", json!({ "before": before })),
        ("pull_request", json!({ "pull_request": { "number": 7, "base": { "sha": before } } })),
        ("merge_group", json!({ "merge_group": { "base_sha": before } })),
    ] {
        let Some(ran) = repository.on(event, &payload) else { return };
        assert_eq!(ran.output("changed-files"), "[\"new.yaml\"]", "{event}: {}", ran.log());
    }
    let Some(ran) = repository.on("push", &json!({ "before": NOBODY })) else { return };
    assert_eq!(ran.output("changed-files"), "[\"new.yaml\",\"old.yaml\"]");
    assert!(ran.annotations("notice").iter().any(|(_, _, text)| text.contains("all findings are told")));
}

#[test]
fn hostile_names_are_names_in_the_log_and_the_outputs() {
    let name = "::error::x%0A::set-output name=findings::99\n::warning::y,z.yaml";
    let hostile = BROKEN.replace("name: app\n", "name: \"::error::owned\"\n");
    let repository = Repository::new(&[(name, &hostile)], &[]);
    let Some(ran) = repository.on("push", &json!({})) else { return };
    assert_eq!(ran.output("findings"), "1", "{}", ran.log());
    let files: Vec<String> = serde_json::from_str(&ran.output("changed-files")).expect("a list");
    assert_eq!(files, [name]);
    assert_eq!(ran.annotations("error").len(), 1, "{}", ran.log());
    assert_eq!(ran.annotations("warning"), [], "{}", ran.log());
}
