//! Registries that cannot be asked: what is known less of is neither closed, nor made smaller, nor proposed anew.

use std::fs;

use serde_json::json;

use super::{BRANCH, Stage, deployment};
use crate::world::REPOSITORY;

/// Nothing listens there.
const IMAGE: &str = "127.0.0.1:1/acme/app:1";

fn of_registry(line: &str) -> String {
    deployment("r", line).replace("ghcr.io/goauthentik/server:2024.12.1", IMAGE)
}

/// A Deployment with a host that is mended without a question to anybody.
fn with_host(host: &str) -> String {
    let text = of_registry(&format!("env:\n            - name: REDIS_HOST\n              value: {host}"));
    text.replace(IMAGE, "127.0.0.1:1/acme/other:1")
}

fn files<'a>(deployment: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: redis\n  namespace: authentik\n";
    let domain = "cluster-domain: cluster.local\n";
    [&[("r.yaml", deployment), ("redis.yaml", service), (".caulk.yaml", domain)], more].concat()
}

const FULL: &str = "redis.authentik.svc.cluster.local";

/// A stage where the image was known when the pull request was opened, and how to ask its registry now.
fn stage() -> (Stage, Vec<String>) {
    let stage = Stage::new(&files(&of_registry("command: [\"server\"]"), &[]));
    let facts = json!({
        "entrypoint": ["dumb-init", "--", "ak"], "cmd": [], "path": "/usr/bin:/bin", "forwards": "OwnProgram",
        "arguments": ["server"], "programs": [], "programs_complete": false, "absent": ["server"], "windows": false,
        "evidence": [{ "what": "the image has an ENTRYPOINT", "source": "its registry" }], "caveats": [],
    });
    let lock = json!({ "version": 1, "images": { IMAGE: { "Ok": facts } }, "programs": {} });
    let path = stage.folder.path().join("facts.json");
    fs::write(&path, lock.to_string()).expect("a file");
    let cache = stage.folder.path().join("cache").to_string_lossy().into_owned();
    let lock = path.to_string_lossy().into_owned();
    stage.pr(&["--facts-lock", &lock]).exits(0).says("opened");
    let now = ["--online", "--insecure-registry", "127.0.0.1:1", "--cache-dir", &cache];
    (stage, now.map(str::to_owned).to_vec())
}

#[test]
fn an_outage_of_a_registry_closes_nothing_and_makes_nothing_smaller() {
    let (stage, now) = stage();
    let now: Vec<&str> = now.iter().map(String::as_str).collect();
    let before = stage.server.branch(REPOSITORY, BRANCH);
    stage.pr(&now).exits(1).says("could not be asked, so #1 stays as it is");
    stage.server.commit(REPOSITORY, "main", "ann", &[("h.yaml", Some(&with_host("redis")))]);
    stage.pr(&now).exits(1).says("could not be asked, so #1 stays as it is");
    let told = stage.pr(&[&now[..], &["--format", "json"]].concat()).exits(1).json();
    assert_eq!(told["pull_requests"][0]["why"], "uncertain");
    // Also with one for each folder, where no folder has anything to change.
    stage.server.commit(REPOSITORY, "main", "ann", &[("h.yaml", Some(&with_host(FULL)))]);
    stage.pr(&[&now[..], &["--per", "path:apps/*"]].concat()).exits(1).says("could not be asked");
    stage.pr(&[&now[..], &["--per", "rule"]].concat()).exits(1).says("could not be asked");
    assert!(stage.only().open && stage.only().comments.is_empty());
    assert_eq!(stage.server.branch(REPOSITORY, BRANCH), before);
    // What was declined is not proposed in part.
    stage.server.close(REPOSITORY, 1, "ann");
    stage.server.commit(REPOSITORY, "main", "ann", &[("h.yaml", Some(&with_host("redis")))]);
    stage.pr(&now).exits(1).says("could not be asked, so #1 stays as it is");
    assert!(!stage.only().open);
}

#[test]
fn an_outage_that_concerns_another_file_changes_nothing() {
    let hosts = with_host("redis");
    let stage = Stage::new(&files(&of_registry("command: [\"server\"]"), &[("h.yaml", &hosts)]));
    let cache = stage.folder.path().join("cache").to_string_lossy().into_owned();
    let now = ["--online", "--insecure-registry", "127.0.0.1:1", "--cache-dir", &cache];
    stage.pr(&now).exits(0).says("opened");
    stage.server.commit(REPOSITORY, "main", "ann", &[("h.yaml", Some(&with_host(FULL)))]);
    stage.pr(&now).exits(0).says("closed");
    assert!(!stage.only().open);
}
