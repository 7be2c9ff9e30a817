//! New findings alone: since a commit, in the index, beyond a baseline.

use std::{fs, process::Command};

use caulk::git::changes::{self, Kind};
use serde_json::Value;

use crate::harness::{Work, broken, mended};

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn caulk(work: &Work, args: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_caulk"))
        .current_dir(work.root())
        .args(args)
        .env_remove("GIT_INDEX_FILE")
        .output()
        .expect("caulk runs");
    Ran {
        code: output.status.code().expect("caulk ends"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Returns the files that hold findings, and how many were known.
#[track_caller]
fn found(work: &Work, args: &[&str]) -> (Vec<String>, u64) {
    let ran = caulk(work, &[&["check", "--format", "json"], args].concat());
    assert!(ran.code < 2, "{args:?}: {}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).expect("a report");
    let findings = report["findings"].as_array().expect("a list");
    let paths = findings.iter().map(|finding| finding["path"].as_str().expect("a path").to_owned());
    (paths.collect(), report["summary"]["known"].as_u64().expect("a number"))
}

fn app(name: &str) -> String {
    broken().replace("name: app", &format!("name: {name}"))
}

#[test]
fn only_what_came_since_a_commit_is_told_and_mended() {
    let work = Work::new(&[("old.yaml", &app("old")), ("moved.yaml", &app("moved"))]);
    work.git(&["branch", "base"]);
    work.write("new.yaml", &app("new"));
    work.git(&["mv", "moved.yaml", "renamed.yaml"]);
    work.commit();
    // Lines and a document above, and work that is not committed.
    work.write("old.yaml", &format!("# a word\na: 1\n---\n{}", app("old")));
    work.write("untracked.yaml", &app("untracked"));
    // The base goes on by itself, which is nobody's news here.
    work.git(&[
        "update-ref",
        "refs/heads/base",
        &work.git(&["commit-tree", "-p", "base", "-m", "x", "base^{tree}"]),
    ]);
    assert_eq!(
        found(&work, &["--changed-since", "base"]),
        (vec!["new.yaml".to_owned(), "untracked.yaml".to_owned()], 2)
    );
    assert_eq!(found(&work, &["--changed-since", "base", "new.yaml"]).0, ["new.yaml"]);
    let ran = caulk(&work, &["fix", "--write", "--changed-since", "base"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("2 findings known before left out"), "{}", ran.out);
    assert!(fs::read_to_string(work.path("new.yaml")).expect("a file").contains("args:"));
    assert!(fs::read_to_string(work.path("renamed.yaml")).expect("a file").contains("command:"));
    for revision in ["nowhere", "HEAD:new.yaml"] {
        let ran = caulk(&work, &["check", "--changed-since", revision]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(revision), "{}", ran.err);
    }
}

#[test]
fn a_folder_with_its_own_configuration_is_found_in_the_repository() {
    let work =
        Work::new(&[("sub/.caulk.yaml", ""), ("sub/old.yaml", &app("old")), ("other.yaml", &app("other"))]);
    work.write("sub/new.yaml", &app("new"));
    assert_eq!(found(&work, &["--changed-since", "HEAD", "sub"]), (vec!["new.yaml".to_owned()], 1));
    work.git(&["add", "sub/new.yaml"]);
    assert_eq!(found(&work, &["--staged", "sub"]), (vec!["new.yaml".to_owned()], 1));
}

#[test]
fn the_index_is_read_in_place_of_the_work_tree() {
    let work = Work::new(&[("old.yaml", &app("old")), ("a.yaml", "a: 1\n")]);
    work.write("a.yaml", &app("a"));
    work.git(&["add", "a.yaml"]);
    work.write("a.yaml", "a: 1\n");
    work.write("untracked.yaml", &app("untracked"));
    assert_eq!(found(&work, &["--staged"]), (vec!["a.yaml".to_owned()], 1));
    // Before the first commit all is new.
    let fresh = Work::new(&[("a.yaml", &app("a"))]);
    fresh.git(&["update-ref", "-d", "HEAD"]);
    assert_eq!(found(&fresh, &["--staged"]), (vec!["a.yaml".to_owned()], 0));
}

#[test]
fn staged_files_are_mended_and_unstaged_work_stays_unstaged() {
    let clean = app("clean");
    let work = Work::new(&[("first.yaml", "a: 1\n")]);
    for name in ["clean", "partly", "same", "gone"] {
        work.write(&format!("{name}.yaml"), &app(name));
    }
    work.git(&["add", "."]);
    work.git(&["update-index", "--chmod=+x", "clean.yaml"]);
    work.git(&["config", "core.fileMode", "false"]);
    let partly = format!("# unstaged\n{}", app("partly"));
    work.write("partly.yaml", &partly);
    let same = app("same").replace("[\"server\"]", "[\"server\"] # unstaged");
    work.write("same.yaml", &same);
    fs::remove_file(work.path("gone.yaml")).expect("a file");
    work.write("untracked.yaml", &app("untracked"));
    let ran = caulk(&work, &["fix", "--staged", "--write"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let index = |name: &str| work.git(&["show", &format!(":{name}.yaml")]) + "\n";
    let disk = |name: &str| fs::read_to_string(work.path(&format!("{name}.yaml"))).expect("a file");
    for name in ["clean", "partly", "same", "gone"] {
        assert_eq!(index(name), app(name).replace("command:", "args:"), "{name}");
    }
    assert_eq!(disk("clean"), clean.replace("command:", "args:"));
    assert_eq!(disk("partly"), partly.replace("command:", "args:"));
    assert_eq!(disk("same"), same);
    assert!(!work.path("gone.yaml").exists());
    assert_eq!(disk("untracked"), app("untracked"));
    assert!(ran.out.contains("same.yaml: mended in the index alone"), "{}", ran.out);
    assert!(work.git(&["ls-files", "--stage", "clean.yaml"]).starts_with("100755 "));
    // git sees exactly the unstaged work as unstaged.
    assert_eq!(work.git(&["diff", "--name-status"]), "D\tgone.yaml\nM\tpartly.yaml\nM\tsame.yaml");
    assert_eq!(work.git(&["diff", "--numstat", "partly.yaml"]), "1\t0\tpartly.yaml");
    work.git(&["commit", "--quiet", "--message", "mended"]);
    assert_eq!(caulk(&work, &["fix", "--staged", "--write"]).code, 0);
    // While somebody holds the index nothing changes.
    work.write("late.yaml", &app("late"));
    work.git(&["add", "late.yaml"]);
    fs::write(work.path(".git/index.lock"), "").expect("a lock");
    let ran = caulk(&work, &["fix", "--staged", "--write"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("failed to write the index"), "{}", ran.err);
    assert_eq!((index("late"), disk("late")), (app("late"), app("late")));
}

#[test]
fn a_commit_through_a_hook_holds_the_mend() {
    let work = Work::new(&[("first.yaml", "a: 1\n")]);
    let hook = format!("#!/bin/sh\nexec '{}' fix --staged --write\n", env!("CARGO_BIN_EXE_caulk"));
    work.write(".git/hooks/pre-commit", &hook);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(work.path(".git/hooks/pre-commit"), fs::Permissions::from_mode(0o755))
            .expect("a mode");
    }
    work.write("first.yaml", &broken());
    work.git(&["commit", "--quiet", "--all", "--message", "all"]);
    assert_eq!(work.git(&["show", "HEAD:first.yaml"]) + "\n", mended());
    assert_eq!(work.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_baseline_leaves_out_what_it_lists_wherever_it_moves() {
    let work = Work::new(&[("a.yaml", &app("a"))]);
    let ran = caulk(&work, &["check", "--write-baseline", "baseline.json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told: Value =
        serde_json::from_str(&fs::read_to_string(work.path("baseline.json")).expect("a file")).expect("JSON");
    assert_eq!((&told["version"], &told["count"]), (&Value::from(1), &Value::from(1)));
    work.write("a.yaml", &format!("# lines\n\nkind: ConfigMap\n---\n{}---\n{}", app("a"), app("b")));
    let (paths, known) = found(&work, &["--baseline", "baseline.json"]);
    assert_eq!((paths.len(), known), (1, 1));
    let ran = caulk(&work, &["fix", "--write", "--baseline", "baseline.json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let text = fs::read_to_string(work.path("a.yaml")).expect("a file");
    assert_eq!((text.matches("command:").count(), text.matches("args:").count()), (1, 1));
    assert!(text.find("command:") < text.find("args:"), "the known one was mended");
    for text in ["{}", "{\"version\": 2, \"count\": 0, \"findings\": []}", "no"] {
        work.write("wrong.json", text);
        let ran = caulk(&work, &["check", "--baseline", "wrong.json"]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains("wrong.json"), "{}", ran.err);
    }
}

#[test]
fn changes_have_their_lines_and_their_old_names() {
    let lines: String = (1..=30).map(|number| format!("line{number}: x\n")).collect();
    let work = Work::new(&[
        ("a.yaml", &lines),
        ("gone.yaml", "a: 1\n"),
        ("old/name.yaml", &lines.replace('x', "y")),
    ]);
    let from = work.head();
    work.write("a.yaml", &lines.replace("line10: x", "line10: z").replace("line12: x\n", ""));
    work.git(&["mv", "old/name.yaml", "new.yaml"]);
    fs::remove_file(work.path("gone.yaml")).expect("a file");
    fs::write(work.path("image.bin"), [0_u8, 1, 2, 0]).expect("a file");
    let to = work.commit();
    let store = work.store();
    let changed = changes::between(&store, from, to).expect("changes");
    let told: Vec<(&str, Kind, bool)> =
        changed.iter().map(|changed| (changed.path.as_str(), changed.kind, changed.opaque)).collect();
    assert_eq!(
        told,
        [
            ("a.yaml", Kind::Modified, false),
            ("gone.yaml", Kind::Removed, false),
            ("image.bin", Kind::Added, true),
            ("new.yaml", Kind::Modified, false),
        ]
    );
    assert_eq!((&changed[0].hunks, &changed[0].touched), (&vec![7..=14], &vec![10..=10]));
    assert_eq!(changed[3].renamed_from.as_ref().map(|path| path.as_str()), Some("old/name.yaml"));
    assert_eq!(changes::merge_base(&store, from, to).expect("a base"), from);
    assert_eq!(changes::resolve(&store, "HEAD~1").expect("a commit"), from);
}

/// What a repository configures is neither started nor followed.
#[cfg(unix)]
#[test]
fn a_hostile_configuration_has_no_say() {
    let work = Work::new(&[("a.yaml", &app("a"))]);
    let elsewhere = tempfile::tempdir().expect("a folder");
    fs::write(elsewhere.path().join("secret.yaml"), app("secret")).expect("a file");
    let trap = elsewhere.path().join("sprung");
    let touch = format!("touch {}", trap.display());
    for (key, value) in [
        ("core.worktree", &*elsewhere.path().to_string_lossy()),
        ("core.fsmonitor", &touch),
        ("core.sshCommand", &touch),
        ("core.hooksPath", &elsewhere.path().to_string_lossy()),
        ("core.attributesFile", "/dev/null"),
        ("credential.helper", &format!("!{touch}")),
        ("filter.evil.clean", &touch),
        ("filter.evil.smudge", &touch),
        ("diff.external", &touch),
        ("gpg.program", &touch),
        ("url.http://127.0.0.1:1/.insteadOf", "http"),
        ("http.proxy", "http://127.0.0.1:1"),
        ("include.path", "/nowhere"),
    ] {
        work.git(&["config", key, value]);
    }
    work.write("b.yaml", &app("b"));
    fs::write(work.path(".gitattributes"), "*.yaml filter=evil diff=evil\n").expect("a file");
    let staged = crate::harness::command(work.root())
        .args(["-c", "core.worktree=.", "-c", "core.fsmonitor=", "-c", "filter.evil.clean=cat"])
        .args(["--git-dir=.git", "--work-tree=.", "add", "."])
        .status();
    assert!(staged.expect("git runs").success());
    assert!(!trap.exists(), "git itself sprang the trap");
    assert_eq!(found(&work, &["--staged"]), (vec!["b.yaml".to_owned()], 1));
    assert_eq!(found(&work, &["--changed-since", "HEAD"]), (vec!["b.yaml".to_owned()], 1));
    assert_eq!(caulk(&work, &["fix", "--staged", "--write"]).code, 0);
    assert!(!trap.exists(), "the configuration was followed");
    assert_eq!(fs::read_to_string(elsewhere.path().join("secret.yaml")).expect("a file"), app("secret"));
}
