//! `kubectl kustomize`, without network.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

/// The oldest kustomize whose behaviour caulk follows.
const OLDEST: u32 = 5;

/// What became of a build.
#[derive(Debug)]
pub(crate) enum Built {
    /// The rendered documents.
    Rendered(String),
    /// The reason of the failure.
    Failed(String),
}

/// Tells whether a kubectl is there that can be the judge.
///
/// # Panics
/// If there is none and `CAULK_REQUIRE_SERVERS` is set.
pub(crate) fn is_there() -> bool {
    let version = Command::new("kubectl").args(["version", "--client"]).stderr(Stdio::null()).output();
    let text = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let kustomize = text.lines().find_map(|line| line.strip_prefix("Kustomize Version: v"));
    let major = kustomize.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    let there = major.is_some_and(|major| major >= OLDEST);
    if !there {
        println!("SKIPPED: no kubectl with kustomize {OLDEST} or newer (found {kustomize:?})");
        assert!(env::var_os("CAULK_REQUIRE_SERVERS").is_none(), "CAULK_REQUIRE_SERVERS is set");
    }
    there
}

/// Builds a folder.
pub(crate) fn kustomize(folder: &Path) -> Built {
    // Remote bases are to fail at once: nothing listens there.
    let output = Command::new("kubectl")
        .args(["kustomize", "."])
        .current_dir(folder)
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_SSH_COMMAND", "false")
        .stdin(Stdio::null())
        .output()
        .expect("kubectl runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Built::Rendered(text(&output.stdout))
    } else {
        Built::Failed(text(&output.stderr))
    }
}
