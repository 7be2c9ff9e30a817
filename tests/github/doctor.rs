//! `caulk doctor`: each missing thing is found and named, and none is made up where everything is in order.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
};

use serde_json::Value;
use stand_in::{Access, Fault, Identity, Response, Rule, Server};

use crate::{
    command::{Machine, writes},
    review::AT,
};

/// The states of everything that was looked at, by subject.
fn states(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().map(|check| (text(&check["subject"]), text(&check["state"]))).collect()
}

/// Runs the doctor, and returns what is in the given state.
fn in_state(machine: &Machine, state: &str, code: i32, more: &[&str]) -> Vec<String> {
    let mut args = vec!["doctor", "--json", "--repo", AT];
    args.extend(more);
    let report = machine.caulk(&args).exits(code).json();
    let found = states(&report).into_iter().filter(|(_, found)| found == state);
    found.map(|(subject, _)| subject).collect()
}

fn missing(machine: &Machine, more: &[&str]) -> Vec<String> {
    in_state(machine, "missing", 1, more)
}

fn server() -> Server {
    let server = Server::start();
    server.create(AT, &[("README.md", "ops\n")]);
    server
}

/// A machine that has kubectl, whatever else there is.
fn with_kubectl(machine: Machine) -> Machine {
    let folder = machine.folder().join("bin");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("kubectl"), "").expect("a file");
    let path = folder.to_string_lossy().into_owned();
    machine.with("PATH", &path)
}

fn admin() -> Identity {
    Identity::person("alice", Access::Admin)
}

fn key(machine: &Machine) {
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "rsa", "-m", "PEM", "-N", "", "-f", "key.pem"])
        .current_dir(machine.folder())
        .status();
    assert!(made.expect("ssh-keygen runs").success());
}

const APP: [&str; 4] = ["--app-id", "7", "--app-key", "key.pem"];

#[test]
fn a_healthy_setup_misses_nothing_whoever_asks() {
    let server = server();
    server.install(7, "caulk", "acme", Access::Write);
    let app = with_kubectl(Machine::bare(&server));
    key(&app);
    let report = app.caulk(&[&["doctor", "--json", "--repo", AT], &APP[..]].concat()).exits(0).json();
    let well = states(&report).into_iter().filter(|(_, state)| state == "ok").count();
    // The registries alone are not asked without --online.
    assert_eq!(well + 1, states(&report).len(), "{report:#}");

    let workflow = Machine::new(&server, Identity::actions(Access::Write)).in_workflow(AT, 1, AT);
    let person = Machine::new(&server, admin());
    for machine in [with_kubectl(workflow), with_kubectl(person)] {
        let none: Vec<String> = Vec::new();
        assert_eq!(in_state(&machine, "missing", 0, &[]), none);
        machine.caulk(&["doctor", "--repo", AT]).exits(0).says("ok");
    }
    assert_eq!(writes(&server), Vec::<String>::new(), "the doctor only reads");
}

#[test]
fn the_report_is_what_its_schema_says() {
    let server = server();
    let machine = Machine::new(&server, admin());
    let schema = std::process::Command::new(env!("CARGO_BIN_EXE_caulk")).args(["schema", "doctor"]).output();
    let schema: Value = serde_json::from_slice(&schema.expect("caulk runs").stdout).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let report = machine.caulk(&["doctor", "--json", "--repo", AT]).exits(0).json();
    let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{report:#}");
    assert!(!validator.is_valid(&serde_json::json!({ "version": 1 })));
}

#[test]
fn a_token_that_is_not_there_or_not_accepted_is_named() {
    let server = server();
    assert_eq!(missing(&Machine::bare(&server), &[]), ["token"]);
    let wrong = Machine::bare(&server).with("GITHUB_TOKEN", "ghp_wrong");
    assert_eq!(missing(&wrong, &[]), ["token"]);
    let ran = wrong.caulk(&["doctor", "--repo", AT]).exits(1);
    assert!(ran.out.contains("expired or revoked") && !ran.out.contains("ghp_wrong"), "{}", ran.out);
}

#[test]
fn scopes_and_access_that_are_too_small_are_named() {
    let server = server();
    let person = |access| Identity::person("alice", access);
    let narrow = Machine::new(&server, person(Access::Write).scoped("read:org, gist"));
    assert_eq!(missing(&narrow, &[]), ["permissions"]);
    narrow.caulk(&["doctor", "--repo", AT]).exits(1).says("the scope `public_repo` or `repo`");
    let public = Machine::new(&server, person(Access::Write).scoped("public_repo"));
    assert_eq!(in_state(&public, "missing", 0, &[]), Vec::<String>::new());
    server.settings(AT, |repository| repository.private = true);
    assert_eq!(missing(&public, &[]), ["permissions"]);
    let reader = Machine::new(&server, person(Access::Read));
    assert_eq!(missing(&reader, &[]), ["permissions"]);
    reader.caulk(&["doctor", "--repo", AT]).exits(1).says("write access");
}

#[test]
fn permissions_that_an_app_lacks_are_named_one_by_one() {
    let server = server();
    let machine = Machine::bare(&server);
    key(&machine);
    // Not installed at all.
    server.install(7, "caulk", "elsewhere", Access::Write);
    assert_eq!(missing(&machine, &APP), ["repository"]);
    let args = [&["doctor", "--repo", AT], &APP[..]].concat();
    machine.caulk(&args).exits(1).says("the App is not installed in this repository");
    // Another one is installed, and allowed to read alone.
    server.install(8, "reader", "acme", Access::Read);
    let reader = ["--app-id", "8", "--app-key", "key.pem"];
    assert_eq!(missing(&machine, &reader), ["permissions"]);
    let args = [&["doctor", "--repo", AT], &reader[..]].concat();
    machine.caulk(&args).exits(1).says("lacks `contents: write` and `pull-requests: write`");
    assert!(in_state(&machine, "limited", 1, &reader).contains(&"check-runs".to_owned()));
}

#[test]
fn a_workflow_whose_token_may_not_read_pull_requests_is_named() {
    let server = server();
    let machine = Machine::new(&server, Identity::actions(Access::Write)).in_workflow(AT, 1, AT);
    let body = serde_json::json!({ "message": "Resource not accessible by integration" });
    server.fail(9, "GET /repos/acme/ops/pulls", Fault::Answer(Response::json(403, &body)));
    assert_eq!(missing(&machine, &[]), ["permissions"]);
    machine
        .caulk(&["doctor", "--repo", AT])
        .exits(1)
        .says("add `pull-requests: read` to `permissions:` of the job");
}

#[test]
fn the_setting_that_lets_workflows_open_pull_requests_is_named() {
    let server = server();
    server.settings(AT, |repository| repository.actions_may_open_pulls = false);
    let seeing = Machine::new(&server, Identity::actions(Access::Admin)).in_workflow(AT, 1, AT);
    assert_eq!(missing(&seeing, &[]), ["actions-pull-requests"]);
    let ran = seeing.caulk(&["doctor", "--repo", AT]).exits(1);
    assert!(ran.out.contains("Allow GitHub Actions to create and approve pull requests"), "{}", ran.out);
    // A workflow's own token does not see the setting, and a person's does not need it.
    let blind = Machine::new(&server, Identity::actions(Access::Write)).in_workflow(AT, 1, AT);
    assert!(in_state(&blind, "unknown", 0, &[]).contains(&"actions-pull-requests".to_owned()));
    let person = Machine::new(&server, admin());
    assert!(in_state(&person, "limited", 0, &[]).contains(&"actions-pull-requests".to_owned()));
}

#[test]
fn protections_and_rulesets_of_the_branch_are_named() {
    let server = server();
    let machine = Machine::new(&server, admin());
    server.protect(AT, "caulk/*");
    assert_eq!(missing(&machine, &[]), ["branch"]);
    machine.caulk(&["doctor", "--repo", AT]).exits(1).says("the protection of `caulk/*` forbids any push");
    assert_eq!(in_state(&machine, "missing", 0, &["--branch", "bot/mend"]), Vec::<String>::new());

    let rule =
        |kind: &str, bypass| Rule { branch: "bot/mend".to_owned(), kind: kind.to_owned(), set: 3, bypass };
    server.settings(AT, |repository| {
        repository.rules = vec![rule("creation", false), rule("deletion", false)];
    });
    assert_eq!(missing(&machine, &["--branch", "bot/mend"]), ["branch"]);
    let ran = machine.caulk(&["doctor", "--repo", AT, "--branch", "bot/mend"]).exits(1);
    assert!(ran.out.contains("“Guarded branches” forbids making the branch (`creation`)"), "{}", ran.out);
    // Whoever may pass a rule by is not stopped by it, and this one stops nobody.
    server.settings(AT, |repository| {
        repository.rules = vec![rule("creation", true), rule("merge_queue", false)];
    });
    assert_eq!(in_state(&machine, "missing", 0, &["--branch", "bot/mend"]), Vec::<String>::new());
}

#[test]
fn protections_that_cannot_be_seen_are_no_clean_bill() {
    let server = server();
    let machine = Machine::new(&server, admin());
    let body = serde_json::json!({ "data": { "repository": null }, "errors": [
        { "type": "FORBIDDEN", "message": "Resource not accessible by integration" }] });
    server.fail(9, "GraphQL repository", Fault::Answer(Response::json(200, &body)));
    assert!(in_state(&machine, "unknown", 0, &[]).contains(&"branch".to_owned()));
    machine.caulk(&["doctor", "--repo", AT]).exits(0).says("the protections for `caulk/mend` cannot be seen");
}

#[test]
fn each_kind_of_protection_is_named() {
    let server = server();
    let machine = Machine::new(&server, admin());
    let kinds = [
        ("requiresStatusChecks", "pushing commits that no check has seen"),
        ("blocksCreations", "making the branch"),
        ("requiresCommitSignatures", "commits that are not signed"),
    ];
    for (field, what) in kinds {
        server.settings(AT, |repository| {
            let mut shown = serde_json::json!({ "pattern": "caulk/*" });
            shown[field] = true.into();
            repository.shown_protections = vec![shown];
        });
        assert_eq!(missing(&machine, &[]), ["branch"], "{field}");
        machine.caulk(&["doctor", "--repo", AT]).exits(1).says(what);
    }
}

#[test]
fn the_commits_of_apps_and_workflows_are_signed() {
    let server = server();
    server.settings(AT, |repository| {
        repository.shown_protections =
            vec![serde_json::json!({ "pattern": "caulk/*", "requiresCommitSignatures": true })];
        let kind = "required_signatures".to_owned();
        repository.rules = vec![Rule { branch: "caulk/mend".to_owned(), kind, set: 3, bypass: false }];
    });
    server.install(7, "caulk", "acme", Access::Write);
    let app = Machine::bare(&server);
    key(&app);
    assert_eq!(in_state(&app, "missing", 0, &APP), Vec::<String>::new());
    let workflow = Machine::new(&server, Identity::actions(Access::Write)).in_workflow(AT, 1, AT);
    assert_eq!(in_state(&workflow, "missing", 0, &[]), Vec::<String>::new());
    assert_eq!(missing(&Machine::new(&server, admin()), &[]), ["branch"]);
}

#[test]
fn without_a_repository_the_rest_is_looked_at_all_the_same() {
    let server = server();
    let ran = |machine: &Machine| machine.caulk(&["doctor", "--json"]).exits(1).json();
    let report = ran(&Machine::new(&server, admin()));
    assert!(report["repository"].is_null(), "{report:#}");
    let states = states(&report);
    let state =
        |subject: &str| states.iter().find(|(each, _)| each == subject).map(|(_, state)| state.as_str());
    assert_eq!(state("api"), Some("ok"));
    assert_eq!(state("token"), Some("ok"));
    assert_eq!(state("repository"), Some("missing"));
    assert_eq!(state("branch"), Some("unknown"));
    assert!(state("kubectl").is_some() && state("registries").is_some());
    let report = ran(&Machine::bare(&server).with("GITHUB_TOKEN", "ghp_wrong"));
    let bad =
        self::states(&report).into_iter().filter(|(_, state)| state == "missing").map(|(subject, _)| subject);
    assert_eq!(bad.collect::<Vec<_>>(), ["token", "repository"]);
    Machine::bare(&server).caulk(&["doctor"]).exits(1).says("--repo OWNER/NAME");
}

#[test]
fn no_word_of_our_own_sentences_is_masked() {
    let server = server();
    let ran = Machine::bare(&server).caulk(&["doctor", "--repo", AT]).exits(1);
    let whole = "put one into GITHUB_TOKEN, name its file with --token-file, or log in with `gh auth login`";
    assert!(ran.out.contains(whole) && !ran.out.contains("**"), "{}", ran.out);
    // What others wrote is masked all the same.
    let machine = Machine::new(&server, admin());
    let body = serde_json::json!({ "message": "bad password: hunter2hunter2" });
    server.fail(9, "GET /repos/acme/ops/pulls", Fault::Answer(Response::json(500, &body)));
    for args in [&["doctor", "--repo", AT][..], &["doctor", "--json", "--repo", AT]] {
        let ran = machine.caulk(args);
        assert!(!ran.out.contains("hunter2hunter2"), "{}", ran.out);
    }
}

#[test]
fn the_read_only_token_of_a_forks_pull_request_is_named() {
    let server = server();
    let fork = |event: &str| {
        let machine = Machine::new(&server, Identity::actions(Access::Read));
        machine.in_workflow(AT, 1, "mallory/ops").with("GITHUB_EVENT_NAME", event)
    };
    assert_eq!(missing(&fork("pull_request"), &[]), ["fork-token"]);
    assert_eq!(in_state(&fork("pull_request_target"), "missing", 0, &[]), Vec::<String>::new());
}

#[test]
fn archived_disabled_and_unseen_repositories_are_named() {
    let server = server();
    let machine = Machine::new(&server, admin());
    server.settings(AT, |repository| repository.archived = true);
    assert_eq!(missing(&machine, &[]), ["archived"]);
    server.settings(AT, |repository| (repository.archived, repository.disabled) = (false, true));
    assert_eq!(missing(&machine, &[]), ["disabled"]);
    server.settings(AT, |repository| (repository.disabled, repository.private) = (false, true));
    let stranger = Machine::new(&server, Identity::person("bob", Access::None));
    assert_eq!(missing(&stranger, &[]), ["repository"]);
    stranger.caulk(&["doctor", "--repo", AT]).exits(1).says("or the token may not see it");
}

#[test]
fn a_wrong_address_of_the_api_is_named() {
    let server = server();
    let machine = Machine::new(&server, admin());
    let at = |api: &str| {
        let report = machine.caulk_at(api, &["doctor", "--json", "--repo", AT]).exits(1).json();
        states(&report).into_iter().find(|(_, state)| state == "missing").map(|(subject, _)| subject)
    };
    // Another server, which answers in JSON that there is nothing; a server that is not there.
    assert_eq!(at(&nothing_there()).as_deref(), Some("api"));
    assert_eq!(at("http://127.0.0.1:9").as_deref(), Some("api"));
    // GitHub's site in place of its API answers with a page.
    let page = Response::json(404, &Value::Null).with("content-type", "text/html");
    server.fail(1, "GET /repos/acme/ops", Fault::Answer(page));
    let ran = machine.caulk(&["doctor", "--repo", AT]).exits(1);
    assert!(ran.out.contains("--api-url"), "{}", ran.out);
}

/// Starts a server that has nothing, and says so in JSON as many do. Returns its address.
fn nothing_there() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let body = "{\"message\":\"Not Found\"}";
            let head = "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-type: application/json";
            // The requests are short enough to come at once.
            let _ = stream.read(&mut [0; 8192]);
            let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        }
    });
    format!("http://{address}")
}

#[test]
fn a_machine_without_kubectl_works_with_less() {
    let server = server();
    let machine = Machine::new(&server, admin()).with("PATH", "/nowhere");
    assert!(in_state(&machine, "limited", 0, &[]).contains(&"kubectl".to_owned()));
}

#[test]
fn a_registry_that_does_not_let_us_read_is_named() {
    let server = server();
    let machine = Machine::new(&server, admin());
    std::fs::write(
        machine.folder().join("pod.yaml"),
        "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec:\n  containers:\n    - { name: a, image: \"127.0.0.1:9/acme/app:1\" }\n",
    )
    .expect("a file");
    // Nobody has allowed that registry, and then nobody answers there.
    assert_eq!(missing(&machine, &["--online"]), ["registries"]);
    machine.caulk(&["doctor", "--online", "--repo", AT]).exits(1).says("--registry");
    let allowed = ["--online", "--insecure-registry", "127.0.0.1:9"];
    assert_eq!(missing(&machine, &allowed), ["registries"]);
    assert!(in_state(&machine, "unknown", 0, &[]).contains(&"registries".to_owned()));
}
