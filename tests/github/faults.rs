//! What the client makes of servers that fail: what was done is found again, and nothing is done twice.

use std::{sync::Arc, time::Duration};

use caulk::github::{Addition, Client, CommitMessage, Error, NewPull};
use stand_in::{Access, Fault, Identity, Response, Server};

use crate::world::{Impatient, REPOSITORY, client, name, patient, start};

const BRANCH: &str = "caulk/mend";

/// The ways in which nobody knows whether a request was carried out.
fn uncertain() -> Vec<(&'static str, Fault)> {
    vec![
        ("cut before", Fault::DropBefore),
        ("cut after", Fault::DropAfter),
        ("502 before", Fault::status(502, false)),
        ("502 after", Fault::status(502, true)),
        ("503 after", Fault::status(503, true)),
        (
            "a body that is cut after",
            Fault::AnswerAfter(Response { body: b"{".to_vec(), ..Response::empty(201) }),
        ),
    ]
}

fn commit(server: &Server, client: &Client) -> Result<String, Error> {
    let head = server.branch(REPOSITORY, "main").expect("a branch");
    let message = CommitMessage { headline: "Mend".to_owned(), body: String::new() };
    let additions = [Addition { path: "deploy.yaml".to_owned(), bytes: b"kind: Job\n".to_vec() }];
    client.commit_on_branch(&name(REPOSITORY), BRANCH, &head, &message, &additions)
}

fn new_pull() -> NewPull {
    NewPull {
        title: "Mend".to_owned(),
        body: "A body.".to_owned(),
        head: format!("acme:{BRANCH}"),
        base: "main".to_owned(),
        draft: false,
        maintainer_can_modify: None,
    }
}

#[test]
fn a_commit_is_made_once() {
    for (what, fault) in uncertain() {
        let (server, client) = start();
        let head = server.branch(REPOSITORY, "main").expect("a branch");
        client.create_branch(&name(REPOSITORY), BRANCH, &head).expect("a branch");
        server.fail(1, "GraphQL createCommitOnBranch", fault);
        let made = commit(&server, &client).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(server.branch(REPOSITORY, BRANCH), Some(made), "{what}");
        assert_eq!(server.commits(REPOSITORY, "main", BRANCH).len(), 1, "{what}");
    }
}

#[test]
fn a_pull_request_is_opened_once() {
    for (what, fault) in uncertain() {
        let (server, client) = start();
        server.commit(REPOSITORY, BRANCH, "alice", &[("x.yaml", Some("x: 1\n"))]);
        server.fail(1, "POST /repos/acme/app/pulls", fault);
        let made = client.create_pull(&name(REPOSITORY), &name(REPOSITORY), &new_pull());
        assert_eq!(made.unwrap_or_else(|error| panic!("{what}: {error}")).number, 1, "{what}");
        assert_eq!(server.pulls(REPOSITORY).len(), 1, "{what}");
    }
}

#[test]
fn a_branch_and_a_comment_are_made_once() {
    for (what, fault) in uncertain() {
        let (server, client) = start();
        let head = server.branch(REPOSITORY, "main").expect("a branch");
        server.fail(1, "POST /repos/acme/app/git/refs", fault.clone());
        client
            .create_branch(&name(REPOSITORY), BRANCH, &head)
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        commit(&server, &client).expect("a commit");
        client.create_pull(&name(REPOSITORY), &name(REPOSITORY), &new_pull()).expect("a pull request");
        server.fail(1, "POST /repos/acme/app/issues/1/comments", fault);
        let said = client.comment_once(&name(REPOSITORY), 1, "caulk", "<!-- m -->", "Hello <!-- m -->");
        said.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(server.pull(REPOSITORY, 1).comments.len(), 1, "{what}");
    }
}

#[test]
fn reads_are_repeated_and_end() {
    for fault in [Fault::DropBefore, Fault::status(500, false), Fault::status(504, false)] {
        let (server, client) = start();
        server.fail(3, "GET /repos/acme/app", fault.clone());
        client.repository(&name(REPOSITORY)).expect("the fourth attempt is answered");
        server.forget();
        server.fail(99, "GET /repos/acme/app", fault);
        client.repository(&name(REPOSITORY)).expect_err("it never answers");
        assert_eq!(server.exchanges().len(), 4);
    }
}

#[test]
fn limits_are_waited_for_as_long_as_github_says() {
    let cases = [
        (Fault::retry_after(403, 7), 7),
        (Fault::retry_after(429, 11), 11),
        (Fault::secondary(), 60),
        (Fault::exhausted(1_800_000_030), 31),
    ];
    for (fault, seconds) in cases {
        let server = Server::start();
        server.create(REPOSITORY, &[("a.yaml", "a: 1\n")]);
        let clock = Arc::new(Impatient::default());
        let client = patient(&server, Identity::app("caulk", Access::Write), Arc::clone(&clock) as _);
        let head = server.branch(REPOSITORY, "main").expect("a branch");
        server.fail(1, "POST /repos/acme/app/git/refs", fault);
        // A request that was limited was not carried out, so even a POST may be sent again.
        client.create_branch(&name(REPOSITORY), BRANCH, &head).expect("the second attempt");
        assert_eq!(clock.waited(), Duration::from_secs(seconds));
    }
}

#[test]
fn a_limit_of_an_hour_is_not_waited_for() {
    let (server, client) = start();
    server.fail(1, "GET /repos/acme/app", Fault::exhausted(1_800_003_000));
    let error = client.repository(&name(REPOSITORY)).expect_err("too long");
    assert_eq!(error, Error::Limited(3001));
}

#[test]
fn a_server_that_hangs_is_left() {
    let server = Server::start();
    server.create(REPOSITORY, &[("a.yaml", "a: 1\n")]);
    let token = server.sign_in(Identity::app("caulk", Access::Write));
    let credentials = caulk::github::Credentials::Token(token.into());
    let mut settings = caulk::github::Settings::new(server.url(), credentials);
    settings.patience.silence = Duration::from_millis(200);
    settings.clock = Arc::new(Impatient::default());
    let client = Client::new(settings).expect("a client");
    server.fail(1, "GET /repos/acme/app", Fault::Hang(Duration::from_secs(3)));
    client.repository(&name(REPOSITORY)).expect("the second attempt is answered");
}

#[test]
fn refusals_are_told_in_githubs_words_and_without_the_token() {
    let (server, _) = start();
    server.settings(REPOSITORY, |repository| repository.private = true);
    let unseen = client(&server, Identity::app("other", Access::None));
    assert!(unseen.repository(&name(REPOSITORY)).expect_err("it is private").is_missing());
    let reader = client(&server, Identity::app("reader", Access::Read));
    let head = server.branch(REPOSITORY, "main").expect("a branch");
    let refused = reader.create_branch(&name(REPOSITORY), BRANCH, &head).expect_err("it may only read");
    assert_eq!(refused.status(), Some(403));
    assert!(refused.says("Resource not accessible by integration"), "{refused}");
    assert!(refused.says("contents=write"), "{refused}");
    let wrong = caulk::github::Credentials::Token("ghp_wrongsecret".to_owned().into());
    let wrong = crate::world::with(&server, wrong, Arc::new(Impatient::default()));
    let refused = wrong.repository(&name(REPOSITORY)).expect_err("nobody");
    assert_eq!(refused.status(), Some(401));
    assert!(!format!("{refused} {refused:?}").contains("wrongsecret"));
}
