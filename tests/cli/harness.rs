//! A folder of manifests, caulk run in it, and what came out.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A folder that is removed at the end of the test.
pub(crate) struct Folder(tempfile::TempDir);

/// What a run of caulk printed, and how it ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }

    /// A repository: caulk takes its `.caulk.yaml` for the root.
    pub(crate) fn repository(files: &[(&str, &str)]) -> Self {
        let folder = Self::new(files);
        if !folder.path(".caulk.yaml").exists() {
            folder.write(".caulk.yaml", b"");
        }
        folder
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path(name)).expect("a file")).expect("text")
    }

    pub(crate) fn caulk(&self, args: &[&str]) -> Ran {
        ran(command(self.root(), args).stdin(Stdio::null()).output().expect("caulk runs"))
    }

    pub(crate) fn caulk_with(&self, args: &[&str], stdin: &[u8]) -> Ran {
        let mut command = command(self.root(), args);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("caulk starts");
        child.stdin.take().expect("a pipe").write_all(stdin).expect("caulk reads");
        ran(child.wait_with_output().expect("caulk ends"))
    }

    /// Everything below the folder, by path.
    pub(crate) fn files(&self) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
        let mut files = std::collections::BTreeMap::new();
        let mut folders = vec![self.root().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let entry = entry.expect("an entry");
                let kind = entry.file_type().expect("a kind");
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let name = entry.path().strip_prefix(self.root()).expect("a path below").to_owned();
                    files.insert(name, fs::read(entry.path()).expect("a file"));
                }
            }
        }
        files
    }
}

pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caulk"));
    command.current_dir(folder).args(args);
    command
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().expect("caulk is not killed by a signal"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        assert!(
            self.out.contains(part) || self.err.contains(part),
            "no {part:?} in\nstdout: {}\nstderr: {}",
            self.out,
            self.err
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).expect("a report in JSON")
    }
}

/// A Deployment with one container.
pub(crate) fn deployment(image: &str, rest: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    spec:\n      containers:\n\
         \x20       - name: app\n          image: {image}\n          {rest}\n"
    )
}

/// A manifest whose `command` is proven to be wrong by the embedded catalog.
pub(crate) fn broken() -> String {
    deployment("ghcr.io/goauthentik/server:2024.12.1", "command: [\"server\"]")
}

/// The same after the mend.
pub(crate) fn mended() -> String {
    broken().replace("command:", "args:")
}

/// A configuration that knows an image which no catalog has; nothing proves what its program accepts.
pub(crate) const ACME: &str =
    "images:\n  - image: ghcr.io/acme/server\n    entrypoint: [dumb-init, --, acme]\n    cmd: [serve]\n";

/// A manifest whose fix is unsafe, given [`ACME`].
pub(crate) fn doubtful() -> String {
    deployment("ghcr.io/acme/server:1.2", "command: [\"refresh\"]")
}

/// The folder of shared data, or `None` with a word. Fails where the data must be there.
pub(crate) fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CAULK_REQUIRE_SHARED").is_none(), "../shared is not there");
    let _ = writeln!(std::io::stderr(), "SKIPPED: ../shared is not there");
    None
}
