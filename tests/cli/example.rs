//! The incident that is kept in `examples/`.

use std::path::Path;

use crate::harness::{Folder, command};

#[test]
fn exactly_the_words_and_hosts_of_the_incident_change() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/authentik");
    let folder = Folder::new(&[]);
    for entry in std::fs::read_dir(source).expect("the example") {
        let entry = entry.expect("an entry");
        let bytes = std::fs::read(entry.path()).expect("a file");
        folder.write(&entry.file_name().to_string_lossy(), &bytes);
    }
    let before = folder.files();
    folder.caulk(&["fix", "--write"]).exits(0).says("6 of 6 mended");
    for (path, bytes) in folder.files() {
        let old = String::from_utf8(before[&path].clone()).expect("text");
        let hosts = |text: String| {
            text.replace(
                "value: \"authentik-redis\"",
                "value: \"authentik-redis.authentik.svc.cluster.local\"",
            )
            .replace(
                "value: \"authentik-postgresql\"",
                "value: \"authentik-postgresql.authentik.svc.cluster.local\"",
            )
        };
        let expected = match path.to_str() {
            Some("server.yaml") => hosts(old.replace("command: [\"server\"]", "args: [\"server\"]")),
            Some("worker.yaml") => hosts(old.replace("command: [\"worker\"]", "args: [\"worker\"]")),
            _ => old.clone(),
        };
        let changes = usize::from(matches!(path.to_str(), Some("server.yaml" | "worker.yaml")));
        assert_eq!(usize::from(expected != old), changes, "{}", path.display());
        assert_eq!(String::from_utf8(bytes).expect("text"), expected, "{}", path.display());
    }
    folder.caulk(&["fix", "--write"]).exits(0).says("nothing to mend");
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
