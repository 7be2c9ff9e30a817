//! What a cluster tells with `--evidence`, against what the catalog says.

use serde_json::{Value, json};

use crate::harness::Folder;

const IMAGE: &str = "ghcr.io/goauthentik/server:2024.12.1";

const MANIFEST: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: authentik-server
  namespace: auth
spec:
  template:
    spec:
      containers:
        - name: server
          image: ghcr.io/goauthentik/server:2024.12.1
          command: [server]
";

/// A pod with the very container of the manifest, as `kubectl get pod -o json` shows it in a state.
fn pod(image: &str, command: &[&str], state: &Value) -> String {
    json!({"kind": "Pod", "metadata": {"name": "authentik-server-7d9c8b7f5d-abcde", "namespace": "auth"},
        "spec": {"containers": [{"name": "server", "image": image, "command": command}]},
        "status": {"containerStatuses": [{"name": "server", "restartCount": 0, "state": state}]}})
    .to_string()
}

/// Mends the manifest with the evidence, and returns it with the report.
fn mended(options: &[&str], manifest: &str, pod: &str) -> (String, Value) {
    let folder = Folder::repository(&[("a.yaml", manifest), ("pod.json", pod)]);
    let args =
        [&["fix", "a.yaml", "--write", "--evidence", "pod.json", "--format", "json"], options].concat();
    let report = serde_json::from_str(&folder.caulk(&args).out).expect("a report");
    (folder.read("a.yaml"), report)
}

#[test]
fn a_pod_that_runs_the_very_command_keeps_it_from_being_mended() {
    let running = json!({"running": {"startedAt": "2024-05-01T10:00:00Z"}});
    let (now, report) = mended(&["--unsafe-fixes"], MANIFEST, &pod(IMAGE, &["server"], &running));
    assert_eq!(now, MANIFEST, "{report}");
    let reasons = report["findings"][0]["fix"]["reasons"].to_string();
    for part in [
        "the sources contradict each other",
        "auth/authentik-server-7d9c8b7f5d-abcde [server] runs",
        "pod.json",
    ] {
        assert!(reasons.contains(part), "no {part:?} in {report}");
    }
    let flag = MANIFEST.replace("[server]", "[--debug]");
    let (now, report) = mended(&["--unsafe-fixes"], &flag, &pod(IMAGE, &["--debug"], &running));
    assert_eq!(now, flag, "{report}");
}

#[test]
fn a_crash_that_names_another_program_keeps_the_command_from_being_mended() {
    let crash = |program: &str| {
        json!({"waiting": {"reason": "CrashLoopBackOff",
            "message": format!("exec: \"{program}\": executable file not found in $PATH")}})
    };
    for program in ["dumb-init", "another"] {
        let (now, report) = mended(&["--unsafe-fixes"], MANIFEST, &pod(IMAGE, &["server"], &crash(program)));
        assert_eq!(now, MANIFEST, "{program}: {report}");
        assert!(report.to_string().contains("the sources contradict each other"), "{report}");
    }
    let (now, _) = mended(&[], MANIFEST, &pod(IMAGE, &["server"], &crash("server")));
    assert_eq!(now, MANIFEST.replace("command:", "args:"), "a crash that agrees with the catalog");
}

#[test]
fn pods_of_other_images_and_words_say_nothing() {
    let running = json!({"running": {}});
    for (image, command) in [("ghcr.io/goauthentik/server:2024.8.1", "server"), (IMAGE, "sleep")] {
        let (now, report) = mended(&[], MANIFEST, &pod(image, &[command], &running));
        assert_eq!(now, MANIFEST.replace("command:", "args:"), "{report}");
    }
}
