//! caulk as a program, on somebody's machine or in a workflow.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};
use stand_in::{Identity, Server};

/// A machine with an empty folder and nothing in its environment but what is said here.
pub(crate) struct Machine {
    folder: tempfile::TempDir,
    api: String,
    variables: Vec<(String, String)>,
}

/// What a run of caulk printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Machine {
    /// A machine where somebody is signed in.
    pub(crate) fn new(server: &Server, identity: Identity) -> Self {
        let token = server.sign_in(identity);
        Self::bare(server).with("GITHUB_TOKEN", &token)
    }

    /// A machine without a token.
    pub(crate) fn bare(server: &Server) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, api: server.url().to_owned(), variables: Vec::new() }
    }

    /// Adds a variable to its environment.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Makes it the runner of a workflow on a pull request, whose head lies in the repository named.
    pub(crate) fn in_workflow(self, repository: &str, number: u64, head: &str) -> Self {
        let event = json!({
            "number": number, "repository": { "full_name": repository },
            "pull_request": { "number": number, "head": { "repo": { "full_name": head } } },
        });
        let path = self.folder.path().join("event.json");
        std::fs::write(&path, event.to_string()).expect("a file");
        let summary = self.job_summary();
        self.with("GITHUB_ACTIONS", "true")
            .with("GITHUB_EVENT_NAME", "pull_request")
            .with("GITHUB_EVENT_PATH", &path.to_string_lossy())
            .with("GITHUB_STEP_SUMMARY", &summary.to_string_lossy())
    }

    /// The file of the job's summary.
    pub(crate) fn job_summary(&self) -> PathBuf {
        self.folder.path().join("summary.md")
    }

    /// The folder that caulk runs in, which is empty.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs caulk against the server.
    pub(crate) fn caulk(&self, args: &[&str]) -> Ran {
        Ran::of(&self.command(args).output().expect("caulk runs"))
    }

    /// Returns the command that runs caulk against the server.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_at(&self.api, args)
    }

    /// Runs caulk against some address.
    pub(crate) fn caulk_at(&self, api: &str, args: &[&str]) -> Ran {
        Ran::of(&self.command_at(api, args).output().expect("caulk runs"))
    }

    fn command_at(&self, api: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_caulk"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).current_dir(self.folder.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(args).args(["--api-url", api]);
        command
    }
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
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

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("JSON on standard output")
    }
}

/// The requests so far that change something, as the server calls them.
pub(crate) fn writes(server: &Server) -> Vec<String> {
    let all = server.exchanges();
    all.iter().filter(|exchange| exchange.writes()).map(|exchange| exchange.call.clone()).collect()
}
