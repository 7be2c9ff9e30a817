//! Placements in small repositories.

use std::sync::Arc;

use super::*;
use crate::{
    model::{SourceFile, address::Address},
    syntax,
};

/// Returns where each object lands, as `Kind/name as written: cluster namespace/name by carrier`.
fn placed(files: &[(&str, &str)]) -> Vec<String> {
    placed_in("", files)
}

/// As [`placed`], in the repository of an address.
fn placed_in(address: &str, files: &[(&str, &str)]) -> Vec<String> {
    let (repository, placements) = model_in(address, files);
    let mut lines = Vec::new();
    for object in repository.objects().iter().filter(|object| !object.name.is_empty()) {
        for placement in placements.of(object.id) {
            let carrier = placements.resource(placement).map_or("nobody".to_owned(), |(delivery, _)| {
                format!("{:?} {}", delivery.carrier, delivery.title)
            });
            let cluster = placement.cluster.map_or("?", |id| placements.cluster(id));
            let show = |namespace: &Namespace| match namespace {
                Namespace::Known(name) => name.to_string(),
                Namespace::None => "-".to_owned(),
                Namespace::Unknown => "?".to_owned(),
            };
            let mut line = format!(
                "{}: [{cluster}] {}/{} by {carrier}",
                object.title(),
                show(&placement.namespace),
                placement.name
            );
            if placement.pods != placement.namespace {
                line.push_str(&format!(", pods in {}", show(&placement.pods)));
            }
            if placement.doubt.is_some() {
                line.push_str(", perhaps");
            }
            lines.push(line);
        }
    }
    lines
}

fn model(files: &[(&str, &str)]) -> (Repository, Placements) {
    model_in("", files)
}

fn model_in(address: &str, files: &[(&str, &str)]) -> (Repository, Placements) {
    let parsed = files.iter().map(|(path, text)| SourceFile {
        path: RepoPath::new(path).expect("a path"),
        stream: Arc::new(syntax::parse(*text).expect("YAML")),
        protection: None,
    });
    let addresses = Address::parse(address).into_iter().collect();
    let repository = Repository::build(parsed.collect()).with_addresses(addresses);
    let placements = Placements::of_repository(&repository);
    (repository, placements)
}

const SERVICE: &str = "{apiVersion: v1, kind: Service, metadata: {name: s}}\n";

fn flux(name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {{name: {name}, namespace: flux-system}}, spec: {{sourceRef: {{kind: GitRepository, name: own}}, {spec}}}}}\n"
    )
}

fn only<'l>(lines: &'l [String], begin: &str) -> Vec<&'l str> {
    lines.iter().filter_map(|line| line.strip_prefix(begin)).collect()
}

#[test]
fn without_carriers_the_repository_is_one_cluster() {
    assert_eq!(
        placed(&[
            ("a.yaml", "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: n}}"),
            ("b.yaml", SERVICE)
        ]),
        ["Service/s: [] n/s by nobody", "Service/s: [] ?/s by nobody"]
    );
}

#[test]
fn every_overlay_is_a_placement_and_a_base_alone_is_none() {
    let files = [
        ("base/kustomization.yaml", "resources: [s.yaml]\n"),
        ("base/s.yaml", SERVICE),
        ("one/kustomization.yaml", "resources: [../base]\nnamespace: one\n"),
        ("two/kustomization.yaml", "resources: [../base]\nnamespace: two\nnamePrefix: p-\n"),
    ];
    assert_eq!(
        placed(&files),
        [
            "Service/s: [] one/s by Kustomization one/kustomization.yaml",
            "Service/s: [] two/p-s by Kustomization two/kustomization.yaml"
        ]
    );
}

#[test]
fn a_flux_kustomization_takes_all_manifests_below_and_overrides_the_namespace() {
    let root = flux("root", "path: ./clusters/prod");
    let apps = flux("apps", "path: ./apps, targetNamespace: web");
    let files = [
        ("clusters/prod/flux-system/gotk-sync.yaml", root.as_str()),
        ("clusters/prod/apps.yaml", apps.as_str()),
        ("apps/deep/s.yaml", "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: own}}\n"),
        ("apps/nested/kustomization.yaml", "resources: [t.yaml]\nnamePrefix: p-\n"),
        ("apps/nested/t.yaml", "{apiVersion: v1, kind: Service, metadata: {name: t}}\n"),
    ];
    let lines = placed(&files);
    assert_eq!(only(&lines, "Service/s: "), ["[clusters/prod] web/s by Flux flux-system/apps"]);
    assert_eq!(only(&lines, "Service/t: "), ["[clusters/prod] web/p-t by Flux flux-system/apps"]);
    assert_eq!(
        only(&lines, "Kustomization/apps: "),
        ["[clusters/prod] flux-system/apps by Flux flux-system/root"]
    );
}

#[test]
fn variables_of_flux_reach_paths_and_names() {
    let root = flux("root", "path: ./c, postBuild: {substitute: {WHERE: apps}}");
    let apps = flux(
        "apps",
        "path: './${WHERE}', targetNamespace: '${WHERE}-ns', postBuild: {substitute: {N: x}, substituteFrom: [{kind: ConfigMap, name: settings}]}",
    );
    let files = [
        ("c/gotk-sync.yaml", root.as_str()),
        ("c/apps.yaml", apps.as_str()),
        (
            "c/settings.yaml",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: flux-system}, data: {Z: zone}}\n",
        ),
        (
            "apps/s.yaml",
            "{apiVersion: v1, kind: Service, metadata: {name: 's-${N}-${Z}'}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: '${GONE}'}}\n",
        ),
    ];
    let lines = placed(&files);
    assert_eq!(only(&lines, "Service/s-${N}-${Z}: "), ["[c] apps-ns/s-x-zone by Flux flux-system/apps"]);
}

#[test]
fn patches_of_flux_reach_the_kustomizations_that_it_delivers() {
    let root = flux(
        "root",
        "path: ./c, patches: [{target: {kind: Kustomization}, patch: '[{\"op\": \"add\", \"path\": \"/spec/targetNamespace\", \"value\": \"all\"}]'}]",
    );
    let apps = flux("apps", "path: ./apps");
    let files = [("c/root.yaml", root.as_str()), ("c/apps.yaml", apps.as_str()), ("apps/s.yaml", SERVICE)];
    assert_eq!(only(&placed(&files), "Service/s: "), ["[c] all/s by Flux flux-system/apps"]);
}

#[test]
fn two_clusters_share_a_base_with_different_namespaces() {
    let (one, two) = (flux("root", "path: ./clusters/one"), flux("root", "path: ./clusters/two"));
    let (a, b) =
        (flux("apps", "path: ./apps, targetNamespace: a"), flux("apps", "path: ./apps, targetNamespace: b"));
    let files = [
        ("clusters/one/sync.yaml", one.as_str()),
        ("clusters/one/apps.yaml", a.as_str()),
        ("clusters/two/sync.yaml", two.as_str()),
        ("clusters/two/apps.yaml", b.as_str()),
        ("apps/s.yaml", SERVICE),
    ];
    assert_eq!(
        only(&placed(&files), "Service/s: "),
        ["[clusters/one] a/s by Flux flux-system/apps", "[clusters/two] b/s by Flux flux-system/apps"]
    );
}

#[test]
fn leftovers_and_other_repositories_deliver_nothing() {
    let root = flux("root", "path: ./c");
    let apps = flux("apps", "path: ./apps, targetNamespace: web");
    let left = flux("old", "path: ./apps, targetNamespace: old");
    let other = flux("other", "path: ./").replace("name: own", "name: elsewhere");
    let files = [
        ("c/root.yaml", root.as_str()),
        ("c/apps.yaml", apps.as_str()),
        ("c/other.yaml", other.as_str()),
        (".archive/old/ks.yaml", left.as_str()),
        ("apps/s.yaml", SERVICE),
    ];
    assert_eq!(only(&placed(&files), "Service/s: "), ["[c] web/s by Flux flux-system/apps"]);
}

#[test]
fn a_release_runs_its_pods_in_its_target() {
    let release = "{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: r}, spec: {targetNamespace: t}}\n";
    let files = [("kustomization.yaml", "resources: [r.yaml]\nnamespace: n\n"), ("r.yaml", release)];
    assert_eq!(placed(&files), ["HelmRelease/r: [] n/r by Kustomization kustomization.yaml, pods in t"]);
}

#[test]
fn argo_gives_a_namespace_only_to_what_has_none() {
    let application = "{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: app}, spec: {source: {path: x}, destination: {server: 'https://kubernetes.default.svc', namespace: d}}}\n";
    let files = [
        ("app.yaml", application),
        ("x/a.yaml", "{apiVersion: v1, kind: Service, metadata: {name: a}}\n"),
        ("x/b.yaml", "{apiVersion: v1, kind: Service, metadata: {name: b, namespace: own}}\n"),
        ("x/deep/c.yaml", "{apiVersion: v1, kind: Service, metadata: {name: c}}\n"),
    ];
    let lines = placed(&files);
    assert_eq!(only(&lines, "Service/a: "), ["[in-cluster] d/a by Argo app"]);
    assert_eq!(only(&lines, "Service/b: "), ["[in-cluster] own/b by Argo app"]);
    assert_eq!(only(&lines, "Service/c: "), ["[?] ?/c by nobody"], "the folder is not recursed into");
    let picks = application.replace("path: x}", "path: x, directory: {exclude: a.yaml}}");
    assert_ne!(picks, application);
    let lines = placed(&[("app.yaml", picks.as_str()), files[1], files[2]]);
    assert!(
        only(&lines, "Service/a: ").iter().all(|line| !line.contains(" d/a ")),
        "left to another: {lines:?}"
    );
    assert_eq!(only(&lines, "Service/b: "), ["[in-cluster] own/b by Argo app"]);
}

#[test]
fn sets_of_applications_are_unfolded_where_they_are_literal() {
    let set = "{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: set}, spec: {generators: [{matrix: {generators: [{git: {directories: [{path: 'apps/*'}, {path: apps/no, exclude: true}]}}, {list: {elements: [{where: east}, {where: west}]}}]}}], template: {metadata: {name: '{{path.basename}}-{{.where}}'}, spec: {source: {path: '{{ path }}', kustomize: {namePrefix: k-}}, destination: {name: '{{where}}', namespace: '{{path.basename}}'}}}}}\n";
    let files = [
        ("set.yaml", set),
        ("apps/web/kustomization.yaml", "resources: [s.yaml]\n"),
        ("apps/web/s.yaml", SERVICE),
        ("apps/no/n.yaml", "{apiVersion: v1, kind: Service, metadata: {name: n}}\n"),
    ];
    let lines = placed(&files);
    assert_eq!(
        only(&lines, "Service/s: "),
        ["[east] web/k-s by Argo web-east", "[west] web/k-s by Argo web-west"]
    );
    assert_eq!(only(&lines, "Service/n: "), ["[?] ?/n by nobody"]);
}

#[test]
fn values_in_files_land_where_their_release_does() {
    let release = "{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: r}, spec: {targetNamespace: t, valuesFrom: [{kind: ConfigMap, name: r-values}]}}\n";
    let text = "resources: [r.yaml]\nnamespace: n\nconfigMapGenerator:\n- {name: r-values, files: [values.yaml=./helm/values.yaml]}\n- {name: conf, files: [nginx.conf]}\n";
    let (_, placements) = model(&[("a/kustomization.yaml", text), ("a/r.yaml", release)]);
    let of = |path: &str| {
        let found = placements.of_file(&RepoPath::new(path).expect("a path")).iter();
        found.map(|each| format!("{} {}", each.pods.known().unwrap_or("?"), each.taker)).collect::<Vec<_>>()
    };
    assert_eq!(of("a/helm/values.yaml"), ["t HelmRelease/r"]);
    assert_eq!(of("a/nginx.conf"), ["n ConfigMap/conf"]);
    assert!(of("a/other.conf").is_empty());
}

#[test]
fn rings_of_kustomizations_end() {
    let (one, two) = (flux("one", "path: ./two"), flux("two", "path: ./one"));
    let files = [("one/ks.yaml", one.as_str()), ("two/ks.yaml", two.as_str()), ("two/s.yaml", SERVICE)];
    assert_eq!(only(&placed(&files), "Service/s: "), ["[one] ?/s by Flux flux-system/one"]);
}

const OPS: &str = "https://git.example/acme/ops";

/// Returns an Application of a folder in a repository.
fn application(name: &str, url: &str, path: &str) -> String {
    format!(
        "{{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {{name: {name}}}, spec: {{source: {{repoURL: '{url}', path: '{path}'}}, destination: {{name: c, namespace: {name}-ns}}}}}}\n"
    )
}

#[test]
fn applications_of_other_repositories_deliver_nothing() {
    let own = application("own", "git@git.example:acme/ops.git", "web");
    let other = application("other", "https://git.example/acme/apps", "web");
    let files = [("apps/a.yaml", own.as_str()), ("apps/b.yaml", other.as_str()), ("web/s.yaml", SERVICE)];
    assert_eq!(only(&placed_in(OPS, &files), "Service/s: "), ["[c] own-ns/s by Argo own"]);
    let (repository, placements) = model_in(OPS, &files);
    let told: Vec<_> = repository.objects().iter().map(|object| placements.elsewhere(object.id)).collect();
    assert_eq!(told, [None, Some("its source git.example/acme/apps is another repository"), None]);
    // Nothing tells which of the two this one is.
    for address in ["", "https://git.example/me/fork"] {
        assert_eq!(
            only(&placed_in(address, &files), "Service/s: "),
            ["[c] own-ns/s by Argo own, perhaps", "[c] other-ns/s by Argo other, perhaps"]
        );
    }
}

#[test]
fn a_fork_believes_the_one_repository_that_all_name() {
    let one = application("one", "https://git.example/acme/ops", "web");
    let chart = application("chart", "https://git.example/acme/charts", "gone");
    let files = [("apps/a.yaml", one.as_str()), ("apps/b.yaml", chart.as_str()), ("web/s.yaml", SERVICE)];
    for address in ["", OPS, "https://git.example/me/ops"] {
        assert_eq!(only(&placed_in(address, &files), "Service/s: "), ["[c] one-ns/s by Argo one"]);
    }
    assert_eq!(
        only(&placed_in("https://git.example/me/infrastructure", &files), "Service/s: "),
        ["[c] one-ns/s by Argo one, perhaps"]
    );
}

#[test]
fn an_application_that_delivers_its_like_tells_which_repository_this_is() {
    let root = application("root", OPS, "apps");
    let one = application("one", OPS, "web");
    let other = application("other", "https://git.example/acme/apps", "web");
    let files = [
        ("root.yaml", root.as_str()),
        ("apps/a.yaml", one.as_str()),
        ("apps/b.yaml", other.as_str()),
        ("web/s.yaml", SERVICE),
    ];
    assert_eq!(
        only(&placed(&files), "Service/s: "),
        ["[c] one-ns/s by Argo one", "[c] other-ns/s by Argo other, perhaps"]
    );
}

#[test]
fn only_a_namespace_that_a_delivery_gives_is_in_doubt() {
    let [a, b] = ["a", "b"].map(|name| application(name, &format!("https://git.example/acme/{name}"), "web"));
    let files = [
        ("apps/a.yaml", a.as_str()),
        ("apps/b.yaml", b.as_str()),
        ("web/s.yaml", "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: n}}\n"),
        ("web/t.yaml", "{apiVersion: v1, kind: Service, metadata: {name: t}}\n"),
    ];
    let lines = placed(&files);
    assert_eq!(only(&lines, "Service/s: "), ["[c] n/s by Argo a", "[c] n/s by Argo b"]);
    assert_eq!(
        only(&lines, "Service/t: "),
        ["[c] a-ns/t by Argo a, perhaps", "[c] b-ns/t by Argo b, perhaps"]
    );
}

#[test]
fn the_address_of_a_flux_source_tells_whose_paths_are_meant() {
    let root = flux("root", "path: ./c");
    let apps = flux("apps", "path: ./apps, targetNamespace: web");
    let other = flux("other", "path: ./apps, targetNamespace: other").replace("name: own", "name: elsewhere");
    let source = |name: &str, url: &str| {
        format!(
            "{{apiVersion: source.toolkit.fluxcd.io/v1, kind: GitRepository, metadata: {{name: {name}, namespace: flux-system}}, spec: {{url: '{url}'}}}}\n"
        )
    };
    let own = source("own", "ssh://git@git.example/acme/ops");
    let elsewhere = source("elsewhere", "https://git.example/acme/apps");
    let mut files = vec![
        ("c/root.yaml", root.as_str()),
        ("c/apps.yaml", apps.as_str()),
        ("c/other.yaml", other.as_str()),
        ("c/elsewhere.yaml", elsewhere.as_str()),
        ("apps/s.yaml", SERVICE),
    ];
    let both = ["[c] other/s by Flux flux-system/other, perhaps", "[c] web/s by Flux flux-system/apps"];
    let landed = |address: &str, files: &[(&str, &str)]| {
        let mut lines: Vec<String> =
            only(&placed_in(address, files), "Service/s: ").into_iter().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    // What most name is this repository, although its address is not told.
    assert_eq!(landed("", &files), both);
    files.push(("c/own.yaml", own.as_str()));
    assert_eq!(landed("", &files), both);
    assert_eq!(landed(OPS, &files), both[1..]);
    assert_eq!(landed("https://git.example/me/ops", &files), both);
}

#[test]
fn rings_of_folders_come_out_the_same_however_many_kustomizations_there_are() {
    let placed_with = |count: usize| {
        let flux = |name: &str, path: &str| {
            format!(
                "{{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {{name: {name}, namespace: flux-system}}, spec: {{path: {path}, sourceRef: {{kind: GitRepository, name: flux-system}}}}}}\n---\n"
            )
        };
        let fill: String = (0..count).map(|number| flux(&format!("f{number:03}"), "fill")).collect();
        let all = flux("k0", "a") + &fill + &flux("kx", "x");
        let files = [
            ("a/kustomization.yaml", "resources: [../b, s.yaml]\n"),
            ("a/s.yaml", SERVICE),
            ("b/kustomization.yaml", "resources: [../a, s.yaml]\n"),
            ("b/s.yaml", SERVICE),
            ("fill/kustomization.yaml", "resources: []\n"),
            ("fl/k.yaml", all.as_str()),
            ("x/kustomization.yaml", "resources: [../b]\n"),
            ("y/kustomization.yaml", "namespace: apps\nresources: [../a]\n"),
        ];
        let lines = placed(&files).into_iter();
        lines.filter(|line| line.starts_with("Service/")).collect::<Vec<_>>()
    };
    let few = placed_with(1);
    assert!(few.iter().any(|line| line.contains("apps")), "{few:?}");
    assert_eq!(few, placed_with(200));
}
