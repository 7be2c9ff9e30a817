//! `caulk review` with less than all permissions, on forks, and what is not trusted there.

use stand_in::{Access, Fault, Identity, Response, Server};

use crate::{
    command::{Machine, writes},
    review::{AT, app, deployment, opened},
};

const FORK: &str = "mallory/ops";

/// A pull request from a fork, whose head holds the files.
fn forked(server: &Server, base: &[(&str, &str)], head: &[(&str, Option<&str>)]) {
    server.create(AT, base);
    server.create_empty(FORK);
    server.settings(FORK, |fork| fork.fork_of = Some(AT.to_owned()));
    let status = std::process::Command::new("git")
        .args(["fetch", "--quiet", &server.path(AT).to_string_lossy(), "main:main"])
        .current_dir(server.path(FORK))
        .status();
    assert!(status.expect("git runs").success());
    server.commit(FORK, "work", "mallory", head);
    server.open(AT, "mallory", &format!("{FORK}:work"), "main", "A gift");
}

fn reader() -> Identity {
    Identity::actions(Access::Read)
}

#[test]
fn a_fork_whose_token_may_only_read_is_told_by_the_job() {
    let server = Server::start();
    forked(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(2)))]);
    let machine = Machine::new(&server, reader()).in_workflow(AT, 1, FORK);
    let ran = machine.caulk(&["review"]).exits(1).says("2 annotations in the job");
    let commands: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(commands.len(), 2, "{}", ran.out);
    assert!(commands[0].starts_with("::warning file=app.yaml,line=11,endLine=11,title="), "{}", commands[0]);
    assert!(commands[0].contains("%0A+          args: [\"server\"]"), "{}", commands[0]);
    let summary = std::fs::read_to_string(machine.job_summary()).expect("a summary");
    assert!(summary.contains("+          args: [\"server\"]"), "{summary}");
    assert_eq!(writes(&server), Vec::<String>::new());
}

#[test]
fn a_workflow_without_permissions_falls_back_and_says_what_is_missing() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(1)))]);
    let machine = Machine::new(&server, reader()).in_workflow(AT, 1, AT);
    let ran = machine.caulk(&["review"]).exits(1).says("1 annotation in the job");
    assert!(ran.err.contains("add `pull-requests: write` to `permissions:` of the job"), "{}", ran.err);
    assert!(ran.out.contains("::warning file=app.yaml"), "{}", ran.out);
}

#[test]
fn without_a_workflow_a_refusal_is_explained() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(1)))]);
    let machine = Machine::new(&server, Identity::app("caulk", Access::Read));
    let ran = machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(2);
    assert!(ran.err.contains("give the App `pull-requests: write` in its settings"), "{}", ran.err);
    let ran = Machine::bare(&server).caulk(&["review", "--repo", AT, "--pr", "1"]).exits(2);
    assert!(ran.err.contains("put one into GITHUB_TOKEN"), "{}", ran.err);
    Machine::new(&server, app()).caulk(&["review", "--repo", AT, "--pr", "9"]).exits(2).says("acme/ops#9");
    Machine::new(&server, app()).caulk(&["review", "--repo", AT]).exits(2).says("use --pr N");
}

#[test]
fn a_person_has_one_comment_in_place_of_the_check() {
    let server = Server::start();
    // One container is mended by a suggestion; the other's line ends cannot be suggested.
    let windows = deployment(1).replace('\n', "\r\n");
    let head = [("app.yaml", Some(deployment(1))), ("b.yaml", Some(windows))];
    let head: Vec<(&str, Option<&str>)> = head.iter().map(|(path, text)| (*path, text.as_deref())).collect();
    opened(&server, &[("README.md", "ops\n")], &head);
    let machine = Machine::new(&server, Identity::person("bob", Access::Write));
    let review = || machine.caulk(&["review", "--repo", AT, "--pr", "1"]);
    review().exits(1).says("1 annotation in a comment");
    let pull = server.pull(AT, 1);
    let [comment] = pull.comments.as_slice() else { panic!("{:?}", pull.comments) };
    assert!(
        comment.body.contains("b.yaml:11") && comment.body.contains("carriage return"),
        "{}",
        comment.body
    );
    let before = writes(&server).len();
    review().exits(1);
    // The check run is tried, and nothing else.
    assert_eq!(writes(&server).len(), before + 1, "{:?}", writes(&server));
    server.commit(AT, "work", "alice", &[("b.yaml", None)]);
    review().exits(1);
    let pull = server.pull(AT, 1);
    assert_eq!(pull.comments.len(), 1);
    assert!(!pull.comments[0].body.contains("b.yaml"), "{}", pull.comments[0].body);
}

#[test]
fn the_configuration_of_a_forks_head_has_no_say() {
    let hostile = "exclude: [\"*.yaml\"]\nrules: { entrypoint-overridden: { enabled: false } }\n";
    for own in [hostile, "exclude: {\n", "images: [{ image: ghcr.io/goauthentik/server, entrypoint: [] }]\n"]
    {
        let server = Server::start();
        let head = [(".caulk.yaml", Some(own)), ("app.yaml", Some(&*deployment(1)))];
        forked(&server, &[("README.md", "ops\n")], &head);
        let ran = Machine::new(&server, app()).caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1);
        assert!(ran.out.contains("comments: 1 made"), "{}", ran.out);
        assert!(ran.out.contains("the head's own .caulk.yaml is not looked at"), "{}", ran.out);
    }
}

#[test]
fn the_configuration_of_the_base_counts_on_forks_and_the_heads_own_elsewhere() {
    let quiet = "rules: { entrypoint-overridden: { enabled: false } }\n";
    let server = Server::start();
    forked(&server, &[(".caulk.yaml", quiet)], &[("app.yaml", Some(&deployment(1)))]);
    Machine::new(&server, app()).caulk(&["review", "--repo", AT, "--pr", "1"]).exits(0);

    let server = Server::start();
    let head = [(".caulk.yaml", Some(quiet)), ("app.yaml", Some(&*deployment(1)))];
    opened(&server, &[("README.md", "ops\n")], &head);
    Machine::new(&server, app()).caulk(&["review", "--repo", AT, "--pr", "1"]).exits(0);
}

#[test]
fn the_token_of_an_app_is_made_for_the_repository() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(1)))]);
    server.install(7, "caulk", "acme", Access::Write);
    let machine = Machine::bare(&server);
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "rsa", "-m", "PEM", "-N", "", "-f", "key.pem"])
        .current_dir(machine.folder())
        .status();
    assert!(made.expect("ssh-keygen runs").success());
    let args = ["review", "--repo", AT, "--pr", "1", "--app-id", "7", "--app-key", "key.pem"];
    machine.caulk(&args).exits(1).says("comments: 1 made");
    assert_eq!(server.pull(AT, 1).review_comments[0].author, "caulk[bot]");
}

#[test]
fn no_line_of_the_log_is_a_command_that_a_manifest_wrote() {
    let server = Server::start();
    let evil = deployment(1).replace("name: c0", "name: \"x ##[add-mask]y\"");
    let head = [("::error::x.yaml", Some(evil.as_str()))];
    opened(&server, &[("README.md", "ops\n")], &head);
    let machine = Machine::new(&server, reader()).in_workflow(AT, 1, AT);
    let ran = machine.caulk(&["review"]).exits(1);
    assert!(!ran.out.contains("##[") && !ran.err.contains("##["), "{}{}", ran.out, ran.err);
    let commands = ran.out.lines().filter(|line| line.trim_start().starts_with("::")).count();
    assert_eq!(commands, 1, "{}", ran.out);
}

#[test]
fn events_of_no_pull_request_are_no_mistake_where_there_is_nothing_to_review() {
    let server = Server::start();
    server.create(AT, &[("app.yaml", &deployment(1))]);
    let on = |event: &str| {
        let machine = Machine::new(&server, reader());
        let path = machine.folder().join("event.json");
        let text = format!("{{\"repository\":{{\"full_name\":\"{AT}\"}}}}");
        std::fs::write(&path, text).expect("a file");
        machine
            .with("GITHUB_ACTIONS", "true")
            .with("GITHUB_EVENT_NAME", event)
            .with("GITHUB_EVENT_PATH", &path.to_string_lossy())
            .caulk(&["review"])
    };
    for event in ["merge_group", "push"] {
        on(event).exits(0).says(&format!("`{event}` is about no pull request"));
    }
    for event in ["issue_comment", "workflow_run"] {
        on(event).exits(2).says(&format!("the event `{event}` does not say which pull request to review"));
    }
    assert_eq!(server.calls(), Vec::<String>::new());
}

#[test]
fn a_token_that_a_server_sends_back_is_told_to_nobody() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(1)))]);
    let token = server.sign_in(app());
    let machine = Machine::bare(&server).with("GITHUB_TOKEN", &token);
    let echo = format!("bad header Bearer {token}");
    let message = |status, body: serde_json::Value| Fault::Answer(Response::json(status, &body));
    let refused = || message(422, serde_json::json!({ "message": echo }));
    let pair = {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        STANDARD.encode(format!("x-access-token:{token}"))
    };
    let line = format!("ERR bad header Basic {pair} {token}");
    let packet =
        Response { status: 200, headers: Vec::new(), body: format!("{:04x}{line}", line.len() + 4).into() };
    let packet = packet.with("content-type", "application/x-git-upload-pack-advertisement");
    let malformed = serde_json::json!({ "number": echo });
    for (call, fault) in [
        ("GET /repos/acme/ops/pulls/1", refused()),
        ("GET /repos/acme/ops/pulls/1", message(200, malformed)),
        ("info/refs", Fault::Answer(packet)),
    ] {
        server.fail(1, call, fault);
        let ran = machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(2).says("***");
        assert!(!ran.err.contains(&token) && !ran.err.contains(&pair), "{call}: {}", ran.err);
    }
    // What is refused of single comments is told in the check, for everybody to read.
    server.fail(1, "POST /repos/acme/ops/pulls/1/reviews", refused());
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1);
    let told = format!("{:?}", server.checks(AT));
    assert!(told.contains("bad header Bearer ***") && !told.contains(&token), "{told}");
    server.fail(9, "GET /repos/acme/ops/pulls", refused());
    for more in [&[][..], &["--json"]] {
        let ran = machine.caulk(&[&["doctor", "--repo", AT], more].concat()).exits(1);
        assert!(!ran.out.contains(&token), "{}", ran.out);
    }
}
