//! Repositories on a server, and sweeps over them.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;
use stand_in::{Access, Exchange, Identity, Pull, Server};

use crate::harness::{Swept, broken, mended};

/// A server, and a folder that sweeps run in.
pub(crate) struct World {
    pub(crate) server: Server,
    folder: tempfile::TempDir,
}

impl World {
    /// Makes an organisation of so many repositories; every second one is broken.
    pub(crate) fn new(count: usize) -> Self {
        let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
        server.organisation("acme");
        let world = Self { server, folder };
        for number in 0..count {
            let text = if number % 2 == 0 { broken() } else { mended() };
            world.server.create(&named(number), &[("app.yaml", &text), ("README.md", &named(number))]);
        }
        let token = world.server.sign_in(Identity::app("caulk", Access::Write));
        fs::write(world.path("token"), token).expect("a file");
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    /// Speaks as the owner of the token, unless the arguments name an App.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_caulk"));
        command.current_dir(self.folder.path()).arg("sweep").args(args).stdin(Stdio::null());
        if !matches!(args, ["status" | "report", ..]) {
            command.args(["--api-url", self.server.url()]);
            if !args.contains(&"--app-id") {
                command.args(["--token-file", "token"]);
            }
        }
        command.env_remove("http_proxy").env_remove("https_proxy").env_remove("all_proxy");
        command
    }

    pub(crate) fn sweep(&self, args: &[&str]) -> Swept {
        Swept::of(&mut self.command(args))
    }

    pub(crate) fn plan(&self, rest: &[&str]) -> Swept {
        self.sweep(&[&["plan", "--org", "acme"], rest].concat())
    }

    pub(crate) fn apply(&self, rest: &[&str]) -> Swept {
        self.sweep(&[&["apply", "caulk-sweep.jsonl"], rest].concat())
    }

    /// Returns the lines of repositories in a plan, the last of each, by name.
    pub(crate) fn entries(&self, plan: &str) -> BTreeMap<String, Value> {
        let text = fs::read_to_string(self.path(plan)).expect("a plan");
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let entries = lines.filter(|line| line["kind"] == "repository");
        entries.map(|entry| (entry["name"].as_str().expect("a name").to_owned(), entry)).collect()
    }

    /// Returns the one pull request of a repository, if there is one.
    #[track_caller]
    pub(crate) fn pull(&self, name: &str) -> Option<Pull> {
        let mut pulls = self.server.pulls(name);
        assert!(pulls.len() < 2, "{name}: {} pull requests", pulls.len());
        pulls.pop()
    }

    /// Returns the exchanges with the API, and those of git's own protocol.
    pub(crate) fn exchanges(&self) -> (Vec<Exchange>, Vec<Exchange>) {
        self.server.exchanges().into_iter().partition(|exchange| !exchange.git)
    }

    /// Returns what a broken repository holds in the end, with our pull request.
    pub(crate) fn end(&self, count: usize) -> BTreeMap<String, Option<(String, String)>> {
        let state = |name: &String| {
            let pull = self.pull(name)?;
            assert!(pull.open, "{name}");
            let file = self.server.file(name, &pull.head, "app.yaml").expect("a file");
            assert_eq!(self.server.commits(name, "main", &pull.head).len(), 1, "{name}: one commit");
            Some((pull.title, file))
        };
        (0..count)
            .map(named)
            .map(|name| {
                let state = state(&name);
                (name, state)
            })
            .collect()
    }
}

pub(crate) fn named(number: usize) -> String {
    format!("acme/r{number:03}")
}
