//! Charts' values, and the fields of custom resources by which controllers connect. A new kind is one line here.

use super::{Finder, Reader, text, values};
use crate::{
    hosts::{self, Place},
    model::{Object, has_pods},
    syntax::{Kind, Node},
};

/// A field that holds a URL or a host, and the controller that connects to it.
struct Field {
    group: &'static str,
    kind: &'static str,
    /// Keys, and `[]` for all items of a list, `*` for all values of a mapping.
    path: &'static str,
    controller: &'static str,
}

const fn field(group: &'static str, kind: &'static str, path: &'static str, controller: &'static str) -> Field {
    Field { group, kind, path, controller }
}

// A kind that is new here is new in `prefilter::CONNECTING` as well; a test compares them.
#[rustfmt::skip]
const FIELDS: &[Field] = &[
    field("external-secrets.io", "ClusterSecretStore", "spec.provider.onepassword.connectHost", "External Secrets"),
    field("external-secrets.io", "ClusterSecretStore", "spec.provider.vault.server", "External Secrets"),
    field("external-secrets.io", "ClusterSecretStore", "spec.provider.webhook.url", "External Secrets"),
    field("external-secrets.io", "SecretStore", "spec.provider.onepassword.connectHost", "External Secrets"),
    field("external-secrets.io", "SecretStore", "spec.provider.vault.server", "External Secrets"),
    field("external-secrets.io", "SecretStore", "spec.provider.webhook.url", "External Secrets"),
    field("grafana.integreatly.org", "GrafanaDatasource", "spec.datasource.url", "Grafana"),
    field("notification.toolkit.fluxcd.io", "Provider", "spec.address", "Flux's notification controller"),
    field("postgresql.cnpg.io", "Cluster", "spec.backup.barmanObjectStore.endpointURL", "CloudNativePG"),
    field("postgresql.cnpg.io", "Cluster", "spec.externalClusters.[].barmanObjectStore.endpointURL", "CloudNativePG"),
    field("barmancloud.cnpg.io", "ObjectStore", "spec.configuration.endpointURL", "CloudNativePG"),
    field("traefik.containo.us", "Middleware", "spec.forwardAuth.address", "Traefik"),
    field("traefik.io", "Middleware", "spec.forwardAuth.address", "Traefik"),
];

/// Paths of charts' values.
const VALUES: &[(&str, &str, &[&str])] = &[
    ("", "", &[]),
    ("helm.fluxcd.io", "HelmRelease", &["spec", "values"]),
    ("helm.toolkit.fluxcd.io", "HelmRelease", &["spec", "values"]),
];

/// Groups whose pods the model knows, but for single kinds: their containers are read there.
const PODS: &[&str] = &["apps", "batch", "argoproj.io", "tekton.dev", "extensions", "apps.openshift.io", "apps.kruise.io"];

/// Adds the places of an object that is no ConfigMap and no Secret.
pub(super) fn collect<'a>(finder: &mut Finder<'a, '_>, object: &Object, root: Node<'a>) {
    let (group, kind) = (object.group(), object.kind.as_str());
    for (_, _, path) in VALUES.iter().filter(|(of, each, _)| (*of, *each) == (group, kind)) {
        if let Some(node) = root.at(path) {
            values::walk(finder, node, &mut Vec::new());
        }
    }
    if (group, kind) == ("argoproj.io", "Application") {
        return application(finder, root);
    }
    for field in FIELDS.iter().filter(|field| (field.group, field.kind) == (group, kind)) {
        finder.reader = Reader::Controller(field.controller);
        let last = field.path.rsplit('.').next().unwrap_or_default();
        follow(root, field.path, &mut |node| finder.value(node, &[last]));
    }
    let own = PODS.contains(&group) || has_pods(group, kind) || group.is_empty() || group.ends_with(".k8s.io") || kind.is_empty();
    if !own && !kind.ends_with("HelmRelease") {
        finder.reader = Reader::Operator;
        variables(finder, root, 0);
    }
}

/// Adds the values of an Argo CD Application that are written as text, or for one of several sources.
fn application<'a>(finder: &mut Finder<'a, '_>, root: Node<'a>) {
    let single = root.at(&["spec", "source"]).into_iter();
    let several = root.at(&["spec", "sources"]).into_iter().flat_map(Node::items);
    for source in single.chain(several) {
        if let Some(node) = source.at(&["helm", "valuesObject"]) {
            values::walk(finder, node, &mut Vec::new());
        }
        if let Some(node) = source.at(&["helm", "values"])
            && let Some(value) = text(node)
        {
            finder.reader = Reader::Chart { as_it_is: false };
            finder.add(node, hosts::scan(value, Place::File("values.yaml")));
        }
    }
}

/// Adds the environment variables in a custom resource: operators copy a list called `env` into their pods.
fn variables<'a>(finder: &mut Finder<'a, '_>, node: Node<'a>, depth: u32) {
    const DEEPEST: u32 = 24;
    if depth > DEEPEST {
        return;
    }
    for entry in node.entries() {
        let value = entry.value();
        if entry.name() == Some("env") && value.kind() == Kind::Sequence {
            finder.variables(Some(value), &["env"]);
        } else {
            variables(finder, value, depth + 1);
        }
    }
    node.items().for_each(|item| variables(finder, item, depth + 1));
}

fn follow<'a>(node: Node<'a>, path: &str, found: &mut dyn FnMut(Node<'a>)) {
    if path.is_empty() {
        return found(node);
    }
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    match step {
        "[]" => node.items().for_each(|item| follow(item, rest, found)),
        "*" => node.entries().for_each(|entry| follow(entry.value(), rest, found)),
        key => {
            if let Some(value) = node.get(key) {
                follow(value, rest, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::prefilter::CONNECTING;

    #[test]
    fn files_with_these_kinds_are_parsed() {
        let known = |field: &&Field| CONNECTING.contains(&field.kind) || field.kind == "Cluster";
        assert!(FIELDS.iter().all(|field| known(&field)));
    }
}
