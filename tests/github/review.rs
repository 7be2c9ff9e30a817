//! `caulk review`: comments come, change, go, and are never repeated.

use stand_in::{Access, Fault, Identity, Response, Server};

use crate::command::{Machine, writes};

pub(crate) const AT: &str = "acme/ops";

pub(crate) fn container(name: &str) -> String {
    format!(
        "        - name: {name}\n          image: ghcr.io/goauthentik/server:2024.12.1\n          command: [\"server\"]\n"
    )
}

/// A Deployment with so many broken containers; the first stands at the lines 9 to 11.
pub(crate) fn deployment(containers: usize) -> String {
    let mut text = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    spec:\n      containers:\n".to_owned();
    (0..containers).for_each(|number| text.push_str(&container(&format!("c{number}"))));
    text
}

/// A configuration that states what another image runs.
const OTHER: &str = "images: [{ image: ghcr.io/acme/other, entrypoint: [tini, --, other], forwards: own-program, arguments: [server], absent: [server] }]\n";

/// The same manifest with that image in its first container.
fn with_other(text: &str) -> String {
    text.replacen("goauthentik/server", "acme/other", 1)
}

pub(crate) fn mended(containers: usize) -> String {
    deployment(containers).replace("command:", "args:")
}

/// A repository with a pull request of one commit; returns its number.
pub(crate) fn opened(server: &Server, base: &[(&str, &str)], head: &[(&str, Option<&str>)]) -> u64 {
    server.create(AT, base);
    server.commit(AT, "work", "alice", head);
    server.open(AT, "alice", "work", "main", "Work")
}

pub(crate) fn app() -> Identity {
    Identity::app("caulk", Access::Write)
}

/// The open conversations of a pull request: path, first and last line.
fn open(server: &Server) -> Vec<(String, u32, u32)> {
    let comments = server.pull(AT, 1).review_comments;
    let open = comments.iter().filter(|comment| comment.resolved_by.is_none());
    open.filter_map(|comment| {
        let last = comment.line?;
        Some((comment.path.clone(), comment.start_line.unwrap_or(last), last))
    })
    .collect()
}

#[test]
fn a_finding_becomes_a_comment_once_and_a_check() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(1)))]);
    let machine = Machine::new(&server, app());
    let ran = machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("comments: 1 made");
    assert!(ran.out.contains("app.yaml:11"), "{}", ran.out);
    let pull = server.pull(AT, 1);
    assert_eq!(pull.reviews.len(), 1);
    let [comment] = pull.review_comments.as_slice() else { panic!("{:?}", pull.review_comments) };
    assert_eq!((comment.path.as_str(), comment.line, comment.start_line), ("app.yaml", Some(11), None));
    assert!(comment.body.contains("```suggestion\n          args: [\"server\"]\n```\n"), "{}", comment.body);
    let [check] = &server.checks(AT)[..] else { panic!("{:?}", server.checks(AT)) };
    assert_eq!(check.given["conclusion"], "failure");
    assert_eq!(check.given["head_sha"], pull.head.as_str());

    server.forget();
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("comments: 1 unchanged");
    assert_eq!(writes(&server), Vec::<String>::new());
}

#[test]
fn nothing_is_told_where_nothing_is_wrong() {
    let server = Server::start();
    opened(&server, &[("old.yaml", &deployment(2))], &[("app.yaml", Some(&mended(1)))]);
    let machine = Machine::new(&server, app());
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(0).says("2 findings elsewhere");
    let pull = server.pull(AT, 1);
    assert!(pull.reviews.is_empty() && pull.comments.is_empty());
    let checks = server.checks(AT);
    assert_eq!(checks[0].given["conclusion"], "success");
    let summary = checks[0].given["output"]["summary"].as_str().expect("a summary");
    assert!(summary.contains("2 findings that this pull request does not touch"), "{summary}");
}

#[test]
fn a_dry_run_and_a_closed_pull_request_write_nothing() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(1)))]);
    let machine = Machine::new(&server, app());
    let ran = machine.caulk(&["review", "--repo", AT, "--pr", "1", "--dry-run"]).exits(1);
    assert!(
        ran.out.contains("would make 1 comment") && ran.out.contains("args: [\"server\"]"),
        "{}",
        ran.out
    );
    server.close(AT, 1, "alice");
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(0).says("is closed");
    assert_eq!(writes(&server), Vec::<String>::new());
}

#[test]
fn comments_change_move_go_and_come_back() {
    let server = Server::start();
    opened(&server, &[(".caulk.yaml", OTHER)], &[("app.yaml", Some(&deployment(2)))]);
    let machine = Machine::new(&server, app());
    let review = || machine.caulk(&["review", "--repo", AT, "--pr", "1"]);
    review().exits(1).says("comments: 2 made");
    assert_eq!(open(&server), [("app.yaml".to_owned(), 11, 11), ("app.yaml".to_owned(), 14, 14)]);

    // The same lines, and another image: the text changes in its place.
    let newer = with_other(&deployment(2));
    server.commit(AT, "work", "alice", &[("app.yaml", Some(&newer))]);
    review().exits(1).says("comments: 1 changed, 1 unchanged");
    assert_eq!(server.pull(AT, 1).review_comments.len(), 2);

    // One is mended, and the other moves down by a line: what is outdated is resolved and told anew where it stands.
    let moved = format!("# A comment above.\n{}", newer.replacen("command:", "args:", 1));
    server.commit(AT, "work", "alice", &[("app.yaml", Some(&moved))]);
    review().exits(1).says("comments: 1 made, 2 resolved");
    assert_eq!(open(&server), [("app.yaml".to_owned(), 15, 15)]);

    // Back as it was: the conversation that caulk itself resolved stands again.
    server.commit(AT, "work", "alice", &[("app.yaml", Some(&newer))]);
    review().exits(1);
    assert_eq!(open(&server), [("app.yaml".to_owned(), 11, 11), ("app.yaml".to_owned(), 14, 14)]);

    // All is mended.
    server.commit(AT, "work", "alice", &[("app.yaml", Some(&mended(2)))]);
    review().exits(0);
    assert_eq!(open(&server), []);
    server.forget();
    review().exits(0);
    assert_eq!(writes(&server), Vec::<String>::new());
}

#[test]
fn a_head_that_was_pushed_by_force_is_looked_at_anew() {
    let server = Server::start();
    let base = server.create(AT, &[("README.md", "ops\n")]);
    server.commit(AT, "work", "alice", &[("app.yaml", Some(&deployment(1)))]);
    server.open(AT, "alice", "work", "main", "Work");
    let machine = Machine::new(&server, app());
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("comments: 1 made");
    server.set_branch(AT, "spare", &base);
    let other = server.commit(AT, "spare", "alice", &[("other.yaml", Some(&deployment(1)))]);
    server.set_branch(AT, "work", &other);
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("comments: 1 made, 1 resolved");
    assert_eq!(open(&server), [("other.yaml".to_owned(), 11, 11)]);
    let checks = server.checks(AT);
    assert_eq!(checks.last().expect("a check").given["head_sha"], other.as_str());
}

#[test]
fn what_a_person_resolved_stays_so_until_there_is_something_new_to_say() {
    let server = Server::start();
    opened(&server, &[(".caulk.yaml", OTHER)], &[("app.yaml", Some(&deployment(1)))]);
    let machine = Machine::new(&server, app());
    let review = || machine.caulk(&["review", "--repo", AT, "--pr", "1"]);
    review().exits(1);
    server.edit(AT, 1, |pull| pull.review_comments[0].resolved_by = Some("alice".to_owned()));
    review().exits(1).says("1 dismissed by a person");
    assert_eq!(server.pull(AT, 1).review_comments.len(), 1);
    let newer = with_other(&deployment(1));
    server.commit(AT, "work", "alice", &[("app.yaml", Some(&newer))]);
    review().exits(1).says("comments: 1 made");
}

#[test]
fn comments_of_others_are_left_alone_even_with_our_mark() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(1)))]);
    let machine = Machine::new(&server, app());
    let review = || machine.caulk(&["review", "--repo", AT, "--pr", "1"]);
    review().exits(1);
    server.edit(AT, 1, |pull| pull.review_comments[0].author = "mallory".to_owned());
    review().exits(1).says("comments: 1 made");
    server.commit(AT, "work", "alice", &[("app.yaml", Some(&mended(1)))]);
    review().exits(0).says("comments: 1 resolved");
    let comments = server.pull(AT, 1).review_comments;
    assert!(comments[0].author == "mallory" && comments[0].resolved_by.is_none());
}

#[test]
fn one_bad_comment_never_loses_the_review() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(4)))]);
    let machine = Machine::new(&server, app());
    // The whole review is refused, then its first half, then the first comment of that.
    let body =
        serde_json::json!({ "message": "Unprocessable Entity", "errors": ["Line could not be resolved"] });
    server.fail(3, "POST /repos/acme/ops/pulls/1/reviews", Fault::Answer(Response::json(422, &body)));
    let ran = machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("comments: 3 made");
    assert!(ran.out.contains("GitHub did not take the comment"), "{}", ran.out);
    assert_eq!(server.pull(AT, 1).review_comments.len(), 3);
    let checks = server.checks(AT);
    let [annotation] = checks[0].annotations.as_slice() else { panic!("{:?}", checks[0].annotations) };
    assert_eq!(annotation["start_line"], 11);
    assert!(annotation["message"].as_str().expect("a message").contains("+          args: [\"server\"]"));
}

#[test]
fn a_lost_answer_makes_no_comment_twice() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(3)))]);
    let machine = Machine::new(&server, app());
    server.fail(1, "POST /repos/acme/ops/pulls/1/reviews", Fault::status(502, true));
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("3 unchanged");
    assert_eq!(server.pull(AT, 1).review_comments.len(), 3);
    assert_eq!(server.checks(AT).len(), 1);
}

#[test]
fn a_conversation_that_may_not_be_resolved_says_itself_that_it_is_over() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(1)))]);
    let machine = Machine::new(&server, app());
    let review = || machine.caulk(&["review", "--repo", AT, "--pr", "1"]);
    review().exits(1);
    server.commit(AT, "work", "alice", &[("app.yaml", Some(&mended(1)))]);
    let body = serde_json::json!({ "data": { "resolveReviewThread": null }, "errors": [
        { "type": "FORBIDDEN", "message": "Resource not accessible by integration" }] });
    server.fail(9, "resolveReviewThread", Fault::Answer(Response::json(200, &body)));
    review().exits(0).says("comments: 1 resolved");
    let comment = server.pull(AT, 1).review_comments[0].clone();
    assert!(comment.body.starts_with("There is nothing to mend here any more."), "{}", comment.body);
    server.forget();
    review().exits(0);
    assert_eq!(writes(&server), Vec::<String>::new());
    // It comes back: the same comment says so.
    server.commit(AT, "work", "alice", &[("app.yaml", Some(&deployment(1)))]);
    review().exits(1).says("comments: 1 reopened");
    assert!(server.pull(AT, 1).review_comments[0].body.contains("```suggestion"));
}
