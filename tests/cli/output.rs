//! What a person sees.

use crate::harness::{ACME, Folder, broken, deployment, doubtful};

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let folder = Folder::new(&[("app.yaml", &broken())]);
    assert!(!folder.caulk(&["check"]).out.contains('\u{1b}'));
    assert!(folder.caulk(&["check", "--color", "always"]).out.contains('\u{1b}'));
    assert!(
        folder.caulk(&["fix", "--color", "always"]).out.contains("\u{1b}[32m+          args: [\"server\"]")
    );
}

#[test]
fn a_finding_is_told_with_its_line_its_evidence_and_its_proposal() {
    let folder = Folder::repository(&[(".caulk.yaml", ACME), ("app.yaml", &doubtful())]);
    let out = folder.caulk(&["check"]).exits(1).out;
    for part in [
        "warning[entrypoint-overridden]: ",
        "app.yaml:11:11",
        "11 |           command: [\"refresh\"]",
        "Deployment/app",
        "note: ghcr.io/acme/server has ENTRYPOINT [\"dumb-init\", \"--\", \"acme\"] (source: `images:` of the configuration)",
        "(unsafe: ",
        "0 of 1 can be mended; 1 needs you, because the fix is not proven to be safe",
    ] {
        assert!(out.contains(part), "no {part:?} in\n{out}");
    }
}

#[test]
fn secrets_are_masked_everywhere_but_in_the_patch() {
    let image = "ghcr.io/goauthentik/server:2024.12.1";
    let secret =
        deployment(image, "command: [\"server\", \"--token\", \"hunter2\", \"redis://u:hunter2@redis\"]");
    let folder = Folder::new(&[("app.yaml", &secret)]);
    let out = folder.caulk(&["check"]).exits(1).out;
    assert!(out.contains("*******") && !out.contains("hunter2"), "{out}");
    let report = folder.caulk(&["check", "--format", "json"]).exits(1).json();
    for field in ["message", "evidence", "subject", "place"] {
        assert!(!report["findings"][0][field].to_string().contains("hunter2"), "{report:#}");
    }
    assert!(folder.caulk(&["fix"]).out.contains("+          args: [\"server\", \"--token\", \"hunter2\""));
}

#[test]
fn nobody_reads_on_and_nothing_breaks() {
    let files: Vec<(String, String)> = (0..400).map(|n| (format!("{n}.yaml"), broken())).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = Folder::new(&files);
    let mut child = crate::harness::command(folder.root(), &["fix"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("caulk starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("caulk ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!err.contains("panicked") && !err.contains("error"), "{err}");
}
