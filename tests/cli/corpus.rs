//! Real repositories: nothing breaks, nothing changes that was not mended, and a second run has nothing to do.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::harness::{Folder, Ran, shared};

pub(crate) fn unpack(archive: &Path) -> Folder {
    let folder = Folder::new(&[]);
    let status = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder.root()).status();
    assert!(status.expect("tar runs").success(), "{}", archive.display());
    folder
}

fn archives(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(".tar.gz") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn check_one(archive: &Path) -> usize {
    let folder = unpack(archive);
    let before = folder.files();
    let run = |args: &[&str]| -> Ran {
        let ran = folder.caulk(args);
        assert!(ran.code < 2, "{}: {:?}\n{}", archive.display(), args, ran.err);
        ran
    };
    let planned = run(&["fix", "--unsafe-fixes", "--format", "json", "--threads", "1"]);
    let again = run(&["fix", "--unsafe-fixes", "--format", "json", "--threads", "8"]);
    assert!(planned.out == again.out, "{}: threads change the output", archive.display());
    assert!(folder.files() == before, "{}: something changed without --write", archive.display());

    let report = planned.json();
    let list = |key: &str| -> Vec<Value> { report[key].as_array().expect("a list").clone() };
    let changed: BTreeMap<String, Value> = list("changes")
        .into_iter()
        .map(|change| (change["path"].as_str().expect("a path").to_owned(), change["diff"].clone()))
        .collect();
    // What is not parsed because no rule could find anything in it has nothing in it.
    let whole = run(&["check", "--unsafe-fixes", "--format", "json"]).json();
    let strict = folder.caulk(&["check", "--unsafe-fixes", "--format", "json", "--strict"]).json();
    assert_eq!(
        whole["findings"],
        strict["findings"],
        "{}: sifting hides or changes findings",
        archive.display()
    );
    run(&["fix", "--unsafe-fixes", "--write"]);
    let after = folder.files();
    assert!(before.keys().eq(after.keys()), "{}: files came or went", archive.display());
    for (path, bytes) in &after {
        let name = path.to_string_lossy();
        assert_eq!(*bytes != before[path], changed.contains_key(&*name), "{}: {name}", archive.display());
    }
    let second = run(&["fix", "--unsafe-fixes", "--format", "json"]).json();
    assert_eq!(
        second["changes"],
        Value::Array(Vec::new()),
        "{}: a second run changes more",
        archive.display()
    );
    for finding in list("findings") {
        let told = finding["reason"].is_string() || finding["fix"].is_object();
        assert!(told, "{}: a finding without fix or reason: {finding:#}", archive.display());
    }
    changed.len()
}

fn check_all(folder: &str) {
    let Some(shared) = shared() else { return };
    let archives = archives(&shared.join(folder));
    assert!(archives.len() > 10, "only {} archives below {folder}", archives.len());
    let changed: usize = archives.iter().map(|archive| check_one(archive)).sum();
    let _ = std::io::Write::write_fmt(
        &mut std::io::stderr(),
        format_args!("{folder}: {} archives, {changed} files changed and back to rest\n", archives.len()),
    );
}

#[test]
fn the_corpus_comes_to_rest() {
    check_all("corpus");
}

#[test]
fn the_snapshots_of_the_cases_come_to_rest() {
    check_all("cases");
}
