//! The incident that is kept in `examples/`.

use std::path::Path;

use crate::harness::{Folder, command};

/// Puts the files of the example into `to`, each with `edit` applied.
fn copy(folder: &Folder, to: &str, edit: &dyn Fn(&str) -> String) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/authentik");
    for entry in std::fs::read_dir(source).expect("the example") {
        let entry = entry.expect("an entry");
        let text = std::fs::read_to_string(entry.path()).expect("text");
        folder.write(&format!("{to}{}", entry.file_name().to_string_lossy()), edit(&text).as_bytes());
    }
}

/// Takes the namespace out of the objects; the Namespace itself and the kustomization keep theirs.
fn without_namespaces(text: &str) -> String {
    text.replace("\n  namespace: authentik\n", "\n")
}

/// Mends the words of one file of the incident.
fn words_mended(name: &str, text: &str) -> String {
    match name {
        "server.yaml" => text.replace("command: [\"server\"]", "args: [\"server\"]"),
        "worker.yaml" => text.replace("command: [\"worker\"]", "args: [\"worker\"]"),
        _ => text.to_owned(),
    }
}

/// Mends the words and the hosts of one file of the incident.
fn all_mended(name: &str, text: &str) -> String {
    let full = |text: String, service: &str| {
        let short = format!("value: \"{service}\"");
        text.replace(&short, &format!("value: \"{service}.authentik.svc.cluster.local\""))
    };
    match name {
        "server.yaml" | "worker.yaml" => {
            full(full(words_mended(name, text), "authentik-redis"), "authentik-postgresql")
        }
        _ => text.to_owned(),
    }
}

/// Checks that every file is what `mend` makes of the old one, and that exactly `changed` files are others.
#[track_caller]
fn assert_mended(
    folder: &Folder,
    before: &std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>,
    mend: &dyn Fn(&str, &str) -> String,
    changed: usize,
) {
    let mut others = 0;
    for (path, bytes) in folder.files() {
        let old = String::from_utf8(before[&path].clone()).expect("text");
        let name = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        let expected = mend(name, &old);
        others += usize::from(expected != old);
        assert_eq!(String::from_utf8(bytes).expect("text"), expected, "{}", path.display());
    }
    assert_eq!(others, changed);
}

#[test]
fn exactly_the_words_and_hosts_of_the_incident_change() {
    let folder = Folder::new(&[]);
    copy(&folder, "", &str::to_owned);
    let before = folder.files();
    folder.caulk(&["fix", "--write"]).exits(0).says("6 of 6 mended");
    assert_mended(&folder, &before, &all_mended, 2);
    folder.caulk(&["fix", "--write"]).exits(0).says("nothing to mend");
}

#[test]
fn the_namespace_may_come_from_the_kustomization_alone() {
    let folder = Folder::new(&[]);
    copy(&folder, "", &without_namespaces);
    assert!(!folder.read("server.yaml").contains("namespace:"));
    let before = folder.files();
    folder.caulk(&["fix", "--write"]).exits(0).says("6 of 6 mended");
    assert_mended(&folder, &before, &all_mended, 2);
    folder.caulk(&["fix", "--write"]).exits(0).says("nothing to mend");
}

#[test]
fn two_overlays_with_different_namespaces_keep_the_hosts_and_are_both_named() {
    let folder = Folder::repository(&[(".caulk.yaml", "cluster-domain: cluster.local\n")]);
    copy(&folder, "base/", &|text| without_namespaces(text).replace("\nnamespace: authentik\n", "\n"));
    std::fs::remove_file(folder.path("base/.caulk.yaml")).expect("the example has a configuration");
    for overlay in ["production", "staging"] {
        let text = format!("namespace: auth-{overlay}\nresources: [../../base]\n");
        folder.write(&format!("overlays/{overlay}/kustomization.yaml"), text.as_bytes());
    }
    let before = folder.files();
    // The words do not depend on the namespace.
    let ran = folder
        .caulk(&["fix", "--write", "--unsafe-fixes", "--fail-on", "display"])
        .exits(1)
        .says("2 of 6 mended");
    assert_mended(&folder, &before, &words_mended, 2);
    for service in ["authentik-redis", "authentik-postgresql"] {
        let candidates = format!(
            "{service}.auth-production through overlays/production/kustomization.yaml, {service}.auth-staging through \
             overlays/staging/kustomization.yaml"
        );
        assert_eq!(
            ran.out.matches(&format!("no fix: the overlays that use this file differ: {candidates}")).count(),
            2,
            "{}",
            ran.out
        );
    }
}

#[test]
fn the_diff_names_files_from_where_caulk_runs() {
    let output = command(Path::new(env!("CARGO_MANIFEST_DIR")), &["fix", "examples/authentik"]).output();
    let output = output.expect("caulk runs");
    let diff = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        diff.contains("--- a/examples/authentik/server.yaml\n+++ b/examples/authentik/server.yaml\n"),
        "{diff}"
    );
    assert!(diff.contains("-          command: [\"server\"]\n+          args: [\"server\"]\n"), "{diff}");
    assert!(diff.contains("-          command: [\"worker\"]   # runs"), "{diff}");
    assert_eq!(diff.lines().filter(|line| line.starts_with(['+', '-'])).count(), 16, "{diff}");
}
