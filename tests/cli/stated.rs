//! Real commits in which people turned `command` into `args`, for images of which only the owners know what they do: once
//! the configuration states it, caulk mends them as the people did.

use std::fs;

use crate::{
    corpus::unpack,
    harness::{Folder, shared},
};

/// Mends the snapshot of a case with a stated image and returns the lines of `command` and `args` that changed.
fn mended(case: &str, image: &str) -> Option<Vec<String>> {
    let shared = shared()?;
    let read = |name: &str| {
        fs::read_to_string(shared.join("cases").join(case).join(name)).expect("a file of the case")
    };
    let told: serde_json::Value = serde_json::from_str(&read("case.json")).expect("a case");
    let text = |key: &str| told[key].as_str().unwrap_or_else(|| panic!("{case} has no {key}")).to_owned();
    let repository: Folder = unpack(&shared.join(text("snapshot")));
    let outside = Folder::new(&[("config.yaml", &format!("images:\n{image}"))]);
    let config = outside.path("config.yaml");
    repository.caulk(&["fix", "--write", "--unsafe-fixes", "--config", &config.to_string_lossy()]);
    let now = repository.read(&text("path"));
    let run = |text: &str| -> Vec<String> {
        let lines: Vec<&str> = text.lines().collect();
        let keys =
            |line: &str| line.trim_start().starts_with("command:") || line.trim_start().starts_with("args:");
        let at = lines.iter().position(|line| keys(line)).expect("a command or args");
        let words =
            lines[at..].iter().take(4).flat_map(|line| line.split(['[', ']', ',', '\'', '"', ' ', '-']));
        words.filter(|word| !word.is_empty()).map(str::to_owned).take(4).collect()
    };
    let (before, wanted, got) = (run(&read("before.yaml")), run(&read("after.yaml")), run(&now));
    assert_ne!(before, wanted, "{case} asks for nothing");
    assert_eq!(got, wanted, "{case}\n{now}");
    Some(got)
}

#[test]
fn a_stated_image_is_mended_as_its_owners_did() {
    mended(
        "003",
        "  - image: index.docker.io/sourcegraph/minio\n    entrypoint: [/usr/bin/docker-entrypoint.sh]\n    forwards: own-program\n",
    );
}

#[test]
fn a_stated_image_with_args_is_mended_as_its_owners_did() {
    mended(
        "026",
        "  - image: ghcr.io/bjw-s-labs/esphome\n    entrypoint: [/entrypoint.sh]\n    forwards: own-program\n",
    );
}
