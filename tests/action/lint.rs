//! What GitHub's own description and the usual linters say of the Action, the workflows and the hooks.

use std::{fs, path::PathBuf, process::Command};

use crate::tools::{root, run, text, tool};

fn workflows() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(".github/workflows")).expect("the workflows");
    let files: Vec<PathBuf> = entries.map(|entry| entry.expect("a workflow").path()).collect();
    assert!(!files.is_empty());
    files
}

#[track_caller]
fn assert_clean(command: &mut Command) {
    let output = run(command.current_dir(root()));
    assert!(output.status.success(), "{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn schemas_take_the_action_and_the_workflows() {
    let Some(check) = tool("check-jsonschema") else { return };
    assert_clean(Command::new(&check).args(["--builtin-schema", "vendor.github-actions", "action.yml"]));
    let workflow = ["--builtin-schema", "vendor.github-workflows"];
    assert_clean(Command::new(&check).args(workflow).args(workflows()));
    let wrong = tempfile::NamedTempFile::with_suffix(".yml").expect("a file");
    fs::write(wrong.path(), "name: a\nruns: { using: nothing }\n").expect("a file");
    let output =
        run(Command::new(&check).args(["--builtin-schema", "vendor.github-actions"]).arg(wrong.path()));
    assert!(!output.status.success(), "the check takes anything");
}

#[test]
fn actionlint_finds_nothing() {
    let Some(actionlint) = tool("actionlint") else { return };
    assert_clean(Command::new(actionlint).args(workflows()));
}

#[test]
fn zizmor_finds_nothing() {
    let Some(zizmor) = tool("zizmor") else { return };
    assert_clean(Command::new(zizmor).args([
        "--offline",
        "--no-progress",
        "--strict-collection",
        "action.yml",
        ".github",
    ]));
}

#[test]
fn the_hooks_are_as_pre_commit_wants_them() {
    let Some(pre_commit) = tool("pre-commit") else { return };
    assert_clean(Command::new(pre_commit).args(["validate-manifest", ".pre-commit-hooks.yaml"]));
}

#[test]
fn every_input_is_described_in_the_readme() {
    let action: serde_yaml::Value =
        serde_yaml::from_str(&fs::read_to_string(root().join("action.yml")).expect("the action"))
            .expect("YAML");
    let readme = fs::read_to_string(root().join("action/README.md")).expect("its page");
    for part in ["inputs", "outputs"] {
        for name in action[part].as_mapping().expect("a mapping").keys() {
            let name = name.as_str().expect("a name");
            assert!(readme.contains(&format!("`{name}`")), "{part} {name}");
        }
    }
}
