//! Installing the program: whatever is not as it must be stops with one clear sentence, and nothing that was fetched runs.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::{
    runner::{ASSET, Release, executable},
    tools::{root, run, text},
};

/// Runs the step on a Linux machine with the settings over the usual ones.
fn install(release: &Release, work: &Path, settings: &[(&str, &str)]) -> (Output, String) {
    let output = work.join("output");
    fs::write(&output, "").expect("a file");
    let step = run(Command::new("bash")
        .arg(release.action().join("action/install.sh"))
        .env("RUNNER_OS", "Linux")
        .env("RUNNER_ARCH", "X64")
        .env("RUNNER_TEMP", work)
        .env("GITHUB_OUTPUT", &output)
        .env("GITHUB_SERVER_URL", "https://github.invalid")
        .env("CAULK_RELEASES", release.mirror())
        .env("CAULK_VERSION", "")
        .envs(settings.iter().copied()));
    (step, fs::read_to_string(output).expect("the outputs"))
}

#[track_caller]
fn assert_stops(release: &Release, settings: &[(&str, &str)], sentence: &str) {
    let work = tempfile::tempdir().expect("a folder");
    let (step, outputs) = install(release, work.path(), settings);
    let out = text(&step.stdout);
    assert_eq!(step.status.code(), Some(2), "{out}\n{}", text(&step.stderr));
    let told: Vec<&str> = out.lines().filter(|line| line.starts_with("::error title=caulk::")).collect();
    assert_eq!(told.len(), 1, "{out}");
    assert!(told[0].contains(sentence), "{out}");
    assert_eq!(outputs, "", "there is no program to run");
}

#[test]
fn the_release_of_this_commit_is_installed() {
    let (release, work) = (Release::new(), tempfile::tempdir().expect("a folder"));
    for version in ["", "v1.2.3", "1.2.3"] {
        let (step, outputs) = install(&release, work.path(), &[("CAULK_VERSION", version)]);
        assert!(step.status.success(), "{}{}", text(&step.stdout), text(&step.stderr));
        let binary = outputs.trim().strip_prefix("binary=").expect("a program");
        assert!(text(&run(Command::new(binary).arg("--version")).stdout).starts_with("caulk "), "{outputs}");
    }
}

#[test]
fn other_bytes_are_not_run() {
    let release = Release::new();
    let mut bytes = fs::read(release.asset()).expect("the asset");
    let last = bytes.last_mut().expect("a byte");
    *last ^= 1;
    fs::write(release.asset(), bytes).expect("the asset");
    assert_stops(&release, &[], "is not what this action was made for: its SHA-256 is ");
}

#[test]
fn a_missing_asset_is_named() {
    let release = Release::new();
    fs::remove_file(release.asset()).expect("the asset");
    assert_stops(&release, &[], &format!("release v1.2.3 holds no {ASSET} that can be fetched from file://"));
}

#[test]
fn platforms_and_releases_that_nobody_built_are_named() {
    let release = Release::new();
    let odd = [("RUNNER_OS", "Plan9"), ("RUNNER_ARCH", "MIPS")];
    assert_stops(&release, &odd, "there is no binary for Plan9 on MIPS; use 'version: source'");
    let other = [("RUNNER_ARCH", "ARM64")];
    let sentence = "release v1.2.3 has no sum for caulk-aarch64-unknown-linux-musl.tar.gz";
    assert_stops(&release, &other, sentence);
    assert_stops(&release, &[("CAULK_VERSION", "2.0.0")], "can check v1.2.3 alone, not '2.0.0'");
    let hostile = [("CAULK_VERSION", "1\n::set-output name=binary::/bin/sh")];
    assert_stops(&release, &hostile, "not '1%0A::set-output name=binary::/bin/sh'");
    fs::remove_file(release.action().join("action/release")).expect("the release");
    assert_stops(&release, &[], "this commit of the action belongs to no release");
}

#[test]
fn sources_are_built_without_a_token_in_the_environment() {
    let release = Release::new();
    let work = tempfile::tempdir().expect("a folder");
    let tools = work.path().join("tools");
    fs::create_dir(&tools).expect("a folder");
    // A compiler that tells what it could see.
    let seen = work.path().join("seen");
    let script = format!(
        "#!/bin/sh\nenv > '{}'\nwhile [ $# -gt 1 ]; do if [ \"$1\" = --target-dir ]; then target=$2; fi; shift; done\n\
         mkdir -p \"$target/release\"\nprintf '#!/bin/sh\\n' > \"$target/release/caulk\"\nchmod +x \"$target/release/caulk\"\n",
        seen.display()
    );
    executable(&tools.join("cargo"), &script);
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").expect("a path"));
    let settings = [
        ("PATH", path.as_str()),
        ("CAULK_VERSION", "source"),
        ("GITHUB_TOKEN", "hunter2"),
        ("ACTIONS_RUNTIME_TOKEN", "hunter2"),
        ("SECRET_OF_THE_JOB", "hunter2"),
    ];
    let (step, outputs) = install(&release, work.path(), &settings);
    assert!(step.status.success(), "{}{}", text(&step.stdout), text(&step.stderr));
    assert!(outputs.starts_with("binary="), "{outputs}");
    let seen = fs::read_to_string(seen).expect("an environment");
    assert!(seen.contains("PATH=") && !seen.contains("hunter2"), "{seen}");
    executable(&tools.join("cargo"), "#!/bin/sh\nexit 101\n");
    assert_stops(&release, &settings, "caulk could not be built from the sources");
}

#[test]
fn the_scripts_name_no_address() {
    for entry in fs::read_dir(root().join("action")).expect("the scripts") {
        let script = fs::read_to_string(entry.expect("a script").path()).expect("text");
        assert!(!script.contains("://"), "where releases are is the runner's to say: {script}");
    }
}
