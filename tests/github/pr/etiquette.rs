//! Each row of the etiquette: a situation, a run, and what is on the server afterwards.

use stand_in::{Access, Identity};

use super::{BRANCH, Stage, broken, deployment, mended};
use crate::{command::Ran, world::REPOSITORY};

#[test]
fn a_pull_request_is_opened_and_the_next_run_writes_nothing() {
    let stage = Stage::broken();
    ["ann", "bob"].iter().for_each(|login| stage.server.person(login));
    stage.pr(&["--label", "gitops", "--assignee", "ann", "--reviewer", "bob"]).exits(0).says("opened");
    stage.holds_one_mend_of(&["a"]);
    let pull = stage.only();
    assert!(pull.open && !pull.draft);
    assert_eq!((&*pull.title, &*pull.author), ("fix: mend 1 place in 1 file", "caulk[bot]"));
    assert_eq!(
        (&pull.labels, &pull.assignees, &pull.reviewers),
        (&vec!["gitops".to_owned()], &vec!["ann".to_owned()], &vec!["bob".to_owned()])
    );
    assert!(pull.body.contains("+          args: [\"server\"]"), "{}", pull.body);
    let head = stage.server.branch(REPOSITORY, BRANCH).expect("a branch");
    assert!(pull.body.lines().last().expect("a marker").contains(&head), "{}", pull.body);
    stage.server.forget();
    let told = stage.pr(&["--label", "gitops", "--assignee", "ann", "--reviewer", "bob", "--format", "json"]);
    assert_eq!(stage.writes(), Vec::<String>::new());
    let told = told.exits(0).json();
    assert_eq!(told["pull_requests"][0]["state"], "unchanged");
    assert_eq!(told["pull_requests"][0]["number"], 1);
}

#[test]
fn a_dry_run_tells_everything_and_needs_no_permission() {
    let stage = Stage::with(&[("a.yaml", &broken("a"))], Identity::app("caulk", Access::Read));
    let ran = stage.pr(&["--dry-run"]).exits(1).says("would be opened");
    let ran =
        ran.says("create the branch caulk/mend").says("commit on caulk/mend").says("open the pull request");
    ran.says("+          args: [\"server\"]").says("title: fix: mend 1 place in 1 file");
    assert_eq!(stage.writes(), Vec::<String>::new());
    assert_eq!(stage.server.branches(REPOSITORY), ["main"]);
    stage.pr(&[]).exits(2).says("the App may not do that here");
}

#[test]
fn a_dry_run_of_what_anybody_may_read_needs_no_token() {
    let stage = Stage::broken();
    let run = |options: &[&str]| {
        let mut command = stage.command(stage.folder.path(), &[&["--repo", REPOSITORY], options].concat());
        Ran::of(&command.env_remove("GITHUB_TOKEN").output().expect("caulk runs"))
    };
    run(&["--dry-run"]).exits(1).says("would be opened").says("open the pull request");
    run(&[]).exits(2).says("there is no token");
    assert_eq!(stage.writes(), Vec::<String>::new());
}

#[test]
fn another_content_updates_the_same_pull_request() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(&[]).exits(0).says("updated");
    stage.holds_one_mend_of(&["a", "b"]);
    let pull = stage.only();
    assert!(pull.open);
    assert_eq!(pull.title, "fix: mend 2 places in 2 files");
    assert!(pull.body.contains("b.yaml"));
}

#[test]
fn what_people_take_off_a_pull_request_stays_off() {
    let stage = Stage::broken();
    stage.pr(&["--label", "gitops"]).exits(0);
    stage.server.label(REPOSITORY, 1, "ann", "gitops", false);
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(&["--label", "gitops"]).exits(0).says("updated");
    assert_eq!(stage.only().labels, Vec::<String>::new());
}

#[test]
fn what_people_closed_stays_closed_until_the_content_changes() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.server.close(REPOSITORY, 1, "ann");
    stage.server.forget();
    stage.pr(&[]).exits(0).says("closed without merging");
    stage.server.commit(REPOSITORY, "main", "ann", &[("notes.txt", Some("the base moves\n"))]);
    stage.pr(&[]).exits(0).says("closed without merging");
    assert_eq!(stage.writes(), Vec::<String>::new());
    assert!(!stage.only().open);
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(&[]).exits(0).says("opened");
    let pulls = stage.server.pulls(REPOSITORY);
    assert_eq!(pulls.iter().map(|pull| pull.open).collect::<Vec<_>>(), [false, true]);
    stage.holds_one_mend_of(&["a", "b"]);
}

#[test]
fn a_closed_pull_request_stays_closed_also_without_its_marker() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.server.edit(REPOSITORY, 1, |pull| pull.body = "Not now.".to_owned());
    stage.server.close(REPOSITORY, 1, "ann");
    stage.server.delete_branch(REPOSITORY, BRANCH);
    stage.pr(&[]).exits(0).says("closed without merging");
    assert!(!stage.only().open);
}

#[test]
fn a_branch_that_people_deleted_is_a_pull_request_that_they_closed() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.server.delete_branch(REPOSITORY, BRANCH);
    assert!(!stage.only().open);
    stage.pr(&[]).exits(0).says("closed without merging");
    assert_eq!(stage.server.branches(REPOSITORY), ["main"]);
}

#[test]
fn peoples_commits_are_never_overwritten_and_told_of_once() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    let theirs = stage.server.commit(REPOSITORY, BRANCH, "ann", &[("notes.txt", Some("mine\n"))]);
    stage.pr(&[]).exits(0).says("right as it is");
    assert!(stage.only().comments.is_empty());
    stage.server.commit(REPOSITORY, "main", "bob", &[("b.yaml", Some(&broken("b")))]);
    for _ in 0..3 {
        stage.pr(&[]).exits(1).says("somebody else worked on the branch");
    }
    assert_eq!(stage.server.branch(REPOSITORY, BRANCH), Some(theirs.clone()));
    let pull = stage.only();
    assert!(pull.open);
    assert_eq!(pull.comments.len(), 1, "{:#?}", pull.comments);
    stage.server.commit(REPOSITORY, "main", "bob", &[("a.yaml", Some(&mended("a"))), ("b.yaml", None)]);
    for _ in 0..2 {
        stage.pr(&[]).exits(1).says("somebody else worked on the branch");
    }
    assert_eq!(stage.server.branch(REPOSITORY, BRANCH), Some(theirs));
    let pull = stage.only();
    assert!(pull.open, "it is theirs now");
    assert_eq!(pull.comments.len(), 2, "{:#?}", pull.comments);
}

#[test]
fn a_forged_marker_does_not_make_peoples_commits_ours() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    let base = stage.server.branch(REPOSITORY, "main").expect("main");
    let ours = stage.server.branch(REPOSITORY, BRANCH).expect("a branch");
    let theirs = stage.server.commit(
        REPOSITORY,
        BRANCH,
        "mallory",
        &[("a.yaml", Some(&deployment("a", "args: [x]")))],
    );
    stage.server.edit(REPOSITORY, 1, |pull| pull.body = pull.body.replace(&ours, &theirs));
    stage.server.commit(REPOSITORY, "main", "bob", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(&[]).exits(1).says("somebody else worked on the branch");
    assert_eq!(stage.server.branch(REPOSITORY, BRANCH), Some(theirs));
    // A commit that bears our name and words, and holds something else.
    let message = stage.server.commits(REPOSITORY, &base, &ours)[0].message.clone();
    let stolen = recommit(&stage, &base, &message);
    stage.pr(&[]).exits(1).says("no longer holds what caulk put into it");
    assert_eq!(stage.server.branch(REPOSITORY, BRANCH), Some(stolen));
}

/// Puts a commit on the branch in our name, with our message and somebody's content.
fn recommit(stage: &Stage, base: &str, message: &str) -> String {
    let git = git2::Repository::open_bare(stage.server.path(REPOSITORY)).expect("a repository");
    let parent = git.find_commit(base.parse().expect("a name")).expect("a commit");
    let mut update = git2::build::TreeUpdateBuilder::new();
    update.upsert("a.yaml", git.blob(b"theirs: true\n").expect("a blob"), git2::FileMode::Blob);
    let tree = update.create_updated(&git, &parent.tree().expect("a tree")).expect("a tree");
    let ours = stage.server.commits(REPOSITORY, base, BRANCH)[0].author.clone();
    let author = git2::Signature::now(&ours.0, &ours.1).expect("an author");
    let tree = git.find_tree(tree).expect("a tree");
    let made = git.commit(None, &author, &author, message, &tree, &[&parent]).expect("a commit").to_string();
    stage.server.set_branch(REPOSITORY, BRANCH, &made);
    made
}

#[test]
fn a_moved_base_is_built_upon_without_closing_the_pull_request() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.server.commit(REPOSITORY, "main", "ann", &[("notes.txt", Some("the base moves\n"))]);
    stage.pr(&["--rebuild", "content-changed"]).exits(0).says("right as it is");
    stage.pr(&[]).exits(0).says("updated");
    stage.holds_one_mend_of(&["a"]);
    let pull = stage.only();
    assert!(pull.open);
    assert!(!pull.events.iter().any(|event| event.event == "closed"), "{:#?}", pull.events);
    stage.server.forget();
    stage.pr(&[]).exits(0).says("right as it is");
    assert_eq!(stage.writes(), Vec::<String>::new());
}

#[test]
fn what_was_fixed_elsewhere_is_closed_with_the_reason() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.server.commit(REPOSITORY, "main", "ann", &[("a.yaml", Some(&mended("a")))]);
    for _ in 0..2 {
        stage.pr(&[]).exits(0);
    }
    let pull = stage.only();
    assert!(!pull.open);
    assert_eq!(pull.comments.len(), 1);
    assert!(pull.comments[0].body.contains("does not need this any more"), "{}", pull.comments[0].body);
    assert_eq!(stage.server.branches(REPOSITORY), ["main"]);
    // Nobody declined it: should it come back, it is proposed again.
    stage.server.commit(REPOSITORY, "main", "ann", &[("a.yaml", Some(&broken("a")))]);
    stage.pr(&[]).exits(0).says("opened");
    stage.holds_one_mend_of(&["a"]);
}

#[test]
fn nothing_is_closed_while_a_file_of_it_cannot_be_read() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.server.commit(REPOSITORY, "main", "ann", &[("a.yaml", Some("kind: [\n"))]);
    stage.pr(&[]).exits(1).says("could not be read");
    assert!(stage.only().open);
}

#[test]
fn after_a_merge_the_branch_goes_and_new_mends_come_as_a_new_pull_request() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.server.merge(REPOSITORY, 1, "ann");
    stage.pr(&[]).exits(0).says("nothing to change");
    assert_eq!(stage.server.branches(REPOSITORY), ["main"]);
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(&[]).exits(0).says("opened");
    assert_eq!(stage.server.pulls(REPOSITORY).len(), 2);
    stage.holds_one_mend_of(&["a", "b"]);
}

#[test]
fn a_fork_with_the_same_branch_name_is_not_confused_with_ours() {
    let stage = Stage::broken();
    let person = stage.server.sign_in(Identity::person("mallory", Access::Read));
    drop(person);
    stage.server.create("mallory/app", &[("a.yaml", &broken("a"))]);
    stage.server.settings("mallory/app", |fork| fork.fork_of = Some(REPOSITORY.to_owned()));
    stage.server.commit("mallory/app", BRANCH, "mallory", &[("a.yaml", Some("kind: Evil\n"))]);
    let number = stage.server.open(REPOSITORY, "mallory", &format!("mallory/app:{BRANCH}"), "main", "x");
    stage.pr(&[]).exits(0).says("opened");
    let pulls = stage.server.pulls(REPOSITORY);
    assert_eq!(pulls.len(), 2);
    let ours = pulls.iter().find(|pull| pull.number != number).expect("ours");
    assert_eq!((&*ours.head_repository, &*ours.author), (REPOSITORY, "caulk[bot]"));
    stage.server.forget();
    stage.pr(&[]).exits(0).says("right as it is");
    assert_eq!(stage.writes(), Vec::<String>::new());
}

#[test]
fn somebody_elses_branch_or_pull_request_is_left_alone() {
    let stage = Stage::broken();
    let theirs = stage.server.commit(REPOSITORY, BRANCH, "ann", &[("notes.txt", Some("mine\n"))]);
    stage.pr(&[]).exits(1).says("not ours");
    stage.server.open(REPOSITORY, "ann", BRANCH, "main", "Mine");
    stage.pr(&[]).exits(1).says("ann opened #1");
    assert_eq!(stage.server.branch(REPOSITORY, BRANCH), Some(theirs));
    let pull = stage.only();
    assert!(pull.open && pull.comments.is_empty() && pull.title == "Mine");
    stage.pr(&["--branch", "caulk/other"]).exits(0).says("opened");
}

#[test]
fn an_earlier_accounts_pull_request_is_ours_where_the_user_says_so() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    let other = stage.server.sign_in(Identity::app("fixer", Access::Write));
    let stage = Stage { token: other, ..stage };
    stage.server.commit(REPOSITORY, "main", "ann", &[("b.yaml", Some(&broken("b")))]);
    stage.pr(&[]).exits(1).says("caulk[bot] opened #1");
    stage.pr(&["--account", "caulk[bot]"]).exits(0).says("updated");
    stage.holds_one_mend_of(&["a", "b"]);
    assert!(stage.only().open);
}

#[test]
fn no_more_are_open_than_may_be() {
    let files: &[(&str, &str)] =
        &[("apps/a/a.yaml", &broken("a")), ("apps/b/b.yaml", &broken("b")), ("c.yaml", &broken("c"))];
    for (limit, why) in
        [("--max-open", "no more may be (max-open)"), ("--max-per-hour", "no more may be (max-per-hour)")]
    {
        let stage = Stage::new(files);
        stage.pr(&["--per", "path:apps/*", limit, "2"]).exits(1).says(why);
        assert_eq!(stage.server.pulls(REPOSITORY).len(), 2);
        stage.pr(&["--per", "path:apps/*"]).exits(0);
        assert_eq!(stage.server.pulls(REPOSITORY).len(), 3);
    }
}

#[test]
fn each_folder_has_its_pull_request_which_goes_when_it_is_right() {
    let files: &[(&str, &str)] =
        &[("apps/a/a.yaml", &broken("a")), ("apps/b/b.yaml", &broken("b")), ("c.yaml", &broken("c"))];
    let stage = Stage::new(files);
    stage.pr(&["--per", "path:apps/*"]).exits(0);
    let pulls = stage.server.pulls(REPOSITORY);
    let changed = |pull: &stand_in::Pull| {
        let mended = files.iter().filter(|(path, old)| {
            stage.server.file(REPOSITORY, &pull.head_branch, path).as_deref() != Some(*old)
        });
        mended.map(|(path, _)| *path).collect::<Vec<_>>()
    };
    let all: Vec<_> = pulls.iter().map(changed).collect();
    assert_eq!(all, [vec!["apps/a/a.yaml"], vec!["apps/b/b.yaml"], vec!["c.yaml"]]);
    stage.server.commit(REPOSITORY, "main", "ann", &[("apps/a/a.yaml", Some(&mended("a")))]);
    stage.pr(&["--per", "path:apps/*"]).exits(0);
    let open: Vec<bool> = stage.server.pulls(REPOSITORY).iter().map(|pull| pull.open).collect();
    assert_eq!(open, [false, true, true]);
    assert_eq!(stage.server.branches(REPOSITORY).len(), 3);
    // One that cannot be read now may still be broken.
    stage.server.commit(REPOSITORY, "main", "ann", &[("apps/b/b.yaml", Some("kind: [\n"))]);
    stage.pr(&["--per", "path:apps/*"]).exits(1).says("could not be read");
    let open: Vec<bool> = stage.server.pulls(REPOSITORY).iter().map(|pull| pull.open).collect();
    assert_eq!(open, [false, true, true]);
}

#[test]
fn each_rule_has_its_pull_request() {
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: redis\n  namespace: authentik\n";
    let host = deployment(
        "a",
        "command: [\"server\"]\n          env:\n            - name: REDIS_HOST\n              value: redis",
    );
    let stage = Stage::new(&[
        ("a.yaml", &host),
        ("redis.yaml", service),
        (".caulk.yaml", "cluster-domain: cluster.local\n"),
    ]);
    stage.pr(&["--per", "rule"]).exits(0);
    let branches: Vec<String> =
        stage.server.pulls(REPOSITORY).into_iter().map(|pull| pull.head_branch).collect();
    assert_eq!(branches, ["caulk/mend--entrypoint-overridden", "caulk/mend--short-service-host"]);
    let hosts = stage.server.file(REPOSITORY, &branches[1], "a.yaml").expect("a file");
    assert!(hosts.contains("command:") && hosts.contains("redis.authentik.svc.cluster.local"), "{hosts}");
}

#[test]
fn mends_that_are_divided_otherwise_are_not_said_to_be_needless() {
    let stage = Stage::broken();
    stage.pr(&[]).exits(0);
    stage.pr(&["--per", "rule"]).exits(0).says("closed");
    let pulls = stage.server.pulls(REPOSITORY);
    let state: Vec<_> = pulls.iter().map(|pull| (pull.head_branch.as_str(), pull.open)).collect();
    assert_eq!(state, [(BRANCH, false), ("caulk/mend--entrypoint-overridden", true)]);
    let told = &pulls[0].comments;
    assert!(told[0].body.contains("belongs to `caulk/mend--entrypoint-overridden`"), "{told:?}");
    assert_eq!(stage.server.branches(REPOSITORY), ["caulk/mend--entrypoint-overridden", "main"]);
    // And back again.
    stage.pr(&[]).exits(0).says("closed");
    let pulls = stage.server.pulls(REPOSITORY);
    assert_eq!(pulls.iter().map(|pull| pull.open).collect::<Vec<_>>(), [false, false, true]);
    let told = &pulls[1].comments;
    assert!(told[0].body.contains("belongs to `caulk/mend`"), "{told:?}");
    stage.holds_one_mend_of(&["a"]);
}
