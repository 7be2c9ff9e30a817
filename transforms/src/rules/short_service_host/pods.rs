//! What a pod says about how it looks names up.

use std::collections::BTreeSet;

use super::{
    decide::Problem,
    spots::{Host, Reader},
};
use crate::{
    model::{
        Object, Repository,
        value::{Texts, Value},
    },
    syntax::Node,
};

/// Tells why an object's pods, or those that a chart makes of its values, may not ask the cluster's DNS, if so (row 1).
///
/// It is asked of the object as every overlay will have it. Which of its pods has what is not told apart.
pub(super) fn asks_no_cluster_dns(repository: &Repository, object: &Object, reader: Reader<'_>) -> Option<String> {
    let whose = match reader {
        Reader::Container { .. } => "the pod's",
        Reader::Chart { .. } => "the chart's",
        Reader::Data | Reader::Operator | Reader::Controller(_) => return None,
    };
    let placements = repository.placements();
    placements.of(object.id).iter().find_map(|placement| {
        let composed = placements.composed(object, placement);
        let reason = other_dns(placements.texts(), &composed.value)?;
        Some(format!("{whose} {reason}"))
    })
}

/// Looks for a pod's own words about DNS: they stand in one mapping, in pods as in the values of charts.
fn other_dns(texts: &Texts, whole: &Value) -> Option<String> {
    let mut open = vec![whole.clone()];
    // Aliases lead to the same places over and over.
    let mut seen = BTreeSet::new();
    while let Some(value) = open.pop() {
        if let Value::Source(place) = &value
            && !seen.insert(*place)
        {
            continue;
        }
        let policy = texts.text_at(&value, &["dnsPolicy"]).unwrap_or_default();
        if matches!(policy.as_str(), "Default" | "None") {
            return Some(format!("dnsPolicy is {policy}: it does not ask the cluster's DNS"));
        }
        // What is written in other words than `false` may be true: `yes`, or a template's value.
        let host_network = texts.text_at(&value, &["hostNetwork"]).is_some_and(|text| !matches!(text.as_str(), "" | "false"));
        if host_network && policy != "ClusterFirstWithHostNet" {
            let why = "network is the node's, without dnsPolicy ClusterFirstWithHostNet: it does not ask the cluster's DNS";
            return Some(why.to_owned());
        }
        open.extend(texts.entries(&value).into_iter().map(|(_, value)| value));
        open.extend(texts.items(&value));
    }
    None
}

/// Returns what in the container and its pod speaks against a longer name.
pub(super) fn reasons(container: Node<'_>, pod: Option<Node<'_>>, host: &Host, problem: Problem) -> Vec<String> {
    let mut reasons = Vec::new();
    reasons.extend(proxy(container, host));
    let Some(pod) = pod else { return reasons };
    let aliases = pod.get("hostAliases").into_iter().flat_map(Node::items);
    let mut names = aliases.filter_map(|alias| alias.get("hostnames")).flat_map(Node::items);
    if names.any(|name| name.as_str() == Some(&host.text)) {
        reasons.push("the pod's hostAliases give this name an address of its own".to_owned());
    }
    if pod.get("hostname").and_then(Node::as_str) == Some(&host.text) {
        reasons.push("the pod itself has this hostname".to_owned());
    }
    let options = pod.at(&["dnsConfig", "options"]).into_iter().flat_map(Node::items);
    let ndots = options
        .filter(|option| option.get("name").and_then(Node::as_str) == Some("ndots"))
        .find_map(|option| option.get("value").and_then(Node::as_str)?.parse::<u32>().ok());
    // With fewer dots asked for, a dotted name is tried as it is first and may be another one today.
    if let Some(ndots) = ndots.filter(|ndots| *ndots < 2 && problem == Problem::Qualified) {
        reasons.push(format!("the pod's ndots is {ndots}: the name may be taken as complete today"));
    }
    reasons
}

/// A proxy is passed by for the short name and may not be for the long one.
fn proxy(container: Node<'_>, host: &Host) -> Option<String> {
    if !host.scheme.as_deref().is_some_and(|scheme| matches!(scheme, "http" | "https")) {
        return None;
    }
    let variable = |wanted: &str| {
        container.get("env").into_iter().flat_map(Node::items).find_map(|variable| {
            let name = variable.get("name").and_then(Node::as_str)?;
            name.eq_ignore_ascii_case(wanted).then(|| variable.get("value").and_then(Node::as_str).unwrap_or_default())
        })
    };
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].iter().find_map(|name| variable(name))?;
    let exceptions = variable("NO_PROXY").unwrap_or_default();
    let covers = |entry: &str| {
        let entry = entry.trim().trim_start_matches('*').trim_start_matches('.');
        matches!(entry, "svc" | "svc.cluster.local" | "cluster.local" | "local")
    };
    (!exceptions.split([',', ' ']).any(covers))
        .then(|| "the container uses a proxy, and NO_PROXY does not name the cluster's domain".to_owned())
}
