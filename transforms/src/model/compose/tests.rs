//! Composed containers in small repositories.

use std::sync::Arc;

use super::*;
use crate::{model::SourceFile, path::RepoPath, syntax};

fn repository(files: &[(&str, &str)]) -> Repository {
    let parsed = files.iter().map(|(path, text)| SourceFile {
        path: RepoPath::new(path).expect("a path"),
        stream: Arc::new(syntax::parse(*text).expect("YAML")),
        protection: None,
    });
    Repository::build(parsed.collect())
}

/// Returns, for each variant: overlay, place, image, command, args and where the command stands.
fn composed(files: &[(&str, &str)]) -> Vec<String> {
    let repository = repository(files);
    let placements = repository.placements();
    let show = |words: &Words| match words {
        Words::Unset => "-".to_owned(),
        Words::List(words) => words.join(" "),
        Words::Odd => "?".to_owned(),
    };
    let line = |variant: &Variant| {
        let place = variant.command.list.or_else(|| variant.command.items.first().copied().flatten());
        let (file, line) = place.map(|place| placements.line(place)).unzip();
        let path = file.map(|file| repository.file(file).path.to_string()).unwrap_or_default();
        format!(
            "{} {} {}: {} | {} | {} | {path}:{}",
            variant.overlay,
            variant.subject,
            variant.path,
            variant.image.as_ref().map_or("-", |image| image.text.as_str()),
            show(&variant.command.words),
            show(&variant.args.words),
            line.unwrap_or(0)
        )
    };
    repository.composition().variants().iter().map(line).collect()
}

const BASE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  template:
    spec:
      containers:
      - name: one
        image: nginx:1
        command: [x]
";

#[test]
fn what_nothing_changes_has_no_variants() {
    let files = [("kustomization.yaml", "resources: [base.yaml]\nnamespace: n\n"), ("base.yaml", BASE)];
    assert!(composed(&files).is_empty());
}

#[test]
fn a_command_in_a_patch_file_meets_the_image_of_the_base() {
    let patch = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec: {template: {spec: {containers: [{name: one, command: [server]}]}}}
";
    let files = [
        ("base/kustomization.yaml", "resources: [d.yaml]\n"),
        ("base/d.yaml", BASE),
        (
            "over/kustomization.yaml",
            "resources: [../base]\npatches: [{path: p.yaml}]\nimages: [{name: nginx, newTag: '2'}]\n",
        ),
        ("over/p.yaml", patch),
    ];
    assert_eq!(
        composed(&files),
        [
            "over/kustomization.yaml Deployment/a spec.template.spec.containers[one]: nginx:2 | server | - | over/p.yaml:4"
        ]
    );
    let repository = repository(&files);
    let containers = repository.containers().iter();
    let found: Vec<usize> = containers
        .map(|each| {
            let place = Place { text: TextId::of_file(each.file), node: each.node };
            repository.composition().of(place).count()
        })
        .collect();
    assert_eq!(found, [1, 1], "the base's container and the patch's lead to the same variant");
}

#[test]
fn inline_and_json_patches_say_their_lines() {
    let merge = "resources: [base.yaml]
patches:
- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {template: {spec: {containers: [{name: one, command: [server]}]}}}
";
    let files = [("kustomization.yaml", merge), ("base.yaml", BASE)];
    assert_eq!(
        composed(&files),
        [
            "kustomization.yaml Deployment/a spec.template.spec.containers[one]: nginx:1 | server | - | kustomization.yaml:7"
        ]
    );
    let json = "resources: [base.yaml]
patches:
- target: {kind: Deployment}
  patch: |
    - op: replace
      path: /spec/template/spec/containers/0/command/0
      value: server
";
    let files = [("kustomization.yaml", json), ("base.yaml", BASE)];
    assert_eq!(
        composed(&files),
        [
            "kustomization.yaml Deployment/a spec.template.spec.containers[one]: nginx:1 | server | - | kustomization.yaml:7"
        ]
    );
    assert_eq!(repository(&files).composition().patched_commands().count(), 1);
}

#[test]
fn every_overlay_is_judged_on_its_own() {
    let files = [
        ("base/kustomization.yaml", "resources: [d.yaml]\n"),
        ("base/d.yaml", BASE),
        ("one/kustomization.yaml", "resources: [../base]\nimages: [{name: nginx, newName: caddy}]\n"),
        ("two/kustomization.yaml", "resources: [../base]\n"),
    ];
    assert_eq!(
        composed(&files),
        [
            "one/kustomization.yaml Deployment/a spec.template.spec.containers[one]: caddy:1 | x | - | base/d.yaml:10",
            "two/kustomization.yaml Deployment/a spec.template.spec.containers[one]: nginx:1 | x | - | base/d.yaml:10",
        ]
    );
}

#[test]
fn patched_values_of_releases_are_composed() {
    let release = "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: r}
spec:
  values:
    controllers:
      main:
        containers:
          main:
            image: {repository: r, tag: '1'}
            command: [x]
";
    let text = "resources: [r.yaml]
patches:
- target: {kind: HelmRelease}
  patch: |
    - {op: replace, path: /spec/values/controllers/main/containers/main/image/tag, value: '2'}
    - {op: remove, path: /spec/values/controllers/main/containers/main/command}
";
    assert_eq!(
        composed(&[("kustomization.yaml", text), ("r.yaml", release)]),
        ["kustomization.yaml HelmRelease/r spec.values.controllers.main.containers.main: r:2 | - | - | :0"]
    );
}

#[test]
fn a_patch_that_no_longer_fits_breaks_the_delivery() {
    let json = "resources: [base.yaml]
patches:
- target: {kind: Deployment}
  patch: '[{\"op\": \"remove\", \"path\": \"/spec/template/spec/containers/0/command\"}]'
";
    let fits = repository(&[("kustomization.yaml", json), ("base.yaml", BASE)]);
    assert!(fits.composition().breaks().is_empty());
    let renamed = BASE.replace("command:", "args:");
    let broken = repository(&[("kustomization.yaml", json), ("base.yaml", &renamed)]);
    assert_eq!(broken.composition().breaks().len(), 1);
    assert_ne!(fits.composition().runs(), broken.composition().runs());
}

#[test]
fn what_cannot_be_followed_is_a_doubt_for_what_it_may_change() {
    let doubts = |more: &str| {
        let text = format!("resources: [base.yaml]\n{more}");
        let repository = repository(&[("kustomization.yaml", &text), ("base.yaml", BASE)]);
        let base = repository.objects().iter().find(|object| object.kind == "Deployment").expect("the base");
        repository.placements().doubts(base.id)
    };
    assert!(doubts("").is_empty());
    assert!(doubts("helmCharts: [{name: x}]\n").is_empty(), "a chart adds objects and changes none");
    for more in [
        "components: ['https://example.org/a//b']\n",
        "patches: [{path: gone.yaml}]\n",
        "patches: [{target: {kind: Deployment}, patch: '{a: ['}]\n",
        "transformers: [plugin.yaml]\n",
        "vars: [{name: X}]\n",
    ] {
        assert_eq!(doubts(more).len(), 1, "{more}");
    }
    assert!(doubts("patches: [{target: {kind: Service}, path: gone.yaml}]\n").is_empty());
    let text = "resources: [base.yaml]\npatches: [{target: {kind: Deployment}, path: broken.yaml}]\n";
    let repository = repository(&[("kustomization.yaml", text), ("base.yaml", BASE)]);
    let unread = RepoPath::new("broken.yaml").expect("a path");
    let read = repository.clone().with_others(vec![unread.clone()]);
    let broken = read.clone().with_broken(vec![unread]);
    let doubts = |repository: &Repository| {
        repository
            .objects()
            .iter()
            .map(|object| repository.placements().doubts(object.id).len())
            .sum::<usize>()
    };
    assert_eq!((doubts(&repository), doubts(&read), doubts(&broken)), (1, 0, 1));
}
