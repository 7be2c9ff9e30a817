//! `caulk review` on pull requests of all kinds: renames, binary and very large files, hundreds of findings, checkouts.

use std::process::Command;

use stand_in::{Access, Fault, Identity, Response, Server};

use crate::{
    command::{Machine, writes},
    review::{AT, app, deployment, mended, opened},
};

fn annotations(server: &Server) -> Vec<serde_json::Value> {
    server.checks(AT).last().expect("a check").annotations.clone()
}

#[test]
fn a_renamed_file_is_told_of_where_it_is_changed() {
    let server = Server::start();
    // One container is broken from the beginning, and the pull request breaks another one as it renames the file.
    let old = deployment(3).replacen("command:", "args:", 2);
    let new = deployment(3).replacen("command:", "args:", 1);
    opened(&server, &[("old.yaml", &old)], &[("old.yaml", None), ("new.yaml", Some(&new))]);
    let machine = Machine::new(&server, app());
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("1 finding elsewhere");
    let comments = server.pull(AT, 1).review_comments;
    let places: Vec<_> = comments.iter().map(|comment| (comment.path.as_str(), comment.line)).collect();
    assert_eq!(places, [("new.yaml", Some(14))]);
}

#[test]
fn binary_files_are_passed_over() {
    let server = Server::start();
    let base = [("image.png", "\u{0}one"), ("app.yaml", "kind: x\n")];
    let head = [("image.png", Some("\u{0}two")), ("more.yaml", Some("\u{0}: not YAML\n"))];
    opened(&server, &base, &head);
    server.commit(AT, "work", "alice", &[("app.yaml", Some(&deployment(1)))]);
    Machine::new(&server, app())
        .caulk(&["review", "--repo", AT, "--pr", "1"])
        .exits(1)
        .says("comments: 1 made");
}

#[test]
fn a_very_large_file_is_told_of_by_annotations() {
    let server = Server::start();
    let filler: String = (0..4000).map(|number| format!("# line {number}\n")).collect();
    let head = format!("{filler}{}", deployment(2));
    let before = format!("# first\n{}", deployment(2).replacen("command:", "args:", 1));
    opened(&server, &[("app.yaml", &before)], &[("app.yaml", Some(&head))]);
    let ran = Machine::new(&server, app()).caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1);
    assert!(
        ran.out.contains("no comments; 1 annotation in the check run; 1 finding elsewhere"),
        "{}",
        ran.out
    );
    let [annotation] = &annotations(&server)[..] else { panic!("{:?}", annotations(&server)) };
    assert_eq!(annotation["start_line"], 4011);
    let message = annotation["message"].as_str().expect("a message");
    assert!(message.contains("shows no lines of this file"), "{message}");
}

#[test]
fn three_hundred_findings_are_all_told() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(300)))]);
    let machine = Machine::new(&server, app());
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("270 annotations in the check run");
    let pull = server.pull(AT, 1);
    assert_eq!((pull.reviews.len(), pull.review_comments.len()), (1, 30));
    let mut lines: Vec<u64> =
        annotations(&server).iter().filter_map(|each| each["start_line"].as_u64()).collect();
    lines.extend(pull.review_comments.iter().filter_map(|comment| comment.line).map(u64::from));
    lines.sort_unstable();
    assert_eq!(lines, (0..300).map(|number| 11 + 3 * number).collect::<Vec<_>>());
    let summary = server.checks(AT)[0].given["output"]["summary"].as_str().expect("a summary").to_owned();
    assert!(summary.encode_utf16().count() <= 65_535, "{}", summary.len());
    server.forget();
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1);
    assert_eq!(writes(&server), Vec::<String>::new());
}

#[test]
fn windows_line_endings_become_annotations() {
    let server = Server::start();
    let head = deployment(1).replace('\n', "\r\n");
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&head))]);
    Machine::new(&server, app()).caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("no comments");
    assert!(annotations(&server)[0]["message"].as_str().expect("a message").contains("carriage return"));
}

#[test]
fn only_lines_since_the_branches_parted_count() {
    let server = Server::start();
    opened(&server, &[("base.yaml", &mended(1))], &[("app.yaml", Some(&mended(1)))]);
    // Somebody breaks a file on the base branch; that is not this pull request's doing.
    server.commit(AT, "main", "bob", &[("base.yaml", Some(&deployment(1)))]);
    Machine::new(&server, app()).caulk(&["review", "--repo", AT, "--pr", "1"]).exits(0);
}

#[test]
fn a_checkout_that_has_the_commits_spares_fetching_them() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(1)))]);
    let machine = Machine::new(&server, app());
    let url = format!("{}/{AT}.git", server.url());
    let git = |args: &[&str]| {
        let status =
            Command::new("git").args(args).current_dir(machine.folder()).output().expect("git runs").status;
        assert!(status.success(), "git {args:?}");
    };
    git(&["init", "--quiet"]);
    git(&["remote", "add", "origin", &url]);
    git(&["fetch", "--quiet", "origin"]);
    server.forget();
    // The clone names the repository as well.
    machine.caulk(&["review", "--pr", "1"]).exits(1).says("comments: 1 made");
    assert!(server.exchanges().iter().all(|exchange| !exchange.git), "{:?}", server.calls());
}

#[test]
fn the_base_of_a_pull_request_may_be_any_branch() {
    let server = Server::start();
    server.create(AT, &[("README.md", "ops\n")]);
    server.commit(AT, "release/1", "bob", &[("app.yaml", Some(&deployment(1)))]);
    server.set_branch(AT, "work", &server.branch(AT, "release/1").expect("a branch"));
    server.commit(AT, "work", "alice", &[("new.yaml", Some(&deployment(1)))]);
    server.open(AT, "alice", "work", "release/1", "Work");
    let machine = Machine::new(&server, Identity::app("caulk", Access::Write));
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("1 finding elsewhere");
}

#[test]
fn files_that_github_does_not_list_are_told_of() {
    let server = Server::start();
    let fillers: Vec<(String, String)> =
        (0..3000).map(|number| (format!("a/{number}.txt"), format!("{number}\n"))).collect();
    let mut head: Vec<(&str, Option<&str>)> =
        fillers.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
    let broken = deployment(1);
    head.push(("z.yaml", Some(&broken)));
    opened(&server, &[("README.md", "ops\n")], &head);
    let machine = Machine::new(&server, app());
    let ran = machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1);
    assert!(ran.out.contains("1 file besides"), "{}", ran.out);
    assert_eq!(annotations(&server)[0]["path"], "z.yaml");
    let summary = server.checks(AT)[0].given["output"]["summary"].as_str().expect("a summary").to_owned();
    assert!(summary.contains("more files than GitHub lists") && summary.contains("1 file "), "{summary}");
}

#[test]
fn a_patch_that_breaks_off_is_not_trusted() {
    let server = Server::start();
    opened(&server, &[("README.md", "ops\n")], &[("app.yaml", Some(&deployment(2)))]);
    // The page shows the first container's lines alone, and says that there are more.
    let shown: String = deployment(1).lines().map(|line| format!("+{line}\n")).collect();
    let count = deployment(2).lines().count();
    let file = serde_json::json!([{
        "sha": "0".repeat(40), "filename": "app.yaml", "status": "added", "additions": count, "deletions": 0,
        "changes": count, "blob_url": "https://example.com/a", "raw_url": "https://example.com/a",
        "contents_url": "https://example.com/a", "patch": format!("@@ -0,0 +1,{count} @@\n{shown}"),
    }]);
    server.fail(1, "GET /repos/acme/ops/pulls/1/files", Fault::Answer(Response::json(200, &file)));
    let machine = Machine::new(&server, app());
    machine.caulk(&["review", "--repo", AT, "--pr", "1"]).exits(1).says("2 annotations in the check run");
}
