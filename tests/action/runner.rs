//! A repository whose workflow uses the Action, a release that the Action downloads, and `act` in the place of GitHub's runner.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::tools::{git, must, root, run, text, tool};

/// The name of the asset for the runner that `act` is.
pub(crate) const ASSET: &str = "caulk-x86_64-unknown-linux-musl.tar.gz";

/// A copy of the Action at the commit of a release, and a mirror that holds the release.
pub(crate) struct Release(tempfile::TempDir);

impl Release {
    /// Makes a release whose program is the one that is tested.
    pub(crate) fn new() -> Self {
        let release = Self(tempfile::tempdir().expect("a folder"));
        let (action, assets) = (release.action(), release.0.path().join("mirror/v1.2.3"));
        fs::create_dir_all(action.join("action")).expect("folders");
        fs::create_dir_all(&assets).expect("folders");
        fs::copy(root().join("action.yml"), action.join("action.yml")).expect("the action");
        for entry in fs::read_dir(root().join("action")).expect("the scripts") {
            let entry = entry.expect("a script");
            fs::copy(entry.path(), action.join("action").join(entry.file_name())).expect("a copy");
        }
        // The binary of a test is large; a release that calls it is packed in no time.
        let program = assets.join("caulk");
        let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_caulk"));
        executable(&program, &script);
        must(Command::new("tar").arg("-czf").arg(assets.join(ASSET)).arg("-C").arg(&assets).arg("caulk"));
        must(
            Command::new("bash")
                .arg(action.join("action/commit-sums.sh"))
                .arg(&assets)
                .env("GITHUB_REF_NAME", "v1.2.3")
                .env_remove("GH_TOKEN"),
        );
        release
    }

    /// The Action's folder.
    pub(crate) fn action(&self) -> PathBuf {
        self.0.path().join("action")
    }

    /// The mirror's address.
    pub(crate) fn mirror(&self) -> String {
        format!("file://{}", self.0.path().join("mirror").display())
    }

    /// The asset in the mirror.
    pub(crate) fn asset(&self) -> PathBuf {
        self.0.path().join("mirror/v1.2.3").join(ASSET)
    }
}

/// Writes a program.
pub(crate) fn executable(path: &Path, script: &str) {
    fs::write(path, script).expect("a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode");
}

/// A repository with a workflow.
pub(crate) struct Repository {
    release: Release,
    folder: tempfile::TempDir,
}

/// What `act` told of a run.
pub(crate) struct Ran {
    /// Whether the job succeeded.
    pub(crate) green: bool,
    /// The lines of the log.
    log: Vec<Value>,
    /// What steps left behind.
    results: PathBuf,
}

impl Repository {
    /// Makes a repository of the files, whose workflow calls the Action with the inputs.
    pub(crate) fn new(files: &[(&str, &str)], inputs: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Self { release: Release::new(), folder };
        let work = repository.work();
        fs::create_dir_all(repository.results()).expect("a folder");
        for (name, content) in files {
            let path = work.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            fs::write(path, content).expect("a file");
        }
        let inputs: serde_json::Map<String, Value> =
            inputs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        fs::create_dir_all(work.join(".github/workflows")).expect("folders");
        // JSON is YAML.
        let workflow = workflow(&inputs, &repository.release.mirror());
        fs::write(work.join(".github/workflows/caulk.yml"), workflow.to_string()).expect("a workflow");
        git(&work, &["init", "--quiet", "--initial-branch=main", "."]);
        repository.commit();
        git(&work, &["remote", "add", "origin", "https://github.com/acme/manifests"]);
        repository
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn results(&self) -> PathBuf {
        self.folder.path().join("results")
    }

    /// Commits everything and returns the commit.
    pub(crate) fn commit(&self) -> String {
        git(&self.work(), &["add", "--all"]);
        git(&self.work(), &["commit", "--quiet", "--message", "a change"]);
        git(&self.work(), &["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Lets the event happen. `None` with a word if there is no `act`.
    pub(crate) fn on(&self, event: &str, payload: &Value) -> Option<Ran> {
        self.on_with(event, payload, "hunter2hunter2", &[])
    }

    /// Lets the event happen with the token of the job and the runner's variables.
    pub(crate) fn on_with(
        &self,
        event: &str,
        payload: &Value,
        token: &str,
        variables: &[(&str, &str)],
    ) -> Option<Ran> {
        let act = tool("act")?;
        let file = self.folder.path().join("event.json");
        fs::write(&file, payload.to_string()).expect("an event");
        let local = format!("https://github.com/acme/caulk@v1={}", self.release.action().display());
        let mut command = Command::new(act);
        command
            .current_dir(self.work())
            .args([event, "--json", "--platform", "ubuntu-latest=-self-hosted", "--no-cache-server"])
            .arg("--eventpath")
            .arg(file)
            .args(["--local-repository", &local, "--secret", &format!("GITHUB_TOKEN={token}")])
            .args(["--env", &format!("RESULTS={}", self.results().display())]);
        for (name, value) in variables {
            command.args(["--env", &format!("{name}={value}")]);
        }
        let output = run(command.arg("--action-cache-path").arg(self.folder.path().join("cache")));
        let lines = text(&output.stdout);
        let log: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        assert!(!log.is_empty(), "{lines}\n{}", text(&output.stderr));
        Some(Ran { green: output.status.success(), log, results: self.results() })
    }
}

fn workflow(inputs: &serde_json::Map<String, Value>, mirror: &str) -> Value {
    let mut with = inputs.clone();
    with.insert("releases".to_owned(), json!(mirror));
    let keep = "printf '%s' \"$OUTPUTS\" > \"$RESULTS/outputs.json\"\n\
                git diff > \"$RESULTS/diff\"\n\
                for kind in report patch sarif; do\n\
                  file=\"$(printenv \"$kind\" || true)\"\n\
                  if [ -n \"$file\" ]; then cp -- \"$file\" \"$RESULTS/$kind\"; fi\n\
                done\n";
    let env = json!({
        "OUTPUTS": "${{ toJSON(steps.caulk.outputs) }}",
        "report": "${{ steps.caulk.outputs.report }}",
        "patch": "${{ steps.caulk.outputs.patch }}",
        "sarif": "${{ steps.caulk.outputs.sarif-file }}",
    });
    json!({
        "on": ["push", "pull_request", "pull_request_target", "merge_group", "schedule", "workflow_dispatch"],
        "jobs": { "caulk": {
            "runs-on": "ubuntu-latest",
            "steps": [
                { "uses": "actions/checkout@v4" },
                { "id": "caulk", "uses": "acme/caulk@v1", "with": with },
                { "if": "always()", "shell": "bash", "env": env, "run": keep },
            ],
        } },
    })
}

impl Ran {
    /// Returns the annotations of a kind, each with its file and its line.
    pub(crate) fn annotations(&self, kind: &str) -> Vec<(String, String, String)> {
        let of_kind = self.log.iter().filter(|line| line["command"] == kind);
        let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        of_kind
            .map(|line| (part(&line["kvPairs"]["file"]), part(&line["kvPairs"]["line"]), part(&line["arg"])))
            .collect()
    }

    /// Returns the job's summary.
    pub(crate) fn summary(&self) -> String {
        let summaries = self.log.iter().filter(|line| line["command"] == "summary");
        summaries.filter_map(|line| line["content"].as_str()).next().unwrap_or_default().to_owned()
    }

    /// Returns an output of the Action.
    #[track_caller]
    pub(crate) fn output(&self, name: &str) -> String {
        let outputs: Value = serde_json::from_str(&self.left("outputs.json")).expect("outputs");
        outputs[name].as_str().unwrap_or_default().to_owned()
    }

    /// Returns what a step left behind under the name.
    #[track_caller]
    pub(crate) fn left(&self, name: &str) -> String {
        fs::read_to_string(self.results.join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}\n{}", self.log()))
    }

    /// Returns everything that was logged.
    pub(crate) fn log(&self) -> String {
        self.log.iter().map(|line| format!("{line}\n")).collect()
    }
}
