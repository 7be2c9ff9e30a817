//! `caulk pr` as a program: what it leaves on the server, whatever was there before.

mod branches;
mod crash;
mod etiquette;
mod faults;
mod forks;
mod network;
mod outage;
mod ways;

use std::{path::Path, process::Command};

use stand_in::{Access, Identity, Pull, Server};

use crate::{
    command::{self, Ran},
    world::REPOSITORY,
};

pub(crate) const BRANCH: &str = "caulk/mend";

/// A Deployment whose command the kubelet cannot start.
pub(crate) fn broken(name: &str) -> String {
    deployment(name, "command: [\"server\"]")
}

/// The same as it ought to be.
pub(crate) fn mended(name: &str) -> String {
    deployment(name, "args: [\"server\"]")
}

pub(crate) fn deployment(name: &str, line: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: authentik\nspec:\n  template:\n    spec:\n      \
         containers:\n        - name: server\n          image: ghcr.io/goauthentik/server:2024.12.1\n          {line}\n"
    )
}

/// A server with one repository that holds these files, and a bot that may write to it.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) token: String,
    folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        Self::with(files, Identity::app("caulk", Access::Write))
    }

    pub(crate) fn with(files: &[(&str, &str)], identity: Identity) -> Self {
        let server = Server::start();
        server.create(REPOSITORY, files);
        let token = server.sign_in(identity);
        Self { server, token, folder: tempfile::tempdir().expect("a folder") }
    }

    /// A server whose one file is broken.
    pub(crate) fn broken() -> Self {
        Self::new(&[("a.yaml", &broken("a"))])
    }

    /// Runs `caulk pr` with these options.
    pub(crate) fn pr(&self, args: &[&str]) -> Ran {
        self.pr_in(self.folder.path(), &[&["--repo", REPOSITORY], args].concat())
    }

    /// Runs `caulk pr` in a folder, which tells the repository unless the options do.
    pub(crate) fn pr_in(&self, folder: &Path, args: &[&str]) -> Ran {
        Ran::of(&self.command(folder, args).output().expect("caulk runs"))
    }

    pub(crate) fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_caulk"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("GITHUB_TOKEN", &self.token).current_dir(folder);
        command.args(["pr", "--api-url", self.server.url(), "--threads", "1"]).args(args);
        command
    }

    /// The only pull request there ever was.
    #[track_caller]
    pub(crate) fn only(&self) -> Pull {
        let mut pulls = self.server.pulls(REPOSITORY);
        assert_eq!(pulls.len(), 1, "{pulls:#?}");
        pulls.remove(0)
    }

    /// Asserts that the branch is one commit on the base, which mends the files, and that nothing else was left.
    #[track_caller]
    pub(crate) fn holds_one_mend_of(&self, names: &[&str]) {
        let commits = self.server.commits(REPOSITORY, "main", BRANCH);
        assert_eq!(commits.len(), 1, "{commits:#?}");
        assert_eq!(commits[0].parents, [self.server.branch(REPOSITORY, "main").expect("main")]);
        for name in names {
            let file = self.server.file(REPOSITORY, BRANCH, &format!("{name}.yaml"));
            assert_eq!(file.as_deref(), Some(&*mended(name)));
        }
        assert_eq!(self.server.branches(REPOSITORY), [BRANCH, "main"]);
    }

    pub(crate) fn writes(&self) -> Vec<String> {
        command::writes(&self.server)
    }
}
