//! Each row of the etiquette, from what is there to the steps.

use serde_json::{Value, json};

use super::*;
use crate::{
    pull::{File, Origin, Settings, ownership::Since},
    sink::json::{Change, samples::report_of},
};

const BASE: &str = "ba5e000000000000000000000000000000000000";
const HEAD: &str = "4ead000000000000000000000000000000000000";
const OTHER: &str = "07e4000000000000000000000000000000000000";

fn place() -> Place {
    Place {
        name: "acme/ops".parse().expect("a name"),
        repository: serde_json::from_value(json!({
            "id": 1, "full_name": "acme/ops", "default_branch": "main", "clone_url": "https://github.com/acme/ops.git",
        }))
        .expect("a repository"),
        account: "caulk[bot]".to_owned(),
        home: Home::Here,
        open: Vec::new(),
        email: None,
    }
}

fn wanted(content: &str, settings: &Settings) -> Desired {
    let mut report = report_of("plain");
    report.skipped.clear();
    report.changes = vec![Change {
        path: "a.yaml".to_owned(),
        diff: format!("--- a\n+++ b\n@@ -1 +1 @@\n-b\n+{content}\n"),
    }];
    let files = vec![File { path: "a.yaml".to_owned(), executable: false, content: content.into() }];
    make(files, &report, settings)
}

fn nothing() -> Desired {
    let mut report = report_of("plain");
    report.skipped.clear();
    report.changes.clear();
    make(Vec::new(), &report, &Settings::default())
}

fn make(files: Vec<File>, report: &crate::sink::json::Report, settings: &Settings) -> Desired {
    let origin = Origin { base: "main", commit: BASE, branch: "caulk/mend", rendered: &[], note: None };
    Desired::new(&origin, files, report, settings).expect("something desired")
}

fn one() -> Desired {
    wanted("c", &Settings::default())
}

fn seen() -> Observed {
    Observed {
        base_head: Some(BASE.to_owned()),
        branch: None,
        scratch: None,
        pulls: Vec::new(),
        unmarked: Vec::new(),
        missing: Missing::default(),
        built_upon: false,
        others_open: 0,
        recent: 0,
    }
}

/// The commit that carries out what is desired, by an account.
fn commit(desired: &Desired, login: &str) -> Value {
    json!({
        "sha": HEAD, "parents": [{ "sha": BASE }], "author": { "login": login }, "committer": { "login": "web-flow" },
        "commit": { "message": desired.message.to_string(), "author": { "name": login, "email": "x@y" } },
    })
}

fn by_hand() -> Value {
    json!({
        "sha": OTHER, "parents": [{ "sha": HEAD }], "author": { "login": "ann" },
        "commit": { "message": "my change", "author": { "name": "Ann", "email": "ann@x" } },
    })
}

fn branch(desired: &Desired, behind: u64, commits: &[Value]) -> Branch {
    let blob = git2::Oid::hash_object(git2::ObjectType::Blob, &desired.files[0].content).expect("a name");
    let files = json!([{ "filename": "a.yaml", "sha": blob.to_string(), "status": "modified" }]);
    let of = |value: Value| serde_json::from_value(value).expect("commits");
    let mut since = Since {
        behind,
        ahead: commits.len() as u64,
        commits: of(commits.to_vec().into()),
        files: serde_json::from_value(files).expect("files"),
        holds: None,
    };
    since.holds = since.compared();
    Branch { head: HEAD.to_owned(), since: Some(since) }
}

fn ours(desired: &Desired) -> Branch {
    branch(desired, 0, &[commit(desired, "caulk[bot]")])
}

fn pull(number: u64, state: &str, login: &str, body: &str) -> Pull {
    serde_json::from_value(json!({
        "number": number, "html_url": format!("https://github.com/acme/ops/pull/{number}"), "state": state, "title": "t",
        "body": body, "user": { "login": login }, "head": { "ref": "caulk/mend", "sha": HEAD },
        "base": { "ref": "main", "sha": BASE },
    }))
    .expect("a pull request")
}

fn open(desired: &Desired) -> Pull {
    pull(7, "open", "caulk[bot]", &desired.body(HEAD))
}

fn closed(desired: &Desired) -> Pull {
    pull(6, "closed", "caulk[bot]", &desired.body(HEAD))
}

/// Returns what is decided: the verdict and the kinds of the steps.
fn decided(desired: &Desired, seen: &Observed) -> (Verdict, Vec<String>) {
    let decision = decide(&place(), desired, seen);
    let kind = |step: &Step| format!("{step:?}").split([' ', '(']).next().unwrap_or_default().to_owned();
    (decision.verdict, decision.steps.iter().map(kind).collect())
}

#[track_caller]
fn assert_decides(desired: &Desired, seen: &Observed, verdict: Verdict, steps: &[&str]) {
    assert_eq!(decided(desired, seen), (verdict, steps.iter().map(|step| (*step).to_owned()).collect()));
}

const FRESH: &[&str] = &["CreateBranch", "CommitOnBranch", "Open"];
const REBUILT: &[&str] = &["CreateBranch", "CommitOnBranch", "MoveBranch", "DropScratch", "Update"];

#[test]
fn nothing_is_there_so_a_pull_request_is_opened() {
    assert_decides(&one(), &seen(), Verdict::Open, FRESH);
}

#[test]
fn the_right_one_is_there_so_nothing_is_written() {
    let desired = one();
    let seen = Observed { branch: Some(ours(&desired)), pulls: vec![open(&desired)], ..seen() };
    assert_decides(&desired, &seen, Verdict::Keep, &[]);
}

#[test]
fn another_content_is_updated_in_place_and_the_branch_never_stands_at_its_base() {
    let (old, new) = (one(), wanted("d", &Settings::default()));
    let seen = Observed { branch: Some(ours(&old)), pulls: vec![open(&old)], ..seen() };
    assert_decides(&new, &seen, Verdict::Update, REBUILT);
    let Some(Step::Update { title, .. }) = decide(&place(), &new, &seen).steps.pop() else {
        panic!("an update")
    };
    assert!(title);
}

#[test]
fn a_run_that_died_is_gone_on_with_from_wherever_it_was() {
    let desired = one();
    let empty = Branch {
        head: BASE.to_owned(),
        since: Some(Since { behind: 0, ahead: 0, commits: vec![], files: vec![], holds: None }),
    };
    let after_branch = Observed { branch: Some(empty.clone()), ..seen() };
    assert_decides(&desired, &after_branch, Verdict::Open, &["CommitOnBranch", "Open"]);
    let after_commit = Observed { branch: Some(ours(&desired)), ..seen() };
    assert_decides(&desired, &after_commit, Verdict::Open, &["Open"]);
    let (old, new) = (one(), wanted("d", &Settings::default()));
    let before_move =
        Observed { branch: Some(ours(&old)), scratch: Some(ours(&new)), pulls: vec![open(&old)], ..seen() };
    let steps = [&["DeleteBranch"], REBUILT].concat();
    assert_decides(&new, &before_move, Verdict::Update, &steps);
    let after_move =
        Observed { branch: Some(ours(&new)), scratch: Some(empty), pulls: vec![open(&old)], ..seen() };
    assert_decides(&new, &after_move, Verdict::Update, &["DeleteBranch", "Update"]);
    let labels = Missing { labels: vec!["x".to_owned()], ..Missing::default() };
    let after_opening =
        Observed { branch: Some(ours(&desired)), pulls: vec![open(&desired)], missing: labels, ..seen() };
    assert_decides(&desired, &after_opening, Verdict::Update, &["Adorn"]);
    let after_closing = Observed { branch: Some(ours(&desired)), pulls: vec![closed(&desired)], ..seen() };
    assert_decides(&nothing(), &after_closing, Verdict::Nothing, &["DeleteBranch"]);
}

#[test]
fn what_people_closed_stays_closed_until_the_content_changes() {
    let (old, new) = (one(), wanted("d", &Settings::default()));
    let seen = Observed { pulls: vec![closed(&old)], ..seen() };
    assert_decides(&old, &seen, Verdict::LeaveAlone(Why::Declined(6)), &[]);
    assert_decides(&new, &seen, Verdict::Open, FRESH);
    // Without the marker its commit tells what it was.
    let bare = pull(5, "closed", "caulk[bot]", "words");
    let seen = Observed { pulls: vec![bare], unmarked: vec![(5, old.fingerprint.clone())], ..seen };
    assert_decides(&old, &seen, Verdict::LeaveAlone(Why::Declined(5)), &[]);
    assert_decides(&new, &seen, Verdict::Open, FRESH);
}

#[test]
fn what_was_merged_or_closed_by_caulk_itself_is_proposed_anew() {
    let desired = one();
    let merged = Pull { merged_at: Some("2026-01-01T00:00:00Z".to_owned()), ..closed(&desired) };
    assert_decides(&desired, &Observed { pulls: vec![merged], ..seen() }, Verdict::Open, FRESH);
    let before = Observed { branch: Some(ours(&desired)), pulls: vec![open(&desired)], ..seen() };
    let decision = decide(&place(), &nothing(), &before);
    let body = decision.steps.iter().find_map(|step| match step {
        Step::Close { body, .. } => Some(body.clone()),
        _ => None,
    });
    let by_us = pull(6, "closed", "caulk[bot]", &body.expect("a step that closes"));
    assert_decides(&desired, &Observed { pulls: vec![by_us], ..seen() }, Verdict::Open, FRESH);
}

#[test]
fn peoples_commits_are_never_overwritten() {
    let (old, new) = (one(), wanted("d", &Settings::default()));
    let theirs = branch(&old, 0, &[commit(&old, "caulk[bot]"), by_hand()]);
    let seen = Observed { branch: Some(theirs), pulls: vec![open(&old)], ..seen() };
    assert_decides(&old, &seen, Verdict::Keep, &[]);
    let (verdict, steps) = decided(&new, &seen);
    assert!(matches!(verdict, Verdict::LeaveAlone(Why::PeoplesCommits(_))), "{verdict:?}");
    assert_eq!(steps, ["Comment"]);
    let (verdict, steps) = decided(&nothing(), &seen);
    assert!(matches!(verdict, Verdict::LeaveAlone(Why::PeoplesCommits(_))), "{verdict:?}");
    assert_eq!(steps, ["Comment"]);
}

#[test]
fn a_forged_marker_does_not_make_a_branch_ours() {
    let (old, new) = (one(), wanted("d", &Settings::default()));
    let stolen = commit(&old, "ann");
    let mut rewritten = branch(&old, 0, &[commit(&old, "caulk[bot]")]);
    rewritten.since.as_mut().expect("a history").holds = Some("something else".to_owned());
    let mut amended = commit(&old, "caulk[bot]");
    amended["committer"] = json!({ "login": "ann" });
    let mut merged = commit(&old, "caulk[bot]");
    merged["parents"] = json!([{ "sha": BASE }, { "sha": OTHER }]);
    let unrelated = Branch { head: HEAD.to_owned(), since: None };
    let branches = [
        branch(&old, 0, &[stolen]),
        rewritten,
        branch(&old, 0, &[amended]),
        branch(&old, 0, &[merged]),
        unrelated,
    ];
    for branch in branches {
        let seen = Observed { branch: Some(branch), pulls: vec![open(&old)], ..seen() };
        let (verdict, steps) = decided(&new, &seen);
        assert!(matches!(verdict, Verdict::LeaveAlone(Why::PeoplesCommits(_))), "{verdict:?}");
        assert_eq!(steps, ["Comment"]);
    }
}

#[test]
fn a_moved_base_is_built_upon_without_closing() {
    let desired = one();
    let behind = branch(&desired, 3, &[commit(&desired, "caulk[bot]")]);
    let seen = Observed { branch: Some(behind), pulls: vec![open(&desired)], ..seen() };
    assert_decides(&desired, &seen, Verdict::Update, REBUILT);
    let patient = wanted("c", &Settings { rebuild: Rebuild::ContentChanged, ..Settings::default() });
    assert_decides(&patient, &seen, Verdict::Keep, &[]);
}

#[test]
fn a_base_that_moved_since_the_plan_makes_the_plan_worthless() {
    let seen = Observed { base_head: Some(OTHER.to_owned()), ..seen() };
    assert_decides(&one(), &seen, Verdict::LeaveAlone(Why::BaseMoved), &[]);
}

#[test]
fn what_was_fixed_elsewhere_is_closed_with_the_reason_and_the_branch_deleted() {
    let old = one();
    let seen = Observed { branch: Some(ours(&old)), pulls: vec![open(&old)], ..seen() };
    assert_decides(&nothing(), &seen, Verdict::Close, &["Comment", "Close", "DeleteBranch"]);
    let mut doubtful = nothing();
    doubtful.unread.push("a.yaml".to_owned());
    assert_decides(&doubtful, &seen, Verdict::LeaveAlone(Why::Uncertain(7)), &[]);
}

#[test]
fn limits_hold_for_new_pull_requests_alone() {
    let settings = Settings { most_open: Some(2), most_per_hour: Some(3), ..Settings::default() };
    let desired = wanted("c", &settings);
    let full = Observed { others_open: 2, ..seen() };
    assert_decides(&desired, &full, Verdict::LeaveAlone(Why::TooManyOpen(2)), &[]);
    let fast = Observed { recent: 3, ..seen() };
    assert_decides(&desired, &fast, Verdict::LeaveAlone(Why::TooManyPerHour(3)), &[]);
    let old = wanted("d", &settings);
    let known = Observed { branch: Some(ours(&old)), pulls: vec![open(&old)], others_open: 9, ..seen() };
    assert_decides(&desired, &known, Verdict::Update, REBUILT);
}

#[test]
fn other_peoples_pull_requests_and_branches_are_left_alone() {
    let desired = one();
    let foreign = Observed { pulls: vec![pull(9, "open", "ann", "")], ..seen() };
    assert_decides(&desired, &foreign, Verdict::LeaveAlone(Why::OthersPull(9, "ann".to_owned())), &[]);
    let mut elsewhere = open(&desired);
    elsewhere.base.branch = "next".to_owned();
    let elsewhere = Observed { branch: Some(ours(&desired)), pulls: vec![elsewhere], ..seen() };
    assert_decides(&desired, &elsewhere, Verdict::LeaveAlone(Why::OtherBase(7, "next".to_owned())), &[]);
    let taken = Observed { branch: Some(branch(&desired, 0, &[by_hand()])), ..seen() };
    assert!(matches!(decided(&desired, &taken).0, Verdict::LeaveAlone(Why::BranchTaken(_))));
    assert_decides(&nothing(), &taken, Verdict::Nothing, &[]);
    let scratch = Observed { scratch: Some(branch(&desired, 0, &[by_hand()])), ..seen() };
    assert!(matches!(decided(&desired, &scratch).0, Verdict::LeaveAlone(Why::ScratchTaken(_))));
}

#[test]
fn the_way_of_the_commit_follows_modes_and_settings() {
    let mut program = one();
    program.files[0].executable = true;
    assert_decides(&program, &seen(), Verdict::Open, &["CommitByObjects", "MoveBranch", "Open"]);
    let old = one();
    let there = Observed { branch: Some(ours(&old)), pulls: vec![open(&old)], ..seen() };
    let by_git = Settings { commit_with: CommitWith::Git, ..Settings::default() };
    assert_decides(&wanted("c", &by_git), &seen(), Verdict::Open, &["Push", "Open"]);
    assert_decides(&wanted("d", &by_git), &there, Verdict::Update, &["Push", "Update"]);
    let mut far = place();
    far.home = Home::NoFork { name: "bot/ops".parse().expect("a name") };
    let steps = decide(&far, &old, &seen()).steps;
    assert_eq!(steps[..2], [Step::Fork, Step::SyncFork]);
}
