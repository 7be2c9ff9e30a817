//! The values of a chart: a tree whose keys are all that tells what a value is for.

use super::{Finder, Reader, text};
use crate::syntax::{Kind, Node};

/// Keys below which nothing is a connection of a pod: what the chart's other objects are made of.
const SKIPPED: &[&str] = &[
    "affinity", "annotations", "certificate", "certificates", "dnsConfig", "dnsNames", "existingSecret", "exec",
    "externalName", "gateway", "hostAliases", "hostnames", "httpGet", "image", "images", "ingress", "ingresses", "labels",
    "livenessProbe", "metadata", "networkPolicy", "networkpolicies", "nfs", "nodeSelector", "persistence",
    "podAnnotations", "podLabels", "probes", "rbac", "readinessProbe", "resources", "route", "routes", "secretKeyRef",
    "securityContext", "serviceAccount", "serviceName", "startupProbe", "tcpSocket", "tls", "tolerations",
    "topologySpreadConstraints", "valueFrom", "volumeMounts", "volumes",
];
/// Keys whose lists are arguments of a program.
const ARGUMENTS: &[&str] = &["args", "extraArgs", "additionalArguments", "additionalArgs", "extraFlags", "commandArgs"];
/// Keys whose mappings become environment variables as they are.
const VARIABLES: &[&str] = &["env", "envVars", "extraEnv", "extraEnvVars", "environment", "extraEnvs", "additionalEnv"];

/// Adds the values below `node`.
pub(super) fn walk<'a>(finder: &mut Finder<'a, '_>, node: Node<'a>, keys: &mut Vec<&'a str>) {
    match node.kind() {
        Kind::Scalar => {
            finder.reader = Reader::Chart { as_it_is: keys.iter().any(|key| VARIABLES.contains(key)) };
            finder.value(node, keys);
        }
        Kind::Sequence => {
            let words = keys.last().is_some_and(|key| ARGUMENTS.contains(key));
            if words && node.items().all(|item| text(item).is_some()) {
                finder.reader = Reader::Chart { as_it_is: true };
                finder.words(None, Some(node));
            } else {
                node.items().for_each(|item| walk(finder, item, keys));
            }
        }
        Kind::Mapping => mapping(finder, node, keys),
        Kind::Alias => {}
    }
}

/// Adds the values of a file that is no chart's: a program's own configuration.
pub(super) fn plain<'a>(finder: &mut Finder<'a, '_>, node: Node<'a>, keys: &mut Vec<&'a str>) {
    match node.kind() {
        Kind::Scalar => finder.value(node, keys),
        Kind::Sequence => node.items().for_each(|item| plain(finder, item, keys)),
        Kind::Mapping => {
            for entry in node.entries() {
                keys.push(entry.name().unwrap_or_default());
                plain(finder, entry.value(), keys);
                keys.pop();
            }
        }
        Kind::Alias => {}
    }
}

/// Returns the key above a node below which no connection is looked for.
pub(in crate::rules::short_service_host) fn unread_key<'a>(node: Node<'a>) -> Option<&'a str> {
    let above = std::iter::successors(Some(node), |node| node.parent());
    above.filter_map(Node::key_above).find(|key| SKIPPED.contains(key))
}

fn mapping<'a>(finder: &mut Finder<'a, '_>, node: Node<'a>, keys: &mut Vec<&'a str>) {
    let (command, args) = (node.get("command"), node.get("args"));
    let runs = [command, args].into_iter().flatten().any(|words| words.kind() == Kind::Sequence);
    if runs {
        finder.reader = Reader::Chart { as_it_is: true };
        finder.words(command, args);
    }
    // `- name: DB_HOST` and `value: db`: the name is the key.
    let named = node.get("name").or_else(|| node.get("key")).and_then(text);
    for entry in node.entries() {
        let Some(key) = entry.name().filter(|key| !SKIPPED.contains(key)) else { continue };
        if runs && matches!(key, "command" | "args") {
            continue;
        }
        let depth = keys.len();
        match (key, named) {
            ("value", Some(name)) => keys.push(name),
            // `DB_HOST: {value: db}`: the key above names the variable.
            ("value", None) => {}
            (key, _) => keys.push(key),
        }
        walk(finder, entry.value(), keys);
        keys.truncate(depth);
    }
}
