//! Many repositories in a folder, and sweeps over them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// Git repositories below one folder, which is removed at the end of the test.
pub(crate) struct Organisation {
    folder: tempfile::TempDir,
}

/// How a sweep ended.
pub(crate) struct Swept {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Organisation {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a bare repository with one commit; by git's plumbing, a few processes each.
    pub(crate) fn add(&self, name: &str, files: &[(&str, &str)]) {
        let path = self.path(name);
        git(self.folder.path(), &["init", "--quiet", "--initial-branch=main", name]);
        for (file, text) in files {
            let file = path.join(file);
            fs::create_dir_all(file.parent().expect("a parent")).expect("folders");
            fs::write(file, text).expect("a file");
        }
        self.commit(name);
    }

    pub(crate) fn commit(&self, name: &str) {
        git(&self.path(name), &["add", "--all"]);
        git(&self.path(name), &["commit", "--quiet", "--allow-empty", "--message", "a state"]);
    }

    /// Names all repositories in a file.
    pub(crate) fn list(&self, names: &[String]) {
        fs::write(self.path("list"), names.join("\n") + "\n").expect("a file");
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_caulk"));
        command.current_dir(self.folder.path()).arg("sweep").args(args).stdin(Stdio::null());
        command
    }

    pub(crate) fn sweep(&self, args: &[&str]) -> Swept {
        Swept::of(&mut self.command(args))
    }

    /// Returns the lines of repositories in a plan, the last of each, by identity.
    pub(crate) fn entries(&self, plan: &str) -> BTreeMap<String, Value> {
        let text = fs::read_to_string(self.path(plan)).expect("a plan");
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let entries = lines.filter(|line| line["kind"] == "repository");
        entries.map(|entry| (entry["id"].as_str().expect("an identity").to_owned(), entry)).collect()
    }
}

impl Swept {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().expect("caulk runs");
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        let said = self.out.contains(part) || self.err.contains(part);
        assert!(said, "no {part:?} in\nstdout: {}\nstderr: {}", self.out, self.err);
        self
    }
}

#[track_caller]
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "A. Hand")
        .env("GIT_AUTHOR_EMAIL", "hand@example.org")
        .env("GIT_COMMITTER_NAME", "A. Hand")
        .env("GIT_COMMITTER_EMAIL", "hand@example.org")
        .args(args)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// A manifest whose `command` is proven to be wrong by the embedded catalog.
pub(crate) fn broken() -> String {
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    spec:\n      containers:\n\
     \x20       - name: app\n          image: ghcr.io/goauthentik/server:2024.12.1\n          command: [\"server\"]\n"
        .to_owned()
}

/// The same after the mend.
pub(crate) fn mended() -> String {
    broken().replace("command:", "args:")
}
