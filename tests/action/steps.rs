//! The step that runs the program, without a runner: what is wrong with its inputs or the checkout is one sentence.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::tools::{BROKEN, git, root, run, text};

struct Step {
    folder: tempfile::TempDir,
}

impl Step {
    fn new() -> Self {
        let step = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::create_dir(step.work()).expect("a folder");
        fs::write(step.work().join("app.yaml"), BROKEN).expect("a file");
        git(&step.work(), &["init", "--quiet", "--initial-branch=main", "."]);
        git(&step.work(), &["add", "--all"]);
        git(&step.work(), &["commit", "--quiet", "--message", "a"]);
        step
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn run_in(&self, work: &Path, settings: &[(&str, &str)]) -> Output {
        for file in ["output", "summary"] {
            fs::write(self.folder.path().join(file), "").expect("a file");
        }
        run(Command::new("bash")
            .arg(root().join("action/run.sh"))
            .current_dir(work)
            .env("RUNNER_TEMP", self.folder.path())
            .env("GITHUB_OUTPUT", self.folder.path().join("output"))
            .env("GITHUB_STEP_SUMMARY", self.folder.path().join("summary"))
            .env("GITHUB_EVENT_NAME", "push")
            .env("CAULK", env!("CARGO_BIN_EXE_caulk"))
            .env("CAULK_MODE", "check")
            .env("CAULK_PATHS", ".")
            .env("CAULK_FAIL_ON", "unsafe")
            .envs(settings.iter().copied()))
    }

    fn run(&self, settings: &[(&str, &str)]) -> Output {
        self.run_in(&self.work(), settings)
    }

    #[track_caller]
    fn stops(&self, settings: &[(&str, &str)], sentence: &str) {
        assert_stopped(&self.run(settings), sentence);
    }
}

#[track_caller]
fn assert_stopped(output: &Output, sentence: &str) {
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{out}\n{}", text(&output.stderr));
    let told: Vec<&str> = out.lines().filter(|line| line.starts_with("::error title=caulk::")).collect();
    assert_eq!(told.len(), 1, "{out}");
    assert!(told[0].contains(sentence), "{out}");
}

#[test]
fn inputs_that_mean_nothing_are_named() {
    let step = Step::new();
    step.stops(
        &[("CAULK_MODE", "mend")],
        "the input 'mode' is 'check', 'fix', 'pull-request' or 'review', not 'mend'",
    );
    step.stops(&[("CAULK_ONLINE", "yes")], "the input 'online' is 'true' or 'false', not 'yes'");
    step.stops(
        &[("CAULK_FAIL_ON", "")],
        "the input 'fail-on' is 'safe', 'unsafe', 'display' or 'never', not ''",
    );
    step.stops(&[("CAULK_SARIF_FILE", "a\nb=c")], "the input 'sarif-file' is more than one line");
    step.stops(&[("CAULK_CONFIG", "nowhere.yaml")], "nowhere.yaml");
}

#[test]
fn a_pull_request_needs_a_token_and_the_whole_repository() {
    let step = Step::new();
    let mode = ("CAULK_MODE", "pull-request");
    step.stops(&[mode], "mode pull-request needs a token");
    step.stops(&[mode, ("CAULK_TOKEN", "t"), ("CAULK_PATHS", "apps")], "looks at the whole repository");
}

#[test]
fn inputs_are_words_and_no_code() {
    let step = Step::new();
    let name = "$(touch owned) `touch owned`; touch owned #\".yaml";
    fs::write(step.work().join(name), BROKEN).expect("a file");
    let output = step.run(&[("CAULK_PATHS", name), ("CAULK_UNSAFE_FIXES", "true")]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert!(!step.work().join("owned").exists());
    assert_eq!(step.run(&[("CAULK_PATHS", "--write")]).status.code(), Some(2), "a path is no option");
    assert_eq!(fs::read_to_string(step.work().join("app.yaml")).expect("the file"), BROKEN);
}

#[test]
fn to_never_fail_is_to_tell_everything_and_be_green() {
    let step = Step::new();
    let output = step.run(&[("CAULK_FAIL_ON", "never")]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("::error file=app.yaml,line=11"), "{}", text(&output.stdout));
    let outputs = fs::read_to_string(step.folder.path().join("output")).expect("outputs");
    assert!(outputs.contains("findings=1\n") && outputs.contains("exit-code=0\n"), "{outputs}");
}

#[test]
fn a_shallow_checkout_is_told_where_history_is_needed() {
    let step = Step::new();
    let before = git(&step.work(), &["rev-parse", "HEAD"]).trim().to_owned();
    git(&step.work(), &["commit", "--quiet", "--allow-empty", "--message", "b"]);
    let shallow = step.folder.path().join("shallow");
    let from = format!("file://{}", step.work().display());
    git(step.folder.path(), &["clone", "--quiet", "--depth=1", &from, "shallow"]);
    // As actions/checkout leaves it: no branch, only a commit.
    git(&shallow, &["checkout", "--quiet", "--detach"]);
    let settings = [("CAULK_CHANGED_ONLY", "true"), ("CAULK_BASE", before.as_str())];
    assert_stopped(&step.run_in(&shallow, &settings), "changed-only wants a checkout with 'fetch-depth: 0'");
    assert_eq!(step.run_in(&shallow, &[]).status.code(), Some(1), "to check all needs no history");
    assert_eq!(step.run(&settings).status.code(), Some(0), "nothing is new");
}

#[test]
fn after_a_push_with_force_everything_is_told() {
    let step = Step::new();
    let gone = "0123456789abcdef0123456789abcdef01234567";
    let settings = [("CAULK_CHANGED_ONLY", "true"), ("CAULK_BASE", gone)];
    let output = step.run(&settings);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(out.contains("::notice title=caulk::the commit before this push is gone"), "{out}");
    assert!(out.contains("::error file=app.yaml,line=11"), "{out}");
    // The base of a pull request is never gone from a whole clone, so there it is a mistake that is told.
    let request = [settings[0], settings[1], ("GITHUB_EVENT_NAME", "pull_request")];
    assert_stopped(&step.run(&request), gone);
}

#[test]
fn an_end_without_words_is_told_by_its_number() {
    let step = Step::new();
    let silent = step.folder.path().join("silent");
    fs::write(&silent, "#!/bin/sh\nexit 7\n").expect("a program");
    run(Command::new("chmod").arg("+x").arg(&silent));
    let silent = silent.display().to_string();
    step.stops(&[("CAULK", silent.as_str())], "caulk ended with 7 and left no report");
}

#[test]
fn what_is_said_before_the_report_is_no_command() {
    let step = Step::new();
    let output = step.run(&[("CAULK_CONFIG", "a\n::warning::owned")]);
    let out = text(&output.stdout);
    let fence = out.lines().find_map(|line| line.strip_prefix("::stop-commands::")).expect("a fence");
    let inside = out.split(&format!("::stop-commands::{fence}\n")).nth(1).expect("the rest");
    let inside = inside.split(&format!("::{fence}::")).next().expect("what is fenced");
    assert!(inside.contains("owned"), "{out}");
    assert!(!out.replace(inside, "").lines().any(|line| line.starts_with("::warning")), "{out}");
    assert!(fence.len() == 32, "nobody can guess it: {fence}");
}
