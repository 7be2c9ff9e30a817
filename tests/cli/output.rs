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

#[test]
fn entries_of_kustomizations_that_were_not_followed_are_told_and_fail_nothing() {
    let folder = Folder::repository(&[
        ("a/kustomization.yaml", "resources: [../b]\n"),
        (
            "b/kustomization.yaml",
            "resources:\n- ../a\n- ../gone\n- https://github.com/acme/base?ref=v1\n- app.yaml\n",
        ),
        ("b/app.yaml", &broken()),
        ("top/kustomization.yaml", "resources: [../a]\nnamespace: front\n"),
    ]);
    let ran = folder.caulk(&["check", "."]).exits(1);
    assert!(ran.out.contains("not followed: b/kustomization.yaml:2: a includes itself; "), "{}", ran.out);
    let report = folder.caulk(&["check", ".", "--format", "json"]).json();
    let told: Vec<(u64, &str, bool)> = report["unfollowed"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| {
            let line = entry["line"].as_u64().expect("a line");
            (line, entry["reason"].as_str().expect("a reason"), entry["breaks"].as_bool().expect("a bool"))
        })
        .collect();
    assert_eq!(
        told,
        [
            (2, "a includes itself", true),
            (3, "../gone does not exist", true),
            (4, "https://github.com/acme/base?ref=v1 is fetched from elsewhere", false)
        ]
    );
    let whole =
        Folder::repository(&[("kustomization.yaml", "resources: [app.yaml]\n"), ("app.yaml", &broken())]);
    assert!(!whole.caulk(&["check", "."]).out.contains("not followed"));
}
