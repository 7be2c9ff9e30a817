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

#[test]
fn a_crash_is_diagnosed_by_the_names_of_its_overlay_and_events_alone_tell_how_often() {
    let base = MANIFEST.replace("authentik-server", "server").replace("  namespace: auth\n", "");
    let patch = "- op: add\n  path: /spec/template/spec/containers/0/command\n  value: [server]\n";
    let over = "resources: [../base]\nnamespace: auth\nnamePrefix: authentik-\n";
    let event =
        json!({"kind": "Event", "reason": "Failed", "count": 12, "firstTimestamp": "2024-05-01T09:00:00Z",
        "message": "Error: exec: \"server\": executable file not found in $PATH: unknown",
        "involvedObject": {"kind": "Pod", "namespace": "auth", "name": "authentik-server-7d9c8b7f5d-x7k2p",
            "fieldPath": "spec.containers{server}"}})
        .to_string();
    let diagnosed = |base: &str, over: &str| {
        let files = [
            ("base/kustomization.yaml", "resources: [a.yaml]\n"),
            ("base/a.yaml", base),
            ("prod/kustomization.yaml", over),
            ("prod/patch.yaml", patch),
        ];
        let folder = Folder::repository(&files);
        folder.write("events.json", event.as_bytes());
        folder.caulk(&["diagnose", "--evidence", "events.json"]).out
    };
    let out = diagnosed(&base, over);
    for part in [
        "auth/authentik-server-7d9c8b7f5d-x7k2p [server]: Failed, 12 times since 2024-05-01T09:00:00Z",
        "manifest  base/a.yaml:9",
        "as a Deployment makes them, in prod/kustomization.yaml)",
        "mend      entrypoint-overridden: rename command to args (safe)",
    ] {
        assert!(out.contains(part), "no {part:?} in {out}");
    }
    let patched = diagnosed(
        &base.replace("          command: [server]\n", ""),
        &format!("{over}patches: [{{path: patch.yaml, target: {{kind: Deployment}}}}]\n"),
    );
    let advice = "mend      entrypoint-overridden: prod/kustomization.yaml patches the command in a text";
    assert!(patched.contains(advice), "{patched}");
}

/// What a container says that did not find its program.
fn crash(program: &str) -> Value {
    json!({"waiting": {"reason": "CrashLoopBackOff",
        "message": format!("exec: \"{program}\": executable file not found in $PATH")}})
}

#[test]
fn a_crash_is_told_with_a_fix_that_others_prove() {
    let pod = pod(IMAGE, &["server"], &crash("server")).replace("\"restartCount\":0", "\"restartCount\":166");
    let (now, report) = mended(&[], MANIFEST, &pod);
    assert_eq!(now, MANIFEST.replace("command:", "args:"));
    let evidence = report["findings"][0]["evidence"].to_string();
    assert!(evidence.contains("executable file not found in $PATH`: 166 restarts"), "{report}");
    assert!(evidence.contains("goauthentik/authentik:Dockerfile"), "and what the catalog says: {report}");
}

#[test]
fn a_crash_of_an_image_that_nobody_knows_is_shown_and_changes_nothing() {
    let image = "registry.example/team/app:1";
    let manifest = MANIFEST.replace(IMAGE, image);
    let (now, report) = mended(&["--unsafe-fixes"], &manifest, &pod(image, &["server"], &crash("server")));
    assert_eq!(now, manifest);
    let finding = report["findings"][0].to_string();
    for part in ["a cluster did not find the program `server`", "whether args would help is not either"] {
        assert!(finding.contains(part), "no {part:?} in {report}");
    }
    let running = pod(image, &["server"], &json!({"running": {}}));
    let (_, silent) = mended(&["--unsafe-fixes"], &manifest, &running);
    assert_eq!(silent["findings"].as_array().map(Vec::len), Some(0), "{silent}");
    let other = pod("registry.example/team/app:2", &["server"], &crash("server"));
    let (_, silent) = mended(&["--unsafe-fixes"], &manifest, &other);
    assert_eq!(silent["findings"].as_array().map(Vec::len), Some(0), "another version: {silent}");
}

#[test]
fn a_crash_proves_that_one_string_is_no_program() {
    let manifest = MANIFEST.replace("[server]", "[\"ak server\"]");
    let (now, report) = mended(&[], &manifest, &pod(IMAGE, &["ak server"], &crash("ak server")));
    assert_eq!(now, MANIFEST.replace("[server]", "[\"ak\", \"server\"]"), "{report}");
    let (now, _) = mended(&[], &manifest, &pod(IMAGE, &["other"], &crash("other")));
    assert_eq!(now, manifest, "nobody looked");
}

#[test]
fn a_crash_is_kept_in_the_lock_of_facts() {
    let image = "registry.example/team/app:1";
    let pod = pod(image, &["server"], &crash("server"));
    let folder = Folder::repository(&[("a.yaml", &MANIFEST.replace(IMAGE, image)), ("pod.json", &pod)]);
    let told = |args: &[&str]| {
        let out = folder.caulk(&[&["check", "a.yaml", "--facts-lock", "facts.json"], args].concat()).out;
        out.contains("a cluster did not find the program `server`")
    };
    assert!(told(&["--evidence", "pod.json"]));
    assert!(told(&[]), "replayed without the evidence");
    std::fs::remove_file(folder.path("facts.json")).expect("the lock was written");
    assert!(!told(&[]), "nothing told it");
}

#[test]
fn what_a_started_program_says_of_another_one_proves_nothing() {
    let config = "images:\n  - image: registry.example/team/app\n    entrypoint: [dumb-init, --, ak]\n    forwards: own-program\n    arguments: [server]\n";
    let image = "registry.example/team/app:1";
    let manifest = MANIFEST.replace(IMAGE, image);
    let mended = |words: Value| {
        let mut pod: Value = serde_json::from_str(&pod(image, &[], &crash("server"))).expect("JSON");
        pod["spec"]["containers"][0] = words;
        pod["spec"]["containers"][0]["name"] = "server".into();
        pod["spec"]["containers"][0]["image"] = image.into();
        let files = [("a.yaml", &*manifest), (".caulk.yaml", config), ("pod.json", &pod.to_string())];
        let folder = Folder::repository(&files);
        folder.caulk(&["fix", "a.yaml", "--write", "--evidence", "pod.json"]);
        folder.read("a.yaml") != manifest
    };
    assert!(mended(json!({"command": ["server"]})), "the runtime did not find it");
    assert!(!mended(json!({"args": ["worker"]})), "the worker says so of a program that it wants to start");
    assert!(!mended(json!({"command": ["ak", "worker"]})));
}
