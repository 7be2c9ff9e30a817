//! What changes set in motion, in small repositories.

use std::sync::Arc;

use super::*;
use crate::{model::SourceFile, syntax};

/// Returns what comes of a change, a line each.
fn after(files: &[(&str, &str)], change: (&str, &str, &str)) -> Vec<String> {
    let parsed = files.iter().map(|(path, text)| SourceFile {
        path: RepoPath::new(path).expect("a path"),
        stream: Arc::new(syntax::parse(*text).expect("YAML")),
        protection: None,
    });
    let repository = Repository::build(parsed.collect());
    let path = RepoPath::new(change.0).expect("a path");
    let before = Arc::clone(&repository.file(repository.file_at(&path).expect("the file")).stream);
    let text = before.text().replace(change.1, change.2);
    assert_ne!(before.text(), text, "the change changes nothing");
    let show = |rollout: Rollout| {
        let through = rollout.through.map(|through| format!(" through {through}")).unwrap_or_default();
        let overlay = rollout.overlay.unwrap_or_else(|| "nobody".to_owned());
        let namespace = rollout.namespace.unwrap_or_else(|| "?".to_owned());
        format!("{overlay}: {namespace}/{} {:?}{through}", rollout.workload, rollout.effect)
    };
    rollouts(&repository, &[FileChange { path, before, after: text }]).into_iter().map(show).collect()
}

fn deployment(container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: 1\n  template:\n    spec:\n      \
         containers: [{{name: web, {container}}}]\n"
    )
}

#[test]
fn a_base_rolls_out_in_each_overlay() {
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", &*deployment("image: a, command: [x]")),
        ("dev/kustomization.yaml", "resources: [../base]\nnamespace: dev\nnamePrefix: dev-\n"),
        ("prod/kustomization.yaml", "resources: [../base]\nnamespace: prod\n"),
    ];
    assert_eq!(
        after(&files, ("base/web.yaml", "command", "args")),
        [
            "dev/kustomization.yaml: dev/Deployment/dev-web Rolls",
            "prod/kustomization.yaml: prod/Deployment/web Rolls"
        ]
    );
    assert_eq!(after(&files, ("base/web.yaml", "replicas: 1", "replicas: 2")), <[String; 0]>::default());
    assert_eq!(
        after(&files, ("base/web.yaml", "image: a", "image: \"a\" # the same")),
        <[String; 0]>::default()
    );
}

#[test]
fn a_patch_rolls_out_its_own_overlay_alone() {
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", &*deployment("image: a")),
        ("dev/kustomization.yaml", "resources: [../base]\n"),
        ("prod/kustomization.yaml", "resources: [../base]\npatches: [{path: patch.yaml}]\n"),
        ("prod/patch.yaml", &deployment("command: [x]").replace("  replicas: 1\n", "")),
    ];
    assert_eq!(
        after(&files, ("prod/patch.yaml", "command", "args")),
        ["prod/kustomization.yaml: ?/Deployment/web Rolls"]
    );
    let inline = [
        files[0],
        files[1],
        (
            "prod/kustomization.yaml",
            "resources: [../base]\npatches:\n  - target: {kind: Deployment}\n    patch: |\n      - op: add\n        path: \
             /spec/template/spec/containers/0/command\n        value: [\"x\"]\n",
        ),
    ];
    assert_eq!(
        after(&inline, ("prod/kustomization.yaml", "[\"x\"]", "[\"y\"]")),
        ["prod/kustomization.yaml: ?/Deployment/web Rolls"]
    );
}

#[test]
fn a_generated_name_rolls_out_its_readers_and_a_fixed_one_does_not() {
    let reader = deployment("image: a, envFrom: [{configMapRef: {name: settings}}]");
    let generated = "resources: [web.yaml]\nconfigMapGenerator: [{name: settings, literals: [HOST=db]}]\n";
    let files = [("kustomization.yaml", generated), ("web.yaml", &*reader)];
    assert_eq!(
        after(&files, ("kustomization.yaml", "HOST=db", "HOST=db.n.svc")),
        ["kustomization.yaml: ?/Deployment/web Rolls through ConfigMap/settings"]
    );
    let fixed = format!("{generated}generatorOptions: {{disableNameSuffixHash: true}}\n");
    assert_eq!(
        after(
            &[("kustomization.yaml", &*fixed), ("web.yaml", &*reader)],
            ("kustomization.yaml", "HOST=db", "HOST=x")
        ),
        ["kustomization.yaml: ?/Deployment/web Stays through ConfigMap/settings"]
    );
    let plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {HOST: db}\n";
    let files = [
        ("kustomization.yaml", "resources: [web.yaml, c.yaml]\n"),
        ("web.yaml", &*reader),
        ("c.yaml", plain),
    ];
    assert_eq!(
        after(&files, ("c.yaml", "HOST: db", "HOST: db.n.svc")),
        ["kustomization.yaml: ?/Deployment/web Stays through ConfigMap/settings"]
    );
    let from_file = "resources: [web.yaml]\nconfigMapGenerator: [{name: settings, files: [app.yaml]}]\n";
    let files = [("kustomization.yaml", from_file), ("web.yaml", &*reader), ("app.yaml", "host: db\n")];
    assert_eq!(
        after(&files, ("app.yaml", "host: db", "host: db.n.svc")),
        ["kustomization.yaml: ?/Deployment/web Rolls through ConfigMap/settings"]
    );
}

#[test]
fn each_kind_moves_in_its_own_way() {
    let alone = |kind: &str, spec: &str| {
        let text =
            format!("apiVersion: x/v1\nkind: {kind}\nmetadata: {{name: a, namespace: n}}\nspec: {spec}\n");
        after(&[("a.yaml", &text)], ("a.yaml", "old", "new"))
    };
    assert_eq!(
        alone("CronJob", "{jobTemplate: {spec: {template: {spec: {containers: [{args: [old]}]}}}}}"),
        ["nobody: n/CronJob/a NextRun"]
    );
    assert_eq!(
        alone("Job", "{template: {spec: {containers: [{args: [old]}]}}}"),
        ["nobody: n/Job/a Immutable"]
    );
    assert_eq!(alone("HelmRelease", "{values: {host: old}}"), ["nobody: n/HelmRelease/a Upgrades"]);
    assert_eq!(alone("Prometheus", "{host: old}"), ["nobody: n/Prometheus/a ControllerDecides"]);
    assert_eq!(alone("Service", "{selector: {app: old}}"), <[String; 0]>::default());
    assert_eq!(
        after(&[("values.yaml", "host: old\n")], ("values.yaml", "old", "new")),
        ["nobody: ?/Helm values values.yaml Upgrades"]
    );
}
