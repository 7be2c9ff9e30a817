//! What a pod says about how it looks names up.

use super::{
    decide::Problem,
    spots::{Host, Reader},
};
use crate::syntax::Node;

/// Tells why a pod does not ask the cluster's DNS, if so (row 1).
pub(super) fn asks_no_cluster_dns(reader: Reader<'_>) -> Option<String> {
    let Reader::Container { pod: Some(pod), .. } = reader else { return None };
    let policy = pod.get("dnsPolicy").and_then(Node::as_str).unwrap_or("ClusterFirst");
    let host_network = pod.get("hostNetwork").and_then(Node::as_str) == Some("true");
    match policy {
        "Default" | "None" => Some(format!("the pod's dnsPolicy is {policy}: it does not ask the cluster's DNS")),
        "ClusterFirst" if host_network => Some(
            "the pod uses the node's network without dnsPolicy ClusterFirstWithHostNet: it does not ask the cluster's DNS"
                .to_owned(),
        ),
        _ => None,
    }
}

/// Tells why the pods that a chart makes may not ask the cluster's DNS, if its values say so somewhere: which of its pods has
/// what is for its templates to say.
pub(super) fn chart_asks_no_cluster_dns(values: Node<'_>) -> Option<String> {
    let mut host_network = false;
    let mut open = vec![values];
    while let Some(node) = open.pop() {
        for entry in node.entries() {
            match (entry.name(), entry.value().as_str()) {
                (Some("dnsPolicy"), Some(policy @ ("Default" | "None"))) => {
                    return Some(format!("a dnsPolicy in the chart's values is {policy}: it does not ask the cluster's DNS"));
                }
                (Some("dnsPolicy"), Some("ClusterFirstWithHostNet")) => return None,
                (Some("hostNetwork"), Some("true")) => host_network = true,
                _ => {}
            }
            open.push(entry.value());
        }
        open.extend(node.items());
    }
    host_network.then(|| {
        "the chart's values ask for the node's network without dnsPolicy ClusterFirstWithHostNet: its pod may not ask the \
         cluster's DNS"
            .to_owned()
    })
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
