//! Branches that live in a fork, however it is called and whatever its account does in it.

use stand_in::{Access, Identity};

use super::{BRANCH, Stage, broken, mended};
use crate::world::REPOSITORY;

const FORK: &[&str] = &["--fork"];

fn stage() -> Stage {
    Stage::with(&[("a.yaml", &broken("a"))], Identity::person("helper", Access::Read))
}

#[test]
fn a_fork_is_found_by_whatever_name_it_has() {
    let stage = stage();
    stage.server.create("helper/app", &[("mine.txt", "another project\n")]);
    stage.pr(FORK).exits(0).says("opened");
    assert_eq!(stage.only().head_repository, "helper/app-1");
    stage.server.forget();
    stage.pr(FORK).exits(0).says("right as it is");
    assert_eq!(stage.writes(), Vec::<String>::new());
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(FORK).exits(0).says("updated");
    assert_eq!(stage.server.file("helper/app-1", BRANCH, "b.yaml"), Some(mended("b")));
    stage.server.close(REPOSITORY, 1, "ann");
    stage.pr(&["--fork", "--dry-run"]).exits(0).says("closed without merging");
    stage.pr(FORK).exits(0).says("closed without merging");
    assert!(!stage.only().open);
    assert_eq!(stage.server.branches("helper/app"), ["main"]);
}

#[test]
fn a_fork_that_is_not_listed_is_the_one_that_github_hands_out() {
    let stage = stage();
    stage.server.create("helper/app", &[("mine.txt", "another project\n")]);
    stage.pr(FORK).exits(0).says("opened");
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    let none = stand_in::Fault::Answer(stand_in::Response::json(200, &serde_json::json!([])));
    stage.server.fail(9, "GET /repos/acme/app/forks", none);
    stage.pr(FORK).exits(0).says("updated");
    assert!(stage.only().open);
    assert_eq!(stage.server.file("helper/app-1", BRANCH, "b.yaml"), Some(mended("b")));
}

#[test]
fn what_was_declined_stays_declined_when_the_fork_is_gone() {
    let stage = stage();
    stage.pr(FORK).exits(0).says("opened");
    stage.server.close(REPOSITORY, 1, "ann");
    stage.server.rename("helper/app", "helper/old");
    stage.server.settings("helper/old", |fork| fork.fork_of = None);
    stage.server.forget();
    stage.pr(FORK).exits(0).says("closed without merging");
    assert_eq!(stage.writes(), Vec::<String>::new());
}

#[test]
fn what_the_account_does_on_its_own_base_branch_is_left_alone() {
    let stage = stage();
    stage.pr(FORK).exits(0).says("opened");
    let theirs = stage.server.commit("helper/app", "main", "helper", &[("mine.txt", Some("mine\n"))]);
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    // On GitHub a fork shares all objects with what it comes from.
    let fork = git2::Repository::open_bare(stage.server.path("helper/app")).expect("a fork");
    let path = stage.server.path(REPOSITORY);
    let mut remote = fork.remote_anonymous(&path.to_string_lossy()).expect("a remote");
    remote.fetch(&["+refs/heads/main:refs/shared/main"], None, None).expect("a fetch");
    stage.pr(FORK).exits(0).says("updated");
    assert_eq!(stage.server.file("helper/app", BRANCH, "b.yaml"), Some(mended("b")));
    assert_eq!(stage.server.branch("helper/app", "main"), Some(theirs));
}
