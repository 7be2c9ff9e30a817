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

/// How somebody amends our commit.
#[derive(Debug, Clone, Copy)]
enum Amended {
    Message,
    Mode,
    Content,
    /// It is put onto a commit of theirs.
    Parent,
}

/// Amends the last commit of our branch. Its author stays, as git has it, and the committer is whoever is named.
fn amend(stage: &Stage, what: Amended, committer: (&str, &str)) -> String {
    let git = git2::Repository::open_bare(stage.server.path(REPOSITORY)).expect("a repository");
    let head = stage.server.branch(REPOSITORY, BRANCH).expect("a branch").parse().expect("a name");
    let old = git.find_commit(head).expect("a commit");
    let mut parent = old.parent(0).expect("a parent");
    let (tree, words) = (old.tree().expect("a tree"), old.message().expect("words").to_owned());
    let file = tree.get_name("a.yaml").expect("a file").id();
    let mut update = git2::build::TreeUpdateBuilder::new();
    let words = match what {
        Amended::Message => words.replacen("fix: ", "fix!: ", 1),
        Amended::Mode => {
            update.upsert("a.yaml", file, git2::FileMode::BlobExecutable);
            words
        }
        Amended::Content => {
            update.upsert("a.yaml", git.blob(b"theirs: true\n").expect("a blob"), git2::FileMode::Blob);
            words
        }
        Amended::Parent => {
            let blob = git.blob(b"theirs\n").expect("a blob");
            update.upsert("theirs.txt", blob, git2::FileMode::Blob);
            let mut below = git2::build::TreeUpdateBuilder::new();
            below.upsert("theirs.txt", blob, git2::FileMode::Blob);
            let below = below.create_updated(&git, &parent.tree().expect("a tree")).expect("a tree");
            let (author, below) = (old.author(), git.find_tree(below).expect("a tree"));
            let made =
                git.commit(None, &author, &author, "my own work", &below, &[&parent]).expect("a commit");
            parent = git.find_commit(made).expect("a commit");
            words
        }
    };
    let tree = git.find_tree(update.create_updated(&git, &tree).expect("a tree")).expect("a tree");
    let committer = git2::Signature::now(committer.0, committer.1).expect("a committer");
    let made = git.commit(None, &old.author(), &committer, &words, &tree, &[&parent]).expect("a commit");
    stage.server.set_branch(REPOSITORY, BRANCH, &made.to_string());
    made.to_string()
}

const ANN: (&str, &str) = ("ann", "ann@example.org");
const SITE: (&str, &str) = ("GitHub", "noreply@github.com");

#[test]
fn what_people_amend_is_theirs() {
    for (what, committer) in [
        (Amended::Message, ANN),
        (Amended::Mode, ANN),
        (Amended::Mode, SITE),
        (Amended::Content, ANN),
        (Amended::Content, SITE),
        (Amended::Parent, SITE),
    ] {
        let stage = Stage::broken();
        stage.server.person("ann");
        stage.pr(&[]).exits(0);
        let theirs = amend(&stage, what, committer);
        stage.server.commit(REPOSITORY, "main", "bob", &[("b.yaml", Some(&broken("b")))]);
        stage.pr(&[]).exits(1).says("somebody else worked on the branch");
        assert_eq!(stage.server.branch(REPOSITORY, BRANCH), Some(theirs), "{what:?} by {committer:?}");
    }
}

#[test]
fn one_amended_file_among_hundreds_is_theirs_and_hundreds_of_ours_are_rebuilt() {
    let names: Vec<String> = (0..320).map(|number| format!("apps/{number:03}.yaml")).collect();
    let texts: Vec<String> = (0..320).map(|number| broken(&format!("app-{number}"))).collect();
    let broken_one = broken("a");
    let mut files: Vec<(&str, &str)> =
        names.iter().zip(&texts).map(|(name, text)| (&**name, &**text)).collect();
    files.push(("a.yaml", &broken_one));
    let stage = Stage::new(&files);
    stage.pr(&[]).exits(0);
    stage.server.commit(REPOSITORY, "main", "ann", &[("notes.txt", Some("the base moves\n"))]);
    stage.pr(&[]).exits(0).says("updated");
    assert_eq!(stage.server.commits(REPOSITORY, "main", BRANCH).len(), 1);
    let theirs = amend(&stage, Amended::Content, SITE);
    stage.server.commit(REPOSITORY, "main", "ann", &[("notes.txt", Some("it moves again\n"))]);
    stage.pr(&[]).exits(1).says("no longer holds what caulk put into it");
    assert_eq!(stage.server.branch(REPOSITORY, BRANCH), Some(theirs));
}

#[test]
fn a_base_that_was_rewritten_is_built_upon_and_nobody_is_accused() {
    let stage = Stage::broken();
    let first = stage.server.branch(REPOSITORY, "main").expect("main");
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(&[]).exits(0);
    stage.holds_one_mend_of(&["a", "b"]);
    stage.server.set_branch(REPOSITORY, "main", &first);
    stage.pr(&[]).exits(0).says("updated");
    stage.holds_one_mend_of(&["a"]);
    assert!(stage.only().open && stage.only().comments.is_empty());
}

#[test]
fn a_second_pull_request_of_our_branch_does_not_freeze_ours() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    let main = stage.server.branch(REPOSITORY, "main").expect("main");
    stage.server.set_branch(REPOSITORY, "release", &main);
    stage.server.open(REPOSITORY, "ann", BRANCH, "release", "Backport");
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(&[]).exits(0).says("#1, caulk/mend into main: updated");
    assert_eq!(stage.server.file(REPOSITORY, BRANCH, "b.yaml"), Some(mended("b")));
    let fixed = [("a.yaml", Some(&*mended("a"))), ("b.yaml", Some(&*mended("b")))];
    stage.server.commit(REPOSITORY, "main", "ann", &fixed);
    stage.pr(&[]).exits(0).says("#1, caulk/mend into main: closed");
    let open: Vec<bool> = stage.server.pulls(REPOSITORY).iter().map(|pull| pull.open).collect();
    assert_eq!(open, [false, true], "the branch of ann's stays");
}

#[test]
fn a_branch_that_somebody_builds_upon_is_not_deleted() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    let ours = stage.server.branch(REPOSITORY, BRANCH).expect("a branch");
    stage.server.set_branch(REPOSITORY, "more", &ours);
    stage.server.commit(REPOSITORY, "more", "ann", &[("notes.txt", Some("more\n"))]);
    stage.server.open(REPOSITORY, "ann", "more", BRANCH, "More");
    stage.server.commit(REPOSITORY, "main", "ann", &[("a.yaml", Some(&mended("a")))]);
    stage.pr(&[]).exits(0).says("closed");
    assert_eq!(stage.server.branch(REPOSITORY, BRANCH), Some(ours));
    let open: Vec<bool> = stage.server.pulls(REPOSITORY).iter().map(|pull| pull.open).collect();
    assert_eq!(open, [false, true]);
}

/// The same Deployment in a file that is longer by a comment, so that its blob is another and the change is not.
fn commented() -> String {
    format!("# a comment that comes\n{}", broken("a"))
}

#[test]
fn what_is_promised_for_a_deleted_branch_is_kept() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.server.commit(REPOSITORY, BRANCH, "ann", &[("notes.txt", Some("mine\n"))]);
    // The file moves on, and the change is the same: nothing is promised.
    stage.server.commit(REPOSITORY, "main", "bob", &[("a.yaml", Some(&commented()))]);
    stage.pr(&[]).exits(0).says("right as it is");
    assert!(stage.only().comments.is_empty());
    stage.server.commit(REPOSITORY, "main", "bob", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(&[]).exits(1);
    assert!(stage.only().comments[0].body.contains("delete the branch, and caulk proposes anew"));
    stage.server.delete_branch(REPOSITORY, BRANCH);
    stage.pr(&[]).exits(0).says("opened");
    // Where they amended ours, and what is wanted is the same, nothing is promised either.
    let stage = Stage::broken();
    stage.server.person("ann");
    stage.pr(&[]).exits(0);
    amend(&stage, Amended::Content, ANN);
    stage.server.commit(REPOSITORY, "main", "bob", &[("notes.txt", Some("the base moves\n"))]);
    stage.pr(&[]).exits(1).says("somebody else worked on the branch");
    assert!(stage.only().comments.is_empty());
}

#[test]
fn a_branch_is_rebuilt_for_another_change_alone_where_the_user_says_so() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.server.commit(REPOSITORY, "main", "ann", &[("a.yaml", Some(&commented()))]);
    stage.server.forget();
    stage.pr(&["--rebuild", "content-changed"]).exits(0).says("right as it is");
    assert_eq!(stage.writes(), Vec::<String>::new());
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(&["--rebuild", "content-changed"]).exits(0).says("updated");
}
