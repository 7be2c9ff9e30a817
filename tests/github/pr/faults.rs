//! Servers and networks that fail: nothing is done twice, and the next run heals what is left.

use std::process::Stdio;

use stand_in::{Fault, Response};

use super::{BRANCH, Stage, broken, mended};
use crate::{command::Ran, world::REPOSITORY};

/// The calls that write when a pull request is opened and when it is rebuilt.
const OPENING: &[&str] =
    &["POST /repos/acme/app/git/refs", "GraphQL createCommitOnBranch", "POST /repos/acme/app/pulls"];

#[test]
fn a_lost_answer_does_nothing_twice() {
    for call in OPENING {
        let stage = Stage::broken();
        stage.server.fail(1, call, Fault::DropAfter);
        stage.pr(&["--label", "gitops"]).exits(0).says("opened");
        stage.holds_one_mend_of(&["a"]);
        assert_eq!(stage.only().labels, ["gitops"], "{call}");
    }
}

#[test]
fn a_request_that_never_arrived_is_made_again() {
    for fault in [Fault::DropBefore, Fault::status(502, false), Fault::status(500, true)] {
        for call in OPENING {
            let stage = Stage::broken();
            stage.server.fail(1, call, fault.clone());
            stage.pr(&[]).exits(0).says("opened");
            stage.holds_one_mend_of(&["a"]);
            assert!(stage.only().open, "{call} {fault:?}");
        }
    }
}

#[test]
fn limits_are_waited_for() {
    let stage = Stage::broken();
    stage.server.fail(2, "POST /repos/acme/app/pulls", Fault::retry_after(403, 1));
    stage.pr(&[]).exits(0).says("opened");
    assert!(stage.only().open);
    let stage = Stage::broken();
    stage.server.fail(1, "GraphQL createCommitOnBranch", Fault::retry_after(429, 1));
    stage.pr(&[]).exits(0).says("opened");
    stage.holds_one_mend_of(&["a"]);
    let stage = Stage::broken();
    stage.server.fail(9, "POST /repos/acme/app/pulls", Fault::retry_after(403, 3600));
    stage.pr(&[]).exits(2).says("limits");
    stage.server.on_request(|_| None);
    stage.pr(&[]).exits(0).says("opened");
    stage.holds_one_mend_of(&["a"]);
}

#[test]
fn a_run_that_ended_between_two_steps_is_gone_on_with() {
    let refusal = || {
        let body = serde_json::json!({ "message": "Somebody pulled the plug" });
        Fault::Answer(Response::json(400, &body))
    };
    let rebuilding = ["GraphQL updateRefs", "DELETE /repos/acme/app/git/refs", "PATCH /repos/acme/app/pulls"];
    for call in OPENING.iter().chain(&rebuilding) {
        let stage = Stage::broken();
        stage.server.fail(1, call, refusal());
        let opened = stage.pr(&[]);
        if OPENING.contains(call) {
            opened.exits(2).says("Somebody pulled the plug");
            stage.pr(&[]).exits(0);
        }
        stage.server.on_request(|_| None);
        stage.holds_one_mend_of(&["a"]);
        stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
        stage.server.fail(1, call, refusal());
        let rebuilt = stage.pr(&[]);
        stage.server.on_request(|_| None);
        let rebuilt = if *call == "POST /repos/acme/app/pulls" { rebuilt.exits(0) } else { rebuilt.exits(2) };
        drop(rebuilt);
        stage.pr(&[]).exits(0);
        stage.holds_one_mend_of(&["a", "b"]);
        let pull = stage.only();
        assert!(pull.open && pull.body.contains("b.yaml"), "{call}: {}", pull.body);
        let head = stage.server.branch(REPOSITORY, BRANCH).expect("a branch");
        assert!(pull.body.contains(&head), "{call}");
    }
}

#[test]
fn a_closing_that_ended_halfway_is_gone_on_with() {
    for call in [
        "POST /repos/acme/app/issues/1/comments",
        "PATCH /repos/acme/app/pulls/1",
        "DELETE /repos/acme/app/git/refs",
    ] {
        for fault in
            [Fault::DropAfter, Fault::Answer(Response::json(400, &serde_json::json!({ "message": "no" })))]
        {
            let stage = Stage::broken();
            stage.pr(&[]).exits(0);
            stage.server.commit(REPOSITORY, "main", "ann", &[("a.yaml", Some(&super::mended("a")))]);
            stage.server.fail(1, call, fault);
            let _ = stage.pr(&[]);
            stage.pr(&[]).exits(0);
            let pull = stage.only();
            assert!(!pull.open && pull.comments.len() == 1, "{call}: {:#?}", pull.comments);
            assert_eq!(stage.server.branches(REPOSITORY), ["main"], "{call}");
        }
    }
}

#[test]
fn somebody_who_pushes_between_look_and_deed_is_not_overwritten() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    let path = stage.server.path(REPOSITORY);
    let mut done = false;
    // As the branch is about to be moved, somebody pushes to it.
    stage.server.on_request(move |seen| {
        if !done && seen.call.starts_with("GraphQL updateRefs") {
            done = true;
            let git = git2::Repository::open_bare(&path).expect("a repository");
            let head = git.find_reference("refs/heads/caulk/mend").and_then(|found| found.peel_to_commit());
            let head = head.expect("a commit");
            let ann = git2::Signature::now("ann", "ann@example.org").expect("an author");
            let tree = head.tree().expect("a tree");
            git.commit(Some("refs/heads/caulk/mend"), &ann, &ann, "Mine", &tree, &[&head]).expect("a commit");
        }
        None
    });
    stage.pr(&[]).exits(1).says("somebody moved the branch in the meantime");
    let last = stage.server.commits(REPOSITORY, "main", BRANCH).pop().expect("a commit");
    assert_eq!(last.message, "Mine");
    stage.server.on_request(|_| None);
    stage.pr(&[]).exits(1).says("somebody else worked on the branch");
    assert_eq!(stage.server.branches(REPOSITORY), [BRANCH, "main"], "no scratch is left");
}

#[test]
fn a_branch_is_moved_once_whatever_becomes_of_the_answer_and_also_by_old_servers() {
    let unknown = serde_json::json!({ "errors": [{ "message": "Field 'updateRefs' doesn't exist on type 'Mutation'" }] });
    let old = Fault::Answer(Response::json(200, &unknown));
    for fault in [Fault::DropBefore, Fault::DropAfter, Fault::status(502, true), old] {
        let stage = Stage::broken();
        stage.pr(&[]).exits(0);
        stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
        stage.server.fail(1, "GraphQL updateRefs", fault);
        stage.pr(&[]).exits(0).says("updated");
        stage.holds_one_mend_of(&["a", "b"]);
        assert!(stage.only().open);
    }
}

#[test]
fn refusals_are_told_in_the_servers_words_and_ours() {
    let stage =
        Stage::with(&[("a.yaml", &broken("a"))], stand_in::Identity::actions(stand_in::Access::Write));
    stage.server.settings(REPOSITORY, |repository| repository.actions_may_open_pulls = false);
    let ran = stage.pr(&[]).exits(2).says("not permitted to create or approve pull requests");
    let ran = ran.says("Allow GitHub Actions to create and approve pull requests");
    assert!(!ran.err.contains(&stage.token), "{}", ran.err);
    stage.server.settings(REPOSITORY, |repository| repository.actions_may_open_pulls = true);
    stage.pr(&[]).exits(0).says("opened");
    assert!(stage.only().body.contains("checks may not start by themselves"));
}

#[test]
fn a_branch_that_was_made_before_the_base_moved_is_gone_on_with() {
    for options in [&[][..], &["--commit-with", "git", "--author", "Bot <bot@acme.example>"]] {
        let stage = Stage::broken();
        let old = stage.server.branch(REPOSITORY, "main").expect("main");
        // As a run leaves it that died before its commit.
        stage.server.set_branch(REPOSITORY, BRANCH, &old);
        stage.server.commit(REPOSITORY, "main", "ann", &[("notes.txt", Some("the base moves\n"))]);
        stage.pr(options).exits(0).says("opened");
        stage.holds_one_mend_of(&["a"]);
        assert!(stage.only().open);
    }
    let stage = Stage::broken();
    let old = stage.server.branch(REPOSITORY, "main").expect("main");
    stage.server.set_branch(REPOSITORY, BRANCH, &old);
    stage.server.commit(REPOSITORY, "main", "ann", &[("a.yaml", Some(&mended("a")))]);
    stage.pr(&[]).exits(0).says("nothing to change");
    assert_eq!(stage.server.branches(REPOSITORY), ["main"]);
}

#[test]
fn runs_at_the_same_time_make_one_pull_request() {
    let stage = Stage::broken();
    let start = || {
        let mut command = stage.command(stage.folder.path(), &["--repo", REPOSITORY]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("caulk runs")
    };
    let runs: Vec<_> = (0..4).map(|_| start()).collect();
    let ended: Vec<Ran> =
        runs.into_iter().map(|run| Ran::of(&run.wait_with_output().expect("it ends"))).collect();
    assert!(ended.iter().any(|ran| ran.code == Some(0)), "{ended:?}");
    stage.pr(&[]).exits(0);
    stage.holds_one_mend_of(&["a"]);
    assert!(stage.only().open && stage.only().comments.is_empty());
}

#[test]
fn a_branch_in_the_way_is_named() {
    for (other, options) in [
        ("caulk", &[][..]),
        ("caulk/mend/x", &[][..]),
        ("caulk", &["--commit-with", "git", "--author", "Bot <bot@acme.example>"][..]),
    ] {
        let stage = Stage::broken();
        let main = stage.server.branch(REPOSITORY, "main").expect("main");
        stage.server.set_branch(REPOSITORY, other, &main);
        let ran = stage.pr(options).exits(2).says(&format!("the branch `{other}` is in the way"));
        ran.says("choose another --branch");
    }
}
