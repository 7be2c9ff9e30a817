//! Programs that the tests run and that no Rust crate brings.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Where `.ci/run` installs them.
const FOLDER: &str = "target/tools/bin";

/// Finds a program, or returns `None` with a word. Fails where it must be there.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let own = root().join(FOLDER).join(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    let found = own.is_file().then_some(own).or(found);
    if found.is_none() {
        assert!(std::env::var_os("CAULK_REQUIRE_SERVERS").is_none(), "there is no {name}");
        let _ = writeln!(std::io::stderr(), "SKIPPED: there is no {name}; .ci/run installs it");
    }
    found
}

/// The folder of the sources.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a program to its end, with nothing on its standard input.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs a program that must succeed, and returns what it printed.
#[track_caller]
pub(crate) fn must(command: &mut Command) -> String {
    let output = run(command);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?} ended with {}\n{out}\n{err}", output.status);
    out
}

/// Runs git in a folder, apart from the settings of whoever runs the tests.
#[track_caller]
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    must(&mut git_command(folder, args))
}

/// Prepares a call of git.
pub(crate) fn git_command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).args(args);
    with_identity(&mut command);
    command
}

/// Lets a program that calls git commit as nobody in particular.
pub(crate) fn with_identity(command: &mut Command) {
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    for role in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{role}_NAME"), "Nobody")
            .env(format!("GIT_{role}_EMAIL"), "nobody@localhost");
    }
}

/// Returns output as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A manifest whose `command` is proven to be wrong by the embedded catalog.
pub(crate) const BROKEN: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  template:
    spec:
      containers:
        - name: app
          image: ghcr.io/goauthentik/server:2024.12.1
          command: [\"server\"]
";
