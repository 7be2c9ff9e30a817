//! The hooks in a repository of somebody who stages a part of what they changed, as pre-commit runs them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{
    runner::executable,
    tools::{BROKEN, git, git_command, root, run, text, tool, with_identity},
};

struct Repository {
    folder: tempfile::TempDir,
    pre_commit: PathBuf,
}

impl Repository {
    /// Makes a repository that has one of the hooks installed. `None` with a word if there is no `pre-commit`.
    fn new(hook: &str) -> Option<Self> {
        let pre_commit = tool("pre-commit")?;
        let folder = tempfile::tempdir().expect("a folder");
        let (hooks, work) = (folder.path().join("hooks"), folder.path().join("work"));
        for path in [&hooks, &work] {
            fs::create_dir(path).expect("a folder");
            git(path, &["init", "--quiet", "--initial-branch=main", "."]);
        }
        let manifest = ".pre-commit-hooks.yaml";
        fs::copy(root().join(manifest), hooks.join(manifest)).expect("the hooks");
        git(&hooks, &["add", "--all"]);
        git(&hooks, &["commit", "--quiet", "--message", "the hooks"]);
        let commit = git(&hooks, &["rev-parse", "HEAD"]).trim().to_owned();
        // The program is that of this test, found on PATH: to build one more takes minutes.
        let config = format!(
            "repos:\n  - repo: {}\n    rev: {commit}\n    hooks: [{{ id: {hook}, language: system }}]\n",
            hooks.display()
        );
        let repository = Self { folder, pre_commit };
        repository.write(".pre-commit-config.yaml", &config);
        let tools = repository.folder.path().join("bin");
        fs::create_dir(&tools).expect("a folder");
        let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_caulk"));
        executable(&tools.join("caulk"), &script);
        git(&work, &["add", "--all"]);
        git(&work, &["commit", "--quiet", "--message", "nothing yet"]);
        let output = run(repository.with_tools(Command::new(&repository.pre_commit).arg("install")));
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        Some(repository)
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.work().join(name), content).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.work().join(name)).expect("a file")
    }

    fn staged(&self, name: &str) -> String {
        git(&self.work(), &["show", &format!(":{name}")])
    }

    fn with_tools<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let own = [
            self.folder.path().join("bin"),
            self.pre_commit.parent().map(Path::to_owned).unwrap_or_default(),
        ];
        let path = std::env::var_os("PATH").unwrap_or_default();
        let all = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path))).expect("a path");
        with_identity(command);
        command
            .current_dir(self.work())
            .env("PATH", all)
            .env("PRE_COMMIT_HOME", self.folder.path().join("cache"))
    }

    fn commit(&self, args: &[&str]) -> Output {
        let mut command = git_command(&self.work(), &["commit", "--message", "a change"]);
        run(self.with_tools(command.args(args)))
    }
}

fn told(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// A manifest that is staged, and the same with a line more that is not.
fn partly_staged(repository: &Repository) -> String {
    repository.write("app.yaml", BROKEN);
    git(&repository.work(), &["add", "app.yaml"]);
    let unstaged = format!("# a thought that is not finished\n{BROKEN}");
    repository.write("app.yaml", &unstaged);
    repository.write("untracked.yaml", BROKEN);
    unstaged
}

#[test]
fn to_check_refuses_the_commit_and_leaves_everything_alone() {
    let Some(repository) = Repository::new("caulk-check") else { return };
    let unstaged = partly_staged(&repository);
    let output = repository.commit(&[]);
    assert!(!output.status.success(), "{}", told(&output));
    assert!(told(&output).contains("app.yaml:11:11"), "{}", told(&output));
    assert!(!told(&output).contains("untracked.yaml"), "{}", told(&output));
    assert_eq!(repository.staged("app.yaml"), BROKEN);
    assert_eq!(repository.read("app.yaml"), unstaged);
    assert_eq!(repository.read("untracked.yaml"), BROKEN);
}

#[test]
fn to_fix_mends_what_is_committed_and_leaves_unstaged_work_alone() {
    let Some(repository) = Repository::new("caulk-fix") else { return };
    let unstaged = partly_staged(&repository);
    let mended = |text: &str| text.replace("command:", "args:");
    let output = repository.commit(&[]);
    assert!(!output.status.success(), "a changed file stops the commit: {}", told(&output));
    assert!(told(&output).contains("files were modified by this hook"), "{}", told(&output));
    assert_eq!(repository.staged("app.yaml"), BROKEN, "what is staged is the person's");
    assert_eq!(repository.read("app.yaml"), mended(&unstaged), "the thought is there, beside the mend");
    assert_eq!(repository.read("untracked.yaml"), BROKEN);
    git(&repository.work(), &["add", "app.yaml"]);
    assert!(repository.commit(&[]).status.success());
}

#[test]
fn unstaged_work_at_the_very_lines_of_a_mend_survives() {
    let Some(repository) = Repository::new("caulk-fix") else { return };
    repository.write("app.yaml", BROKEN);
    git(&repository.work(), &["add", "app.yaml"]);
    let unstaged = BROKEN.replace("[\"server\"]", "[\"server\"] # why?");
    assert_ne!(unstaged, BROKEN);
    repository.write("app.yaml", &unstaged);
    let output = repository.commit(&[]);
    assert!(!output.status.success(), "{}", told(&output));
    assert_eq!(repository.staged("app.yaml"), BROKEN);
    assert_eq!(repository.read("app.yaml"), unstaged, "{}", told(&output));
}

#[test]
fn all_files_are_looked_at_where_it_is_asked_for() {
    for (hook, after) in
        [("caulk-check", BROKEN.to_owned()), ("caulk-fix", BROKEN.replace("command:", "args:"))]
    {
        let Some(repository) = Repository::new(hook) else { return };
        repository.write("old.yaml", BROKEN);
        git(&repository.work(), &["add", "old.yaml"]);
        git(&repository.work(), &["commit", "--quiet", "--no-verify", "--message", "old"]);
        let mut all = Command::new(&repository.pre_commit);
        let output = run(repository.with_tools(all.args(["run", "--all-files"])));
        assert!(!output.status.success(), "{hook}: {}", told(&output));
        assert_eq!(repository.read("old.yaml"), after, "{hook}: {}", told(&output));
    }
}

#[test]
fn a_work_tree_with_other_line_ends_keeps_them() {
    let Some(repository) = Repository::new("caulk-fix") else { return };
    git(&repository.work(), &["config", "core.autocrlf", "true"]);
    let with_returns = BROKEN.replace('\n', "\r\n");
    repository.write("app.yaml", &with_returns);
    git(&repository.work(), &["add", "app.yaml"]);
    assert_eq!(repository.staged("app.yaml"), BROKEN);
    let output = repository.commit(&[]);
    assert!(!output.status.success(), "{}", told(&output));
    assert_eq!(repository.read("app.yaml"), with_returns.replace("command:", "args:"), "{}", told(&output));
}

#[test]
fn a_commit_of_everything_is_mended_as_well() {
    let Some(repository) = Repository::new("caulk-fix") else { return };
    repository.write("app.yaml", "a: 1\n");
    git(&repository.work(), &["add", "app.yaml"]);
    assert!(repository.commit(&[]).status.success());
    repository.write("app.yaml", BROKEN);
    assert!(!repository.commit(&["--all"]).status.success(), "the mend is to be looked at");
    let output = repository.commit(&["--all"]);
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(git(&repository.work(), &["show", "HEAD:app.yaml"]), BROKEN.replace("command:", "args:"));
    assert_eq!(git(&repository.work(), &["status", "--porcelain"]), "");
}

#[test]
fn a_finding_that_was_there_before_does_not_hold_up_a_commit() {
    let Some(repository) = Repository::new("caulk-check") else { return };
    repository.write("old.yaml", BROKEN);
    git(&repository.work(), &["add", "old.yaml"]);
    git(&repository.work(), &["commit", "--quiet", "--no-verify", "--message", "old"]);
    repository.write("new.yaml", &BROKEN.replace("command:", "args:"));
    git(&repository.work(), &["add", "new.yaml"]);
    let output = repository.commit(&[]);
    assert!(output.status.success(), "{}", told(&output));
}
