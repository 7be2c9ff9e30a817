//! Whose a branch is, where its name and a look at it would say that it is ours.

use super::{BRANCH, Stage, broken, mended};
use crate::world::REPOSITORY;

#[test]
fn nothing_is_committed_to_a_branch_that_changes_are_for() {
    let stage = Stage::broken();
    let main = stage.server.branch(REPOSITORY, "main").expect("main");
    for release in ["release", "release.scratch"] {
        stage.server.set_branch(REPOSITORY, release, &main);
    }
    let options: &[&[&str]] = &[
        &["--branch", "main"],
        &["--branch", "main", "--base", "release"],
        &["--branch", "release", "--base", "release"],
        &["--branch", "release", "--base", "release.scratch"],
        &["--branch", "main", "--commit-with", "git", "--author", "Bot <bot@acme.example>"],
        &["--branch", "main", "--dry-run"],
    ];
    for options in options {
        stage.pr(options).exits(2).says("choose another");
    }
    let own = "pull-request: { branch: main }\n";
    let now = stage.server.commit(REPOSITORY, "main", "ann", &[(".caulk.yaml", Some(own))]);
    stage.pr(&[]).exits(2).says("choose another");
    assert_eq!(stage.server.branch(REPOSITORY, "main"), Some(now));
    assert_eq!(stage.server.branch(REPOSITORY, "release"), Some(main));
    assert_eq!(stage.writes(), Vec::<String>::new());
}

#[test]
fn a_branch_that_the_base_has_passed_is_neither_taken_nor_deleted() {
    let stage = Stage::broken();
    let old = stage.server.branch(REPOSITORY, "main").expect("main");
    stage.server.set_branch(REPOSITORY, "v1", &old);
    stage.server.commit(REPOSITORY, "main", "ann", &[("notes.txt", Some("the base moves\n"))]);
    stage.pr(&["--branch", "v1"]).exits(1).says("not ours");
    let mends = [("a.yaml", Some(&*mended("a")))];
    let now = stage.server.commit(REPOSITORY, "main", "ann", &mends);
    stage.pr(&["--branch", "v1"]).exits(0).says("nothing to change");
    // Nor one that is at the base while there is nothing to change.
    stage.server.set_branch(REPOSITORY, "v2", &now);
    stage.pr(&["--branch", "v2"]).exits(0).says("nothing to change");
    assert_eq!(stage.server.branch(REPOSITORY, "v1"), Some(old));
    assert_eq!(stage.server.branch(REPOSITORY, "v2"), Some(now));
    assert_eq!(stage.writes(), Vec::<String>::new());
}

#[test]
fn what_is_left_of_a_merge_is_used_for_the_next_pull_request() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.server.merge(REPOSITORY, 1, "ann");
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    assert!(stage.server.branch(REPOSITORY, BRANCH).is_some());
    stage.pr(&[]).exits(0).says("opened");
    stage.holds_one_mend_of(&["a", "b"]);
    assert_eq!(stage.server.pulls(REPOSITORY).len(), 2);
}
