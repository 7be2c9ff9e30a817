//! What kustomize does, in small repositories. Every expectation was checked against kustomize 5.5.

use std::sync::Arc;

use super::*;
use crate::{
    model::{SourceFile, value::Shape},
    syntax,
};

fn read(files: &[(&str, &str)]) -> (Repository, Texts) {
    let parsed = files.iter().map(|(path, text)| SourceFile {
        path: RepoPath::new(path).expect("a path"),
        stream: Arc::new(syntax::parse(*text).expect("YAML")),
        protection: None,
    });
    let repository = Repository::build(parsed.collect());
    let texts = Texts::new(repository.files());
    (repository, texts)
}

/// Builds a folder; returns a line for each resource and for each problem.
fn built(files: &[(&str, &str)], folder: &str) -> Vec<String> {
    let (repository, mut texts) = read(files);
    let graph = Graph::read(&repository, &mut texts);
    let built = Builder::new(&repository, &texts, &graph).folder(&RepoPath::new(folder).expect("a path"));
    let resources = built.resources.iter().map(|resource| {
        let namespace = resource.namespace.as_deref().unwrap_or("-");
        let mut line = format!("{}/{} {namespace}", resource.kind, resource.name);
        for path in [&["spec", "containers"][..], &["spec", "template", "spec", "containers"]] {
            let list = texts.at(&resource.value, path);
            for container in list.map(|list| texts.items(&list)).unwrap_or_default() {
                line.push_str(&format!(" {}", text(&texts, &container)));
            }
        }
        line
    });
    let problems = built.problems.iter().map(|problem| format!("! {}", problem.kind));
    resources.chain(problems).collect()
}

/// Writes a value in flow style, in the order of its keys.
fn text(texts: &Texts, value: &crate::model::value::Value) -> String {
    match texts.shape(value) {
        Shape::Null => "null".to_owned(),
        Shape::Scalar => texts.text(value).expect("a text").into_owned(),
        Shape::Sequence => {
            let items: Vec<String> = texts.items(value).iter().map(|item| text(texts, item)).collect();
            format!("[{}]", items.join(","))
        }
        Shape::Mapping => {
            let mut entries: Vec<String> = texts
                .entries(value)
                .iter()
                .map(|(key, value)| format!("{key}:{}", text(texts, value)))
                .collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
    }
}

const BASE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  template:
    spec:
      containers:
      - {name: one, image: 'nginx:1', command: [x]}
      - {name: two, image: busybox, env: [{name: A, value: '1'}, {name: B, value: '2'}]}
";

/// Builds `BASE` under a kustomization.
fn with(kustomization: &str) -> Vec<String> {
    let text = format!("resources: [base.yaml]\n{kustomization}");
    built(&[("base.yaml", BASE), ("kustomization.yaml", &text)], "")
}

fn merge(containers: &str) -> String {
    let patch =
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {containers: ";
    format!("patches:\n- patch: |\n    {patch}{containers}}}}}}}}}\n")
}

/// Writes a JSON patch; `C/` in a path stands for the first container.
fn json(operations: &[&str]) -> String {
    let items = operations.iter().map(|each| format!("    - {{{each}}}\n"));
    let items = items.collect::<String>().replace("C/", "/spec/template/spec/containers/0/");
    format!("patches:\n- target: {{kind: Deployment}}\n  patch: |\n{items}")
}

const ONE: &str = "{command:[x],image:nginx:1,name:one}";
const TWO: &str = "{env:[{name:A,value:1},{name:B,value:2}],image:busybox,name:two}";

#[test]
fn containers_are_merged_by_name_and_the_patch_comes_first() {
    assert_eq!(
        with(&merge("[{name: two, command: [y]}]")),
        [format!("Deployment/a - {{command:[y],{} {ONE}", &TWO[1..])]
    );
    assert_eq!(
        with(&merge("[{name: new, image: i}]")),
        [format!("Deployment/a - {{image:i,name:new}} {ONE} {TWO}")]
    );
}

#[test]
fn nulls_and_directives_delete() {
    assert_eq!(
        with(&merge("[{name: one, command: null}]")),
        [format!("Deployment/a - {{image:nginx:1,name:one}} {TWO}")]
    );
    assert_eq!(with(&merge("[{name: one, $patch: delete}]")), [format!("Deployment/a - {TWO}")]);
    assert_eq!(
        with(&merge("[{name: two, env: [{name: A, $patch: delete}]}]")),
        [format!("Deployment/a - {{env:[{{name:B,value:2}}],image:busybox,name:two}} {ONE}")]
    );
    assert_eq!(with(&merge("[{$patch: replace}, {name: z, args: null}]")), ["Deployment/a - {name:z}"]);
    // Kustomize has no effect for this one, whatever its manual says.
    assert_eq!(
        with(&merge("[{name: one, $patch: replace, image: i}]")),
        [format!("Deployment/a - {ONE} {TWO}")]
    );
}

#[test]
fn a_patch_that_is_renamed_to_args_lets_the_command_of_the_base_return() {
    assert_eq!(
        with(&merge("[{name: one, command: [server]}]")),
        [format!("Deployment/a - {{command:[server],image:nginx:1,name:one}} {TWO}")]
    );
    assert_eq!(
        with(&merge("[{name: one, args: [server]}]")),
        [format!("Deployment/a - {{args:[server],command:[x],image:nginx:1,name:one}} {TWO}")]
    );
}

#[test]
fn args_of_an_overlay_discard_those_of_the_base() {
    let base = BASE.replace("command: [x]", "args: [x]");
    let text = format!("resources: [base.yaml]\n{}", merge("[{name: one, args: [y]}]"));
    assert_eq!(
        built(&[("base.yaml", &base), ("kustomization.yaml", &text)], ""),
        [format!("Deployment/a - {{args:[y],image:nginx:1,name:one}} {TWO}")]
    );
}

#[test]
fn json_patches_name_their_places() {
    let replaced = with(&json(&["op: replace, path: C/command, value: [z]"]));
    assert_eq!(replaced, [format!("Deployment/a - {{command:[z],image:nginx:1,name:one}} {TWO}")]);
    let first = with(&json(&["op: replace, path: C/command/0, value: z"]));
    assert_eq!(first, replaced);
    let added =
        with(&json(&["op: add, path: C/command/-, value: z", "op: add, path: C/command/0, value: w"]));
    assert_eq!(added, [format!("Deployment/a - {{command:[w,x,z],image:nginx:1,name:one}} {TWO}")]);
    let removed = with(&json(&["op: remove, path: C/command", "op: test, path: C/name, value: one"]));
    assert_eq!(removed, [format!("Deployment/a - {{image:nginx:1,name:one}} {TWO}")]);
    let moved =
        with(&json(&["op: move, from: C/command, path: C/args", "op: copy, from: C/args, path: C/x~1y"]));
    assert_eq!(moved, [format!("Deployment/a - {{args:[x],image:nginx:1,name:one,x/y:[x]}} {TWO}")]);
}

#[test]
fn a_base_that_is_renamed_meets_the_json_patches_of_its_overlays() {
    let renamed = |operations: &[&str]| {
        let base = BASE.replace("command: [x]", "args: [x]");
        let text = format!("resources: [base.yaml]\n{}", json(operations));
        built(&[("base.yaml", &base), ("kustomization.yaml", &text)], "")
    };
    // The library sets what is not there, so the container ends up with both.
    assert_eq!(
        renamed(&["op: replace, path: C/command, value: [z]"]),
        [format!("Deployment/a - {{args:[x],command:[z],image:nginx:1,name:one}} {TWO}")]
    );
    let broken = renamed(&["op: replace, path: C/command/0, value: z"]);
    assert!(broken.iter().any(|line| line.contains("there is no such place")), "{broken:?}");
    let broken = renamed(&["op: remove, path: C/command"]);
    assert!(broken.iter().any(|line| line.contains("there is no such place")), "{broken:?}");
}

#[test]
fn images_are_overridden_by_name() {
    let images = |entry: &str| with(&format!("images:\n- {entry}\n"));
    let one = |image: &str| vec![format!("Deployment/a - {} {TWO}", ONE.replace("nginx:1", image))];
    assert_eq!(images("{name: nginx, newTag: '2'}"), one("nginx:2"));
    assert_eq!(images("{name: nginx, newName: r.io/n}"), one("r.io/n:1"));
    assert_eq!(images("{name: nginx, digest: 'sha256:aa'}"), one("nginx@sha256:aa"));
    assert_eq!(images("{name: ngin, newTag: '2'}"), one("nginx:1"));
    assert_eq!(images("{name: docker.io/nginx, newTag: '2'}"), one("nginx:1"));
}

#[test]
fn names_and_namespaces_are_overridden_from_the_inside_out() {
    let files = [
        ("base/kustomization.yaml", "namespace: inner\nnamePrefix: i-\nresources: [a.yaml, n.yaml]\n"),
        ("base/a.yaml", "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: own}}\n"),
        ("base/n.yaml", "{apiVersion: v1, kind: Namespace, metadata: {name: nn}}\n"),
        ("over/kustomization.yaml", "resources: [../base]\nnamespace: outer\nnameSuffix: -o\n"),
    ];
    assert_eq!(built(&files, "base"), ["Service/i-a inner", "Namespace/inner -"]);
    assert_eq!(built(&files, "over"), ["Service/i-a-o outer", "Namespace/outer -"]);
}

#[test]
fn components_work_on_what_is_there() {
    let files = [
        ("kustomization.yaml", "resources: [base.yaml]\ncomponents: [part]\nnamePrefix: p-\n"),
        ("base.yaml", BASE),
        (
            "part/kustomization.yaml",
            "kind: Component\nnamespace: nn\nresources: [s.yaml]\nimages: [{name: nginx, newTag: '3'}]\n",
        ),
        ("part/s.yaml", "{apiVersion: v1, kind: Service, metadata: {name: s}}\n"),
    ];
    assert_eq!(
        built(&files, ""),
        [
            format!("Deployment/p-a nn {} {TWO}", ONE.replace("nginx:1", "nginx:3")),
            "Service/p-s nn".to_owned()
        ]
    );
}

#[test]
fn targets_are_patterns_and_patches_may_rename() {
    let rename = "patches:\n- target: {kind: Deploy.*, name: a|b}\n  options: {allowNameChange: true}\n  patch: |\n    {apiVersion: v1, kind: x, metadata: {name: new}}\n";
    assert_eq!(with(rename), [format!("Deployment/new - {ONE} {TWO}")]);
    let json = json(&[
        "op: replace, path: /metadata/name, value: new",
        "op: add, path: /metadata/annotations/x, value: z",
    ]);
    assert_eq!(with(&format!("{json}namespace: nn\n")), [format!("Deployment/new nn {ONE} {TWO}")]);
}

#[test]
fn generated_objects_are_there_without_their_hash() {
    let text = "\
configMapGenerator:
- {name: c, literals: [a=b]}
secretGenerator:
- {name: s, namespace: own, envs: [x.env]}
";
    assert_eq!(built(&[("kustomization.yaml", text)], ""), ["ConfigMap/c -", "Secret/s own"]);
}

#[test]
fn replacements_copy_fields() {
    let files = [
        (
            "kustomization.yaml",
            "resources: [base.yaml]\nconfigMapGenerator: [{name: v, literals: [TAG=2]}]\nreplacements:\n- source: {kind: ConfigMap, name: v, fieldPath: data.TAG}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: ['spec.template.spec.containers.[name=one].image']\n    options: {delimiter: ':', index: 1}\n",
        ),
        ("base.yaml", BASE),
    ];
    let image = ONE.replace("nginx:1", "nginx:2");
    assert_eq!(built(&files, ""), [format!("Deployment/a - {image} {TWO}"), "ConfigMap/v -".to_owned()]);
}

#[test]
fn what_is_wrong_is_data() {
    let of = |text: &str| built(&[("a/kustomization.yaml", text), ("a/x.yaml", BASE)], "a");
    assert_eq!(of("resources: [gone.yaml]\n"), ["! gone.yaml does not exist"]);
    assert_eq!(of("resources: ['../..']\n"), ["! ../.. leaves the repository"]);
    assert_eq!(of("resources: [../a]\n"), ["! a includes itself"]);
    assert_eq!(
        of("resources: ['https://github.com/a/b//c?ref=v1', 'github.com/a/b/c']\n"),
        [
            "! https://github.com/a/b//c?ref=v1 is fetched from elsewhere",
            "! github.com/a/b/c is fetched from elsewhere"
        ]
    );
    assert_eq!(of("helmCharts: [{name: x}]\n"), ["! helmCharts is not followed"]);
    let twice = of("resources: [x.yaml, ./x.yaml]\n");
    assert_eq!(twice.last().map(String::as_str), Some("! Deployment/a is there already"));
    let target = of("patches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: q}}'}]\n");
    assert_eq!(target, ["! 0 objects are Service/q"]);
    let mismatch = of(
        "resources: [x.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: '{apiVersion: v1, kind: x, metadata: {name: x}, spec: [1]}'\n",
    );
    assert_eq!(
        mismatch.last().map(String::as_str),
        Some("! the patch does not fit Deployment/a: the patch and the object disagree on what spec is")
    );
}

#[test]
fn cycles_through_several_folders_end() {
    let files = [
        ("a/kustomization.yaml", "resources: [../b]\n"),
        ("b/kustomization.yaml", "resources: [../a, s.yaml]\n"),
        ("b/s.yaml", "{apiVersion: v1, kind: Service, metadata: {name: s}}\n"),
    ];
    assert_eq!(built(&files, "a"), ["Service/s -", "! a includes itself"]);
}

#[test]
fn a_name_gets_its_hash_only_if_all_who_generate_want_it() {
    let plain = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {x: y}}\n";
    let made = "configMapGenerator: [{name: c, literals: [a=1]}]\n";
    let hashed = |base: &str, over: &str, behavior: &str| {
        let over = format!(
            "resources: [../base]\nconfigMapGenerator: [{{name: c, behavior: {behavior}, literals: [b=2]}}]\n{over}"
        );
        let files =
            [("base/c.yaml", plain), ("base/kustomization.yaml", base), ("over/kustomization.yaml", &over)];
        let (repository, mut texts) = read(&files);
        let graph = Graph::read(&repository, &mut texts);
        let built = Builder::new(&repository, &texts, &graph).folder(&RepoPath::new("over").expect("a path"));
        built.resources.iter().map(|resource| resource.hashed).collect::<Vec<_>>()
    };
    let off = "generatorOptions: {disableNameSuffixHash: true}\n";
    for behavior in ["merge", "replace"] {
        assert_eq!(hashed(made, "", behavior), [true], "{behavior}");
        assert_eq!(hashed(made, off, behavior), [false], "{behavior}");
        assert_eq!(hashed(&format!("{made}{off}"), "", behavior), [false], "{behavior}");
        assert_eq!(hashed("resources: [c.yaml]\n", "", behavior), [false], "{behavior}");
    }
}
