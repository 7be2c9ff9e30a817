//! Every call of the client, against the server's real state.

use caulk::github::{
    Addition, Annotation, CheckRun, CommitMessage, Conclusion, Level, Listing, NewCheckRun, NewPull,
    NewReviewComment, PullPatch, PullState, TreeEntry,
};
use stand_in::{Access, Identity, Server};

use crate::world::{REPOSITORY, client, name, start};

const BRANCH: &str = "caulk/mend";

fn message(headline: &str) -> CommitMessage {
    CommitMessage { headline: headline.to_owned(), body: "Why.".to_owned() }
}

fn addition(path: &str, text: &str) -> Addition {
    Addition { path: path.to_owned(), bytes: text.as_bytes().to_vec() }
}

fn new_pull(head: &str) -> NewPull {
    NewPull {
        title: "Mend manifests".to_owned(),
        body: "The body.".to_owned(),
        head: head.to_owned(),
        base: "main".to_owned(),
        draft: false,
        maintainer_can_modify: None,
    }
}

/// Opens a pull request of one commit that changes `folder/app.yaml`.
fn opened(server: &Server, client: &caulk::github::Client) -> u64 {
    let head = server.branch(REPOSITORY, "main").expect("a branch");
    client.create_branch(&name(REPOSITORY), BRANCH, &head).expect("a branch");
    let additions = [addition("folder/app.yaml", "a: 1\nb: 3\nc: 3\n")];
    client
        .commit_on_branch(&name(REPOSITORY), BRANCH, &head, &message("Mend"), &additions)
        .expect("a commit");
    let new = new_pull(&format!("acme:{BRANCH}"));
    client.create_pull(&name(REPOSITORY), &name(REPOSITORY), &new).expect("a pull request").number
}

#[test]
fn a_repository_is_seen_with_what_the_token_may_do() {
    let (server, client) = start();
    let seen = client.repository(&name(REPOSITORY)).expect("a repository");
    assert_eq!((seen.full_name.as_str(), seen.default_branch.as_str()), (REPOSITORY, "main"));
    assert_eq!(seen.clone_url, format!("{}/{REPOSITORY}.git", server.url()));
    let permissions = seen.permissions.expect("permissions");
    assert!(permissions.push && permissions.pull && !permissions.admin);
    assert_eq!(client.viewer().expect("a viewer").login, "caulk[bot]");
    let text = client.contents(&name(REPOSITORY), "folder/app.yaml", "main").expect("a file");
    assert_eq!(text.as_deref(), Some("a: 1\nb: 2\nc: 3\n".as_bytes()));
    assert_eq!(client.contents(&name(REPOSITORY), "no.yaml", "main").expect("no file"), None);
    let missing = client.repository(&name("acme/none")).expect_err("there is none");
    assert!(missing.is_missing(), "{missing}");
}

#[test]
fn a_branch_is_made_moved_and_removed() {
    let (server, client) = start();
    let (repository, base) = (name(REPOSITORY), server.branch(REPOSITORY, "main").expect("a branch"));
    client.create_branch(&repository, BRANCH, &base).expect("a branch");
    client.create_branch(&repository, BRANCH, &base).expect("it is there already");
    assert_eq!(client.branch_head(&repository, BRANCH).expect("a head"), Some(base.clone()));
    assert_eq!(client.branch_head(&repository, "none").expect("no head"), None);
    let other = server.commit(REPOSITORY, "main", "alice", &[("x.yaml", Some("x: 1\n"))]);
    let elsewhere = client.create_branch(&repository, BRANCH, &other).expect_err("it is elsewhere");
    assert!(elsewhere.says("already exists"), "{elsewhere}");
    client.move_branch(&repository, BRANCH, &other, false).expect("forward");
    let back = client.move_branch(&repository, BRANCH, &base, false).expect_err("not forward");
    assert!(back.says("not a fast forward"), "{back}");
    client.move_branch(&repository, BRANCH, &base, true).expect("by force");
    let found = client.matching_refs(&repository, "heads/caulk/").expect("references");
    assert_eq!(found, [(format!("refs/heads/{BRANCH}"), base)]);
    client.delete_branch(&repository, BRANCH).expect("gone");
    client.delete_branch(&repository, BRANCH).expect("it is gone already");
    assert_eq!(server.branches(REPOSITORY), ["main"]);
}

#[test]
fn commits_are_made_in_both_ways() {
    let (server, client) = start();
    let (repository, base) = (name(REPOSITORY), server.branch(REPOSITORY, "main").expect("a branch"));
    client.create_branch(&repository, BRANCH, &base).expect("a branch");
    let additions = [addition("deploy.yaml", "kind: StatefulSet\n")];
    let one =
        client.commit_on_branch(&repository, BRANCH, &base, &message("One"), &additions).expect("a commit");
    assert_eq!(server.branch(REPOSITORY, BRANCH), Some(one.clone()));
    let stale = client.commit_on_branch(&repository, BRANCH, &base, &message("Two"), &additions);
    assert!(stale.expect_err("it moved").says("expected branch to point to"));

    let tree = client.tree_of(&repository, &one).expect("a tree");
    let entries = [TreeEntry { path: "run.sh", mode: "100755", kind: "blob", content: "#!/bin/sh\n" }];
    let tree = client.create_tree(&repository, &tree, &entries).expect("a tree");
    let two = client.create_commit(&repository, "Two\n\nWhy.", &tree, &one).expect("a commit");
    client.move_branch(&repository, BRANCH, &two, false).expect("forward");
    assert_eq!(server.file(REPOSITORY, BRANCH, "run.sh").as_deref(), Some("#!/bin/sh\n"));

    let comparison = client.compare(&repository, "main", BRANCH).expect("a comparison");
    assert_eq!((comparison.ahead_by, comparison.behind_by, comparison.commits.len()), (2, 0, 2));
    let author = |number: usize| comparison.commits[number].author.clone().expect("an account").login;
    assert_eq!((author(0).as_str(), author(1).as_str()), ("caulk[bot]", "caulk[bot]"));
    let committer = comparison.commits[0].committer.clone().expect("an account");
    assert_eq!(committer.login, "web-flow");
    let mut changed: Vec<(&str, &str)> =
        comparison.files.iter().map(|file| (file.filename.as_str(), file.status.as_str())).collect();
    changed.sort_unstable();
    assert_eq!(changed, [("deploy.yaml", "modified"), ("run.sh", "added")]);
}

#[test]
fn a_pull_request_lives_and_ends() {
    let (server, client) = start();
    let repository = name(REPOSITORY);
    let number = opened(&server, &client);
    let again = client.create_pull(&repository, &repository, &new_pull(&format!("acme:{BRANCH}")));
    assert_eq!(again.expect("the same one").number, number);
    assert_eq!(server.pulls(REPOSITORY).len(), 1);

    let patch = PullPatch { title: Some("Mend more".to_owned()), ..PullPatch::default() };
    assert_eq!(client.update_pull(&repository, number, &patch).expect("a change").title, "Mend more");
    let files = client.pull_files(&repository, number).expect("files");
    assert_eq!(
        (files.len(), files[0].filename.as_str(), files[0].status.as_str()),
        (1, "folder/app.yaml", "modified")
    );
    assert_eq!(files[0].patch.as_deref(), Some("@@ -1,3 +1,3 @@\n a: 1\n-b: 2\n+b: 3\n c: 3"));

    server.person("alice");
    client.add_labels(&repository, number, &["gitops".to_owned()]).expect("a label");
    client
        .add_assignees(&repository, number, &["alice".to_owned(), "nobody".to_owned()])
        .expect("one of two");
    client.request_reviewers(&repository, number, &["alice".to_owned(), "team:ops".to_owned()]).expect("two");
    let seen = client.pull(&repository, number).expect("a pull request");
    assert_eq!(seen.labels[0].name, "gitops");
    assert_eq!(seen.assignees.expect("one").len(), 1);
    assert_eq!(seen.requested_reviewers.expect("one")[0].login, "alice");
    let events: Vec<String> =
        client.events(&repository, number).expect("events").into_iter().map(|event| event.event).collect();
    assert_eq!(events, ["renamed", "labeled", "assigned", "review_requested", "review_requested"]);

    assert!(
        client
            .comment_once(&repository, number, "caulk[bot]", "<!-- one -->", "Hello <!-- one -->")
            .expect("one")
    );
    assert!(
        !client
            .comment_once(&repository, number, "caulk", "<!-- one -->", "Hello <!-- one -->")
            .expect("none")
    );
    assert_eq!(client.comments(&repository, number).expect("comments").len(), 1);

    let closed = PullPatch { state: Some(PullState::Closed), ..PullPatch::default() };
    client.update_pull(&repository, number, &closed).expect("closed");
    assert!(client.open_pulls(&repository).expect("none").is_empty());
    let all = client.pulls_of(&repository, repository.owner(), BRANCH, Some(&repository)).expect("one");
    assert_eq!((all.len(), all[0].state, all[0].merged_at.is_none()), (1, PullState::Closed, true));
}

#[test]
fn a_branch_that_is_put_back_closes_its_pull_request() {
    let (server, client) = start();
    let number = opened(&server, &client);
    let base = server.branch(REPOSITORY, "main").expect("a branch");
    client.move_branch(&name(REPOSITORY), BRANCH, &base, true).expect("by force");
    assert!(!server.pull(REPOSITORY, number).open);
    let refused =
        client.create_pull(&name(REPOSITORY), &name(REPOSITORY), &new_pull(&format!("acme:{BRANCH}")));
    assert!(refused.expect_err("nothing to merge").says("No commits between"));
}

#[test]
fn all_references_come_at_once() {
    let (server, client) = start();
    let base = server.branch(REPOSITORY, "main").expect("a branch");
    for number in 0..230 {
        server.set_branch(REPOSITORY, &format!("many/{number}"), &base);
    }
    assert_eq!(client.matching_refs(&name(REPOSITORY), "heads/many/").expect("references").len(), 230);
}

#[test]
fn a_review_is_taken_whole_or_not_at_all() {
    let (server, client) = start();
    let repository = name(REPOSITORY);
    let number = opened(&server, &client);
    let reviewer = crate::world::client(&server, Identity::app("reviewer", Access::Write));
    let head = server.pull(REPOSITORY, number).head;
    let comment = |line: u32| NewReviewComment {
        path: "folder/app.yaml".to_owned(),
        line,
        side: "RIGHT",
        start_line: (line > 1).then_some(1),
        start_side: (line > 1).then_some("RIGHT"),
        body: "```suggestion\nb: 4\n```".to_owned(),
    };
    let outside = reviewer.create_review(&repository, number, &head, "", &[comment(2), comment(9)]);
    assert_eq!(outside.expect_err("a line outside").status(), Some(422));
    assert!(server.pull(REPOSITORY, number).review_comments.is_empty());
    reviewer.create_review(&repository, number, &head, "Two.", &[comment(2), comment(3)]).expect("a review");
    let comments = reviewer.review_comments(&repository, number).expect("comments");
    assert_eq!(
        (comments.len(), comments[0].line, comments[0].path.as_str()),
        (2, Some(2), "folder/app.yaml")
    );
    reviewer.update_review_comment(&repository, comments[0].id, "Else.").expect("a change");
    assert_eq!(server.pull(REPOSITORY, number).review_comments[0].body, "Else.");
    let threads = reviewer.review_threads(&repository, number).expect("conversations");
    assert_eq!((threads.len(), threads[0].resolved, &threads[0].first), (2, false, &comments[0].node_id));
    reviewer.resolve_thread(&threads[0].id).expect("resolved");
    assert!(reviewer.review_threads(&repository, number).expect("conversations")[0].resolved);
}

#[test]
fn annotations_are_sent_in_portions() {
    let (server, client) = start();
    let head = server.branch(REPOSITORY, "main").expect("a branch");
    let annotation = |line: u32| Annotation {
        path: "deploy.yaml".to_owned(),
        start_line: line,
        end_line: line,
        annotation_level: Level::Warning,
        title: "A title".to_owned(),
        message: "A message".to_owned(),
    };
    let new = NewCheckRun {
        name: "caulk".to_owned(),
        head_sha: head.clone(),
        conclusion: Conclusion::Neutral,
        title: "Findings".to_owned(),
        summary: "Many.".to_owned(),
        annotations: (1..=120).map(annotation).collect(),
    };
    let run: CheckRun = client.create_check_run(&name(REPOSITORY), &new, "run-1").expect("a check run");
    let checks = server.checks(REPOSITORY);
    assert_eq!((checks.len(), checks[0].annotations.len()), (1, 120));
    let found = client.check_runs(&name(REPOSITORY), &head, "caulk").expect("check runs");
    assert_eq!((found.len(), found[0].id, found[0].external_id.as_deref()), (1, run.id, Some("run-1")));
}

#[test]
fn forks_are_made_once_and_brought_up_to_date() {
    let (server, _) = start();
    let client = client(&server, Identity::person("helper", Access::Read));
    let fork = client.fork(&name(REPOSITORY)).expect("a fork");
    assert_eq!((fork.full_name.as_str(), fork.fork), ("helper/app", true));
    assert_eq!(client.fork(&name(REPOSITORY)).expect("the same").id, fork.id);
    assert_eq!(
        client.repository(&name("helper/app")).expect("it").parent.expect("a parent").full_name,
        REPOSITORY
    );
    let newer = server.commit(REPOSITORY, "main", "alice", &[("x.yaml", Some("x: 1\n"))]);
    client.sync_fork(&name("helper/app"), "main").expect("up to date");
    assert_eq!(server.branch("helper/app", "main"), Some(newer.clone()));
    client.create_branch(&name("helper/app"), BRANCH, &newer).expect("a branch");
    let additions = [addition("x.yaml", "x: 2\n")];
    client
        .commit_on_branch(&name("helper/app"), BRANCH, &newer, &message("Mend"), &additions)
        .expect("a commit");
    let mut new = new_pull(&format!("helper:{BRANCH}"));
    new.maintainer_can_modify = Some(true);
    let pull = client.create_pull(&name(REPOSITORY), &name("helper/app"), &new).expect("a pull request");
    assert_eq!(pull.head.repo.expect("a repository").full_name, "helper/app");
    let compared = client.compare(&name(REPOSITORY), "main", &format!("helper:{BRANCH}")).expect("compared");
    assert_eq!(compared.ahead_by, 1);
    let refused = client.create_branch(&name(REPOSITORY), BRANCH, &newer).expect_err("it may only read");
    assert!(refused.says("Resource not accessible by personal access token"), "{refused}");
}

#[test]
fn many_repositories_are_looked_at_by_one_call() {
    let (server, client) = start();
    let number = opened(&server, &client);
    server.create_empty("acme/empty");
    server.settings(REPOSITORY, |repository| repository.topics.push("gitops".to_owned()));
    server.forget();
    let names = [name(REPOSITORY), name("acme/none"), name("acme/empty")];
    let heads = client.heads(&names, BRANCH).expect("heads");
    assert_eq!(server.exchanges().len(), 1);
    let first = heads[0].as_ref().expect("it is there");
    assert_eq!(
        first.default,
        Some(("main".to_owned(), server.branch(REPOSITORY, "main").expect("a branch")))
    );
    assert_eq!(
        (first.topics.len(), first.pulls[0].number, first.pulls[0].state.as_str()),
        (1, number, "OPEN")
    );
    assert_eq!(heads[1].as_ref().expect_err("there is none").kind.as_deref(), Some("NOT_FOUND"));
    assert_eq!(heads[2].as_ref().expect("it is there").default, None);
}

#[test]
fn an_owner_is_listed_a_page_a_call() {
    let (server, client) = start();
    for number in 0..5 {
        server.create_empty(&format!("acme/r{number}"));
    }
    server.create_empty("other/one");
    server.organisation("acme");
    for listing in [Listing::Owner("acme".to_owned()), Listing::Search("org:acme archived:false".to_owned())]
    {
        let page = client.list_heads(&listing, BRANCH, None, 4).expect("a page");
        assert_eq!((page.found.len(), page.total), (4, 6));
        let rest = client.list_heads(&listing, BRANCH, page.next.as_deref(), 4).expect("a page");
        assert_eq!((rest.found.len(), rest.next), (2, None));
        let last = rest.found[1].as_ref().expect("it is seen");
        assert_eq!((last.full_name.as_str(), last.default.is_none()), ("acme/r4", true));
    }
    let missing = client.list_heads(&Listing::Owner("nobody".to_owned()), BRANCH, None, 4);
    assert!(missing.expect_err("there is none").is_missing());
}

#[test]
fn pages_are_followed_to_the_end() {
    let (server, client) = start();
    let number = opened(&server, &client);
    for comment in 0..230 {
        server.comment(REPOSITORY, number, "alice", &format!("Number {comment}"));
    }
    let comments = client.comments(&name(REPOSITORY), number).expect("comments");
    assert_eq!((comments.len(), comments[229].body.as_deref()), (230, Some("Number 229")));
}

#[test]
fn an_app_works_by_its_installation() {
    let server = Server::start();
    server.create(REPOSITORY, &[("a.yaml", "a: 1\n")]);
    server.create("acme/other", &[("a.yaml", "a: 1\n")]);
    server.install(7, "caulk", "acme", Access::Write);
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    let mut keygen = std::process::Command::new("ssh-keygen");
    let made = keygen.args(["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f"]).arg(&key).status();
    assert!(made.expect("ssh-keygen runs").success());
    let credentials = caulk::github::Credentials::app(7, &key).expect("a key");
    let app =
        crate::world::with(&server, credentials, std::sync::Arc::new(crate::world::Impatient::default()));
    assert!(app.is_app());
    let installations = app.installations().expect("installations");
    assert_eq!(installations.len(), 1);
    let all = app.for_installation(installations[0].id).expect("a client");
    assert_eq!(all.installation_repositories(1).expect("repositories").len(), 2);
    let one = app.for_repository(&name(REPOSITORY)).expect("a client");
    assert!(one.repository(&name(REPOSITORY)).expect("it").permissions.expect("permissions").push);
    assert!(one.git_token().expect("a token").is_some());
    let head = server.branch(REPOSITORY, "main").expect("a branch");
    one.create_branch(&name(REPOSITORY), BRANCH, &head).expect("a branch");
    // The token is for this repository alone.
    let head = server.branch("acme/other", "main").expect("a branch");
    let refused = one.create_branch(&name("acme/other"), BRANCH, &head).expect_err("another repository");
    assert_eq!(refused.status(), Some(403));
    server.create("elsewhere/app", &[("a.yaml", "a: 1\n")]);
    let missing = app.for_repository(&name("elsewhere/app")).expect_err("it is not installed there");
    assert!(missing.is_missing(), "{missing}");
}
