//! Repositories made by the git program, away from anybody's settings.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use caulk::{
    facts,
    git::{Oid, Store},
    read::Thoroughness,
    run::Request,
};
use caulk_transforms::finding::Applicability;

/// A repository with a work tree, removed at the end of the test.
pub(crate) struct Work(tempfile::TempDir);

impl Work {
    /// Makes a repository whose first commit holds the files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let work = Self(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            work.write(name, text);
        }
        work.git(&["init", "--quiet", "--initial-branch=main"]);
        work.commit();
        work
    }

    /// Makes a repository of all files in an archive, ignored or not.
    pub(crate) fn unpacked(archive: &Path) -> Self {
        let work = Self(tempfile::tempdir().expect("a folder"));
        let status = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(work.root()).status();
        assert!(status.expect("tar runs").success(), "{}", archive.display());
        work.git(&["init", "--quiet", "--initial-branch=main"]);
        work.commit();
        work
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    /// Commits everything that lies in the folder, and returns the commit.
    pub(crate) fn commit(&self) -> Oid {
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "a state"]);
        self.head()
    }

    pub(crate) fn head(&self) -> Oid {
        self.git(&["rev-parse", "HEAD"]).parse().expect("an object's name")
    }

    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git(self.root(), args)
    }

    pub(crate) fn store(&self) -> Arc<Store> {
        Arc::new(Store::open(&self.path(".git")).expect("a repository"))
    }
}

/// Runs git as nobody in particular. Returns what it printed, without the last line feed.
#[track_caller]
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let output = command(folder).args(args).output().expect("git runs");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "A. Hand")
        .env("GIT_AUTHOR_EMAIL", "hand@example.org")
        .env("GIT_COMMITTER_NAME", "A. Hand")
        .env("GIT_COMMITTER_EMAIL", "hand@example.org");
    command
}

/// Asks for everything, as `caulk fix --unsafe-fixes` does.
pub(crate) fn request() -> Request {
    Request {
        paths: vec![PathBuf::from(".")],
        config: None,
        cluster_domain: None,
        rules: Vec::new(),
        tier: Applicability::Unsafe,
        thoroughness: Thoroughness::Commands,
        threads: 0,
        sources: facts::Options::default(),
        addresses: Vec::new(),
    }
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

/// The folder of shared data, or `None` with a word. Fails where the data must be there.
pub(crate) fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CAULK_REQUIRE_SHARED").is_none(), "../shared is not there");
    say("SKIPPED: ../shared is not there");
    None
}

/// Prints a line where the tests' output is shown.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
